using System.Collections.Concurrent;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// The headroom (<see cref="HeadroomCalculator"/>) that the ResourceQuota of each namespace has. It is raised at once, and lowered
/// only after it was too high for a while, so that VMs that come and go do not have it written again and again; what is
/// declared anew has it computed anew.
/// </summary>
internal sealed class HeadroomTracker(QuotaLedger ledger, TimeProvider time)
{
    /// <summary>How long a padding is left higher than needed.</summary>
    public static readonly TimeSpan LowerAfter = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Padding> _paddings = [];

    /// <summary>The padding that the namespace's quota is to have now.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="quota">What is declared for it.</param>
    /// <param name="found">
    /// What an agent before this one gave it: kept, if nobody remembers another, it is enough, and not more than there may be.
    /// </param>
    public QuotaHeadroom Of(string ns, QuotaDeclaration quota, Func<QuotaHeadroom?> found)
    {
        var wanted = HeadroomCalculator.Of(quota, ledger.EntriesOf(ns));
        var padding = _paddings.GetOrAdd(ns, _ => new Padding(
            quota, found() is { } before && before.Covers(wanted) && HeadroomCalculator.Most(quota).Covers(before) ? before : wanted));
        lock (padding) return padding.Next(quota, wanted, time);
    }

    /// <summary>When the padding is due to be lowered, if nothing changes; null: it is not too high.</summary>
    public TimeSpan? UntilLowered(string ns)
    {
        if (!_paddings.TryGetValue(ns, out var padding)) return null;
        lock (padding)
        {
            return padding.TooHighSince is { } since
                ? TimeSpan.FromTicks(Math.Max(0, (LowerAfter - time.GetElapsedTime(since)).Ticks))
                : null;
        }
    }

    /// <summary>Forgets all paddings: they are taken over from the quotas as they are then.</summary>
    public void Forget() => _paddings.Clear();

    public void Forget(string ns) => _paddings.TryRemove(ns, out _);

    private sealed class Padding(QuotaDeclaration quota, QuotaHeadroom first)
    {
        private QuotaDeclaration _quota = quota;
        private QuotaHeadroom _now = first;

        public long? TooHighSince { get; private set; }

        public QuotaHeadroom Next(QuotaDeclaration quota, QuotaHeadroom wanted, TimeProvider time)
        {
            if (quota != _quota) (_quota, _now) = (quota, wanted);
            if (!_now.Covers(wanted))
            {
                _now = new(Math.Max(_now.Cpu, wanted.Cpu), Math.Max(_now.Memory, wanted.Memory));
                TooHighSince = null;
            }
            if (_now == wanted)
            {
                TooHighSince = null;
            }
            else if (TooHighSince is not { } since)
            {
                TooHighSince = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(since) >= LowerAfter)
            {
                _now = wanted;
                TooHighSince = null;
            }
            return _now;
        }
    }
}
