using System.Net;
using System.Text;
using OvimSpokeAgent.Validation;
using Polly.Timeout;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Makes one call to the hub, retries included, within its limit, the answer's body included. Whatever goes wrong is a
/// <see cref="HubException"/> that says what is wrong and where to look; only the caller's own cancellation is none.
/// </summary>
internal sealed class HubCaller(
    HttpClient http, RetryAfterGate gate, HubPresence presence, HubCredentials credentials, HubMetrics metrics, TimeProvider time)
{
    private const int MaxErrorBytes = 4 << 10;

    /// <summary>Sends a request and reads the answer.</summary>
    /// <param name="request">The request, with an address relative to the hub's.</param>
    /// <param name="limit">Limit of the whole call.</param>
    /// <param name="read">Reads an answer of 200, 202 or 204; of 304, if that was asked for (<c>If-None-Match</c>).</param>
    /// <param name="cancellationToken">The caller's cancellation.</param>
    /// <exception cref="HubException">There was no such answer.</exception>
    public async Task<T> CallAsync<T>(
        HttpRequestMessage request,
        TimeSpan limit,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken)
    {
        var endpoint = HubPaths.EndpointOf(request.RequestUri!);
        if (gate.Remaining(endpoint) is var wait && wait > TimeSpan.Zero)
        {
            metrics.Called(endpoint, HubCallOutcome.NotTried, null);
            throw new HubException($"{Describe(request)}: not tried, the hub asked to wait, {wait.TotalSeconds:0} s are left")
            {
                WasTried = false,
            };
        }
        var started = time.GetTimestamp();
        try
        {
            using var timer = new CancellationTokenSource(limit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
            using var response = await SendAsync(request, limit, either.Token, cancellationToken);
            gate.Observe(endpoint, response);
            var isTaken = IsTaken(response) || (response.StatusCode is HttpStatusCode.NotModified && request.Headers.Contains("If-None-Match"));
            presence.Answered(endpoint, isTaken);
            if (!isTaken) throw await FailureAsync(request, response, either.Token, cancellationToken);
            var answer = await read(response, either.Token);
            metrics.Called(endpoint, HubCallOutcome.Answered, time.GetElapsedTime(started));
            return answer;
        }
        catch (HubException e)
        {
            if (e.Status is null) presence.Missed(endpoint);
            metrics.Called(endpoint, e.Status is null ? HubCallOutcome.Failed : HubCallOutcome.Refused, time.GetElapsedTime(started));
            throw;
        }
    }

    // A page is what proxies and login portals answer in the hub's place.
    private static bool IsTaken(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted or HttpStatusCode.NoContent
        && response.Content.Headers.ContentType?.MediaType is not "text/html";

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, TimeSpan limit, CancellationToken either, CancellationToken caller)
    {
        try
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either);
            credentials.Accepted();
            return response;
        }
        catch (HttpRequestException e)
        {
            var failure = HubFailure.Of(e, request.RequestUri!, credentials, time.GetUtcNow());
            throw new HubException($"{Describe(request)}: {failure.Message}", e) { WasSent = failure.WasSent };
        }
        catch (TimeoutRejectedException e)
        {
            throw new HubException($"{Describe(request)}: no answer within {e.Timeout.TotalSeconds:0.###} s", e) { WasSent = true };
        }
        catch (OperationCanceledException e) when (!caller.IsCancellationRequested)
        {
            throw new HubException($"{Describe(request)}: no answer within {limit.TotalSeconds:0.###} s", e) { WasSent = true };
        }
    }

    private async Task<HubException> FailureAsync(
        HttpRequestMessage request, HttpResponseMessage response, CancellationToken either, CancellationToken caller)
    {
        var message = $"{Describe(request)}: {(int)response.StatusCode} {Shown(response.ReasonPhrase ?? "")}";
        if (HubFailure.HintAt(response, request.Content?.Headers) is { } hint) message = $"{message}: {hint}";
        var text = "";
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(either);
            var buffer = new byte[MaxErrorBytes];
            var length = await stream.ReadAtLeastAsync(buffer, MaxErrorBytes, throwOnEndOfStream: false, either);
            text = Encoding.UTF8.GetString(buffer, 0, length).Trim();
        }
        catch (Exception e) when (e is IOException or HttpRequestException
            || (e is OperationCanceledException && !caller.IsCancellationRequested))
        {
            // The status says enough.
        }
        return new HubException(text.Length == 0 ? message : $"{message}: {Shown(text)}")
        {
            Status = response.StatusCode,
            Answer = text,
            WasSent = true,
        };
    }

    // The token first: half of one is too much, too.
    private string Shown(string text) => JsonText.Shorten(credentials.WithoutToken(text));

    private static string Describe(HttpRequestMessage request) =>
        $"{request.Method} {(request.RequestUri!.IsAbsoluteUri ? request.RequestUri.GetLeftPart(UriPartial.Path) : request.RequestUri)}";
}
