using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>The machine's clock is set while the whole agent works: nothing stops.</summary>
public sealed class ClockJumpTests(Clusters clusters) : IClassFixture<Clusters>
{
    private static (string, JsonNode)[] SmallVm => [("image_url", "quay.io/x/disk:1"), ("cpu", 1), ("memory", "64Mi")];

    [Theory]
    [InlineData(-400)]
    [InlineData(400)]
    public async Task Clock_that_jumps_stops_neither_reports_nor_operations(int days)
    {
        await using var environment = await clusters.OnAsync(ClusterKind.Sandbox);
        var clock = new SettableClock();
        await using var agent = await TestAgent.StartAsync(
            environment.Variables(), services => services.AddSingleton<TimeProvider>(clock));
        await environment.CompletesAsync(agent, "create_vm", "before", SmallVm);

        clock.Set(TimeSpan.FromDays(days));

        await environment.NextReportAsync(agent);
        await environment.CompletesAsync(agent, "create_vm", "after", SmallVm);
        await environment.ReportsVmAsync(agent, "after", "running");
        await environment.ReportsAsync(agent, report => (string?)report["status"] == "healthy");
    }

    /// <summary>The machine's clock, as it would be set.</summary>
    private sealed class SettableClock : TimeProvider
    {
        private long _offset;

        public void Set(TimeSpan by) => Interlocked.Exchange(ref _offset, by.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _offset));
    }
}
