using System.Text.Json.Nodes;
using CsCheck;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>Sizes that nobody has, as anyone may write them: they saturate, say so, and throw nowhere.</summary>
public sealed class OddSizesTests
{
    private const long MostBytes = 1_000_000_000L << 30;
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 8, 0, 0, TimeSpan.Zero);

    /// <summary>Of the VM's spec: its domain and its disks; what counts; what is said of it.</summary>
    public static TheoryData<string, string, long, long, string?, string?> Figures => new()
    {
        { """{"memory":{"guest":"4Gi"},"cpu":{"sockets":2,"cores":2}}""", "4Gi,2Gi", 4, 4L << 30, "6Gi", null },
        { "{}", "600Pi,600Pi", 1, 0, "1000000000Gi", "the sum of dataVolumeTemplates is beyond 1000000000Gi" },
        { "{}", "2000Pi", 1, 0, "1000000000Gi", "dataVolumeTemplates is beyond 1000000000Gi" },
        { "{}", "-1,2Gi", 1, 0, "2Gi", "dataVolumeTemplates is negative" },
        { "{}", "four,2Gi", 1, 0, "2Gi", "dataVolumeTemplates is no quantity" },
        { """{"cpu":{"cores":134217728,"threads":16383}}""", "", 1_000_000_000, 0, null, "sockets × cores × threads is beyond 1000000000" },
        { """{"cpu":{"sockets":4294967295,"cores":4294967295,"threads":4294967295}}""", "", 1_000_000_000, 0, null, "sockets × cores × threads is beyond 1000000000" },
        { """{"cpu":{"sockets":-4,"cores":0,"threads":2}}""", "", 2, 0, null, null },
        { """{"resources":{"requests":{"cpu":"1073741824000000000"}}}""", "", 1_000_000_000, 0, null, "cpu is beyond 1000000000" },
        { """{"resources":{"requests":{"cpu":-5,"memory":"-1Gi"}}}""", "", 1, 0, null, "requests.cpu is negative, requests.memory is negative" },
        { """{"memory":{"guest":"1Ei"}}""", "", 1, MostBytes, null, "memory.guest is beyond 1000000000Gi" },
        { """{"memory":{"guest":"1e999999999"}}""", "", 1, MostBytes, null, "memory.guest is beyond 1000000000Gi" },
        { """{"memory":{"guest":"٤Gi"}}""", "", 1, 0, null, "memory.guest is no quantity" },
        { """{"memory":{"guest":true}}""", "", 1, 0, null, "memory.guest is no quantity" },
    };

    [Theory]
    [MemberData(nameof(Figures))]
    public void Size_saturates_and_says_so(string domain, string disks, long vcpus, long bytes, string? storage, string? problem)
    {
        var vm = Read(Vm(domain, disks.Split(',', StringSplitOptions.RemoveEmptyEntries)));

        var item = VirtualMachineItem.From(vm.Value, Now);

        Assert.Equal((vcpus, bytes, storage), (item.Footprint.Vcpus, item.Footprint.MemoryBytes, item.Storage));
        var message = VirtualMachineStatusMap.ToStatus(item, null).Message;
        Assert.Equal(problem is null ? null : $"its size does not count as it is written: {problem}", message);
    }

    [Fact]
    public void Any_size_is_counted_within_bounds() => GenVm.Array[1, 20].Sample(vms =>
    {
        var usage = default(QuotaUsage);
        foreach (var vm in vms)
        {
            var read = Read(vm);
            var item = IsReadable(read)
                ? VirtualMachineItem.From(read.Value, Now)
                : VirtualMachineItem.FromUnreadable(new UnreadableObject(read.Metadata, "odd", Now), null);
            var (status, footprint) = (VirtualMachineStatusMap.ToStatus(item, null), item.Footprint);

            Assert.InRange(footprint.Vcpus, 0, SizeReader.MaxVcpus);
            Assert.InRange(footprint.MemoryBytes, 0, MostBytes);
            Assert.InRange(footprint.CpuRequest ?? 0, 0, MostBytes);
            Assert.InRange(VirtualMachineOverhead.Of(footprint), 0, long.MaxValue / 2);
            foreach (var size in new[] { status.Cpu, status.Memory, status.Storage }.OfType<string>())
                Assert.True(Quantity.TryParse(size, out var quantity) && quantity.Value >= 0, size);
            usage = usage.With(footprint);
        }
        Assert.InRange(usage.Vcpus, 0, long.MaxValue);
        Assert.InRange(usage.MemoryBytes, 0, long.MaxValue);
    });

    [Fact]
    public void Any_size_of_an_instancetype_is_counted_within_bounds() =>
        Gen.Select(GenNumber, GenQuantity).Sample((cpu, memory) =>
        {
            var type = FakeStore.Read(
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = "t" },
                    ["spec"] = new JsonObject
                    {
                        ["cpu"] = new JsonObject { ["guest"] = JsonNode.Parse(cpu) },
                        ["memory"] = new JsonObject { ["guest"] = JsonNode.Parse(memory) },
                    },
                },
                KubeVirtJson.Default.InstancetypeObject);
            if (!IsReadable(type)) return;
            var item = InstancetypeItem.From(type.Value, Now);
            Assert.InRange(item.Size.Vcpus, 1, SizeReader.MaxVcpus);
            Assert.InRange(item.Size.MemoryBytes, 0, MostBytes);
        });

    [Fact]
    public void Sum_of_many_large_vms_stays_at_its_end()
    {
        var vm = VirtualMachineItem.From(Read(Vm("""{"memory":{"guest":"512Pi"},"cpu":{"cores":1000000000}}""", [])).Value, Now);

        var usage = Enumerable.Repeat(vm.Footprint, 10_000).Aggregate(default(QuotaUsage), (sum, one) => sum.With(one));

        Assert.Equal((10_000_000_000_000, long.MaxValue, 10_000), (usage.Vcpus, usage.MemoryBytes, usage.Vms));
    }

    [Fact]
    public void Large_texts_are_not_kept()
    {
        var huge = new string('9', 1 << 20);
        var vm = Vm($$$$"""{"memory":{"guest":"{{{{huge}}}}"},"cpu":{"model":"{{{{huge}}}}"},"resources":{"requests":{"cpu":"{{{{huge}}}}m"}}}""", [huge]);
        vm["metadata"]!["annotations"] = new JsonObject { [WellKnownNames.OperationAnnotation] = huge };
        vm["spec"]!["instancetype"] = new JsonObject { ["name"] = huge };
        vm["spec"]!["runStrategy"] = huge;
        vm["status"] = new JsonObject
        {
            ["printableStatus"] = huge,
            ["conditions"] = new JsonArray(
                Condition("Failure", "True", huge), Condition("PodScheduled", "False", huge), Condition("Ready", "False", huge)),
        };
        var labels = new JsonObject();
        for (var i = 0; i < 20_000; i++) labels[$"k{i:d6}"] = new string('v', 50);
        vm["metadata"]!["labels"] = labels;

        var item = VirtualMachineItem.From(Read(vm).Value, Now);

        Assert.InRange(item.ToString().Length + item.Labels.All!.Sum(label => label.Key.Length + label.Value.Length), 1, 12 << 10);
        Assert.True(VirtualMachineStatusMap.ToStatus(item, null).LabelsTruncated);
    }

    [Fact]
    public void Large_texts_of_a_guest_are_not_kept()
    {
        var huge = new string('9', 1 << 20);
        var vmi = FakeStore.Read(
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "web", ["namespace"] = "acme" },
                ["status"] = new JsonObject
                {
                    ["phase"] = huge,
                    ["nodeName"] = huge,
                    ["interfaces"] = new JsonArray([.. Enumerable.Range(0, 1000).Select(_ => new JsonObject { ["ipAddress"] = huge[..999] })]),
                },
            },
            KubeVirtJson.Default.VirtualMachineInstanceObject);

        Assert.InRange(VirtualMachineInstanceItem.From(vmi.Value, Now).ToString().Length, 1, 4 << 10);
    }

    private static readonly Gen<string> GenNumber = Gen.OneOf(
        Gen.Int.Select(number => $"{number}"),
        Gen.UInt.Select(number => $"{number}"),
        Gen.Long.Select(number => $"{number}"),
        Gen.OneOf("-1", "0", "4294967295", "2147483647", "9223372036854775807", "9223372036854775808", "1e20", "1.5", "null", "\"2\"", "[]"));

    private static readonly Gen<string> GenQuantity = Gen.OneOf(
        GenNumber,
        Gen.Select(Gen.ULong, Gen.OneOf("", "m", "n", "k", "Ki", "Gi", "Pi", "Ei", "E", "e3", "e27", "e-27", "e400"))
            .Select((number, unit) => $"\"{number}{unit}\""),
        Gen.OneOf("\"-1\"", "\"-600Pi\"", "\"1073741824000000000\"", "\"999999999999999999\"", "\"\"", "\"∞\"", "\"４Gi\"", "true", "{}"),
        Gen.String.Select(text => JsonValue.Create(text).ToJsonString()));

    private static readonly Gen<JsonObject> GenVm =
        Gen.Select(GenNumber.Array[3], GenQuantity.Array[5], GenQuantity.Array[0, 5]).Select((counts, sizes, disks) =>
        {
            var domain = $$$$"""
                {"cpu":{"sockets":{{{{counts[0]}}}},"cores":{{{{counts[1]}}}},"threads":{{{{counts[2]}}}}},"memory":{"guest":{{{{sizes[0]}}}}},
                 "resources":{"requests":{"cpu":{{{{sizes[1]}}}},"memory":{{{{sizes[2]}}}}},"limits":{"cpu":{{{{sizes[3]}}}},"memory":{{{{sizes[4]}}}}}}}
                """;
            return Vm(domain, [], disks);
        });

    private static ReadObject<VirtualMachineObject> Read(JsonObject vm) =>
        FakeStore.Read(vm, KubeVirtJson.Default.VirtualMachineObject);

    private static bool IsReadable<T>(ReadObject<T> read)
        where T : class, IKubernetesObject => Record.Exception(() => read.Value) is null;

    private static JsonObject Condition(string type, string status, string message) =>
        new() { ["type"] = type, ["status"] = status, ["message"] = message };

    private static JsonObject Vm(string domain, IReadOnlyList<string> disks, IReadOnlyList<string>? rawDisks = null) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "web", ["namespace"] = "acme", ["uid"] = "u-1" },
        ["spec"] = new JsonObject
        {
            ["runStrategy"] = "Halted",
            ["template"] = new JsonObject { ["spec"] = new JsonObject { ["domain"] = JsonNode.Parse(domain) } },
            ["dataVolumeTemplates"] = new JsonArray(
            [
                .. (rawDisks ?? [.. disks.Select(disk => JsonValue.Create(disk).ToJsonString())]).Select(size => new JsonObject
                {
                    ["spec"] = new JsonObject
                    {
                        ["storage"] = new JsonObject
                        {
                            ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = JsonNode.Parse(size) } },
                        },
                    },
                }),
            ]),
        },
    };
}
