using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub.Hostile;

/// <summary>Pushes operations to the agent in odd ways; remembers what the agent accepted.</summary>
internal sealed class HostilePusher(Uri agent, string token, Random random, OperationBytes operations)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly HttpBytes _http = new(random);

    /// <summary>Ids of operations that were answered with 202.</summary>
    public List<string> Accepted { get; } = [];

    /// <summary>Statuses by how often they came; 0 where the agent hung up, or spoke HTTP/2.</summary>
    public SortedDictionary<int, int> Statuses { get; } = [];

    /// <summary>Pushes once.</summary>
    public async Task PushAsync()
    {
        var id = operations.NewId();
        var (request, isCutOff) = Request(operations.One(id));
        var status = await SendAsync(request, isCutOff);
        Statuses[status] = Statuses.GetValueOrDefault(status) + 1;
        if (status is 202) Accepted.Add(id);
    }

    private (byte[] Bytes, bool IsCutOff) Request(byte[] operation)
    {
        string[] usual = ["POST /operations HTTP/1.1", $"Host: {agent.Authority}", $"Authorization: Bearer {token}", "Content-Type: application/json"];
        switch (random.Next(14))
        {
            case 0: // cut off
                var at = random.Next(operation.Length);
                return (HttpBytes.Join([.. usual, $"Content-Length: {operation.Length}"], operation[..at]), true);
            case 1: // two at once
                return (HttpBytes.Join([.. usual, $"Content-Length: {(2 * operation.Length) + 2}"], [.. operation, .. ", "u8, .. operation]), false);
            case 2: // lies about its length
                return (HttpBytes.Join([.. usual, "Content-Length: 3"], operation), false);
            case 3: // no credentials
                return (HttpBytes.Join([usual[0], usual[1], $"Content-Length: {operation.Length}"], operation), false);
            case 4:
                return (HttpBytes.Join([.. usual, "Content-Encoding: gzip", $"Content-Length: {operation.Length}"], operation), false);
            case 5: // two lengths, two encodings
                return (HttpBytes.Join([.. usual, $"Content-Length: {operation.Length}", "Transfer-Encoding: chunked"], operation), false);
            case 6: // too large
                return (HttpBytes.Join([.. usual, $"Content-Length: {2 << 20}"], new byte[2 << 20]), false);
            case 7: // no HTTP, and no more of it
                return (Encoding.ASCII.GetBytes(_http.Pick(["\r\n\r\n", "GET\r\n\r\n", "POST /operations\r\n\r\n", "\0\0\0\0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])), true);
            case 8: // nothing that is an operation
                var junk = Encoding.UTF8.GetBytes(_http.Pick(["", "null", "[]", "{}", "{", "7", "\"\"", "{\"id\":\"a/b\"}", "\uFEFF"]));
                return (HttpBytes.Join([.. usual, $"Content-Length: {junk.Length}"], junk), false);
            case 9: // other methods and paths
                return (HttpBytes.Join([_http.Pick(["PUT /operations HTTP/1.1", "POST //operations HTTP/1.1", "OPTIONS * HTTP/1.1", "POST /operations/../operations HTTP/1.1", "TRACE / HTTP/1.1"]), .. usual[1..], $"Content-Length: {operation.Length}"], operation), false);
            case 10: // chunks of one byte
                return (HttpBytes.Join([.. usual, "Transfer-Encoding: chunked"], [.. operation[..Math.Min(operation.Length, 50)].SelectMany(b => (byte[])[.. "1\r\n"u8, b, .. "\r\n"u8]), .. Rest(operation)]), false);
            default:
                return (HttpBytes.Join([.. usual, "X-Operation-ID: odd", $"Content-Length: {operation.Length}"], operation), false);
        }
    }

    private static byte[] Rest(byte[] operation) => operation.Length <= 50
        ? [.. "0\r\n\r\n"u8]
        : [.. Encoding.ASCII.GetBytes($"{operation.Length - 50:x}\r\n"), .. operation[50..], .. "\r\n0\r\n\r\n"u8];

    private async Task<int> SendAsync(byte[] request, bool isCutOff)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var client = new TcpClient { NoDelay = true };
        try
        {
            await client.ConnectAsync(agent.Host, agent.Port, limit.Token);
            await using var stream = client.GetStream();
            foreach (var piece in _http.Pieces(request))
            {
                await stream.WriteAsync(piece, limit.Token);
                await stream.FlushAsync(limit.Token);
            }
            if (isCutOff || _http.Chance(0.3)) client.Client.Shutdown(SocketShutdown.Send);
            return await StatusAsync(stream, limit.Token);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return 0; // it hung up, as it may
        }
    }

    private static async Task<int> StatusAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var head = new byte[12];
        var length = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        var text = Encoding.ASCII.GetString(head, 0, length);
        return length == head.Length && text.StartsWith("HTTP/1.", StringComparison.Ordinal)
            ? int.Parse(text[^3..], NumberStyles.None, CultureInfo.InvariantCulture)
            : 0;
    }
}
