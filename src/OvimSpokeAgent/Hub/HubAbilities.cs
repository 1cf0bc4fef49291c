using System.IO.Compression;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// What this hub can do beyond the contract, told by its answers. Compressed reports: an answer to a report with the
/// header <c>Accept-Encoding: gzip</c> says that the next one may be (RFC 9110, 12.5.3).
/// </summary>
internal sealed class HubAbilities
{
    /// <summary>Smaller bodies are not worth compressing.</summary>
    public const int LeastCompressed = 32 << 10;

    private volatile bool _takesGzip;

    /// <summary>The hub said that it takes compressed reports.</summary>
    public bool TakesGzip => _takesGzip;

    /// <summary>Looks at the answer to a report.</summary>
    public void Learn(HttpResponseMessage answer) =>
        _takesGzip = answer.Headers.TryGetValues("Accept-Encoding", out var values) && values.Any(OffersGzip);

    /// <summary>The hub did not take a compressed report after all.</summary>
    public void RefusesGzip() => _takesGzip = false;

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
