using System.Text.Json;
using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Capacity;

public sealed class StorageFiguresTests
{
    private const long Gi = 1L << 30;

    private static readonly StorageClassItem Fast = Class("fast", "lvm.example.com", isDefault: true);
    private static readonly StorageClassItem Slow = Class("slow", "lvm.example.com", isDefault: false);
    private static readonly StorageClassItem Nfs = Class("nfs", "nfs.example.com", isDefault: false);

    [Fact]
    public void Claims_are_counted_by_class_and_phase_and_what_waits_is_no_use()
    {
        var storage = StorageFigures.Of(
            [Claim("fast", 10), Claim("fast", 5), Claim("fast", 7, "Pending"), Claim("fast", 3, "Lost"), Claim("fast", 1, ""), Claim("slow", 2)], [Fast, Slow], []);

        Assert.Equal(
            [
                new StorageClassFigures("fast") { Provisioner = "lvm.example.com", IsDefault = true, Bound = 2, Pending = 2, Lost = 1, ClaimedBytes = 15 * Gi, PendingBytes = 11 * Gi },
                new StorageClassFigures("slow") { Provisioner = "lvm.example.com", Bound = 1, ClaimedBytes = 2 * Gi },
            ],
            storage.Classes);
        Assert.Equal((17 * Gi, null), (storage.ClaimedBytes, storage.CapacityBytes));
    }

    [Fact]
    public void Classes_that_only_claims_name_have_one_line_together_however_many_they_are()
    {
        var storage = StorageFigures.Of([.. Enumerable.Range(0, 1000).Select(i => Claim($"made-up-{i}", 1)), Claim("", 1)], [Fast], []);

        Assert.Equal(["fast", StorageFigures.Others], storage.Classes.Select(item => item.Name));
        Assert.Equal((1001, 1001 * Gi), (storage.Classes[1].Bound, storage.ClaimedBytes));
    }

    [Fact]
    public void Of_many_classes_those_with_most_have_a_line_and_the_sum_has_all()
    {
        var classes = Enumerable.Range(0, 200).Select(i => Class($"c{i:000}", "p", isDefault: false)).ToList();

        var storage = StorageFigures.Of(classes.Select((item, i) => Claim(item.Name, i)), classes, []);

        Assert.Equal(StorageFigures.MaxClasses + 1, storage.Classes.Count);
        Assert.Equal(("c150", StorageFigures.Others), (storage.Classes[0].Name, storage.Classes[^1].Name));
        Assert.Equal(199 * 200 / 2 * Gi, storage.ClaimedBytes);
    }

    [Fact]
    public void Segments_of_a_class_add_up_and_the_same_segment_counts_once()
    {
        var storage = StorageFigures.Of(
            [Claim("fast", 10)], [Fast], [Free("fast", "node=a", 30), Free("fast", "node=b", 20), Free("fast", "node=b", 25)]);

        Assert.Equal(50 * Gi, storage.Classes.Single().AvailableBytes); // of what is told twice, the less
        Assert.Equal(60 * Gi, storage.CapacityBytes);
    }

    [Fact]
    public void Pool_that_several_classes_of_a_driver_share_is_free_once()
    {
        var storage = StorageFigures.Of(
            [Claim("fast", 10), Claim("slow", 10)], [Fast, Slow],
            [Free("fast", "node=a", 30), Free("slow", "node=a", 30), Free("fast", "node=b", 5), Free("slow", "node=b", 4)]);

        Assert.Equal([35 * Gi, 34 * Gi], storage.Classes.Select(item => item.AvailableBytes!.Value));
        Assert.Equal((20 + 30 + 5) * Gi, storage.CapacityBytes);
    }

    [Fact]
    public void Pools_of_two_drivers_are_two()
    {
        var storage = StorageFigures.Of([], [Fast, Nfs], [Free("fast", "zone=1", 30), Free("nfs", "zone=1", 40)]);

        Assert.Equal(70 * Gi, storage.CapacityBytes);
    }

    [Fact]
    public void Capacity_is_not_known_where_a_class_with_claims_does_not_say_what_is_free()
    {
        Assert.Null(StorageFigures.Of([Claim("fast", 1), Claim("nfs", 1)], [Fast, Nfs], [Free("fast", "a", 30)]).CapacityBytes);
        Assert.Null(StorageFigures.Of([Claim("fast", 1), Claim("made-up", 1)], [Fast], [Free("fast", "a", 30)]).CapacityBytes);
        Assert.Equal(31 * Gi, StorageFigures.Of([Claim("fast", 1)], [Fast, Nfs], [Free("fast", "a", 30)]).CapacityBytes);
    }

    [Fact]
    public void Class_that_is_gone_has_nothing_free() =>
        Assert.Null(StorageFigures.Of([Claim("fast", 1)], [Fast], [Free("gone", "a", 30)]).CapacityBytes);

    [Fact]
    public void Sums_of_absurd_sizes_saturate()
    {
        var storage = StorageFigures.Of(
            [.. Enumerable.Repeat(Claim("fast", long.MaxValue / Gi), 10)], [Fast],
            [new StorageCapacityItem("fast", "a", long.MaxValue), new StorageCapacityItem("fast", "b", long.MaxValue)]);

        Assert.Equal((long.MaxValue, long.MaxValue), (storage.ClaimedBytes, storage.CapacityBytes));
    }

    [Theory]
    [InlineData("""{"storageClassName":"fast","capacity":"5Gi"}""")] // no node reaches it
    [InlineData("""{"storageClassName":"fast","nodeTopology":{}}""")] // the driver does not know
    [InlineData("""{"storageClassName":"fast","nodeTopology":{},"capacity":"much"}""")]
    [InlineData("""{"nodeTopology":{},"capacity":"5Gi"}""")]
    public void Report_of_a_driver_that_tells_of_no_space_is_none(string json) =>
        Assert.Null(StorageCapacityItem.From(Read(json)));

    [Fact]
    public void Same_nodes_in_another_order_are_the_same_segment()
    {
        const string Labels = """{"storageClassName":"fast","capacity":"5Gi","nodeTopology":{"matchLabels":""";
        var one = StorageCapacityItem.From(Read(Labels + """{"zone":"z1","node":"a"}}}"""))!;
        var same = StorageCapacityItem.From(Read(Labels + """{"node":"a","zone":"z1"}}}"""))!;
        var other = StorageCapacityItem.From(Read(Labels + """{"node":"b","zone":"z1"}}}"""))!;

        Assert.Equal((one.Segment, 5 * Gi), (same.Segment, same.Bytes));
        Assert.NotEqual(one.Segment, other.Segment);
        Assert.Equal(64, StorageCapacityItem.From(Read(Labels + """{"node":"LONG"}}}""".Replace("LONG", new string('n', 5000), StringComparison.Ordinal)))!.Segment.Length);
    }

    private static StorageCapacityObject Read(string json) => JsonSerializer.Deserialize(json, CapacityJson.Default.StorageCapacityObject)!;

    private static ClaimItem Claim(string storageClass, long gibibytes, string phase = "Bound") =>
        new() { Phase = phase, Size = Quantity.OfUnit(gibibytes, "Gi"), StorageClass = storageClass, SeenAt = default };

    private static StorageCapacityItem Free(string storageClass, string segment, long gibibytes) => new(storageClass, segment, gibibytes * Gi);

    private static StorageClassItem Class(string name, string provisioner, bool isDefault) =>
        new(name, provisioner, new DefaultStorageClass(name, isDefault, false, null));
}
