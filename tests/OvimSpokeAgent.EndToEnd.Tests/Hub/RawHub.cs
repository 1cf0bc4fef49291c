using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>
/// A hub that does what no HTTP server would: a test writes the bytes. One connection, one request. Requests that no
/// script is for are answered as a hub would that has nothing to do.
/// </summary>
internal sealed class RawHub : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly X509Certificate2? _certificate;
    private readonly ConcurrentQueue<RawRequest> _requests = new();
    private readonly ConcurrentDictionary<string, Func<RawConnection, Task>> _scripts = new();
    private readonly AsyncSignal _changed = new();
    private readonly Task _accepting;

    public RawHub(X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        _listener.Start();
        Url = new Uri($"{(certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Url { get; }

    public IReadOnlyCollection<RawRequest> Requests => _requests;

    /// <summary>Bytes that the agent took of floods.</summary>
    public long Flooded { get; set; }

    /// <summary>Answers requests whose path holds <paramref name="path"/> by a script, from now on.</summary>
    public void Answer(string path, Func<RawConnection, Task> script) => _scripts[path] = script;

    /// <summary>The same, with bytes; the connection is closed after them.</summary>
    public void Answer(string path, string answer) =>
        Answer(path, connection => connection.WriteAsync(answer));

    /// <summary>Waits until so many requests to a path have come.</summary>
    public Task WaitForRequestsAsync(string path, int count) =>
        WaitForAsync(request => request.Path.Contains(path, StringComparison.Ordinal), count);

    /// <summary>Waits until so many requests of a kind have come.</summary>
    public async Task WaitForAsync(Func<RawRequest, bool> isWanted, int count = 1)
    {
        using var patience = new CancellationTokenSource(JsonApi.Patience);
        while (true)
        {
            var changed = _changed.Next;
            if (_requests.Count(isWanted) >= count) return;
            try
            {
                await changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{_requests.Count(isWanted)} of {count} such requests, of all that came: {string.Join('\n', _requests.Select(request => request.Path))}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return; // a test that took the hub away
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                return;
            }
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using (socket)
            {
                await using var stream = await OpenAsync(socket);
                if (await new RawRequestReader(stream).ReadAsync(_stop.Token) is not { } request) return;
                _requests.Enqueue(request);
                _changed.Set();
                var script = _scripts.FirstOrDefault(entry => request.Path.Contains(entry.Key, StringComparison.Ordinal)).Value;
                if (script is not null) await script(new RawConnection(this, request, stream, socket, _stop.Token));
                else await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"u8.ToArray(), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException
            or System.Security.Authentication.AuthenticationException or ObjectDisposedException)
        {
            // The agent hung up: that is what these tests are about.
        }
    }

    private async Task<Stream> OpenAsync(Socket socket)
    {
        var network = new NetworkStream(socket, ownsSocket: false);
        if (_certificate is null) return network;
        var tls = new SslStream(network);
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(_certificate, null, offline: true),
            },
            _stop.Token);
        return tls;
    }
}

/// <summary>What a script can do to a connection.</summary>
internal sealed class RawConnection(RawHub hub, RawRequest request, Stream stream, Socket socket, CancellationToken stop)
{
    public RawRequest Request => request;

    public Task WriteAsync(string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), stop).AsTask();

    /// <summary>Ends the connection with RST instead of FIN.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>Says nothing more until the test ends.</summary>
    public Task StaySilentAsync() => Task.Delay(Timeout.InfiniteTimeSpan, stop);

    /// <summary>Sends a little now and then until the agent hangs up.</summary>
    public async Task DripAsync(string drop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (await timer.WaitForNextTickAsync(stop)) await WriteAsync(drop);
    }

    /// <summary>Sends a head and so many bytes after it, as far as the agent reads.</summary>
    public async Task FloodAsync(string head, int length)
    {
        await WriteAsync(head);
        var block = new byte[64 << 10];
        Array.Fill(block, (byte)' ');
        for (var sent = 0; sent < length; sent += block.Length)
        {
            await stream.WriteAsync(block, stop);
            hub.Flooded += block.Length;
        }
    }
}
