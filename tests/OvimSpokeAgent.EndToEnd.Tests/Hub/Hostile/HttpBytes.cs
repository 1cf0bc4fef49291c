using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub.Hostile;

/// <summary>HTTP/1.1 answers as bytes, with every liberty that the protocol leaves.</summary>
internal sealed class HttpBytes(Random random)
{
    private static readonly string[] OddHeaders =
    [
        "X-Odd:", "x-lower: yes", "X-Spaces:    many   ", "X-Utf8: gr\u00fc\u00df", "X-Twice: 1\r\nX-Twice: 2", "Retry-After: soon", "Retry-After: -5", "Retry-After: 0",
        "Retry-After: 1.5", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", "Set-Cookie: a=b; Domain=elsewhere", "Date: yesterday",
        "Server: ", "ETag: W/", "Vary: *", "Warning: 299 - \"odd\"", "Content-Language: tlh", "Age: 99999999999999999999", "Via: 1.1 a, 1.1 b",
    ];

    private static readonly string[] JsonTypes =
    [
        "Content-Type: application/json", "content-type: application/json; charset=utf-8", "Content-Type: APPLICATION/JSON",
        "Content-Type: text/plain", "Content-Type: text/json; charset=\"utf-8\"", "Content-Type: application/octet-stream",
        "Content-Type: nonsense", "Content-Type: application/json; charset=utf-16",
    ];

    /// <summary>An answer that arrives whole, in any legal form.</summary>
    public (byte[] Bytes, AnswerEnd End) Whole(int status, byte[] body, params string[] headers)
    {
        var first = StatusLine(status);
        var lines = headers.ToList();
        if (Chance(0.8)) lines.Add(Pick(JsonTypes));
        for (var i = random.Next(3); i > 0; i--) lines.Add(Pick(OddHeaders));
        var rest = lines.OrderBy(_ => random.Next()).ToList();
        switch (random.Next(3))
        {
            case 0:
                rest.Add("Connection: close");
                return (Join([first, .. rest], body), AnswerEnd.Close); // its length is where the connection ends
            case 1 when status is not (204 or 205 or 304): // these have no body, in no form
                rest.Add("Transfer-Encoding: chunked");
                return (Join([first, .. rest], Chunked(body)), AnswerEnd.Keep);
            default:
                rest.Add($"Content-Length: {body.Length}");
                return (Join([first, .. rest], body), AnswerEnd.Keep);
        }
    }

    /// <summary>An answer of a known length, of which the body breaks off.</summary>
    public byte[] Cut(byte[] body, int at)
    {
        if (Chance(0.5)) return Join([StatusLine(200), $"Content-Length: {body.Length + random.Next(1, 1000)}"], body[..at]);
        var chunk = Encoding.ASCII.GetBytes($"{body.Length:x}\r\n");
        return Join([StatusLine(200), "Transfer-Encoding: chunked"], [.. chunk, .. body[..at]]);
    }

    public static byte[] Join(IEnumerable<string> head, byte[] body) =>
        [.. Encoding.UTF8.GetBytes(string.Join("\r\n", head) + "\r\n\r\n"), .. body];

    public static byte[] Gzip(byte[] body)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest)) gzip.Write(body);
        return compressed.ToArray();
    }

    /// <summary>Splits what is sent into pieces.</summary>
    public IReadOnlyList<byte[]> Pieces(byte[] bytes)
    {
        var pieces = new List<byte[]>();
        var count = Chance(0.6) ? 1 : random.Next(2, 9);
        var from = 0;
        for (; count > 1 && from < bytes.Length; count--)
        {
            var to = random.Next(from + 1, bytes.Length + 1);
            pieces.Add(bytes[from..to]);
            from = to;
        }
        if (from < bytes.Length || pieces.Count == 0) pieces.Add(bytes[from..]);
        return pieces;
    }

    public bool Chance(double probability) => random.NextDouble() < probability;

    public T Pick<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];

    private string StatusLine(int status)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status}{Pick(["", " ", " OK", " Gr\u00fc\u00dfe", " a b c"])}");
        return Chance(0.1) ? $"HTTP/1.1 100 Continue\r\n\r\n{line}" : line;
    }

    private byte[] Chunked(byte[] body)
    {
        using var chunked = new MemoryStream();
        for (var from = 0; from < body.Length;)
        {
            var length = Math.Min(body.Length - from, random.Next(1, Chance(0.5) ? 20 : 20_000));
            chunked.Write(Encoding.ASCII.GetBytes($"{length:x}{(Chance(0.2) ? ";ext=\"a;b\"" : "")}\r\n"));
            chunked.Write(body, from, length);
            chunked.Write("\r\n"u8);
            from += length;
        }
        chunked.Write(Chance(0.2) ? "0\r\nX-Trailer: yes\r\n\r\n"u8 : "0\r\n\r\n"u8);
        return chunked.ToArray();
    }
}
