using System.Text.Json;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class VirtualMachineStatusMapTests
{
    /// <summary>KubeVirt's words (kubevirt.io/v1, VirtualMachinePrintableStatus), in its own order, and the hub's.</summary>
    public static TheoryData<string, string> PrintableStatuses => new()
    {
        { "Terminating", "deleting" },
        { "Stopping", "stopping" },
        { "Migrating", "migrating" },
        { "Paused", "paused" },
        { "Running", "running" },
        { "ErrorPvcNotFound", "error" },
        { "DataVolumeError", "error" },
        { "ErrorUnschedulable", "error" },
        { "Provisioning", "provisioning" },
        { "WaitingForVolumeBinding", "provisioning" },
        { "ErrImagePull", "error" },
        { "ImagePullBackOff", "error" },
        { "Starting", "starting" },
        { "CrashLoopBackOff", "error" },
        { "Stopped", "stopped" },
        { "WaitingForReceiver", "pending" },
        { "Unknown", "error" },
    };

    /// <summary>KubeVirt's phases (kubevirt.io/v1, VirtualMachineInstancePhase) and the hub's words.</summary>
    public static TheoryData<string, string> Phases => new()
    {
        { "", "starting" },
        { "Pending", "starting" },
        { "Scheduling", "starting" },
        { "Scheduled", "starting" },
        { "Running", "running" },
        { "Succeeded", "stopped" },
        { "Failed", "error" },
        { "Unknown", "error" },
        { "WaitingForSync", "pending" },
    };

    public static TheoryData<string> Situations => [.. Read().Keys];

    [Theory]
    [MemberData(nameof(PrintableStatuses))]
    public void Printable_status_has_a_word(string printable, string word) =>
        Assert.Equal(word, VirtualMachineStatusMap.WordOf(Vm(printable), null).Word);

    [Theory]
    [MemberData(nameof(Phases))]
    public void Phase_has_a_word_where_the_vm_prints_none(string phase, string word) =>
        Assert.Equal(word, VirtualMachineStatusMap.WordOf(Vm(""), Guest(phase)).Word);

    [Fact]
    public void Tables_hold_what_these_tests_know_and_nothing_else()
    {
        Assert.Equal(PrintableStatuses.Select(row => (string)row[0]).Order(), VirtualMachineStatusMap.ByPrintableStatus.Keys.Order());
        Assert.Equal(Phases.Select(row => (string)row[0]).Order(), VirtualMachineStatusMap.ByPhase.Keys.Order());
    }

    [Fact]
    public void Every_word_is_one_of_the_contract()
    {
        string[] words =
        [
            "pending", "provisioning", "running", "stopped", "error", "deleting", "paused", "migrating", "starting", "stopping",
        ];

        Assert.Empty(VirtualMachineStatusMap.ByPrintableStatus.Values.Concat(VirtualMachineStatusMap.ByPhase.Values).Except(words));
    }

    [Theory]
    [MemberData(nameof(Situations))]
    public void Situation_is_told_in_the_hubs_words(string name)
    {
        var situation = Read()[name];
        var expected = situation.GetProperty("expected");

        var status = StatusOf(situation.GetProperty("vm"), situation.TryGetProperty("vmi", out var vmi) ? vmi : null);

        Assert.Equal(Text(expected, "status"), status.Status);
        Assert.Equal(Text(expected, "message"), status.Message);
        Assert.Equal(Text(expected, "nodeName"), status.NodeName);
        Assert.Equal(Text(expected, "ipAddress"), status.IpAddress);
        Assert.Equal(expected.TryGetProperty("restartRequired", out _) ? true : null, status.RestartRequired);
    }

    [Fact]
    public void Status_carries_what_the_objects_say()
    {
        var created = new DateTimeOffset(2026, 3, 2, 9, 30, 0, TimeSpan.Zero);
        var seen = created.AddHours(1);
        var vm = JsonElement.Parse(
            """
            {"metadata":{"name":"web","namespace":"acme","uid":"u","labels":{"tier":"front"},"creationTimestamp":"2026-03-02T09:30:00Z"},
             "spec":{"template":{"spec":{"domain":{"cpu":{"sockets":2,"cores":2},"memory":{"guest":"4Gi"}}}},
                     "dataVolumeTemplates":[{"spec":{"storage":{"resources":{"requests":{"storage":"20Gi"}}}}}]},
             "status":{"printableStatus":"Running"}}
            """);

        var status = VirtualMachineStatusMap.ToStatus(
            VirtualMachineItem.From(vm.Deserialize(KubeVirtJson.Default.VirtualMachineObject)!, created),
            VirtualMachineInstanceItem.From(
                JsonElement.Parse("""{"status":{"phase":"Running"}}""").Deserialize(KubeVirtJson.Default.VirtualMachineInstanceObject)!,
                seen));

        Assert.Equivalent(
            new VirtualMachineStatus
            {
                Name = "web",
                Namespace = "acme",
                Status = "running",
                Phase = "Running",
                Cpu = "4",
                Memory = "4Gi",
                Storage = "20Gi",
                Labels = new Dictionary<string, string> { ["tier"] = "front" },
                CreatedAt = created,
                UpdatedAt = seen,
            },
            status,
            strict: true);
    }

    [Fact]
    public void Size_of_an_instancetypes_vm_is_its_guests()
    {
        var vm = JsonElement.Parse("""{"spec":{"runStrategy":"Always","instancetype":{"name":"u1.large"}}}""");
        var vmi = JsonElement.Parse("""{"spec":{"domain":{"cpu":{"sockets":2},"memory":{"guest":"8Gi"}}},"status":{"phase":"Running"}}""");

        var status = StatusOf(vm, vmi);

        Assert.Equal(("2", "8Gi"), (status.Cpu, status.Memory));
    }

    [KubeVirtExamplesFact]
    public void KubeVirts_own_objects_get_the_words_of_these_tests()
    {
        var situations = Read();

        Assert.All(KubeVirtExamples.Cases, example =>
        {
            var status = StatusOf(
                example.Value.GetProperty("virtualMachine"),
                example.Value.TryGetProperty("virtualMachineInstance", out var vmi) ? vmi : null);

            Assert.Equal(Text(situations[example.Key].GetProperty("expected"), "status"), status.Status);
            Assert.Equal(Text(example.Value, "printableStatus"), status.Phase);
        });
    }

    [KubeVirtExamplesFact]
    public void KubeVirts_own_objects_with_their_disks_get_the_same_words_and_lose_none_of_these() =>
        Assert.All(KubeVirtExamples.Cases, example =>
        {
            var (vm, vmi) = (example.Value.GetProperty("virtualMachine"), example.Value.TryGetProperty("virtualMachineInstance", out var guest) ? guest : (JsonElement?)null);
            var disks = Disks.Of(vm, vmi, Elements(example.Value, "dataVolumes"), Elements(example.Value, "persistentVolumeClaims"));

            var status = StatusOf(vm, vmi, disks);

            Assert.Equal(StatusOf(vm, vmi).Status, status.Status);
            Assert.Equal(NamedClaims(vm), disks.Select(disk => disk.Claim));
            Assert.All(Elements(example.Value, "dataVolumes"), volume => Assert.Contains(status.Disks!, disk => disk.Phase == Text(volume.GetProperty("status"), "phase")));
            if (Elements(example.Value, "persistentVolumeClaims").Any()) Assert.Equal("22817013760", status.Storage);
        });

    private static JsonElement.ArrayEnumerator Elements(JsonElement item, string name) =>
        item.TryGetProperty(name, out var found) ? found.EnumerateArray() : default;

    private static IEnumerable<string> NamedClaims(JsonElement vm) => vm.GetProperty("spec").GetProperty("template").GetProperty("spec").GetProperty("volumes").EnumerateArray()
        .Select(volume => volume.TryGetProperty("dataVolume", out var data) ? Text(data, "name")
            : volume.TryGetProperty("persistentVolumeClaim", out var claim) ? Text(claim, "claimName") : null).OfType<string>();

    private static VirtualMachineStatus StatusOf(JsonElement vm, JsonElement? vmi, IReadOnlyList<DiskState>? disks = null) => VirtualMachineStatusMap.ToStatus(
        VirtualMachineItem.From(vm.Deserialize(KubeVirtJson.Default.VirtualMachineObject)!, default),
        vmi is { } guest
            ? VirtualMachineInstanceItem.From(guest.Deserialize(KubeVirtJson.Default.VirtualMachineInstanceObject)!, default)
            : null,
        disks: disks);

    private static VirtualMachineItem Vm(string printable) => new()
    {
        Name = VmWorld.Web,
        Uid = "u",
        Strategy = "Always",
        PrintableStatus = printable,
        IsDeleting = false,
        IsObserved = true,
        CreatedAt = default,
        SeenAt = default,
    };

    private static VirtualMachineInstanceItem Guest(string phase) =>
        new() { Name = VmWorld.Web, Uid = "u", Phase = phase, SeenAt = default };

    private static string? Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static Dictionary<string, JsonElement> Read()
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "VirtualMachines", "vm-situations.json"));
        using var document = JsonDocument.Parse(file);
        return document.RootElement.EnumerateArray().ToDictionary(item => item.GetProperty("name").GetString()!, item => item.Clone());
    }
}
