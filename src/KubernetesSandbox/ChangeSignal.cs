namespace KubernetesSandbox;

/// <summary>Lets tests and the tour wait for a condition without looking again and again.</summary>
public sealed class ChangeSignal
{
    private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Something changed: everyone who waits looks again.</summary>
    public void Set() =>
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    /// <summary>Completes with the first value that is not null; looks again after each change.</summary>
    public async Task<T> WaitForAsync<T>(Func<T?> look, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            var next = _next.Task;
            if (look() is { } found) return found;
            await next.WaitAsync(cancellationToken);
        }
    }
}
