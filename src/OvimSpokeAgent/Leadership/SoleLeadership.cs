using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Leadership;

/// <summary>The only agent there is.</summary>
internal sealed class SoleLeadership : ILeadership
{
    private readonly Term _term = new();

    public Term? Current => _term.IsOver ? null : _term;

    public string? OtherLeader => null;

    public string? Problem => null;

    public async Task<Term> WaitUntilLeadingAsync(CancellationToken cancellationToken)
    {
        if (_term.IsOver) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return _term;
    }

    public Task WaitForFirstAnswerAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task WaitUntilNotStandbyAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void StepDown() => _term.End();

    public Task ReleaseAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
