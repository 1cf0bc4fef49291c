using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Reports that are too large for what stands before the hub, by the agent as a process.</summary>
public sealed class LargeReportTests
{
    private const string Reports = "/spoke/status";
    private const string TooLarge = "HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>";
    private const string Taken = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    private const string Unsupported = "HTTP/1.1 415 Unsupported Media Type\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    [Fact]
    public async Task Refused_as_too_large_says_how_large_and_what_to_raise()
    {
        await using var hub = new RawHub();
        await using var world = await HasVmsAsync();
        hub.Answer(Reports, TooLarge);

        world.StartAgent(("OVIM_HUB_ENDPOINT", hub.Url.ToString()));

        await world.Agent.WroteAsync("client_max_body_size");
        // As it was sent last: plain, or compressed as a trial.
        var lengths = hub.Requests.Where(request => request.Path.Contains(Reports, StringComparison.Ordinal))
            .Select(request => Regex.Match(request.Head, @"Content-Length: (\d+)").Groups[1].Value);
        Assert.Contains(lengths, length => world.Agent.Output.Contains($"{length} bytes were sent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Refused_as_too_large_goes_compressed_from_then_on_if_the_hub_reads_that()
    {
        await using var hub = new RawHub();
        await using var world = await HasVmsAsync();
        hub.Answer(Reports, connection => connection.WriteAsync(IsCompressed(connection.Request) ? Taken : TooLarge));

        world.StartAgent(("OVIM_HUB_ENDPOINT", hub.Url.ToString()));

        await hub.WaitForRequestsAsync(Reports, 5);
        Assert.Equal([false, true, true, true, true], Sent(hub).Take(5));
    }

    [Theory]
    [InlineData(415)]
    [InlineData(400)]
    public async Task Hub_that_does_not_read_compressed_reports_is_sent_no_more_until_it_was_away(int status)
    {
        await using var hub = new RawHub();
        await using var side = HubSide.Build(hub.Url, new FakeTimeProvider(DateTimeOffset.UtcNow)); // no limit is hit on a busy machine
        side.Reports.VmCount = 500;
        hub.Answer(Reports, connection => connection.WriteAsync(
            IsCompressed(connection.Request) ? Unsupported.Replace("415", $"{status}", StringComparison.Ordinal) : TooLarge));

        for (var i = 0; i < 3; i++) await ReportAsync(side);
        for (var i = 0; i < 3; i++) side.Connection.Failed("away");
        await ReportAsync(side);

        Assert.Equal([false, true, false, false, false, true], Sent(hub));
    }

    [Fact]
    public async Task Hub_that_routes_the_api_but_not_its_health_is_registered_with()
    {
        await using var world = await ProcessWorld.BuildAsync();
        world.Hub.Faults.Add(new() { Kind = Sandbox.Hub.HubFaultKind.Status, Path = "/health", StatusCode = 404, Body = "not found" });

        await world.StartAgentAsync();

        await world.Agent.WroteAsync("Going on with a report without the hub's health");
    }

    private static IEnumerable<bool> Sent(RawHub hub) => hub.Requests
        .Where(request => request.Path.Contains(Reports, StringComparison.Ordinal)).Select(IsCompressed);

    private static bool IsCompressed(RawRequest request) =>
        request.Head.Contains("Content-Encoding: gzip", StringComparison.OrdinalIgnoreCase);

    private static async Task ReportAsync(HubSide side)
    {
        try
        {
            await side.Client.SendReportAsync(side.Service<OvimSpokeAgent.Hub.IReportSource>().Compose(), default);
        }
        catch (OvimSpokeAgent.Hub.HubException)
        {
            // Refused: what was sent is looked at.
        }
    }

    // Enough for a report that is worth compressing.
    private static async Task<ProcessWorld> HasVmsAsync()
    {
        var world = await ProcessWorld.BuildAsync();
        for (var i = 0; i < 150; i++)
        {
            await world.Environment.Cluster.Admin.CreateAsync(TestClusterExtensions.VmsOf(world.Environment.Namespace), new JsonObject
            {
                ["apiVersion"] = "kubevirt.io/v1",
                ["kind"] = "VirtualMachine",
                ["metadata"] = new JsonObject { ["name"] = $"vm-{i:000}", ["namespace"] = world.Environment.Namespace },
                ["spec"] = new JsonObject
                {
                    ["runStrategy"] = "Halted",
                    ["template"] = new JsonObject { ["spec"] = new JsonObject { ["domain"] = new JsonObject { ["devices"] = new JsonObject() } } },
                },
            });
        }
        return world;
    }
}
