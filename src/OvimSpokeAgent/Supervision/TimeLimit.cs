namespace OvimSpokeAgent.Supervision;

/// <summary>Gives up what takes too long.</summary>
internal static class TimeLimit
{
    /// <summary>Runs something; false: it was cancelled because it did not end in time.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static async Task<bool> RunAsync(
        TimeSpan limit, TimeProvider time, Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await action(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
