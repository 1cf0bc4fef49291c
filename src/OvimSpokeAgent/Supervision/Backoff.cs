namespace OvimSpokeAgent.Supervision;

/// <summary>
/// Waits between attempts: they double up to the longest, each spread over its upper half. <c>Retry-After</c> may lengthen a wait, up
/// to a minute, never shorten it: a server that says "at once" and fails again would be asked without end.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Jitter jitter)
{
    private static readonly TimeSpan MaxAsked = TimeSpan.FromMinutes(1);

    /// <summary>The wait after a failure.</summary>
    /// <param name="failuresBefore">Failures in a row before it.</param>
    /// <param name="asked">What the server asks for; null: nothing.</param>
    public TimeSpan After(int failuresBefore, TimeSpan? asked = null)
    {
        var grown = Math.Min(first.Ticks << Math.Clamp(failuresBefore, 0, 16), longest.Ticks) * (0.5 + (jitter() / 2));
        return TimeSpan.FromTicks(Math.Max((long)grown, Math.Min(asked?.Ticks ?? 0, MaxAsked.Ticks)));
    }

    /// <summary>Tries until it works; between two attempts it waits. Comes back on the caller's synchronization context.</summary>
    /// <param name="attempt">One attempt.</param>
    /// <param name="onFailure">Told of each failure; null: there is no other attempt, and the failure is thrown.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<T> RetryAsync<T, TException>(
        Func<CancellationToken, Task<T>> attempt,
        Func<TException, ValueTask<Repeat?>> onFailure,
        TimeProvider time,
        CancellationToken cancellationToken)
        where TException : Exception
    {
        for (var failures = 0; ; failures++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TimeSpan wait;
            try
            {
                return await attempt(cancellationToken);
            }
            catch (TException e)
            {
                if (await onFailure(e) is not { } repeat) throw;
                wait = After(failures, repeat.After);
            }
            LoopTurn.Progress();
            await Task.Delay(wait, time, cancellationToken);
        }
    }
}

/// <summary>There is to be another attempt.</summary>
/// <param name="After">The wait that the server asks for; null: none.</param>
internal readonly record struct Repeat(TimeSpan? After);
