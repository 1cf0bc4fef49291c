using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;
using static OvimSpokeAgent.Tests.VirtualMachines.Requests;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class DiskRequestTests
{
    private const string Name = "web-root-cdef0123456789abcdef";

    [Theory]
    [InlineData("""{"image_url":"quay.io/disk:1","storage":20}""", """{"registry":{"url":"docker://quay.io/disk:1"}}""")]
    [InlineData("""{"image_url":"docker://reg:5000/x","storage":20}""", """{"registry":{"url":"docker://reg:5000/x"}}""")]
    [InlineData("""{"image_url":"docker://reg:5000/x","disk_size":"20Gi","secret_name":"login"}""", """{"registry":{"url":"docker://reg:5000/x","secretRef":"login"}}""")]
    [InlineData("""{"image_url":"docker://reg:5000/x","storage":20,"architecture":"arm64"}""", """{"registry":{"url":"docker://reg:5000/x","platform":{"architecture":"arm64"}}}""")]
    [InlineData("""{"image_url":"https://example.com:8443/a%20b/disk.qcow2?x=1","storage":20}""", """{"http":{"url":"https://example.com:8443/a%20b/disk.qcow2?x=1"}}""")]
    [InlineData("""{"image_url":"http://example.com/disk.raw.xz","storage":20,"secret_name":"login"}""", """{"http":{"url":"http://example.com/disk.raw.xz","secretRef":"login"}}""")]
    [InlineData("""{"image_url":"pvc:golden","storage":20}""", """{"pvc":{"namespace":"acme","name":"golden"}}""")]
    [InlineData("""{"image_url":"pvc:images/golden","storage":20}""", """{"pvc":{"namespace":"images","name":"golden"}}""")]
    public void Source_becomes_a_data_volume_of_the_size_that_is_asked_for(string fields, string source)
    {
        var spec = SpecOf(fields);

        IsJson(
            $$"""
            [{
              "metadata": {
                "name": "{{Name}}", "namespace": "acme",
                "labels": {"ovim.io/vm": "web", "app.kubernetes.io/managed-by": "ovim-spoke-agent"},
                "annotations": {
                  "ovim.io/created-by": "ovim-op-0123456789abcdef0123456789abcdef",
                  "ovim.io/operation": "ovim-op-0123456789abcdef0123456789abcdef"
                }
              },
              "spec": {"source": {{source}}, "storage": {"resources": {"requests": {"storage": "20Gi"} } } }
            }]
            """,
            spec["dataVolumeTemplates"]);
        // KubeVirt waits for a DataVolume, not for a claim.
        IsJson($$"""{"name":"root","dataVolume":{"name":"{{Name}}"} }""", spec["template"]!["spec"]!["volumes"]![0]);
    }

    [Fact]
    public void Clone_without_a_size_has_that_of_its_source() =>
        IsJson("{}", SpecOf("""{"image_url":"pvc:images/golden"}""")["dataVolumeTemplates"]![0]!["spec"]!["storage"]);

    [Fact]
    public void Storage_class_and_access_mode_are_the_volumes() => IsJson(
        """{"resources":{"requests":{"storage":"20Gi"}},"storageClassName":"fast","accessModes":["ReadWriteMany"]}""",
        SpecOf("""{"storage":20,"storage_class":"fast","access_mode":"ReadWriteMany"}""")["dataVolumeTemplates"]![0]!["spec"]!["storage"]);

    [Fact]
    public void Disks_stand_in_their_order_beside_the_root_disk()
    {
        var spec = SpecOf("""
            {"cloud_init":"#cloud-config\n","disks":[
              {"name":"data","size":10,"blank":true,"storage_class":"fast"},{"name":"iso","image_url":"quay.io/iso:1","boot_order":1},
              {"name":"old","image_url":"pvc:old"},{"name":"tools","size":"5Gi","image_url":"https://example.com/t.iso","secret_name":"l"}]}
            """);

        var template = spec["template"]!["spec"]!;
        IsJson(
            """
            [{"name":"root","disk":{"bus":"virtio"},"bootOrder":2},{"name":"data","disk":{"bus":"virtio"}},
             {"name":"iso","disk":{"bus":"virtio"},"bootOrder":1},{"name":"old","disk":{"bus":"virtio"}},
             {"name":"tools","disk":{"bus":"virtio"}},{"name":"cloudinit","disk":{"bus":"virtio"}}]
            """,
            template["domain"]!["devices"]!["disks"]);
        IsJson(
            """
            [{"name":"root","containerDisk":{"image":"quay.io/disk:1"}},{"name":"data","dataVolume":{"name":"web-disk1-cdef0123456789abcdef"}},
             {"name":"iso","containerDisk":{"image":"quay.io/iso:1"}},{"name":"old","persistentVolumeClaim":{"claimName":"old"}},
             {"name":"tools","dataVolume":{"name":"web-disk4-cdef0123456789abcdef"}},
             {"name":"cloudinit","cloudInitNoCloud":{"userData":"#cloud-config\n"}}]
            """,
            template["volumes"]);
        IsJson(
            """
            [{"source":{"blank":{}},"storage":{"resources":{"requests":{"storage":"10Gi"}},"storageClassName":"fast"}},
             {"source":{"http":{"url":"https://example.com/t.iso","secretRef":"l"}},"storage":{"resources":{"requests":{"storage":"5Gi"}}}}]
            """,
            new JsonArray([.. spec["dataVolumeTemplates"]!.AsArray().Select(volume => volume!["spec"]!.DeepClone())]));
    }

    [Fact]
    public void Two_vms_of_one_template_share_no_data_volume()
    {
        var request = With("""{"storage":20}""");

        Assert.NotEqual(
            OwnedNames.DataVolume(request, 0, new OperationKey("ovim-op-0123456789abcdef0123456789abcdef")),
            OwnedNames.DataVolume(request, 0, new OperationKey("ovim-op-0123456789abcdef0123456789abcdee")));
    }

    // CDI makes a pod, a service and a claim of these names, KubeVirt a pod's volume.
    [Theory]
    [InlineData("web")]
    [InlineData("a.b.c")]
    [InlineData("web-1.prod-0-of-a-fairly-long-domain.example")]
    [InlineData("a12345678901234567890-bcdefghijklmnopqrstuvwxyz-0123456789-0123")]
    [InlineData("0.0")]
    public void Names_of_data_volumes_are_names_of_what_is_made_of_them(string vm)
    {
        var disks = string.Join(',', Enumerable.Range(0, 32).Select(i => $$"""{"name":"d{{i}}","size":1,"blank":true}"""));

        var names = SpecOf($$"""{"name":"{{vm}}","storage":20,"disks":[{{disks}}]}""")["dataVolumeTemplates"]!.AsArray()
            .Select(volume => (string)volume!["metadata"]!["name"]!).ToList();

        Assert.Equal(33, names.Distinct().Count());
        Assert.All(names, name => Assert.All(
            (string[])[name, $"importer-{name}", $"cdi-upload-{name}", $"{name}-scratch"], made => Assert.True(KubernetesNames.IsDnsLabel(made), made)));
    }

    [Theory]
    [InlineData("""{"image_url":"docker://localhost:5000/x","storage":20}""", "docker://localhost:5000/x")]
    [InlineData("""{"image_url":"docker://localhost:5000/x"}""", "docker://localhost:5000/x")]
    [InlineData("""{"image_url":"localhost/x:1","storage":20}""", "localhost/x:1")]
    [InlineData("""{"image_url":"docker://127.0.0.1:5000/x","storage":20}""", "docker://127.0.0.1:5000/x")]
    [InlineData("""{"image_url":"docker://[::1]:5000/x","storage":20}""", "docker://[::1]:5000/x")]
    [InlineData("""{"image_url":"docker://reg.localhost/x","storage":20}""", "docker://reg.localhost/x")]
    [InlineData("""{"image_url":"http://localhost/x","storage":20}""", "http://localhost/x")]
    [InlineData("""{"image_url":"http://localhost./x","storage":20}""", "http://localhost./x")]
    [InlineData("""{"image_url":"https://LOCALHOST:8443/x","storage":20}""", "https://LOCALHOST:8443/x")]
    [InlineData("""{"image_url":"http://127.1/x","storage":20}""", "http://127.1/x")]
    [InlineData("""{"image_url":"http://2130706433/x","storage":20}""", "http://2130706433/x")]
    [InlineData("""{"image_url":"http://[::ffff:127.0.0.1]/x","storage":20}""", "http://[::ffff:127.0.0.1]/x")]
    [InlineData("""{"image_url":"http://0.0.0.0/x","storage":20}""", "http://0.0.0.0/x")]
    public void Host_that_is_the_importer_itself_is_refused(string fields, string url) => Assert.Equal(
        [$"image_url: \"{url}\" is not reachable: the importer is a pod, to which this host is the pod itself"], ErrorsOf(fields));

    [Fact]
    public void Container_disk_may_be_of_a_registry_on_the_node() =>
        Assert.Equal(new DiskSource.Container("localhost:5000/x"), With("""{"image_url":"localhost:5000/x"}""").Root.Source);

    [Theory]
    [InlineData("""{"image_url":"https://user:pw@example.com/x","storage":20}""", "image_url: \"https://…@example.com/x\" is not a URL without credentials: a login is in a Secret that secret_name names")]
    [InlineData("""{"image_url":"https://example.com/x y","storage":20}""", "image_url: ")]
    [InlineData("""{"image_url":"https:///x","storage":20}""", "image_url: ")]
    [InlineData("""{"image_url":"oci-archive:///x","storage":20}""", "image_url: ")]
    [InlineData("""{"image_url":"https://example.com/x"}""", "storage: missing, expected the size of the disk that the image is imported into, such as \"20Gi\"")]
    [InlineData("""{"storage":"0.5"}""", "storage: \"0.5\" is not a whole number of bytes, at least 1Mi")]
    [InlineData("""{"storage":20,"storage_class":"Fast"}""", "storage_class: \"Fast\" is not a DNS subdomain")]
    [InlineData("""{"storage":20,"access_mode":"RWX"}""", "access_mode: \"RWX\" is not one of ReadWriteOnce, ReadWriteMany, ReadWriteOncePod")]
    [InlineData("""{"storage":20,"secret_name":"My Login"}""", "secret_name: a string of 8 characters (not shown) is not the name of a Secret in the VM's namespace")]
    [InlineData("""{"boot_order":0}""", "boot_order: 0 is not a whole number from 1 to 1000")]
    [InlineData("""{"disks":{}}""", null)]
    [InlineData("""{"disks":"data"}""", "disks: \"data\" is not an array of objects")]
    [InlineData("""{"disks":["data"]}""", "disks[0]: \"data\" is not an object")]
    [InlineData("""{"disks":[{"size":1,"blank":true}]}""", "disks[0].name: missing, expected a string")]
    [InlineData("""{"disks":[{"name":"Data","size":1,"blank":true}]}""", "disks[0].name: \"Data\" is not a DNS label of at most 52 characters (lower-case letters, digits and '-')")]
    [InlineData("""{"disks":[{"name":"data"}]}""", "disks[0]: disk \"data\" names nothing that it is made of, expected one of image_url, blank")]
    [InlineData("""{"disks":[{"name":"data","blank":false,"size":1}]}""", "disks[0]: disk \"data\" names nothing that it is made of, expected one of image_url, blank")]
    [InlineData("""{"disks":[{"name":"data","blank":true}]}""", "disks[0].size: missing, expected the size of the new disk, such as \"20Gi\"")]
    [InlineData("""{"disks":[{"name":"data","image_url":"https://example.com/x"}]}""", "disks[0].size: missing, expected the size of the new disk, such as \"20Gi\"")]
    [InlineData("""{"disks":[{"name":"data","size":1,"blank":true,"image_url":"quay.io/x"}]}""", "disks[0].image_url: \"quay.io/x\" is not allowed with blank: a disk is empty, or comes from an image")]
    [InlineData("""{"disks":[{"name":"data","size":"big","blank":true}]}""", "disks[0].size: \"big\" is not a positive number of GiB or a quantity string such as \"4Gi\"")]
    [InlineData("""{"disks":[{"name":"data","size":1,"blank":"yes"}]}""", "disks[0].blank: \"yes\" is not true or false")]
    [InlineData("""{"disks":[{"name":"root","size":1,"blank":true}]}""", "disks[0].name: \"root\" is not a name that no other disk of the VM has")]
    [InlineData("""{"disks":[{"name":"cloudinit","size":1,"blank":true}]}""", "disks[0].name: \"cloudinit\" is not a name that no other disk of the VM has")]
    [InlineData("""{"disks":[{"name":"a","size":1,"blank":true},{"name":"a","size":1,"blank":true}]}""", "disks[1].name: \"a\" is not a name that no other disk of the VM has")]
    [InlineData("""{"disks":[{"name":"a","size":1,"blank":true,"boot_order":1}],"boot_order":1}""", "disks[0].boot_order: 1 is disk \"root\"'s already, expected another number")]
    [InlineData("""{"disks":[{"name":"a","image_url":"docker://localhost/x","size":1}]}""", "disks[0].image_url: \"docker://localhost/x\" is not reachable")]
    public void Bad_field_of_a_disk_is_named_with_its_value_and_what_is_expected(string fields, string? error)
    {
        if (error is null) Assert.Empty(ErrorsOf(fields));
        else Assert.StartsWith(error, Assert.Single(ErrorsOf(fields)), StringComparison.Ordinal);
    }

    [Fact]
    public void More_disks_than_a_vm_has_are_refused() => Assert.Equal(
        ["disks: 33 entries, expected at most 32"],
        ErrorsOf($$"""{"disks":[{{string.Join(',', Enumerable.Range(0, 33).Select(i => $$"""{"name":"d{{i}}","size":1,"blank":true}"""))}}]}"""));

    [Fact]
    public void What_has_no_effect_and_what_is_lost_is_told()
    {
        var notes = With("""
            {"secret_name":"login","disks":[{"name":"old","image_url":"pvc:old","storage_class":"fast","access_mode":"ReadWriteOnce"},
            {"name":"data","size":1,"blank":true}]}
            """).Notes;

        Assert.Equal(
            [
                "secret_name: it is the login for an import, and nothing is imported",
                "disks[0].storage_class (fast): disk \"old\" is not made anew",
                "disks[0].access_mode (ReadWriteOnce): disk \"old\" is not made anew",
            ],
            notes.IgnoredFields);
        Assert.StartsWith("disk \"root\" is a container disk", Assert.Single(notes.Warnings), StringComparison.Ordinal);
        Assert.Empty(With("""{"storage":20}""").Notes.Warnings);
    }
}
