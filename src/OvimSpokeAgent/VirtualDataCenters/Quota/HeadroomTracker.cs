using System.Collections.Concurrent;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// The headroom (<see cref="HeadroomCalculator"/>) that the ResourceQuota of each namespace has. It is raised at once, and lowered
/// only after it was too high for a while, so that VMs that come and go do not have it written again and again; what is
/// declared anew has it computed anew.
/// </summary>
internal sealed class HeadroomTracker(QuotaLedger ledger, TimeProvider time)
{
    /// <summary>How long the headroom is left higher than needed.</summary>
    public static readonly TimeSpan LowerAfter = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, State> _states = [];

    /// <summary>The headroom that the namespace's quota is to have now. Changes nothing.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="quota">What is declared for it.</param>
    /// <param name="found">
    /// What an agent before this one gave it: kept, if nobody remembers another, it is enough, and not more than there may be.
    /// </param>
    public QuotaHeadroom Of(string ns, QuotaDeclaration quota, Func<QuotaHeadroom?> found) =>
        Next(ns, quota, Wanted(ns, quota), found).Now;

    /// <summary>Renews the headroom by the namespace's VMs as they are now; returns it. Parameters as for <see cref="Of"/>.</summary>
    public QuotaHeadroom Update(string ns, QuotaDeclaration quota, Func<QuotaHeadroom?> found)
    {
        var wanted = Wanted(ns, quota);
        lock (_lock) return (_states[ns] = Next(ns, quota, wanted, found)).Now;
    }

    /// <summary>When the headroom is due to be lowered, if nothing changes; null: it is not too high.</summary>
    public TimeSpan? UntilLowered(string ns) => _states.GetValueOrDefault(ns)?.TooHighSince is { } since
        ? TimeSpans.Max(LowerAfter - time.GetElapsedTime(since), TimeSpan.Zero)
        : null;

    /// <summary>Forgets all headroom: it is taken over from the quotas as they are then.</summary>
    public void Forget() => _states.Clear();

    public void Forget(string ns) => _states.TryRemove(ns, out _);

    private QuotaHeadroom Wanted(string ns, QuotaDeclaration quota) => HeadroomCalculator.Of(quota, ledger.EntriesOf(ns));

    private State Next(string ns, QuotaDeclaration quota, QuotaHeadroom wanted, Func<QuotaHeadroom?> found)
    {
        var before = _states.GetValueOrDefault(ns) ?? new State(
            quota, found() is { } kept && kept.Covers(wanted) && HeadroomCalculator.Most(quota).Covers(kept) ? kept : wanted, null);
        return before.Next(quota, wanted, time);
    }

    /// <param name="Quota">What is declared.</param>
    /// <param name="Now">The headroom.</param>
    /// <param name="TooHighSince">Since when, as a timestamp, less would do; null: it would not.</param>
    private sealed record State(QuotaDeclaration Quota, QuotaHeadroom Now, long? TooHighSince)
    {
        public State Next(QuotaDeclaration quota, QuotaHeadroom wanted, TimeProvider time)
        {
            if (quota != Quota || Now == wanted) return new State(quota, wanted, null);
            var (now, since) = Now.Covers(wanted)
                ? (Now, TooHighSince)
                : (new QuotaHeadroom(Math.Max(Now.Cpu, wanted.Cpu), Math.Max(Now.Memory, wanted.Memory)), null);
            if (now == wanted || (since is { } at && time.GetElapsedTime(at) >= LowerAfter)) return new State(quota, wanted, null);
            return new State(quota, now, since ?? time.GetTimestamp());
        }
    }
}
