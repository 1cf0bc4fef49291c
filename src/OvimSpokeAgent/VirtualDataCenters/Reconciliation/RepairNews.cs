using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Events;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Tells of repairs: each counts in the metrics and for the pace (<see cref="RepairHistory"/>), the first of an object has a line in
/// the log and an event, further ones at most one a minute, with who sets what is put back.
/// </summary>
internal sealed partial class RepairNews(
    RepairHistory history, VdcMetrics metrics, EventRecorder events, ILogger<RepairNews> logger)
{
    // From the second time on it is no accident.
    private const int Contested = 2;

    /// <summary>What the events about it are about.</summary>
    private const string Action = "Repair";

    /// <summary>An object was put right.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="deviation">What was not as declared.</param>
    /// <param name="found">What was there; null: nothing.</param>
    /// <param name="drift">How that differed.</param>
    public void Correct(DeclaredNamespace ns, Deviation deviation, LiveObject? found, Drift drift)
    {
        if (found is null)
        {
            Repaired(ns, deviation, "was missing", "is deleted again and again", "is put right");
            return;
        }
        // An agent of another version, or with other settings, wrote it: that is no drift, unless two of them go on like that.
        var isOwnDoing = found.IsOwnDoing(drift);
        var writers = found.OthersWhoSet(drift);
        var by = writers.Count > 0 ? $", by {string.Join(", ", writers)}"
            : isOwnDoing ? $", by another writer of the name {WellKnownNames.Agent}" : "";
        var what = drift.Fields.Count > 0 ? drift.Describe() : $"the label {WellKnownNames.ManagedByLabel} is not the agent's";
        Repaired(ns, deviation, $"was not as declared ({what}{by})", $"is changed again and again ({what}{by})", "is put right", isOwnDoing);
    }

    /// <summary>An object that is not declared was removed.</summary>
    public void Removed(DeclaredNamespace ns, Deviation deviation)
    {
        // The agent's own doing: a stand-in that is not needed any more, access to what is being deleted.
        if (deviation.Key.Name.Name.StartsWith(VdcNames.StandInPrefix, StringComparison.Ordinal) || ns.DeletedBy is not null) return;
        Repaired(ns, deviation, "is not declared", "is made again and again without being declared", "is removed");
    }

    /// <summary>An object could not be put right.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="deviation">What is not as declared.</param>
    /// <param name="reason">Why; null: nothing to tell of, the next try may succeed.</param>
    /// <param name="asked">How long the server asks to wait.</param>
    public void Failed(DeclaredNamespace ns, Deviation deviation, string? reason, TimeSpan? asked = null)
    {
        metrics.RepairFailed();
        var problem = reason is null || reason.StartsWith(deviation.Key.ToString(), StringComparison.Ordinal)
            ? reason
            : $"{deviation.Key}: {reason}";
        if (!history.Failed(ns.Name, deviation.Key, problem, asked)) return;
        LogFailed(ns.VdcName, ns.Name, problem!);
        events.Record(SubjectOf(deviation), EventSeverity.Warning, "RepairFailed", $"VDC {ns.VdcName}: not as declared: {problem}", Action);
    }

    private void Repaired(
        DeclaredNamespace ns, Deviation deviation, string first, string again, string done, bool isOwnDoing = false)
    {
        var key = deviation.Key;
        var times = history.Repaired(ns.Name, key, isOwnDoing);
        if (times < Contested && isOwnDoing)
        {
            LogRenewed(ns.VdcName, ns.Name, key);
            return;
        }
        metrics.Repaired(key.Kind);
        if (times >= Contested) history.Contest(ns.Name, key, $"{key} {again}");
        if (!history.MayTell(ns.Name, key, isNews: times <= Contested, out var before)) return;
        if (times < Contested)
        {
            LogRepaired(ns.VdcName, ns.Name, $"{key} {first} and {done}");
            events.Record(SubjectOf(deviation), EventSeverity.Warning, "DriftRepaired", $"VDC {ns.VdcName}: {key} {first} and {done}", Action);
        }
        else
        {
            LogContested(ns.VdcName, ns.Name, $"{key} {again}; it {done} each time, {before + 1} times since the last line");
            events.Record(SubjectOf(deviation), EventSeverity.Warning, "DriftContested", $"VDC {ns.VdcName}: {key} {again}", Action);
        }
    }

    private static EventSubject SubjectOf(Deviation deviation) => new(deviation.Key.Kind, deviation.Key.Name, deviation.Surplus?.Uid);

    [LoggerMessage(8003, LogLevel.Warning, "VDC {Vdc} in namespace {Namespace}: {What}")]
    private partial void LogRepaired(string vdc, string @namespace, string what);

    [LoggerMessage(8002, LogLevel.Error, "VDC {Vdc} in namespace {Namespace} is not as declared and cannot be made so: {Reason}")]
    private partial void LogFailed(string vdc, string @namespace, string reason);

    [LoggerMessage(8004, LogLevel.Warning, "VDC {Vdc} in namespace {Namespace}: {What}")]
    private partial void LogContested(string vdc, string @namespace, string what);

    [LoggerMessage(8005, LogLevel.Information, "VDC {Vdc} in namespace {Namespace}: {Object} is updated to what this version of the agent makes")]
    private partial void LogRenewed(string vdc, string @namespace, ObjectKey @object);
}
