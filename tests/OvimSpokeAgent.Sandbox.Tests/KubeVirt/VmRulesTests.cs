using System.Text.Json.Nodes;
using KubernetesSandbox.KubeVirt;

namespace OvimSpokeAgent.Sandbox.Tests.KubeVirt;

/// <summary>What virt-api refuses in a VM.</summary>
public sealed class VmRulesTests
{
    private const string Domain = "spec.template.spec.domain";

    /// <summary>A merge patch on a good VM, and the field that is refused then (none: the VM is good).</summary>
    public static TheoryData<string, string?> Cases => new()
    {
        { "{}", null },
        { """{"spec":{"template":null}}""", "spec.template" },
        { """{"spec":{"running":true}}""", "spec.running" },
        { """{"spec":{"runStrategy":null}}""", "spec.running" },
        { """{"spec":{"runStrategy":null,"running":false}}""", null },
        { """{"spec":{"runStrategy":"Sometimes"}}""", "spec.runStrategy" },
        { Resources("""{"requests":{"memory":"3Gi"},"limits":{"memory":"2Gi"}}"""), $"{Domain}.resources.requests.memory" },
        { Resources("""{"requests":{"cpu":"2001m"},"limits":{"cpu":2}}"""), $"{Domain}.resources.requests.cpu" },
        { Resources("""{"requests":{"cpu":"2000m","memory":"2Gi"},"limits":{"cpu":2,"memory":"2048Mi"}}"""), null },
        { Resources("""{"limits":{"memory":"1Gi"}}"""), $"{Domain}.memory.guest" },
        { """{"spec":{"instancetype":{"name":"small"}}}""", $"{Domain}.cpu.sockets" },
        { """{"spec":{"instancetype":{"name":"small"},"template":{"spec":{"domain":{"cpu":null,"memory":null}}}}}""", null },
        {
            """
            {"spec":{"instancetype":{"name":"small"},
             "template":{"spec":{"domain":{"cpu":null,"memory":null,"resources":{"limits":{"memory":"1Gi"}}}}}}}
            """,
            $"{Domain}.resources.limits.memory"
        },
        { """{"spec":{"template":{"spec":{"domain":{"machine":{"type":"pc-i440fx-2.10"}}}}}}""", $"{Domain}.machine.type" },
        { """{"spec":{"template":{"spec":{"domain":{"machine":{"type":"pc-q35-rhel9.4.0"}}}}}}""", null },
        { """{"spec":{"template":{"spec":{"volumes":[]}}}}""", $"{Domain}.devices.disks[0].name" },
        { Devices("""{"disks":[{"name":"root","cdrom":{"bus":"sata"}}]}""", "[]"), null },
        { Devices("""{"disks":[]}""", null), $"{Domain}.volumes[0].name" },
        { Devices("""{"disks":[],"filesystems":[{"name":"root"}]}""", null), null },
        { Devices("""{"interfaces":[]}""", null), "spec.template.spec.networks[0].name" },
        { Devices("""{"interfaces":[{"name":"default"},{"name":"second"}]}""", null), $"{Domain}.devices.interfaces[1].name" },
        { Devices("""{"disks":[{"name":"root"},{"name":"root"}]}""", null), $"{Domain}.devices.disks[1].name" },
        { Devices($$"""{"disks":[{"name":"root","serial":"{{new string('x', 257)}}"}]}""", null), $"{Domain}.devices.disks[0].serial" },
        { Devices("""{"disks":[{"name":"root","serial":"with space"}]}""", null), $"{Domain}.devices.disks[0].serial" },
        { CloudInit("userData", 2048), null },
        { CloudInit("userData", 2049), "spec.template.spec.volumes[0].cloudInitNoCloud.userData" },
        { CloudInit("networkData", 2049), "spec.template.spec.volumes[0].cloudInitNoCloud.networkData" },
        { CloudInit("userDataBase64", 4096), "spec.template.spec.volumes[0].cloudInitNoCloud.userData" },
        { """{"spec":{"dataVolumeTemplates":[{"metadata":{"name":"extra"},"spec":{}}]}}""", "spec.dataVolumeTemplate[0]" },
        { InTemplate("""{"domain":{"firmware":{"bootloader":{"efi":{}}}}}"""), Domain },
        { InTemplate("""{"domain":{"firmware":{"bootloader":{"efi":{"secureBoot":true}}},"features":{"smm":{"enabled":false}}}}"""), Domain },
        { InTemplate("""{"domain":{"firmware":{"bootloader":{"efi":{"secureBoot":true}}},"features":{"smm":{}}}}"""), null },
        { InTemplate("""{"domain":{"firmware":{"bootloader":{"efi":{"secureBoot":false}}}}}"""), null },
        { Devices("""{"disks":[{"name":"root","bootOrder":0}]}""", null), $"{Domain}.devices.disks[0].bootOrder" },
        { Devices("""{"disks":[{"name":"root","bootOrder":1}],"interfaces":[{"name":"default","bootOrder":1}]}""", null), $"{Domain}.devices.interfaces[0].bootOrder" },
        { Devices("""{"disks":[{"name":"root","cdrom":{"bus":"virtio"}}]}""", null), $"{Domain}.devices.disks[0].cdrom.bus" },
        { InTemplate("""{"evictionStrategy":"Perhaps"}"""), "spec.template.spec.evictionStrategy" },
        { InTemplate("""{"evictionStrategy":"LiveMigrateIfPossible"}"""), null },
        { InTemplate("""{"volumes":[{"name":"root"}]}"""), "spec.template.spec.volumes[0]" },
        { InTemplate("""{"volumes":[{"name":"root","sysprep":{"secret":{"name":"a"}},"emptyDisk":{}}]}"""), "spec.template.spec.volumes[0]" },
        { InTemplate("""{"volumes":[{"name":"root","sysprep":{"secret":{"name":"a"}}}]}"""), null },
        { InTemplate("""{"volumes":[{"name":"root","cloudInitConfigDrive":{}}]}"""), "spec.template.spec.volumes[0].cloudInitConfigDrive" },
        { InTemplate("""{"volumes":[{"name":"root","cloudInitNoCloud":{"userData":"a","secretRef":{"name":"b"}}}]}"""), "spec.template.spec.volumes[0].cloudInitNoCloud" },
        { InTemplate("""{"volumes":[{"name":"root","cloudInitNoCloud":{"networkDataSecretRef":{"name":"b"}}}]}"""), null },
        { Access("configDrive", "cloudInitNoCloud"), "spec.template.spec.accessCredentials[0].sshPublicKey.propagationMethod" },
        { Access("noCloud", "cloudInitNoCloud"), null },
        { """{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"running":true}}""", null },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_VM_is_refused_with_the_field(string patch, string? field)
    {
        var vm = TestObjects.Vm(changes: vm => Merge(vm, TestObjects.Parse(patch)));

        Assert.Equal(field is null ? [] : [field], VmRules.Of(vm).Take(1).Select(violation => violation.Field));
    }

    [Fact]
    public void All_that_is_wrong_is_named()
    {
        var vm = TestObjects.Vm(changes: vm => Merge(vm, TestObjects.Parse("""
            {"spec":{"running":true,"template":{"spec":{"domain":{"resources":{"limits":{"memory":"1Gi"},"requests":{"memory":"2Gi"} } } } } } }
            """)));

        Assert.Equal(
            [$"{Domain}.resources.requests.memory", $"{Domain}.memory.guest", "spec.running"],
            VmRules.Of(vm).Select(violation => violation.Field));
    }

    private static string Resources(string resources) => InTemplate("""{"domain":{"resources":""" + resources + "}}");

    private static string Devices(string devices, string? volumes) =>
        InTemplate("""{"domain":{"devices":""" + devices + (volumes is null ? "}}" : $"}},\"volumes\":{volumes}}}"));

    private static string CloudInit(string field, int length) =>
        InTemplate($$"""{"volumes":[{"name":"root","cloudInitNoCloud":{"{{field}}":"{{new string('A', length)}}" } }]}""");

    private static string Access(string way, string volume) => InTemplate($$"""
        {"volumes":[{"name":"root","{{volume}}":{"userData":"a"} }],
         "accessCredentials":[{"sshPublicKey":{"propagationMethod":{"{{way}}":{} } } }]}
        """);

    private static string InTemplate(string spec) => """{"spec":{"template":{"spec":""" + spec + "}}}";

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null) target.Remove(name);
            else if (value is JsonObject map && target[name] is JsonObject inner) Merge(inner, map);
            else target[name] = value.DeepClone();
        }
    }
}
