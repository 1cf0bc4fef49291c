using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Capacity;

/// <summary>The claims of a StorageClass and the space that is left there.</summary>
/// <param name="Name">The class; <see cref="StorageFigures.Others"/>: all that have no line of their own.</param>
internal sealed record StorageClassFigures(string Name)
{
    /// <summary>The driver that makes its volumes; null: not one driver.</summary>
    public string? Provisioner { get; init; }

    public bool IsDefault { get; init; }

    /// <summary>How many claims have a volume.</summary>
    public int Bound { get; init; }

    /// <summary>How many wait for one, a first pod included.</summary>
    public int Pending { get; init; }

    /// <summary>How many lost theirs.</summary>
    public int Lost { get; init; }

    /// <summary>The size of the volumes of claims that are bound, in bytes.</summary>
    public long ClaimedBytes { get; init; }

    /// <summary>What claims ask for that are not bound, in bytes.</summary>
    public long PendingBytes { get; init; }

    /// <summary>What the CSI driver says is free, in bytes; null: it does not say.</summary>
    public long? AvailableBytes { get; init; }
}

/// <summary>Storage of the cluster. Pure.</summary>
/// <param name="Classes">By name; the others last.</param>
/// <param name="ClaimedBytes">The size of all volumes of claims, in bytes.</param>
/// <param name="CapacityBytes">That and what is free; null: of some storage that is claimed nobody says how much is free.</param>
internal sealed record StorageFigures(IReadOnlyList<StorageClassFigures> Classes, long ClaimedBytes, long? CapacityBytes)
{
    /// <summary>How many classes have a line of their own.</summary>
    public const int MaxClasses = 50;

    /// <summary>Stands for the classes without a line: beyond <see cref="MaxClasses"/>, or such as claims name and the cluster does not have.</summary>
    public const string Others = "(others)";

    public static StorageFigures Of(
        IEnumerable<ClaimItem> claims, IEnumerable<StorageClassItem> classes, IEnumerable<StorageCapacityItem> capacities)
    {
        var known = classes.ToDictionary(item => item.Name);
        var free = capacities.Where(item => known.ContainsKey(item.StorageClass)).ToList();
        var freeByClass = free.GroupBy(item => item.StorageClass).ToDictionary(group => group.Key, FreeOfClass);
        var sums = known.Values.ToDictionary(item => item.Name, item => new Sum());
        var others = new Sum();
        foreach (var claim in claims) (sums.GetValueOrDefault(claim.StorageClass) ?? others).Add(claim);

        var shown = known.Values.OrderByDescending(item => sums[item.Name].Claimed).ThenBy(item => item.Name, StringComparer.Ordinal)
            .Take(MaxClasses).OrderBy(item => item.Name, StringComparer.Ordinal).ToList();
        var isWholeKnown = free.Count > 0 && others.Claimed == 0 && known.Keys.All(name => freeByClass.ContainsKey(name) || sums[name].Claimed == 0);
        foreach (var item in known.Values.Except(shown)) others.Add(sums[item.Name]);
        var claimed = shown.Select(item => sums[item.Name]).Append(others).Aggregate(0L, (sum, one) => Saturating.Add(sum, one.Claimed));
        var lines = shown.Select(item => sums[item.Name].ToFigures(item.Name) with
        {
            Provisioner = item.Provisioner,
            IsDefault = item.Default.IsOfKubernetes,
            AvailableBytes = freeByClass.TryGetValue(item.Name, out var bytes) ? bytes : null,
        });
        if (others.Count > 0) lines = lines.Append(others.ToFigures(Others));
        return new([.. lines], claimed, isWholeKnown ? Saturating.Add(claimed, FreeOfAll(free, known)) : null);
    }

    // A driver that was installed anew may have left what it said before: the less is believed.
    private static long FreeOfClass(IEnumerable<StorageCapacityItem> ofClass) => ofClass
        .GroupBy(item => item.Segment)
        .Aggregate(0L, (sum, segment) => Saturating.Add(sum, segment.Min(item => item.Bytes)));

    // Classes of one driver mostly share its pool, and each says how much is free of it: where they do not, this is too little.
    private static long FreeOfAll(IEnumerable<StorageCapacityItem> all, Dictionary<string, StorageClassItem> classes) => all
        .GroupBy(item => (classes[item.StorageClass].Provisioner, item.Segment))
        .Aggregate(0L, (sum, pool) => Saturating.Add(sum, pool.GroupBy(item => item.StorageClass).Max(ofClass => ofClass.Min(item => item.Bytes))));

    private sealed class Sum
    {
        public long Claimed { get; private set; }

        public int Count => _bound + _pending + _lost;

        private int _bound;
        private int _pending;
        private int _lost;
        private long _pendingBytes;

        public void Add(ClaimItem claim)
        {
            var bytes = Saturating.Ceiling(claim.Size?.Value ?? 0);
            if (claim.Phase == "Bound")
            {
                _bound++;
                Claimed = Saturating.Add(Claimed, bytes);
                return;
            }
            if (claim.Phase == "Lost") _lost++;
            else _pending++;
            _pendingBytes = Saturating.Add(_pendingBytes, bytes);
        }

        public void Add(Sum other)
        {
            (_bound, _pending, _lost) = (_bound + other._bound, _pending + other._pending, _lost + other._lost);
            (Claimed, _pendingBytes) = (Saturating.Add(Claimed, other.Claimed), Saturating.Add(_pendingBytes, other._pendingBytes));
        }

        public StorageClassFigures ToFigures(string name) =>
            new(name) { Bound = _bound, Pending = _pending, Lost = _lost, ClaimedBytes = Claimed, PendingBytes = _pendingBytes };
    }
}
