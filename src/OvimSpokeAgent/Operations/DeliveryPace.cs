using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// The pace at which results go to the hub, all of them together: how many at once, and, while the hub takes none, when the next
/// probe is due. How long one result waits that the hub did not take is <see cref="DeliveryQueue"/>'s. Times are those since any fixed moment. Not thread-safe.
/// </summary>
/// <param name="parallel">How many attempts may wait for a prompt answer at once.</param>
/// <param name="jitter">Spreads the probes: a fleet that lost its hub does not come back as one.</param>
internal sealed class DeliveryPace(int parallel, Jitter jitter)
{
    /// <summary>How many results may be on the way at most, however long the hub takes to answer.</summary>
    public const int MaxOnTheWay = 256;

    /// <summary>Results begun in any second at most, and as many at once after a pause.</summary>
    public const int MaxASecond = 200;

    // Attempts that hang must not hold up the rest: with every one hanging, 50 more begin each second.
    private static readonly TimeSpan PromptForEach = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan Spacing = TimeSpan.FromSeconds(1.0 / MaxASecond);

    private static readonly ProportionalWait BetweenProbes = new(1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    // While the hub answers otherwise.
    private static readonly ProportionalWait BetweenHastenedProbes = new(40, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(30));

    private TimeSpan _begunUntil; // each attempt moves it on by its spacing
    private TimeSpan? _takesNoneSince;
    private TimeSpan _lastProbe;

    /// <summary>How long an attempt counts as one that will be answered promptly.</summary>
    public TimeSpan Prompt { get; } = PromptForEach * parallel;

    /// <summary>When the next probe is due, while the hub takes none.</summary>
    public TimeSpan ProbeAt { get; private set; }

    /// <summary>When the next attempt may begin; null: not before one that is on the way has ended.</summary>
    /// <param name="now">The time.</param>
    /// <param name="onTheWay">The attempts under way.</param>
    public TimeSpan? NextStart(TimeSpan now, IReadOnlyCollection<Delivery> onTheWay)
    {
        if (onTheWay.Count >= MaxOnTheWay) return null;
        var spaced = _begunUntil - (Spacing * MaxASecond);
        var free = now;
        if (onTheWay.Count >= parallel)
        {
            // The first of the newest ones, of which no more than those may be: until it is prompt no more.
            free = onTheWay.Select(delivery => delivery.StartedAt).OrderDescending().ElementAt(parallel - 1) + Prompt;
        }
        return free > spaced ? free : spaced;
    }

    /// <summary>An attempt begins.</summary>
    public void Began(TimeSpan now, bool isProbe)
    {
        _begunUntil = (now > _begunUntil ? now : _begunUntil) + Spacing;
        if (isProbe) _lastProbe = now;
    }

    /// <summary>The hub took a result or refused it for good, or is back.</summary>
    public void ResultAccepted() => _takesNoneSince = null;

    /// <summary>An attempt failed, and nothing tells that it is this result alone.</summary>
    public void Failed(TimeSpan now)
    {
        _takesNoneSince ??= now;
        ProbeAt = now + jitter.UpTo(BetweenProbes.After(now - _takesNoneSince.Value));
    }

    /// <summary>The hub answered on another endpoint while it takes no results: the next probe comes sooner.</summary>
    public void Hasten(TimeSpan now)
    {
        if (_takesNoneSince is not { } since) return;
        var last = _lastProbe > since ? _lastProbe : since;
        var sooner = last + BetweenHastenedProbes.After(now - since);
        if (sooner < ProbeAt) ProbeAt = sooner;
    }
}
