using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// All requests of the contract: identity headers and token come from <see cref="HubIdentityHandler"/>, connections from
/// <see cref="HubTransport"/>, retries from <see cref="HubResilience"/>.
/// </summary>
internal sealed class HubClient(HubCaller caller, HubCapabilities capabilities, AgentSettings settings, TimeProvider time)
{
    /// <summary>More than any hub hands out at once; what is beyond it counts as broken off.</summary>
    public const int MaxPollAnswerBytes = 64 << 20;

    /// <summary>
    /// Limit of a poll: what a hub hands out after it is not waited for. Each MiB that arrives buys a second more, so that a large
    /// answer is not cut off on a slow line.
    /// </summary>
    public static readonly TimeSpan PollLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LimitOfMebibyte = TimeSpan.FromSeconds(1);

    private static readonly MediaTypeHeaderValue Json = new("application/json", "utf-8");

    /// <summary>Asks whether the hub is there.</summary>
    /// <exception cref="HubException">It is not.</exception>
    public async Task CheckHealthAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HubPaths.Health);
        await caller.CallAsync(request, settings.Hub.Timeout, Ignore, cancellationToken);
    }

    /// <summary>
    /// Sends a status report: registration and heartbeat. A big one goes compressed if the hub takes that, and as a trial if it
    /// is too large otherwise.
    /// </summary>
    /// <exception cref="HubException">The hub did not take it.</exception>
    public async Task SendReportAsync(StatusReport report, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(report, ContractJson.Default.StatusReport);
        if (capabilities.Compresses(body.Length) && await TrySendCompressedAsync(body, cancellationToken)) return;
        try
        {
            await PostReportAsync(body, null, cancellationToken);
        }
        catch (HubException e) when (e.Status is HttpStatusCode.RequestEntityTooLarge && capabilities.MayTakeGzip)
        {
            if (!await TrySendCompressedAsync(body, cancellationToken)) throw;
        }
    }

    // False: it is not understood, and will not be until another hub is there.
    private async Task<bool> TrySendCompressedAsync(byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            await PostReportAsync(HubCapabilities.Compress(body), "gzip", cancellationToken);
            capabilities.ReadsGzip();
            return true;
        }
        catch (HubException e) when (e.Status is HttpStatusCode.UnsupportedMediaType or HttpStatusCode.BadRequest)
        {
            capabilities.RefusesGzip();
            return false;
        }
        catch (HubException e) when (e.Status is HttpStatusCode.RequestEntityTooLarge)
        {
            capabilities.ReadsGzip(); // uncompressed it is larger still
            throw;
        }
    }

    /// <summary>Sends a result once; throws nothing but the caller's cancellation.</summary>
    public async Task<DeliveryAttempt> SendAsync(
        string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        using var request = Post(HubPaths.Result(operationId), body);
        try
        {
            await caller.CallAsync(request, settings.Hub.Timeout, Ignore, cancellationToken);
            return new(DeliveryOutcome.Delivered);
        }
        catch (HubException e)
        {
            return new(e.DeliveryOutcome, e.Message);
        }
    }

    /// <summary>
    /// Takes the operations that wait for this agent. One attempt, to its end, whatever the caller is told meanwhile:
    /// what the hub handed out it has forgotten. A failure after which that may be so is an answer with a loss.
    /// </summary>
    /// <param name="agentId">The agent's id.</param>
    /// <param name="take">Gets each operation as soon as it is whole, in the hub's order.</param>
    /// <exception cref="HubException">The hub handed out nothing (refused, or never reached).</exception>
    public async Task<PollAnswer> TakeOperationsAsync(string agentId, OperationTaker take)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HubPaths.Operations(agentId));
        // A request without a body would be sent again by the library itself where the hub closes the connection instead of
        // answering (dotnet/runtime, HttpConnection._canRetry), handed-out operations or not. An empty body keeps it from that.
        request.Content = new ByteArrayContent([]);
        var (reader, started) = (new PollAnswerReader(take), time.GetTimestamp());
        try
        {
            // The body has a limit of its own.
            return await caller.CallAsync(
                request, PollLimit, (response, _) => ReadOperationsAsync(reader, response, started), CancellationToken.None);
        }
        catch (HubException e) when (e.MayHaveLost)
        {
            return new(0, e.Message);
        }
    }

    /// <summary>Asks for the hub's templates.</summary>
    /// <param name="etag">Of those that are known; null: of none.</param>
    /// <param name="cancellationToken">The caller's cancellation.</param>
    /// <exception cref="HubException">It gave none; 404: it has no such endpoint.</exception>
    public async Task<TemplateAnswer> GetTemplatesAsync(string? etag, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HubPaths.Templates);
        if (etag is not null) request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        return await caller.CallAsync(
            request, settings.Hub.Timeout, (answer, limit) => TemplateAnswer.ReadAsync(answer, limit, cancellationToken), cancellationToken);
    }

    private async Task<PollAnswer> ReadOperationsAsync(PollAnswerReader reader, HttpResponseMessage response, long started)
    {
        var broken = response.StatusCode is HttpStatusCode.NoContent
            ? null
            : await ReadBodyAsync(reader, response.Content, started);
        var loss = reader.Complete(broken);
        return new(reader.Count, loss);
    }

    private async Task<string?> ReadBodyAsync(PollAnswerReader reader, HttpContent content, long started)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var total = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(limit.Token);
            while (true)
            {
                var left = LimitOf(total) - time.GetElapsedTime(started);
                limit.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
                var read = await stream.ReadAsync(reader.GetRoom(), limit.Token);
                if (read == 0 || !reader.Advance(read)) return null;
                total += read;
                if (total > MaxPollAnswerBytes) return $"the answer is over {MaxPollAnswerBytes >> 20} MiB";
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return $"the answer broke off: {e.Message}";
        }
        catch (OperationCanceledException)
        {
            return $"the answer did not end within {LimitOf(total).TotalSeconds:0} s";
        }
    }

    private static TimeSpan LimitOf(int bytes) => PollLimit + (LimitOfMebibyte * (bytes >> 20));

    private async Task PostReportAsync(ReadOnlyMemory<byte> body, string? encoding, CancellationToken cancellationToken)
    {
        using var request = Post(HubPaths.Status, body);
        if (encoding is not null) request.Content!.Headers.ContentEncoding.Add(encoding);
        await caller.CallAsync(request, settings.Hub.Timeout, ObserveAsync, cancellationToken);
    }

    private Task<bool> ObserveAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        capabilities.Observe(answer);
        return Ignore(answer, cancellationToken);
    }

    private static HttpRequestMessage Post(string path, ReadOnlyMemory<byte> body) => new(HttpMethod.Post, path)
    {
        Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = Json } },
    };

    // The status is the answer.
    private static Task<bool> Ignore(HttpResponseMessage answer, CancellationToken cancellationToken) => Task.FromResult(true);
}
