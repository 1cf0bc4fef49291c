using System.IO.Compression;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// What this hub can do beyond the contract: take compressed reports. It says so in an answer to a report
/// (<c>Accept-Encoding: gzip</c>; RFC 9110, 12.5.3), or is found to after it refused one as too large.
/// </summary>
internal sealed class HubCapabilities
{
    /// <summary>Smaller bodies are not worth compressing where the hub takes them as they are.</summary>
    public const int MinCompressedBytes = 32 << 10;

    private volatile Gzip _gzip = Gzip.Unknown;

    public HubCapabilities(HubConnection connection) => connection.Changed += link =>
    {
        // Another version of it may come back.
        if (!link.IsRegistered) _gzip = Gzip.Unknown;
    };

    private enum Gzip
    {
        Unknown,

        /// <summary>The last answer offered it.</summary>
        Offered,

        /// <summary>A compressed report was not refused for being compressed.</summary>
        Tried,

        Refused,
    }

    /// <summary>Whether the next report of this many bytes goes out compressed.</summary>
    public bool Compresses(int length) => _gzip is Gzip.Tried || (_gzip is Gzip.Offered && length >= MinCompressedBytes);

    /// <summary>Nothing tells that it does not take compressed reports: that can be tried.</summary>
    public bool MayTakeGzip => _gzip is Gzip.Unknown or Gzip.Offered;

    /// <summary>Looks at the answer to a report.</summary>
    public void Observe(HttpResponseMessage answer)
    {
        if (_gzip is Gzip.Tried or Gzip.Refused) return;
        var isOffered = answer.Headers.TryGetValues("Accept-Encoding", out var values) && values.Any(OffersGzip);
        _gzip = isOffered ? Gzip.Offered : Gzip.Unknown;
    }

    /// <summary>The hub took a compressed report as a trial, or refused even that one as too large.</summary>
    public void ReadsGzip() => _gzip = Gzip.Tried;

    /// <summary>The hub did not take a compressed report because it was compressed.</summary>
    public void RefusesGzip() => _gzip = Gzip.Refused;

    public static byte[] Compress(ReadOnlySpan<byte> body)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest)) gzip.Write(body);
        return compressed.ToArray();
    }

    private static bool OffersGzip(string header) => header.Split(',')
        .Select(coding => coding.Split(';', StringSplitOptions.TrimEntries))
        .Any(coding => coding[0].Equals("gzip", StringComparison.OrdinalIgnoreCase)
            && !coding.Skip(1).Any(weight => weight.TrimEnd('0') is "q=" or "q=0."));
}
