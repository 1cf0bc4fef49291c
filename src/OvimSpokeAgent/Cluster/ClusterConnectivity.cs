using System.Runtime.CompilerServices;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// Whether the API server answers, told by the requests and watches that are made anyway: one that got no answer says
/// no, the next that gets one says yes. The watches reconnect on their own, so recovery is always noticed.
/// </summary>
internal sealed class ClusterConnectivity(TimeProvider time)
{
    /// <summary>
    /// For how long after an outage a server may have just started. Until it has read its CustomResourceDefinitions, one older
    /// than 1.23 answers 404 to their kinds.
    /// </summary>
    public static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);

    private readonly AsyncSignal _changed = new();
    private volatile Outage? _outage;
    private long _answeredAt = time.GetTimestamp();
    private StrongBox<long>? _outageEndedAt; // a timestamp; null: there was none yet
    private volatile string? _refusal;

    /// <summary>Why the agent's credentials were not accepted last, or not shown; null since they were accepted.</summary>
    public string? Refusal => _refusal;

    public bool IsReachable => _outage is null;

    /// <summary>Since when it does not answer; null while it does.</summary>
    public DateTimeOffset? Since => _outage?.Since;

    /// <summary>Why the last request got no answer; null while it answers.</summary>
    public string? LastError => _outage?.Error;

    /// <summary>Whether an outage ended a moment ago (<see cref="StartTime"/>): what is missing may only not be there yet.</summary>
    public bool MayHaveJustStarted => Volatile.Read(ref _outageEndedAt) is { Value: var ended } && time.GetElapsedTime(ended) < StartTime;

    public void Answered()
    {
        _refusal = null;
        EndOutage();
    }

    /// <summary>
    /// Something came on a watch: the server is there. Whom it answers says only a request: a watch outlives the credentials with
    /// which it was opened.
    /// </summary>
    public void Heard() => EndOutage();

    /// <summary>It does not know the agent (401), or the agent has nothing to show.</summary>
    public void Refused(string error)
    {
        _refusal = error;
        EndOutage();
    }

    private void EndOutage()
    {
        Volatile.Write(ref _answeredAt, time.GetTimestamp());
        if (_outage is null) return;
        Volatile.Write(ref _outageEndedAt, new StrongBox<long>(time.GetTimestamp()));
        _outage = null;
        _changed.Set();
    }

    public void Failed(string error) => _outage = new Outage(_outage?.Since ?? time.GetUtcNow(), error);

    /// <summary>
    /// A read got no answer within its time. Where another request was answered meanwhile, the server is there, and it is what
    /// stands behind it for this one that is not.
    /// </summary>
    /// <param name="error">What is told.</param>
    /// <param name="sentAt">The timestamp at which the read was sent.</param>
    public void TimedOut(string error, long sentAt)
    {
        if (Volatile.Read(ref _answeredAt) <= sentAt) Failed(error);
    }

    public Task WaitUntilReachableAsync(CancellationToken cancellationToken) =>
        _changed.WaitUntilAsync(() => _outage is null, cancellationToken);

    private sealed record Outage(DateTimeOffset Since, string Error);
}
