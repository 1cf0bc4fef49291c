using System.Text;
using System.Text.Json.Nodes;
using static OvimSpokeAgent.Tests.VirtualMachines.Requests;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class GuestDataTests
{
    private const string Ignition = """{"ignition":{"version":"3.4.0"},"systemd":{"units":[]}}""";

    private static readonly string LongData = new('a', 3000);

    [Theory]
    [InlineData("#cloud-config\n", null, "cloudInitNoCloud")]
    [InlineData(Ignition, null, "cloudInitConfigDrive")]
    [InlineData("\n  " + Ignition, null, "cloudInitConfigDrive")]
    [InlineData("#cloud-config\n", "configdrive", "cloudInitConfigDrive")]
    [InlineData(Ignition, "nocloud", "cloudInitNoCloud")]
    [InlineData("{\"ignition\":3}", null, "cloudInitNoCloud")]
    [InlineData("{\"ignition\":{\"version\":3}}", null, "cloudInitNoCloud")]
    [InlineData("{ \"a\" }", null, "cloudInitNoCloud")]
    [InlineData("[]", null, "cloudInitNoCloud")]
    public void Data_is_where_the_guest_reads_it(string data, string? type, string volume)
    {
        var fields = new JsonObject { ["cloud_init"] = data, ["cloud_init_type"] = type }.ToJsonString();

        Assert.Equal(data, (string?)TemplateOf(fields)["volumes"]![1]![volume]!["userData"]);
    }

    [Fact]
    public void Ignition_on_a_disk_that_it_does_not_read_is_told()
    {
        var fields = new JsonObject { ["cloud_init"] = Ignition, ["cloud_init_type"] = "nocloud", ["storage"] = 1 }.ToJsonString();

        Assert.StartsWith("cloud_init_type (nocloud)", Assert.Single(With(fields).Notes.Warnings), StringComparison.Ordinal);
    }

    // In the VM, in a Secret, or not there.
    [Theory]
    [InlineData("#cloud-config\n", null, """{"userData":"#cloud-config\n"}""")]
    [InlineData(null, "version: 2\n", """{"networkData":"version: 2\n"}""")]
    [InlineData("#cloud-config\n", "version: 2\n", """{"userData":"#cloud-config\n","networkData":"version: 2\n"}""")]
    [InlineData(null, "LONG", """{"networkDataSecretRef":{"name":"web-networkdata-cdef0123456789abcdef"}}""")]
    [InlineData("LONG", null, """{"secretRef":{"name":"web-userdata-cdef0123456789abcdef"}}""")]
    [InlineData("LONG", "LONG", """{"secretRef":{"name":"web-userdata-cdef0123456789abcdef"},"networkDataSecretRef":{"name":"web-networkdata-cdef0123456789abcdef"}}""")]
    [InlineData("#cloud-config\n", "LONG", """{"userData":"#cloud-config\n","networkDataSecretRef":{"name":"web-networkdata-cdef0123456789abcdef"}}""")]
    public void User_and_network_data_stand_alone_and_together(string? user, string? network, string expected)
    {
        foreach (var (type, volume) in (ReadOnlySpan<(string, string)>)[("nocloud", "cloudInitNoCloud"), ("configdrive", "cloudInitConfigDrive")])
        {
            var fields = new JsonObject
            {
                ["cloud_init"] = user == "LONG" ? LongData : user,
                ["network_data"] = network == "LONG" ? LongData : network,
                ["cloud_init_type"] = type,
            }.ToJsonString();

            IsJson(expected, TemplateOf(fields)["volumes"]![1]![volume]);
        }
    }

    [Fact]
    public void Long_network_data_is_in_a_secret_under_the_key_that_kubevirt_reads()
    {
        var secret = Assert.Single(SecretsOf(new JsonObject { ["network_data"] = LongData }.ToJsonString()));

        Assert.Equal("web-networkdata-cdef0123456789abcdef", (string?)secret["metadata"]!["name"]);
        Assert.Equal(("networkdata", LongData), Assert.Single(TextsOf(secret)));
    }

    [Theory]
    [InlineData("#cloud-config\npassword: fedora\n")]
    [InlineData("#cloud-config\nchpasswd: {expire: false}\n")]
    [InlineData("#cloud-config\nusers:\n- hashed_passwd: $6$x\n")]
    [InlineData("#!/bin/sh\nexport API_TOKEN=x\n")]
    [InlineData("#cloud-config\nwrite_files:\n- encoding: b64\n  content: c2VjcmV0\n")]
    [InlineData("#cloud-config\nssh_keys:\n  rsa_private: |\n    -----BEGIN RSA PRIVATE KEY-----\n")]
    [InlineData("#!/bin/sh\ncurl https://me:x@example.com/\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=x\n")]
    [InlineData("""{"ignition":{"version":"3.4.0"},"passwd":{"users":[{"name":"core","passwordHash":"$y$x"}]}}""")]
    public void What_may_be_secret_does_not_stand_in_the_vm(string data)
    {
        foreach (var (field, key) in (ReadOnlySpan<(string, string)>)[("cloud_init", "userdata"), ("network_data", "networkdata")])
        {
            var fields = new JsonObject { [field] = data }.ToJsonString();

            Assert.Equal((key, data), Assert.Single(TextsOf(Assert.Single(SecretsOf(fields)))));
            Assert.DoesNotContain(JsonValue.Create(data).ToJsonString().Trim('"'), SpecOf(fields).ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("#cloud-config\npackages: [nginx]\n")]
    [InlineData("#cloud-config\nusers:\n- name: alice\n  ssh_authorized_keys: [ssh-ed25519 AAAA alice@home]\n")]
    [InlineData("#!/bin/sh\ncurl https://example.com/setup | sh\n")]
    public void What_is_harmless_stands_in_the_vm(string data) =>
        Assert.Empty(SecretsOf(new JsonObject { ["cloud_init"] = data }.ToJsonString()));

    [Theory]
    [InlineData("nocloud", "noCloud", "cloudInitNoCloud")]
    [InlineData("configdrive", "configDrive", "cloudInitConfigDrive")]
    public void Ssh_keys_come_the_way_that_the_guest_reads(string type, string method, string volume)
    {
        var spec = TemplateOf($$"""{"ssh_keys":["ssh-ed25519 AAAA"],"cloud_init_type":"{{type}}"}""");

        IsJson($$"""{"{{method}}":{} }""", spec["accessCredentials"]![0]!["sshPublicKey"]!["propagationMethod"]);
        IsJson("""{"userData":"#cloud-config\n"}""", spec["volumes"]![1]![volume]);
    }

    [Fact]
    public void Ssh_keys_beside_network_data_need_no_user_data() => IsJson(
        """{"networkData":"version: 2\n"}""",
        TemplateOf("""{"ssh_keys":["ssh-ed25519 AAAA"],"network_data":"version: 2\n"}""")["volumes"]![1]!["cloudInitNoCloud"]);

    [Theory]
    [InlineData("\"<unattend/>\"", "Unattend.xml")]
    [InlineData("{\"Unattend.xml\":\"<unattend/>\"}", "Unattend.xml")]
    [InlineData("{\"unattend.XML\":\"<unattend/>\"}", "unattend.XML")]
    [InlineData("{\"autounattend.xml\":\"<unattend/>\"}", "autounattend.xml")]
    public void Answer_file_is_on_a_sata_cd_with_the_volumes_name(string sysprep, string file)
    {
        var fields = $$"""{"sysprep":{{sysprep}}}""";

        var spec = TemplateOf(fields);

        IsJson("""{"name":"sysprep","cdrom":{"bus":"sata"}}""", spec["domain"]!["devices"]!["disks"]![1]);
        IsJson("""{"name":"sysprep","sysprep":{"secret":{"name":"web-sysprep-cdef0123456789abcdef"}}}""", spec["volumes"]![1]);
        Assert.Equal((file, "<unattend/>"), Assert.Single(TextsOf(Assert.Single(SecretsOf(fields)))));
    }

    [Fact]
    public void Answer_disk_may_hold_more_files() => Assert.Equal(
        ["setup.ps1", "unattend.xml"],
        TextsOf(Assert.Single(SecretsOf("""{"sysprep":{"unattend.xml":"<u/>","setup.ps1":"exit"}}"""))).Select(file => file.Key).Order());

    [Theory]
    [InlineData("""{"cloud_init_type":"NoCloud"}""", "cloud_init_type: \"NoCloud\" is not one of nocloud, configdrive")]
    [InlineData("""{"network_data":{"version":2}}""", "network_data: an object of 13 bytes (not shown) is not a string")]
    [InlineData("""{"sysprep":["x"]}""", "sysprep: an array of 5 bytes (not shown) is not a text, or an object of file names and texts")]
    [InlineData("""{"sysprep":"password"}""", "sysprep: a string of 8 characters (not shown) is not an answer file in XML")]
    [InlineData("""{"sysprep":{"setup.ps1":"exit"}}""", "sysprep: it has no answer file, expected one of autounattend.xml, unattend.xml (in any case)")]
    [InlineData("""{"sysprep":{"unattend.xml":7}}""", "sysprep: a number of 1 bytes (not shown) is not a text under each file name")]
    [InlineData("""{"sysprep":{"unattend.xml":"<a/>","../x":"y"}}""", "sysprep: a file name is not usable, expected different ones of letters, digits, '-', '_' and '.'")]
    [InlineData("""{"sysprep":{"unattend.xml":"<a/>","Unattend.xml":"<b/>"}}""", "sysprep: a file name is not usable, expected different ones of letters, digits, '-', '_' and '.'")]
    public void Bad_field_is_named_and_its_value_not_shown(string fields, string error) => Assert.Equal([error], ErrorsOf(fields));

    [Theory]
    [InlineData("network_data")]
    [InlineData("sysprep")]
    public void Data_that_is_too_long_is_refused_and_not_shown(string field)
    {
        var error = Assert.Single(ErrorsOf(new JsonObject { [field] = "<s3cret>" + new string('a', 256 << 10) }.ToJsonString()));

        Assert.StartsWith($"{field}: ", error, StringComparison.Ordinal);
        Assert.Contains("256 KiB", error, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Key, string Text)> TextsOf(JsonObject secret) =>
        secret["data"]!.AsObject().Select(entry => (entry.Key, Encoding.UTF8.GetString(Convert.FromBase64String((string)entry.Value!))));
}
