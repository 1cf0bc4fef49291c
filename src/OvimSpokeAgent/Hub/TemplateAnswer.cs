using System.Net;

namespace OvimSpokeAgent.Hub;

/// <summary>What the hub answers when it is asked for its templates.</summary>
/// <param name="Body">The answer as it came; null: it gives none, so that nothing changes.</param>
/// <param name="ETag">Of the answer, as the hub wrote it; null: none.</param>
internal sealed record TemplateAnswer(ReadOnlyMemory<byte>? Body, string? ETag)
{
    /// <summary>What is larger is not read.</summary>
    public const int MaxBytes = 10 << 20;

    // A hub's own, to be sent back: not what it is.
    private const int MaxETagLength = 256;

    /// <exception cref="HubException">It broke off, is too large, or does not end in time.</exception>
    public static async Task<TemplateAnswer> ReadAsync(HttpResponseMessage answer, CancellationToken limit, CancellationToken caller)
    {
        if (answer.StatusCode is HttpStatusCode.NotModified or HttpStatusCode.NoContent) return new(null, null);
        using var body = new MemoryStream();
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(limit);
            var buffer = new byte[64 << 10];
            while (await stream.ReadAsync(buffer, limit) is > 0 and var read)
            {
                if (body.Length + read > MaxBytes) throw Failure(answer, $"the answer is over {MaxBytes >> 20} MiB");
                body.Write(buffer, 0, read);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw Failure(answer, $"the answer broke off: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!caller.IsCancellationRequested)
        {
            throw Failure(answer, "the answer did not end in time", e);
        }
        return new(body.GetBuffer().AsMemory(0, (int)body.Length), ETagOf(answer));
    }

    // Not by the library's reader: some hubs write it without quotes.
    private static string? ETagOf(HttpResponseMessage answer) =>
        answer.Headers.NonValidated.TryGetValues("ETag", out var values) && values.ToString() is { Length: > 0 and <= MaxETagLength } etag
            && etag.All(c => c is > ' ' and < '\x7f') ? etag : null;

    private static HubException Failure(HttpResponseMessage answer, string problem, Exception? inner = null) =>
        new($"GET {HubPaths.Templates}: {problem}", inner) { Status = answer.StatusCode, WasSent = true };
}
