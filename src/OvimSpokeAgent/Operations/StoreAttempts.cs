using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>Tries what has to be stored until it is, and knows while something does not work.</summary>
internal sealed partial class StoreAttempts
{
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action _recovered;
    private readonly Backoff _backoff;
    private readonly Lock _lock = new();
    private int _failing;
    private StoreProblem? _problem;

    /// <param name="jitter">Spreads the waits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets a line when it begins to fail and one when it does no more.</param>
    /// <param name="recovered">Called when nothing fails any more.</param>
    public StoreAttempts(Jitter jitter, TimeProvider time, ILogger logger, Action recovered)
    {
        (_time, _logger, _recovered) = (time, logger, recovered);
        _backoff = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), jitter);
    }

    /// <summary>What fails, and is tried again; null: nothing.</summary>
    public StoreProblem? Problem
    {
        get
        {
            lock (_lock) return _problem;
        }
    }

    /// <summary>Tries until it works or the caller cancels.</summary>
    public async Task<T> UntilStoredAsync<T>(
        Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        var isFailing = false;
        try
        {
            return await _backoff.RetryAsync<T, KubernetesApiException>(attempt, OnFailure, _time, cancellationToken);
        }
        finally
        {
            if (isFailing) FailsNoMore();
        }

        ValueTask<Repeat?> OnFailure(KubernetesApiException e)
        {
            Fails(e, isFirst: !isFailing);
            isFailing = true;
            return new(new Repeat(e.RetryAfter));
        }
    }

    private void Fails(KubernetesApiException e, bool isFirst)
    {
        bool isNews;
        lock (_lock)
        {
            if (isFirst) _failing++;
            var wasTold = _problem is { IsPassing: false };
            var isPassing = !wasTold && isFirst && e.Reason is ApiErrorReason.TooManyRequests;
            _problem = new StoreProblem(e.Message, e.IsLackOfRoom, _problem?.Since ?? _time.GetUtcNow(), isPassing);
            isNews = !wasTold && !isPassing;
        }
        if (isNews) LogFailing(e.Message);
    }

    // Done in the end, or given up because another agent leads.
    private void FailsNoMore()
    {
        bool wasTold;
        lock (_lock)
        {
            if (--_failing > 0) return;
            wasTold = _problem is { IsPassing: false };
            _problem = null;
        }
        if (wasTold) LogFailsNoMore();
        _recovered();
    }

    [LoggerMessage(2201, LogLevel.Error, "The journal cannot be read or written, no operations are taken: {Problem}")]
    private partial void LogFailing(string problem);

    [LoggerMessage(2202, LogLevel.Information, "The journal works again")]
    private partial void LogFailsNoMore();
}

/// <summary>What fails, and since when.</summary>
/// <param name="Message">How the last attempt failed.</param>
/// <param name="IsLackOfRoom">Whether it failed because there is no room; a store that cannot be reached may have plenty.</param>
/// <param name="Since">When the first attempt failed.</param>
/// <param name="IsPassing">
/// Whether all that happened is that a server with much to do asked to come back later (429, API Priority and Fairness), once.
/// </param>
internal sealed record StoreProblem(string Message, bool IsLackOfRoom, DateTimeOffset Since, bool IsPassing = false);
