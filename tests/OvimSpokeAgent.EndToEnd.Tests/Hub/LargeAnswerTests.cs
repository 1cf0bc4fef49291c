using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Of an answer that does not end no more is kept than there is room for. It is the process whose memory is measured.</summary>
[Collection(AloneCollection.Name)]
public sealed class LargeAnswerTests
{
    private const string Operation = """{"id":"op-1","type":"get_health","payload":{},"timestamp":"2026-11-23T08:37:01Z"}""";

    [Fact]
    public async Task Answer_of_200_mebibytes_is_not_read_to_its_end()
    {
        const int Length = 200 << 20;
        await using var hub = new RawHub();
        await using var side = HubSide.Build(hub.Url, new FakeTimeProvider(DateTimeOffset.UtcNow));
        foreach (var path in new[] { "/spoke/status", "/result" })
            hub.Answer(path, connection => connection.FloodAsync("HTTP/1.1 500 Oops\r\nContent-Length: 209715200\r\n\r\n", Length));
        hub.Answer("/spoke/operations?", connection => connection.FloodAsync(
            $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Length}\r\n\r\n[{Operation},", Length));
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var answer = await side.PollAsync();
        await Assert.ThrowsAsync<HubException>(() => side.Client.SendReportAsync(side.Service<IReportSource>().Compose(), default));
        await side.Client.SendAsync("op-1", "{}"u8.ToArray(), default);

        Assert.Equal(1, answer.Operations);
        Assert.Equal("the answer is over 64 MiB", answer.Loss);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 100 << 20);
        Assert.InRange(hub.Flooded, 1, Length);
    }
}
