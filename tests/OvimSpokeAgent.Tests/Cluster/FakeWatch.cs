using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>An open watch of <see cref="FakeKubernetesApi"/>.</summary>
internal sealed class FakeWatch(ResourceKind kind, string ns, string? labelSelector)
{
    private readonly Channel<(WatchEventType Type, JsonObject Object)> _events =
        Channel.CreateUnbounded<(WatchEventType, JsonObject)>();

    public ResourceKind Kind { get; } = kind;

    public bool IsEnded { get; private set; }

    /// <summary>It stays open, but nothing comes any more, as behind a load balancer that lost the other side.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Sends a change as the server does: an object that begins or ceases to match is added or deleted.</summary>
    public void Send(FakeChange change)
    {
        if (change.Kind != Kind || IsSilent) return;
        var (was, isNow) = (Matches(change.Before), Matches(change.After));
        if (!was && !isNow) return;
        var type = !was ? WatchEventType.Added : isNow ? WatchEventType.Modified : WatchEventType.Deleted;
        _events.Writer.TryWrite((type, change.Last.DeepClone().AsObject()));

        bool Matches(JsonObject? item) => FakeStore.Matches(item, change.Name, ns, labelSelector);
    }

    public void SendBookmark(long version) => _events.Writer.TryWrite((WatchEventType.Bookmark, new JsonObject
    {
        ["metadata"] = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) },
    }));

    public void End(KubernetesApiException? error)
    {
        IsEnded = true;
        _events.Writer.TryComplete(error);
    }

    public async IAsyncEnumerable<WatchEvent<T>> ReadAsync<T>(
        JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        try
        {
            // Not ReadAllAsync: that one leaves the caller's synchronization context.
            while (await _events.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_events.Reader.TryRead(out var change))
                    yield return new WatchEvent<T>(change.Type, FakeStore.Read(change.Object, type));
            }
        }
        finally
        {
            IsEnded = true;
        }
    }
}
