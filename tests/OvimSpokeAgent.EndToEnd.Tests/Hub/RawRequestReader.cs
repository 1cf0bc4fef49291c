using System.Globalization;
using System.Text;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>A request as it came.</summary>
internal sealed record RawRequest(string Method, string Path, string Head, string Body);

/// <summary>Reads a connection's requests, with bodies of a known length, one after the other.</summary>
internal sealed class RawRequestReader(Stream stream)
{
    private readonly byte[] _buffer = new byte[64 << 10];
    private byte[] _rest = [];

    /// <summary>The next request; null: there is none.</summary>
    public async Task<RawRequest?> ReadAsync(CancellationToken cancellationToken)
    {
        using var read = new MemoryStream();
        read.Write(_rest);
        var (headEnd, length) = (-1, 0);
        while (headEnd < 0 || read.Length < headEnd + length)
        {
            if (headEnd < 0 && read.GetBuffer().AsSpan(0, (int)read.Length).IndexOf("\r\n\r\n"u8) is >= 0 and var end)
            {
                headEnd = end + 4;
                length = ContentLength(Encoding.Latin1.GetString(read.GetBuffer(), 0, headEnd));
                continue;
            }
            var count = await stream.ReadAsync(_buffer, cancellationToken);
            if (count == 0) return null;
            read.Write(_buffer, 0, count);
        }
        var bytes = read.ToArray();
        _rest = bytes[(headEnd + length)..];
        var head = Encoding.Latin1.GetString(bytes, 0, headEnd);
        var line = head.Split("\r\n")[0].Split(' ');
        return new RawRequest(line[0], line[1], head, Encoding.UTF8.GetString(bytes, headEnd, length));
    }

    private static int ContentLength(string head) => head.Split("\r\n")
        .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
        .Select(line => int.Parse(line["Content-Length:".Length..], CultureInfo.InvariantCulture))
        .FirstOrDefault();
}
