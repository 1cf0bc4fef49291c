using System.Net;
using System.Net.Sockets;

namespace OvimSpokeAgent.Networking;

/// <summary>Looks up the addresses of a name.</summary>
internal delegate Task<IPAddress[]> NameLookup(string host, CancellationToken cancellationToken);

/// <summary>Opens a TCP connection to one address.</summary>
internal delegate Task<Stream> AddressConnector(IPEndPoint address, CancellationToken cancellationToken);

/// <summary>
/// Connects to a name with several addresses as RFC 8305 says: both families in turn, the next address 250 ms after the one
/// before, or as soon as that failed, and the first connection wins. An address that does not answer costs a fraction of a second.
/// </summary>
internal sealed class HappyEyeballs(NameLookup lookUp, AddressConnector connect, TimeProvider time)
{
    /// <summary>RFC 8305, section 8: the recommended Connection Attempt Delay.</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>With the system's names and sockets, for all connections of a handler.</summary>
    public static void Use(SocketsHttpHandler handler)
    {
        var eyeballs = WithSystemSockets(Dns.GetHostAddressesAsync);
        handler.ConnectCallback = async (context, token) => await eyeballs.ConnectAsync(context.DnsEndPoint, token);
    }

    /// <summary>With real connections, on the system's clock.</summary>
    public static HappyEyeballs WithSystemSockets(NameLookup lookUp) => new(lookUp, ConnectAsync, TimeProvider.System);

    /// <summary>The first connection that comes about; the other attempts are given up.</summary>
    /// <exception cref="SocketException">There is no such name, or no address takes a connection: what the first of them says.</exception>
    public async Task<Stream> ConnectAsync(DnsEndPoint name, CancellationToken cancellationToken)
    {
        var addresses = InTurn(IPAddress.TryParse(name.Host, out var literal) ? [literal] : await lookUp(name.Host, cancellationToken));
        if (addresses.Count == 0) throw new SocketException((int)SocketError.HostNotFound);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<Stream>>();
        Exception? failure = null;
        try
        {
            for (var next = 0; ;)
            {
                if (next < addresses.Count) attempts.Add(connect(new IPEndPoint(addresses[next++], name.Port), ended.Token));
                if (attempts.Count == 0) break;
                var first = await FirstAsync(attempts, next < addresses.Count, cancellationToken);
                if (first is null) continue;
                cancellationToken.ThrowIfCancellationRequested(); // by its own token, not by the attempt's
                attempts.Remove(first);
                try
                {
                    return await first;
                }
                catch (SocketException e)
                {
                    failure ??= e;
                }
            }
        }
        finally
        {
            await ended.CancelAsync();
            foreach (var attempt in attempts) _ = CloseAsync(attempt);
        }
        throw failure!;
    }

    // The attempt that ended first; null: it is time for the next one.
    private async Task<Task<Stream>?> FirstAsync(List<Task<Stream>> attempts, bool areMore, CancellationToken cancellationToken)
    {
        var first = Task.WhenAny(attempts);
        try
        {
            return await first.WaitAsync(areMore ? AttemptDelay : Timeout.InfiniteTimeSpan, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    // As RFC 8305, section 4: the family that the system prefers first, then in turn.
    private static List<IPAddress> InTurn(IReadOnlyList<IPAddress> addresses)
    {
        var families = addresses.GroupBy(address => address.AddressFamily).Select(family => family.ToList()).ToList();
        var longest = families.Count == 0 ? 0 : families.Max(family => family.Count);
        return [.. Enumerable.Range(0, longest).SelectMany(i => families.Where(family => i < family.Count).Select(family => family[i]))];
    }

    private static async Task<Stream> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A loser may have won a moment later.
    private static async Task CloseAsync(Task<Stream> attempt)
    {
        try
        {
            await (await attempt).DisposeAsync();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Nothing to close.
        }
    }
}
