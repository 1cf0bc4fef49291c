using System.Threading.Channels;

namespace KubernetesSandbox.Cluster;

/// <summary>Something that a subscriber reads: a change, or a mark that says up to which version it was told all.</summary>
internal readonly record struct StoreSignal(StoreEvent? Change, long Version);

/// <summary>A subscriber's queue of changes; it never holds up the store. Dispose to end it.</summary>
internal sealed class StoreSubscription(GroupResource? resource, Action<StoreSubscription> remove) : IDisposable
{
    private readonly Channel<StoreSignal> _signals =
        Channel.CreateUnbounded<StoreSignal>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>What it is about; null: every kind.</summary>
    public GroupResource? Resource => resource;

    /// <summary>Completes when the kind is gone.</summary>
    public ChannelReader<StoreSignal> Signals => _signals.Reader;

    public void Tell(StoreEvent change)
    {
        if (resource is null || resource == change.Resource) _signals.Writer.TryWrite(new(change, change.Version));
    }

    public void Mark(long version) => _signals.Writer.TryWrite(new(null, version));

    public void End() => _signals.Writer.TryComplete();

    public void Dispose() => remove(this);
}
