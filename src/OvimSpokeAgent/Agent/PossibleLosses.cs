using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Agent;

/// <summary>
/// Tells the hub of answers to polls with which operations may be lost, in the next report's <c>errors</c>: each one from which
/// some arrived; of those in a row from which nothing did, the first at once and the others together, once an hour and when
/// it is over. Not thread-safe.
/// </summary>
internal sealed class PossibleLosses(ReportErrors errors, TimeProvider time)
{
    private readonly LogThrottle _throttle = new(time);
    private int _untold;
    private string _last = "";

    /// <summary>An answer came, or should have.</summary>
    /// <param name="loss">Why more may have been handed out than arrived; null: nothing was lost.</param>
    /// <param name="arrived">Operations that arrived with it.</param>
    public void Seen(string? loss, int arrived)
    {
        if (loss is not null) (_untold, _last) = (_untold + 1, loss);
        var isOver = loss is null || arrived > 0;
        if (isOver || _throttle.IsDue) AddError();
        if (isOver) _throttle.Reset();
    }

    private void AddError()
    {
        if (_untold == 0) return;
        var answers = _untold == 1 ? "a poll answer was not whole" : $"{_untold} poll answers were not whole";
        errors.Add("possible loss", $"{answers}, operations may be lost: {_last}");
        _untold = 0;
        _throttle.Logged();
    }
}
