using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Agent;

/// <summary>
/// Bounds the connections to the agent's endpoints and what each may make it hold, so that nobody who can reach the port can
/// take the memory. One connection too many closes the one that did nothing for longest, one with a request under way only
/// if all have one. The server's own limit refuses the newest instead: who filled it would keep the kubelet's probes out,
/// and the pod would be killed.
/// </summary>
internal sealed partial class ConnectionLimit(
    int capacity, IMetricFactory metrics, TimeProvider time, ILogger<ConnectionLimit> logger)
{
    /// <summary>Connections at once: the kubelet's, Prometheus', the hub's, and those of what stands in front.</summary>
    public const int Capacity = 256;

    private readonly Counter _closed = metrics.CreateCounter(
        "ovim_agent_connections_closed_total", "Connections to the agent's endpoints that were closed because there were too many.");

    private readonly Lock _lock = new();
    private readonly LinkedList<Held> _idle = new();
    private readonly LinkedList<Held> _busy = new();
    private readonly LogThrottle _throttle = new(time);

    /// <summary>Limits of what one connection makes the server hold: the library's own are made for servers that do nothing else.</summary>
    public static void Apply(KestrelServerLimits limits)
    {
        limits.MaxConcurrentConnections = 4 * Capacity; // those that are being closed included
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(90); // longer than Prometheus' usual interval
        limits.MaxRequestBodySize = 1 << 20;
        limits.MaxRequestBufferSize = 64 << 10;
        limits.Http2.MaxStreamsPerConnection = 20;
        limits.Http2.InitialStreamWindowSize = 64 << 10;
        limits.Http2.InitialConnectionWindowSize = 128 << 10;
    }

    /// <summary>Counts a listener's connections; goes before all else that handles them.</summary>
    public void Use(ListenOptions listener) => listener.Use(next => async connection =>
    {
        var held = new Held(connection);
        connection.Features.Set(held);
        Enter(held);
        try
        {
            await next(connection);
        }
        finally
        {
            lock (_lock) held.Node.List?.Remove(held.Node);
        }
    });

    /// <summary>Tells connections with a request under way from idle ones; goes before all else that handles requests.</summary>
    public void Use(IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.Features.Get<Held>() is not { } held)
        {
            await next(context);
            return;
        }
        Begin(held);
        try
        {
            await next(context);
        }
        finally
        {
            End(held);
        }
    });

    private void Enter(Held held)
    {
        Held? surplus = null;
        bool isToTell;
        lock (_lock)
        {
            if (_idle.Count + _busy.Count >= capacity)
            {
                surplus = (_idle.First ?? _busy.First)!.Value;
                surplus.Node.List!.Remove(surplus.Node);
            }
            _idle.AddLast(held.Node);
            isToTell = surplus is not null && _throttle.IsDue;
            if (isToTell) _throttle.Logged();
        }
        if (surplus is null) return;
        _closed.Inc();
        if (isToTell) LogTooMany(capacity);
        surplus.Connection.Abort(new ConnectionAbortedException("closed for a newer one: there are too many connections"));
    }

    private void Begin(Held held)
    {
        lock (_lock)
        {
            if (held.Requests++ == 0) Move(held, _busy);
        }
    }

    private void End(Held held)
    {
        lock (_lock)
        {
            if (--held.Requests == 0) Move(held, _idle);
        }
    }

    private static void Move(Held held, LinkedList<Held> list)
    {
        if (held.Node.List is not { } current) return; // closed meanwhile
        current.Remove(held.Node);
        list.AddLast(held.Node);
    }

    [LoggerMessage(1110, LogLevel.Warning,
        "More than {Capacity} connections to the agent's endpoints: those that did nothing for longest are closed")]
    private partial void LogTooMany(int capacity);

    private sealed class Held
    {
        public Held(ConnectionContext connection) => (Connection, Node) = (connection, new LinkedListNode<Held>(this));

        public ConnectionContext Connection { get; }

        public LinkedListNode<Held> Node { get; }

        public int Requests { get; set; }
    }
}
