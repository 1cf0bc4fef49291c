using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class BodyCacheTests
{
    private readonly BodyCache _cache = new(capacity: 100);

    [Fact]
    public void Bodies_that_were_used_last_are_kept_up_to_the_capacity()
    {
        foreach (var name in (string[])["a", "b", "c"]) _cache.Put(name, false, new byte[30]);
        Assert.True(Has("a"));

        _cache.Put("d", false, new byte[40]);

        Assert.Equal((true, false, true, true), (Has("a"), Has("b"), Has("c"), Has("d")));
    }

    [Fact]
    public void Payload_and_result_of_one_name_are_two()
    {
        _cache.Put("a", false, new byte[] { 1 });
        _cache.Put("a", true, new byte[] { 2 });

        Assert.True(_cache.TryGet("a", isResult: true, out var result));
        Assert.Equal(2, result.Span[0]);
        _cache.Remove("a", isResult: true);
        Assert.True(Has("a"));
    }

    [Fact]
    public void Body_that_is_replaced_or_removed_takes_no_room_any_more()
    {
        for (var i = 0; i < 10; i++) _cache.Put("a", false, new byte[60]);
        _cache.Put("b", false, new byte[40]);
        _cache.Remove("a", false);
        _cache.Put("c", false, new byte[60]);

        Assert.True(Has("b") && Has("c"));
    }

    [Fact]
    public void Body_over_the_capacity_is_not_kept_and_drives_none_out()
    {
        _cache.Put("a", false, new byte[60]);

        _cache.Put("b", false, new byte[101]);

        Assert.Equal((true, false), (Has("a"), Has("b")));
    }

    private bool Has(string name) => _cache.TryGet(name, isResult: false, out _);
}
