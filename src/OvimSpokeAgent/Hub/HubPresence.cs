using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// What was last heard of the hub, on every endpoint: an answer on one of them is news for all. <see cref="HubConnection"/>
/// tells whether it takes reports.
/// </summary>
/// <remarks>A single result may fail for ever, and few hubs have templates: failures there do not tell that the hub is away.</remarks>
internal sealed class HubPresence(TimeProvider time)
{
    // A shorter time without a good answer is nothing: reports and polls are not more frequent.
    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly HashSet<HubEndpoint> _failing = [];
    private readonly AsyncSignal _answers = new();
    private readonly AsyncSignal _back = new();
    private long? _lastGood;
    private bool _answeredLast;

    /// <summary>Raised for answers that say something to those who wait on another endpoint, or that it is back.</summary>
    public event Action<HubSign>? Heard;

    /// <summary>Completes when it is back: does well again on any endpoint after it did not.</summary>
    public Task Back => _back.Next;

    /// <summary>Completes with the next answer of any kind.</summary>
    public Task Answer => _answers.Next;

    /// <summary>Whether the last call got an answer, of whatever kind; calls about single results left out.</summary>
    public bool IsAnswering
    {
        get
        {
            lock (_lock) return _answeredLast;
        }
    }

    /// <summary>The hub answered.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="isGood">Whether it did what it was asked for.</param>
    public void Answered(HubEndpoint endpoint, bool isGood)
    {
        bool isBack;
        lock (_lock)
        {
            isBack = isGood && _failing.Count > 0 && (_lastGood is not { } last || time.GetElapsedTime(last) >= Absence);
            if (isGood) _lastGood = time.GetTimestamp();
            if (ShowsPresence(endpoint)) Note(endpoint, isGood, isAnswer: true);
        }
        if (isBack) _back.Set();
        _answers.Set();
        if (isBack) Heard?.Invoke(HubSign.IsBack);
        else if (ShowsPresence(endpoint)) Heard?.Invoke(HubSign.Answers);
    }

    /// <summary>No answer came.</summary>
    public void Missed(HubEndpoint endpoint)
    {
        if (!ShowsPresence(endpoint)) return;
        lock (_lock) Note(endpoint, isGood: false, isAnswer: false);
    }

    // Whether what happens there tells if the hub is there.
    private static bool ShowsPresence(HubEndpoint endpoint) => endpoint is not (HubEndpoint.Result or HubEndpoint.Templates);

    private void Note(HubEndpoint endpoint, bool isGood, bool isAnswer)
    {
        _answeredLast = isAnswer;
        if (isGood) _failing.Remove(endpoint);
        else _failing.Add(endpoint);
    }
}
