using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace OvimSpokeAgent.Hub;

/// <summary>The hub did not do what it was asked for.</summary>
internal sealed class HubException(string message, bool isPermanent = false, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>The same request can never succeed (a 4xx other than 401, 404, 408 and 429).</summary>
    public bool IsPermanent { get; } = isPermanent;
}

/// <summary>
/// All requests of the contract, as a typed client: identity headers and token come from <see cref="HubIdentityHandler"/>,
/// retries, limits and circuit breakers from the pipelines of <see cref="HubResilience"/>.
/// </summary>
internal sealed class HubClient(HttpClient http, TimeProvider time)
{
    /// <summary>More than any hub hands out at once; what is beyond it counts as broken off.</summary>
    public const int MaxPollAnswerBytes = 32 << 20;

    /// <summary>Limit of a poll: what a hub hands out after it is not waited for.</summary>
    public static readonly TimeSpan PollLimit = TimeSpan.FromSeconds(10);

    private const int MaxErrorBytes = 4 << 10;

    private static readonly MediaTypeHeaderValue Json = new("application/json", "utf-8");

    /// <summary>Asks whether the hub is there.</summary>
    /// <exception cref="HubException">It is not.</exception>
    public async Task CheckHealthAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HubPaths.Health);
        using var response = await SendAsync(request, cancellationToken);
        if (response.StatusCode is not HttpStatusCode.OK) throw await FailureAsync(request, response, cancellationToken);
    }

    /// <summary>Sends a status report: registration and heartbeat.</summary>
    /// <exception cref="HubException">The hub did not take it.</exception>
    public async Task SendReportAsync(StatusReport report, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(report, ContractJson.Default.StatusReport);
        await PostAsync(HubPaths.Status, body, cancellationToken);
    }

    /// <summary>Sends a result once; throws nothing but the caller's cancellation.</summary>
    public async Task<DeliveryAttempt> SendAsync(
        string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            await PostAsync(HubPaths.Result(operationId), body, cancellationToken);
            return new(DeliveryOutcome.Delivered);
        }
        catch (HubException e)
        {
            return new(e.IsPermanent ? DeliveryOutcome.Refused : DeliveryOutcome.Unreachable, e.Message);
        }
    }

    /// <summary>
    /// Takes the operations that wait for this agent. One attempt, to its end, whatever the caller is told meanwhile:
    /// what the hub handed out it has forgotten. A failure after the request was sent is an answer with a loss.
    /// </summary>
    /// <exception cref="HubException">The hub handed out nothing (refused, or never reached).</exception>
    public async Task<PollAnswer> TakeOperationsAsync(string agentId)
    {
        using var limit = new CancellationTokenSource(PollLimit, time);
        using var request = new HttpRequestMessage(HttpMethod.Get, HubPaths.Operations(agentId));
        HttpResponseMessage answer;
        try
        {
            answer = await SendAsync(request, limit.Token);
        }
        catch (HubException e) when (e.InnerException is OperationCanceledException or HttpRequestException
        {
            HttpRequestError: not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError)
        })
        {
            return new([], e.Message);
        }
        using var response = answer;
        if (response.StatusCode is HttpStatusCode.NoContent) return PollAnswer.Empty;
        if (response.StatusCode is not HttpStatusCode.OK) throw await FailureAsync(request, response, limit.Token);

        var body = new ArrayBufferWriter<byte>(4 << 10);
        var broken = await ReadBodyAsync(response.Content, body, limit.Token);
        return PollAnswer.Parse(body.WrittenSpan, broken);
    }

    private static async Task<string?> ReadBodyAsync(
        HttpContent content, ArrayBufferWriter<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken);
            while (true)
            {
                var read = await stream.ReadAsync(body.GetMemory(4 << 10), cancellationToken);
                if (read == 0) return null;
                body.Advance(read);
                if (body.WrittenCount > MaxPollAnswerBytes) return $"the answer is over {MaxPollAnswerBytes >> 20} MiB";
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return $"the answer broke off: {e.Message}";
        }
        catch (OperationCanceledException)
        {
            return $"the answer did not end within {PollLimit.TotalSeconds} s";
        }
    }

    private async Task PostAsync(string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = Json } };
        using var response = await SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode) throw await FailureAsync(request, response, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new HubException($"{Describe(request)}: {e.InnerException?.Message ?? e.Message}", inner: e);
        }
        catch (TimeoutRejectedException e)
        {
            throw new HubException($"{Describe(request)}: no answer within {e.Timeout.TotalSeconds:0.###} s", inner: e);
        }
        catch (BrokenCircuitException e)
        {
            throw new HubException($"{Describe(request)}: not tried, after many failures", inner: e);
        }
        catch (OperationCanceledException e) when (HubPaths.IsPoll(request.RequestUri!))
        {
            throw new HubException($"{Describe(request)}: no answer within {PollLimit.TotalSeconds} s", inner: e);
        }
    }

    private static async Task<HubException> FailureAsync(
        HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var isPermanent = status is >= 400 and < 500 and not (401 or 404 or 408 or 429);
        var message = $"{Describe(request)}: {status} {response.ReasonPhrase}";
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MaxErrorBytes];
            var length = await stream.ReadAtLeastAsync(buffer, MaxErrorBytes, throwOnEndOfStream: false, cancellationToken);
            var text = System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim();
            return new HubException(text.Length == 0 ? message : $"{message}: {JsonText.Shorten(text)}", isPermanent);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return new HubException(message, isPermanent, e);
        }
    }

    private static string Describe(HttpRequestMessage request) =>
        $"{request.Method} {(request.RequestUri!.IsAbsoluteUri ? request.RequestUri.GetLeftPart(UriPartial.Path) : request.RequestUri)}";
}

/// <summary>The contract's paths, relative to the hub's endpoint.</summary>
internal static class HubPaths
{
    public const string Health = "health";

    public const string Status = "api/v1/spoke/status";

    public static string Operations(string agentId) => $"api/v1/spoke/operations?agent_id={Uri.EscapeDataString(agentId)}";

    public static string Result(string operationId) => $"api/v1/spoke/operations/{Uri.EscapeDataString(operationId)}/result";

    /// <summary>Whether a request takes operations, and so must never be repeated by anyone but the poll loop.</summary>
    public static bool IsPoll(Uri uri) =>
        (uri.IsAbsoluteUri ? uri.AbsolutePath : uri.OriginalString.Split('?')[0])
        .EndsWith("/spoke/operations", StringComparison.Ordinal);
}
