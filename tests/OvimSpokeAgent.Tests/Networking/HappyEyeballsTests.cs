using System.Net;
using System.Net.Sockets;
using OvimSpokeAgent.Networking;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Networking;

/// <summary>Which address of a name gets the connection, and when, on a clock that the test moves.</summary>
public sealed class HappyEyeballsTests
{
    private static readonly DnsEndPoint Hub = new("hub.test", 443);

    private readonly TestTime _time = new();
    private readonly Dictionary<string, TaskCompletionSource<Stream>> _attempts = [];
    private readonly List<string> _order = [];
    private readonly List<string> _givenUp = [];

    [Fact]
    public async Task Address_that_does_not_answer_costs_a_quarter_of_a_second()
    {
        var connected = Connect("2001:db8::1", "192.0.2.1");
        Assert.Equal(["2001:db8::1"], _order);

        _time.Advance(HappyEyeballs.AttemptDelay - TimeSpan.FromMilliseconds(1));
        Assert.Single(_order);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Eventually.HoldsAsync(() => _order.Count == 2);
        var stream = Answers("192.0.2.1");

        Assert.Same(stream, await connected);
        Assert.Equal(["2001:db8::1"], _givenUp);
    }

    [Fact]
    public async Task Address_that_refuses_costs_nothing()
    {
        var connected = Connect("192.0.2.1", "192.0.2.2");
        _attempts["192.0.2.1"].SetException(new SocketException((int)SocketError.ConnectionRefused));

        await Eventually.HoldsAsync(() => _order.Count == 2);

        Assert.Same(Answers("192.0.2.2"), await connected);
    }

    [Fact]
    public async Task Slow_address_wins_if_it_answers_before_the_others()
    {
        var connected = Connect("192.0.2.1", "192.0.2.2");
        _time.Advance(HappyEyeballs.AttemptDelay);
        await Eventually.HoldsAsync(() => _order.Count == 2);

        Assert.Same(Answers("192.0.2.1"), await connected);
        Assert.Equal(["192.0.2.2"], _givenUp);
    }

    [Fact]
    public async Task Families_take_turns_beginning_with_the_preferred_one()
    {
        var connected = Connect("2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2");
        for (var tries = 2; tries <= 4; tries++)
        {
            _time.Advance(HappyEyeballs.AttemptDelay);
            await Eventually.HoldsAsync(() => _order.Count == tries);
        }

        Assert.Equal(["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"], _order);
        Answers("192.0.2.2");
        await connected;
    }

    [Fact]
    public async Task Where_none_takes_it_the_first_failure_is_told()
    {
        var connected = Connect("192.0.2.1", "192.0.2.2");
        _attempts["192.0.2.1"].SetException(new SocketException((int)SocketError.ConnectionRefused));
        await Eventually.HoldsAsync(() => _order.Count == 2);
        _attempts["192.0.2.2"].SetException(new SocketException((int)SocketError.HostUnreachable));

        var failure = await Assert.ThrowsAsync<SocketException>(() => connected);

        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
    }

    [Fact]
    public async Task Name_without_an_address_is_not_found() =>
        Assert.Equal(SocketError.HostNotFound, (await Assert.ThrowsAsync<SocketException>(() => Connect())).SocketErrorCode);

    [Fact]
    public async Task End_of_the_limit_ends_all_attempts_by_the_callers_token()
    {
        using var limit = new CancellationTokenSource();
        var connected = Eyeballs("192.0.2.1", "192.0.2.2").ConnectAsync(Hub, limit.Token);
        _time.Advance(HappyEyeballs.AttemptDelay);
        await Eventually.HoldsAsync(() => _order.Count == 2);

        await limit.CancelAsync();

        var e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connected);
        Assert.Equal(limit.Token, e.CancellationToken);
        Assert.Equal(2, _givenUp.Count);
    }

    // On real sockets: the first address drops what comes, as a listener does whose queue is full.
    [Fact]
    public async Task Hub_with_a_dead_address_is_reached_by_the_handler()
    {
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        dead.Listen(0);
        var port = ((IPEndPoint)dead.LocalEndPoint!).Port;
        using var fills = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await fills.ConnectAsync(dead.LocalEndPoint);
        using var alive = new TcpListener(IPAddress.Loopback, port);
        alive.Start();

        await using var stream = await HappyEyeballs.WithSystemSockets(
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Loopback])).ConnectAsync(new("hub.test", port), Limits.Token());

        using var accepted = await alive.AcceptTcpClientAsync();
        Assert.True(accepted.Connected);
    }

    private Task<Stream> Connect(params string[] addresses) => Eyeballs(addresses).ConnectAsync(Hub, Limits.Token());

    private HappyEyeballs Eyeballs(params string[] addresses) => new(
        (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray()),
        (address, token) =>
        {
            var name = address.Address.ToString();
            var attempt = new TaskCompletionSource<Stream>();
            token.Register(() =>
            {
                if (!attempt.TrySetCanceled(token)) return;
                lock (_givenUp) _givenUp.Add(name);
            });
            _attempts[name] = attempt;
            _order.Add(name);
            return attempt.Task;
        },
        _time);

    private MemoryStream Answers(string address)
    {
        var stream = new MemoryStream();
        _attempts[address].SetResult(stream);
        return stream;
    }
}
