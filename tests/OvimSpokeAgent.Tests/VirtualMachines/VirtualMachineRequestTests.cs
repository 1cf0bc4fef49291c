using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class VirtualMachineRequestTests
{
    [Fact]
    public void Every_field_is_read()
    {
        var request = Good(
            """
            {"name":"web-1","namespace":"acme","image_url":"quay.io/containerdisks/fedora:41","cpu":2,"memory":"4Gi",
             "labels":{"tier":"front","example.com/team":""},"annotations":{"note":"any text, of any kind\n"},
             "network_name":"tenant","cloud_init":"#cloud-config\n","ssh_keys":["ssh-ed25519 AAAA me@home\n"],"run":false}
            """);

        Assert.Equal(new NamespacedName("acme", "web-1"), request.Name);
        Assert.Equal(new DiskSource.Container("quay.io/containerdisks/fedora:41"), request.Root.Source);
        Assert.Equal(2, request.Vcpus);
        Assert.Equal("4Gi", request.Memory!.Value.Text);
        Assert.Equal(new Dictionary<string, string> { ["tier"] = "front", ["example.com/team"] = "" }, request.Labels);
        Assert.Equal(new Dictionary<string, string> { ["note"] = "any text, of any kind\n" }, request.Annotations);
        Assert.Equal([null, "tenant"], request.Networks);
        Assert.Equal("#cloud-config\n", request.Guest.UserData);
        Assert.Equal(["ssh-ed25519 AAAA me@home"], request.Guest.SshKeys);
        Assert.Equal("Halted", request.Machine.RunStrategy);
        Assert.Empty(request.Notes.IgnoredFields);
    }

    [Fact]
    public void What_is_absent_null_or_empty_has_its_default()
    {
        foreach (var value in (string[])["null", "\"\"", "[]", "{}"])
        {
            var request = Good(
                $$$"""
                {"name":"web","namespace":"acme","image_url":"img","cpu":1,"memory":1,"labels":{{{value}}},"annotations":{{{value}}},
                 "network_name":{{{value}}},"cloud_init":{{{value}}},"ssh_keys":{{{value}}},"run":{{{value}}},"storage":{{{value}}},
                 "instancetype":{{{value}}},"preference":{{{value}}},"template_name":{{{value}}},"something_new":{"a":1}}
                """);

            Assert.Equal("Always", request.Machine.RunStrategy);
            Assert.Equal([null], request.Networks);
            Assert.Null(request.Guest.UserData);
            Assert.Null(request.Instancetype);
            Assert.Null(request.Preference);
            Assert.Empty(request.Guest.SshKeys);
            Assert.Empty(request.Labels);
            Assert.Empty(request.Annotations);
            Assert.Empty(request.Notes.IgnoredFields);
        }
    }

    [Theory]
    [InlineData("docker://registry:5000/disk:1", "registry:5000/disk:1")]
    [InlineData("quay.io/containerdisks/fedora@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", null)]
    [InlineData("[fd00::1]:5000/a/b.c/d__e/f--g:V1.2-rc_3", null)]
    [InlineData("Registry.Example/disk", null)]
    [InlineData("fedora", null)]
    public void Image_is_a_container_disk(string image, string? expected) =>
        Assert.Equal(new DiskSource.Container(expected ?? image), With($$"""{"image_url":"{{image}}"}""").Root.Source);

    [Theory]
    [InlineData("quay.io/ContainerDisks/Fedora:41")]
    [InlineData("quay.io/containerdisks/fedora:")]
    [InlineData(":41")]
    [InlineData("quay.io//fedora:41")]
    [InlineData("quay.io/containerdisks/fedora@sha256:abc")]
    [InlineData("quay.io/containerdisks/fedora:41@")]
    [InlineData("/fedora")]
    [InlineData("fedora/")]
    [InlineData("quay.io/fedora:41:42")]
    [InlineData("quay.io/fedora:-41")]
    [InlineData("quay.io:/fedora")]
    [InlineData("-quay.io/fedora")]
    [InlineData("quay.io/.fedora")]
    [InlineData("fedora\\n")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void Image_that_no_runtime_takes_is_refused(string image) =>
        Assert.StartsWith("image_url: ", Assert.Single(Read(Changed($$"""{"image_url":"{{image}}"}""")).Errors), StringComparison.Ordinal);

    [Fact]
    public void Image_is_as_long_as_a_runtime_takes_it()
    {
        var name = "quay.io/" + new string('a', 247);

        Assert.Equal(new DiskSource.Container(name), With($$"""{"image_url":"{{name}}"}""").Root.Source);
        Assert.Single(Read(Changed($$"""{"image_url":"{{name}}a"}""")).Errors);
    }

    [Theory]
    [InlineData("pvc:golden")]
    [InlineData("pvc:acme/golden")]
    public void Image_is_a_claim_of_the_vms_own_namespace(string image) =>
        Assert.Equal(new DiskSource.Claim("golden"), With($$"""{"image_url":"{{image}}"}""").Root.Source);

    [Fact]
    public void Claim_has_any_name_that_kubernetes_takes()
    {
        var name = new string('a', 253);

        Assert.Equal(new DiskSource.Claim(name), With($$"""{"image_url":"pvc:{{name}}"}""").Root.Source);
        Assert.Single(Read(Changed($$"""{"image_url":"pvc:{{name}}a"}""")).Errors);
    }

    [Theory]
    [InlineData("2", 2)]
    [InlineData("2.0", 2)]
    [InlineData("\"4\"", 4)]
    [InlineData("\"2000m\"", 2)]
    [InlineData("512", 512)]
    public void Cpu_is_a_whole_number_of_vcpus(string cpu, int expected) =>
        Assert.Equal(expected, With($$"""{"cpu":{{cpu}}}""").Vcpus);

    [Theory]
    [InlineData("4", "4Gi", 4294967296)]
    [InlineData("0.5", "0.5Gi", 536870912)]
    [InlineData("\"512Mi\"", "512Mi", 536870912)]
    [InlineData("\"1G\"", "1G", 1000000000)]
    [InlineData("\"1048576\"", "1048576", 1048576)]
    public void Memory_is_gibibytes_or_a_quantity(string memory, string text, long bytes)
    {
        var read = With($$"""{"memory":{{memory}}}""").Memory!.Value;

        Assert.Equal((text, bytes), (read.Text, (long)read.Value));
    }

    [Theory]
    [InlineData("default")]
    [InlineData("pod")]
    public void Pod_network_needs_no_name(string network) =>
        Assert.Equal([null], With($$"""{"network_name":"{{network}}"}""").Networks);

    [Fact]
    public void Network_may_name_the_vms_own_namespace() =>
        Assert.Equal([null, "tenant"], With("""{"network_name":"acme/tenant"}""").Networks);

    [Theory]
    [InlineData("u1.medium", "virtualmachineclusterinstancetype", "u1.medium")]
    [InlineData("VirtualMachineInstancetype/small", "virtualmachineinstancetype", "small")]
    [InlineData("virtualmachineclusterinstancetype/small", "virtualmachineclusterinstancetype", "small")]
    public void Instancetype_replaces_cpu_and_memory(string text, string kind, string name)
    {
        var request = With($$"""{"instancetype":"{{text}}","cpu":null,"memory":null,"preference":"fedora"}""");

        Assert.Equal(new TypeReference(kind, name), request.Instancetype);
        Assert.Equal(new TypeReference("virtualmachineclusterpreference", "fedora"), request.Preference);
        Assert.Null(request.Vcpus);
        Assert.Null(request.Memory);
    }

    [Theory]
    [InlineData("storage")]
    [InlineData("disk_size")]
    public void Image_with_a_size_is_imported_into_a_disk_of_that_size(string field)
    {
        var root = With($$"""{"{{field}}":20}""").Root;

        Assert.Equal((new DiskSource.Import("docker://img"), "20Gi"), (root.Source, root.Size!.Value.Text));
    }

    [Theory]
    [InlineData(2048, false)]
    [InlineData(2049, true)]
    public void User_data_beyond_what_a_vm_may_hold_needs_a_secret(int bytes, bool needsSecret) =>
        Assert.Equal(needsSecret, With($$"""{"cloud_init":"{{new string('a', bytes)}}"}""").Guest.UserDataNeedsSecret);

    [Fact]
    public void User_data_is_counted_in_bytes() =>
        Assert.True(With($$"""{"cloud_init":"{{new string('ä', 1025)}}"}""").Guest.UserDataNeedsSecret);

    [Theory]
    [InlineData("""{"name":null}""", "name: missing, expected a string")]
    [InlineData("""{"name":7}""", "name: 7 is not a string")]
    [InlineData("""{"name":"Web"}""", "name: \"Web\" is not a DNS subdomain (lower-case letters, digits, '-' and '.', at most 63 characters)")]
    [InlineData("""{"name":"web/../x"}""", "name: \"web/../x\" is not a DNS subdomain (lower-case letters, digits, '-' and '.', at most 63 characters)")]
    [InlineData("""{"namespace":""}""", "namespace: missing, expected a string")]
    [InlineData("""{"namespace":"a.b"}""", "namespace: \"a.b\" is not a DNS label (lower-case letters, digits and '-', at most 63 characters)")]
    [InlineData("""{"image_url":null}""", "image_url: missing, expected a container disk (\"registry/image:tag\", the image in lower case), an existing disk (\"pvc:NAME\", \"pvc:NAMESPACE/NAME\") or an image to import (\"http(s)://…\", \"docker://…\")")]
    [InlineData("""{"image_url":["a"]}""", "image_url: [\"a\"] is not a string")]
    [InlineData("""{"image_url":"https://example.com/disk.qcow2"}""", "storage: missing, expected the size of the disk that the image is imported into, such as \"20Gi\"")]
    [InlineData("""{"image_url":"ftp://example.com/disk.qcow2"}""", "image_url: \"ftp://example.com/disk.qcow2\" is not a container disk (\"registry/image:tag\", the image in lower case), an existing disk (\"pvc:NAME\", \"pvc:NAMESPACE/NAME\") or an image to import (\"http(s)://…\", \"docker://…\")")]
    [InlineData("""{"image_url":"an image"}""", "image_url: \"an image\" is not a container disk (\"registry/image:tag\", the image in lower case), an existing disk (\"pvc:NAME\", \"pvc:NAMESPACE/NAME\") or an image to import (\"http(s)://…\", \"docker://…\")")]
    [InlineData("""{"image_url":"docker://"}""", "image_url: \"docker://\" is not a container disk (\"registry/image:tag\", the image in lower case), an existing disk (\"pvc:NAME\", \"pvc:NAMESPACE/NAME\") or an image to import (\"http(s)://…\", \"docker://…\")")]
    [InlineData("""{"image_url":"pvc:"}""", "image_url: \"pvc:\" is not \"pvc:NAME\" or \"pvc:NAMESPACE/NAME\" of a PersistentVolumeClaim")]
    [InlineData("""{"image_url":"pvc:a/b/c"}""", "image_url: \"pvc:a/b/c\" is not \"pvc:NAME\" or \"pvc:NAMESPACE/NAME\" of a PersistentVolumeClaim")]
    [InlineData("""{"cpu":null}""", "cpu: missing, expected a number of vCPUs (or instancetype)")]
    [InlineData("""{"cpu":0}""", "cpu: 0 is not a positive number of cores, or one as a quantity string such as \"2\"")]
    [InlineData("""{"cpu":-1}""", "cpu: -1 is not a positive number of cores, or one as a quantity string such as \"2\"")]
    [InlineData("""{"cpu":1e400}""", "cpu: 1e400 is not a positive number of cores, or one as a quantity string such as \"2\"")]
    [InlineData("""{"cpu":"NaN"}""", "cpu: \"NaN\" is not a positive number of cores, or one as a quantity string such as \"2\"")]
    [InlineData("""{"cpu":1.5}""", "cpu: \"1.5\" is not a whole number of vCPUs from 1 to 512")]
    [InlineData("""{"cpu":"500m"}""", "cpu: \"500m\" is not a whole number of vCPUs from 1 to 512")]
    [InlineData("""{"cpu":513}""", "cpu: \"513\" is not a whole number of vCPUs from 1 to 512")]
    [InlineData("""{"memory":null}""", "memory: missing, expected an amount of memory such as \"4Gi\" (or instancetype)")]
    [InlineData("""{"memory":"lots"}""", "memory: \"lots\" is not a positive number of GiB or a quantity string such as \"4Gi\"")]
    [InlineData("""{"memory":"1,5Gi"}""", "memory: \"1,5Gi\" is not a positive number of GiB or a quantity string such as \"4Gi\"")]
    [InlineData("""{"memory":"1Ki"}""", "memory: \"1Ki\" is not a whole number of bytes, at least 1Mi")]
    [InlineData("""{"memory":"10000000.5"}""", "memory: \"10000000.5\" is not a whole number of bytes, at least 1Mi")]
    [InlineData("""{"storage":"big"}""", "storage: \"big\" is not a positive number of GiB or a quantity string such as \"4Gi\"")]
    [InlineData("""{"disk_size":true}""", "disk_size: true is not a positive number of GiB or a quantity string such as \"4Gi\"")]
    [InlineData("""{"labels":"a=b"}""", "labels: \"a=b\" is not an object")]
    [InlineData("""{"labels":{"tier":3}}""", "labels[\"tier\"]: 3 is not a string")]
    [InlineData("""{"labels":{"tier":"front end"}}""", "labels[\"tier\"]: \"front end\" is not a label value (letters, digits, '-', '_' and '.', at most 63 characters)")]
    [InlineData("""{"labels":{"":"x"}}""", "labels[\"\"]: \"\" is not a qualified name ([prefix/]name of letters, digits, '-', '_' and '.')")]
    [InlineData("""{"labels":{"ovim.io/vdc":"x"}}""", "labels[\"ovim.io/vdc\"]: \"ovim.io/vdc\" is not allowed here: ovim.io, kubevirt.io, kubernetes.io, k8s.io and their subdomains are reserved, but for app.kubernetes.io/ (without managed-by)")]
    [InlineData("""{"annotations":{"kubevirt.io/x":"y"}}""", "annotations[\"kubevirt.io/x\"]: \"kubevirt.io/x\" is not allowed here: ovim.io, kubevirt.io, kubernetes.io, k8s.io and their subdomains are reserved, but for app.kubernetes.io/ (without managed-by)")]
    [InlineData("""{"labels":{"kubevirt.io":"x"}}""", "labels[\"kubevirt.io\"]: \"kubevirt.io\" is not allowed here: ovim.io, kubevirt.io, kubernetes.io, k8s.io and their subdomains are reserved, but for app.kubernetes.io/ (without managed-by)")]
    [InlineData("""{"labels":{"vm.kubevirt.io/name":"x"}}""", "labels[\"vm.kubevirt.io/name\"]: \"vm.kubevirt.io/name\" is not allowed here: ovim.io, kubevirt.io, kubernetes.io, k8s.io and their subdomains are reserved, but for app.kubernetes.io/ (without managed-by)")]
    [InlineData("""{"labels":{"node.kubernetes.io/x":"x"}}""", "labels[\"node.kubernetes.io/x\"]: \"node.kubernetes.io/x\" is not allowed here: ovim.io, kubevirt.io, kubernetes.io, k8s.io and their subdomains are reserved, but for app.kubernetes.io/ (without managed-by)")]
    [InlineData("""{"labels":{"app.kubernetes.io/managed-by":"x"}}""", "labels[\"app.kubernetes.io/managed-by\"]: \"app.kubernetes.io/managed-by\" is not allowed here: ovim.io, kubevirt.io, kubernetes.io, k8s.io and their subdomains are reserved, but for app.kubernetes.io/ (without managed-by)")]
    [InlineData("""{"network_name":"Tenant"}""", "network_name: \"Tenant\" is not the name of a NetworkAttachmentDefinition, or \"default\"")]
    [InlineData("""{"network_name":"other/tenant"}""", "network_name: \"other/tenant\" is not a network of the VM's own namespace, \"acme/NAME\"")]
    [InlineData("""{"cloud_init":{"users":[]}}""", "cloud_init: an object of 12 bytes (not shown) is not a string")]
    [InlineData("""{"ssh_keys":"ssh-ed25519 AAAA"}""", "ssh_keys: a string of 18 bytes (not shown) is not an array of strings")]
    [InlineData("""{"ssh_keys":["ssh-ed25519 AAAA",null]}""", "ssh_keys[1]: null is not a string")]
    [InlineData("""{"ssh_keys":["AAAA"]}""", "ssh_keys[0]: a string of 4 characters (not shown) is not a public key in one line, such as \"ssh-ed25519 AAAA… name\"")]
    [InlineData("""{"ssh_keys":["ssh-rsa AAAA\nssh-rsa BBBB"]}""", "ssh_keys[0]: a string of 25 characters (not shown) is not a public key in one line, such as \"ssh-ed25519 AAAA… name\"")]
    [InlineData("""{"run":"yes"}""", "run: \"yes\" is not true or false")]
    [InlineData("""{"instancetype":"u1","memory":null}""", "cpu: \"2\" is not allowed with instancetype, which sets it")]
    [InlineData("""{"instancetype":"u1","cpu":null}""", "memory: \"4Gi\" is not allowed with instancetype, which sets it")]
    [InlineData("""{"instancetype":"flavor/u1","cpu":null,"memory":null}""", "instancetype: \"flavor/u1\" is not NAME, virtualmachineclusterinstancetype/NAME or virtualmachineinstancetype/NAME")]
    [InlineData("""{"preference":"a/b/c"}""", "preference: \"a/b/c\" is not NAME, virtualmachineclusterpreference/NAME or virtualmachinepreference/NAME")]
    public void Bad_field_is_named_with_its_value_and_what_is_expected(string fields, string error) =>
        Assert.Equal([error], Read(Changed(fields)).Errors);

    [Fact]
    public void All_that_is_wrong_is_told_at_once()
    {
        var (_, errors) = Read("""{"name":"Web","cpu":"x","run":1}""");

        Assert.Equal(
            ["name", "namespace", "image_url", "cpu", "memory", "run"],
            errors.Select(error => error.Split(':')[0]).OrderBy(field => "name namespace image_url cpu memory run".IndexOf(field, StringComparison.Ordinal)));
    }

    [Fact]
    public void User_data_that_is_too_long_is_not_shown()
    {
        var error = Assert.Single(Read(Changed($$"""{"cloud_init":"password: s3cret{{new string('a', 256 << 10)}}"}""")).Errors);

        Assert.Equal("cloud_init: a string of 262160 characters (not shown) is not at most 256 KiB of user data", error);
    }

    /// <summary>A good payload with some fields changed.</summary>
    private static string Changed(string fields)
    {
        var payload = JsonNode.Parse("""{"name":"web","namespace":"acme","image_url":"img","cpu":2,"memory":"4Gi"}""")!.AsObject();
        using var changes = JsonDocument.Parse(fields);
        foreach (var change in changes.RootElement.EnumerateObject())
            payload[change.Name] = JsonNode.Parse(change.Value.GetRawText());
        return payload.ToJsonString();
    }

    private static VirtualMachineRequest With(string fields) => Good(Changed(fields));

    private static VirtualMachineRequest Good(string payload)
    {
        var (request, errors) = Read(payload);
        Assert.Empty(errors);
        return request;
    }

    private static (VirtualMachineRequest Request, IReadOnlyList<string> Errors) Read(string payload)
    {
        var reader = new PayloadReader(JsonElement.Parse(payload));
        return (VirtualMachineRequest.Read(reader), reader.Errors);
    }
}
