using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class VirtualMachineManifestTests
{
    private static readonly OperationKey Key = new("ovim-op-0123456789abcdef0123456789abcdef");

    [Fact]
    public void Vm_of_a_container_disk_is_as_kubevirt_wants_it() => IsJson(
        """
        {
          "apiVersion": "kubevirt.io/v1",
          "kind": "VirtualMachine",
          "metadata": {
            "name": "web",
            "namespace": "acme",
            "labels": {"tier": "front", "app.kubernetes.io/managed-by": "ovim-spoke-agent"},
            "annotations": {
              "note": "hello",
              "ovim.io/created-by": "ovim-op-0123456789abcdef0123456789abcdef",
              "ovim.io/operation": "ovim-op-0123456789abcdef0123456789abcdef"
            }
          },
          "spec": {
            "runStrategy": "Always",
            "template": {
              "metadata": {"labels": {"tier": "front", "ovim.io/vm": "web"}},
              "spec": {
                "domain": {
                  "cpu": {"sockets": 2, "cores": 1, "threads": 1},
                  "resources": {"requests": {"cpu": "2"}},
                  "memory": {"guest": "4Gi"},
                  "devices": {
                    "disks": [{"name": "root", "disk": {"bus": "virtio"}}],
                    "interfaces": [{"name": "default", "masquerade": {}}]
                  }
                },
                "networks": [{"name": "default", "pod": {}}],
                "volumes": [{"name": "root", "containerDisk": {"image": "quay.io/disk:1"}}]
              }
            }
          }
        }
        """,
        Build("""{"labels":{"tier":"front"},"annotations":{"note":"hello"}}"""));

    [Fact]
    public void Vm_that_is_not_to_run_is_halted() =>
        Assert.Equal("Halted", (string?)Build("""{"run":false}""")["spec"]!["runStrategy"]);

    [Fact]
    public void Existing_disk_is_the_root_volume() => IsJson(
        """[{"name":"root","persistentVolumeClaim":{"claimName":"golden"}}]""",
        TemplateSpec("""{"image_url":"pvc:golden"}""")["volumes"]!);

    [Fact]
    public void Instancetype_and_preference_replace_cpu_and_memory()
    {
        var spec = Build("""{"cpu":null,"memory":null,"instancetype":"u1.medium","preference":"virtualmachinepreference/mine"}""")["spec"]!;

        IsJson("""{"kind":"virtualmachineclusterinstancetype","name":"u1.medium"}""", spec["instancetype"]!);
        IsJson("""{"kind":"virtualmachinepreference","name":"mine"}""", spec["preference"]!);
        var domain = spec["template"]!["spec"]!["domain"]!;
        Assert.Null(domain["cpu"]);
        Assert.Null(domain["memory"]);
    }

    [Fact]
    public void Network_stands_beside_the_pod_network()
    {
        var spec = TemplateSpec("""{"network_name":"tenant"}""");

        IsJson(
            """[{"name":"default","masquerade":{}},{"name":"network","bridge":{}}]""", spec["domain"]!["devices"]!["interfaces"]!);
        IsJson(
            """[{"name":"default","pod":{}},{"name":"network","multus":{"networkName":"tenant"}}]""", spec["networks"]!);
    }

    [Fact]
    public void Short_user_data_stands_in_the_vm()
    {
        var spec = TemplateSpec("""{"cloud_init":"#!/bin/sh\n"}""");

        IsJson(
            """[{"name":"root","containerDisk":{"image":"quay.io/disk:1"}},{"name":"cloudinit","cloudInitNoCloud":{"userData":"#!/bin/sh\n"}}]""",
            spec["volumes"]!);
        IsJson(
            """[{"name":"root","disk":{"bus":"virtio"}},{"name":"cloudinit","disk":{"bus":"virtio"}}]""",
            spec["domain"]!["devices"]!["disks"]!);
        Assert.Empty(Secrets("""{"cloud_init":"#!/bin/sh\n"}"""));
    }

    [Fact]
    public void Long_user_data_goes_into_a_secret_of_the_vms_own()
    {
        var userData = new string('ü', 1500);
        var fields = $$"""{"cloud_init":"{{userData}}"}""";

        IsJson(
            """{"name":"cloudinit","cloudInitNoCloud":{"secretRef":{"name":"web-userdata-cdef0123456789abcdef"}}}""",
            TemplateSpec(fields)["volumes"]![1]!);
        IsJson(
            $$"""
            {
              "apiVersion": "v1",
              "kind": "Secret",
              "type": "Opaque",
              "metadata": {
                "name": "web-userdata-cdef0123456789abcdef",
                "namespace": "acme",
                "labels": {"ovim.io/vm": "web", "app.kubernetes.io/managed-by": "ovim-spoke-agent"},
                "annotations": {
                  "ovim.io/created-by": "ovim-op-0123456789abcdef0123456789abcdef",
                  "ovim.io/operation": "ovim-op-0123456789abcdef0123456789abcdef"
                },
                "ownerReferences": [{"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "name": "web", "uid": "uid-of-the-vm"}]
              },
              "data": {"userdata": "{{Convert.ToBase64String(Encoding.UTF8.GetBytes(userData))}}"}
            }
            """,
            Assert.Single(Secrets(fields)));
    }

    [Fact]
    public void Ssh_keys_reach_the_guest_through_a_secret_and_cloud_init()
    {
        const string Fields = """{"ssh_keys":["ssh-ed25519 AAAA a","ssh-rsa BBBB b"]}""";

        var spec = TemplateSpec(Fields);

        IsJson(
            """
            [{"sshPublicKey":{"source":{"secret":{"secretName":"web-ssh-keys-cdef0123456789abcdef"}},"propagationMethod":{"noCloud":{}}}}]
            """,
            spec["accessCredentials"]!);
        IsJson("""{"name":"cloudinit","cloudInitNoCloud":{"userData":"#cloud-config\n"}}""", spec["volumes"]![1]!);
        var secret = Assert.Single(Secrets(Fields));
        Assert.Equal("web-ssh-keys-cdef0123456789abcdef", (string?)secret["metadata"]!["name"]);
        Assert.Equal(
            ["ssh-ed25519 AAAA a", "ssh-rsa BBBB b"],
            secret["data"]!.AsObject().Select(entry => Encoding.UTF8.GetString(Convert.FromBase64String((string)entry.Value!))));
    }

    [Fact]
    public void Ssh_keys_leave_the_user_data_as_it_is() => Assert.Equal(
        "#!/bin/sh\n",
        (string?)TemplateSpec("""{"cloud_init":"#!/bin/sh\n","ssh_keys":["ssh-ed25519 AAAA"]}""")["volumes"]![1]!["cloudInitNoCloud"]!["userData"]);

    [Theory]
    [InlineData("""{}""", "Always", false)]
    [InlineData("""{"cloud_init":"#cloud-config\n"}""", "Always", false)]
    [InlineData("""{"ssh_keys":["ssh-ed25519 AAAA"]}""", "Halted", true)]
    [InlineData("""{"ssh_keys":["ssh-ed25519 AAAA"],"run":false}""", "Halted", true)]
    public void Vm_whose_secrets_are_to_come_is_halted_and_marked(string fields, string strategy, bool isMarked)
    {
        var vm = Build(fields);

        Assert.Equal(strategy, (string?)vm["spec"]!["runStrategy"]);
        Assert.Equal(isMarked, vm["metadata"]!["annotations"]!["ovim.io/incomplete"] is not null);
    }

    // KubeVirt makes "SECRET-access-cred" and "VOLUME-udata" of them, volumes of the guest's pod.
    [Theory]
    [InlineData("web")]
    [InlineData("member-02-md-0-bnpd6-9qmkg-q99wg-node")]
    [InlineData("a.b.c")]
    [InlineData("web-1.prod-0-of-a-fairly-long-domain.example")]
    [InlineData("a12345678901234567890-bcdefghijklmnopqrstuvwxyz-0123456789-0123")]
    [InlineData("0.0")]
    public void Names_made_from_a_vms_name_are_names_of_its_pods_volumes(string name)
    {
        var fields = $$"""{"name":"{{name}}","ssh_keys":["ssh-ed25519 AAAA"],"cloud_init":"{{new string('a', 3000)}}"}""";

        var secrets = Secrets(fields).Select(secret => (string)secret["metadata"]!["name"]!).ToList();
        Assert.Equal(2, secrets.Distinct().Count());
        Assert.All(secrets, secret => Assert.True(KubernetesNames.IsDnsLabel($"{secret}-access-cred"), secret));
        Assert.All(
            TemplateSpec(fields)["volumes"]!.AsArray(),
            volume => Assert.True(KubernetesNames.IsDnsLabel($"{(string)volume!["name"]!}-udata")));
    }

    [Fact]
    public void Names_of_secrets_differ_where_names_of_vms_differ_only_at_the_end()
    {
        const string Long = "a123456789012345678901234567890123456789012345678901234567890";

        Assert.NotEqual(
            NameOf(Long + "1", new OperationKey("ovim-op-0123456789abcdef0123456789abcdef")),
            NameOf(Long + "2", new OperationKey("ovim-op-0123456789abcdef0123456789abcdee")));

        static string NameOf(string vm, OperationKey key) => (string)GuestManifests.Secrets(
            Request($$"""{"name":"{{vm}}","ssh_keys":["ssh-ed25519 AAAA"]}"""), key, "uid").Single()["metadata"]!["name"]!;
    }

    private static JsonNode TemplateSpec(string fields) => Build(fields)["spec"]!["template"]!["spec"]!;

    private static JsonObject Build(string fields) => VirtualMachineManifest.Build(Request(fields), Key);

    private static List<JsonObject> Secrets(string fields) =>
        [.. GuestManifests.Secrets(Request(fields), Key, "uid-of-the-vm")];

    private static VirtualMachineRequest Request(string fields)
    {
        var payload = JsonNode.Parse("""{"name":"web","namespace":"acme","image_url":"quay.io/disk:1","cpu":2,"memory":"4Gi"}""")!;
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject()) payload[name] = value?.DeepClone();
        var reader = new PayloadReader(JsonElement.Parse(payload.ToJsonString()));
        var request = VirtualMachineRequest.Read(reader);
        Assert.Empty(reader.Errors);
        return request;
    }

    private static void IsJson(string expected, JsonNode actual)
    {
        if (!JsonNode.DeepEquals(JsonNode.Parse(expected), actual))
            Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual.ToJsonString());
    }
}
