using System.Collections.Concurrent;
using System.Net;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Holds back requests to an endpoint for as long as the hub asked (<c>Retry-After</c> with 429 or 503), and a little
/// longer: agents that were told the same do not come back as one.
/// </summary>
internal sealed class RetryAfterGate(TimeProvider time, Jitter jitter)
{
    // A hub that says more is wrong, or its clock is: its zone would be stale for the whole time.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private const string RetryAfter = "Retry-After";
    private static readonly TimeSpan MinSpread = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxSpread = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<HubEndpoint, long> _until = [];

    /// <summary>How long the endpoint is still to be left alone; zero: it may be asked.</summary>
    public TimeSpan Remaining(HubEndpoint endpoint)
    {
        if (!_until.TryGetValue(endpoint, out var until)) return TimeSpan.Zero;
        var remaining = time.GetElapsedTime(time.GetTimestamp(), until);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }

    /// <summary>Remembers what an answer asks for, if it does.</summary>
    public void Observe(HubEndpoint endpoint, HttpResponseMessage answer)
    {
        if (WaitAskedBy(answer) is not { } wait) return;
        var spread = TimeSpans.Min(TimeSpans.Max(wait, MinSpread), MaxSpread);
        var jittered = wait + (spread * jitter());
        _until[endpoint] = time.GetTimestamp() + (long)(jittered.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>The wait an answer asks for, at most ten minutes; null: it asks for none.</summary>
    public TimeSpan? WaitAskedBy(HttpResponseMessage answer)
    {
        if (answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)) return null;
        if (answer.Headers.RetryAfter is not { } header)
        {
            // The library takes no number of seconds over 32 bits for one.
            return answer.Headers.NonValidated.TryGetValues(RetryAfter, out var values)
                && values.ToString() is { Length: > 0 } text && text.All(char.IsAsciiDigit) ? Longest : null;
        }
        var wait = header.Delta ?? header.Date - time.GetUtcNow() ?? TimeSpan.Zero;
        return TimeSpans.Min(TimeSpans.Max(wait, TimeSpan.Zero), Longest);
    }
}
