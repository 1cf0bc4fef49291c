using System.Globalization;
using System.Net.Sockets;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests;

/// <summary>Whoever can reach the agent's port cannot take its memory, nor keep the kubelet out.</summary>
public sealed class ConnectionLimitTests : IDisposable
{
    private static readonly int Many = Amounts.Of(800, 3000);

    private readonly MountedSecret _files = new(("config", SecrecyTests.Kubeconfig));

    [Theory]
    [InlineData("")] // idle from the start
    [InlineData("GET /health/live HTTP/1.1\r\nHost: agent\r\n\r\n")] // kept open after an answer
    [InlineData("GET /health/live HTTP/1.1\r\nHost: ag")] // in the middle of a head
    public async Task Connections_beyond_the_limit_close_those_that_do_nothing_and_probes_get_through(string sent)
    {
        await using var agent = AgentProcess.Start(
            ("OVIM_CLUSTER_ID", "east-1"), ("OVIM_HUB_ENDPOINT", "http://127.0.0.1:1"), ("OVIM_HUB_TOKEN", "t"),
            ("OVIM_KUBECONFIG", _files["config"]), ("OVIM_HEARTBEAT_INTERVAL", "1s"));
        await agent.WroteAsync("nothing listens on");
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < Many; i++)
            {
                sockets.Add(await OpenAsync(agent.Url, sent));
                if (i % 500 == 0) Assert.Equal("alive\n", await agent.GetAsync("health/live"));
            }
            Assert.Equal("alive\n", await agent.GetAsync("health/live"));

            using var patience = new CancellationTokenSource(JsonApi.Patience);
            await AreClosedAsync(sockets, Many - ConnectionLimit.Capacity, patience);
            Assert.InRange(await ClosedByTheAgentAsync(agent), Many - ConnectionLimit.Capacity, Many);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    public void Dispose() => _files.Dispose();

    private static async Task<Socket> OpenAsync(Uri agent, string sent)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(agent.Host, agent.Port);
        if (sent.Length > 0) await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(sent));
        return socket;
    }

    private static async Task<int> ClosedByTheAgentAsync(AgentProcess agent)
    {
        const string Name = "ovim_agent_connections_closed_total ";
        var line = (await agent.GetAsync("metrics")).Split('\n').Single(line => line.StartsWith(Name, StringComparison.Ordinal));
        return int.Parse(line[Name.Length..], CultureInfo.InvariantCulture);
    }

    // Which of them depends on whose answer came last.
    private static async Task AreClosedAsync(IReadOnlyList<Socket> sockets, int count, CancellationTokenSource patience)
    {
        var (closed, areClosed) = (0, new TaskCompletionSource());
        var reading = sockets.Select(async socket =>
        {
            await ClosedAsync(socket, patience.Token);
            if (Interlocked.Increment(ref closed) == count) areClosed.SetResult();
        }).ToList();
        await areClosed.Task.WaitAsync(patience.Token);
        await patience.CancelAsync();
        await Task.WhenAll(reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Reads what there is, and then the end.
    private static async Task ClosedAsync(Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            while (await socket.ReceiveAsync(new byte[4096], cancellationToken) > 0)
            {
                // An answer.
            }
        }
        catch (SocketException)
        {
            // Reset.
        }
    }
}
