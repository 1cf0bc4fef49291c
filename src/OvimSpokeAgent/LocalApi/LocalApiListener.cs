using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.LocalApi;

/// <summary>
/// Listens on <c>OVIM_DEBUG_PORT</c> of both loopback addresses, never on another one: <c>kubectl port-forward</c> dials <c>localhost</c>,
/// which may be either. On a node without IPv6 it is IPv4 alone. A port that cannot be had costs the local API and nothing else: the VMs
/// of a cluster must not wait for a page.
/// </summary>
/// <remarks>
/// The server ends where it cannot bind, and knows no free port that is the same on two addresses. So the sockets are made here, and
/// handed to it when it asks for them.
/// </remarks>
internal sealed partial class LocalApiListener(AgentSettings settings, ILogger<LocalApiListener> logger) : IDisposable
{
    private const int Attempts = 20;
    private const int Backlog = 64;

    private static readonly IPAddress[] Loopbacks = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    private readonly Dictionary<EndPoint, Socket> _sockets = [];

    /// <summary>Where the status page is; null: there is none.</summary>
    public Uri? Url => _sockets.Keys.OfType<IPEndPoint>().OrderBy(at => at.AddressFamily is AddressFamily.InterNetworkV6).FirstOrDefault() is { } first
        ? new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{first}/"))
        : null;

    /// <summary>Adds the endpoints to the server, or says why not.</summary>
    /// <param name="kestrel">The server's options.</param>
    /// <param name="setUp">What each listener gets, beside the mark.</param>
    public void Listen(KestrelServerOptions kestrel, Action<ListenOptions> setUp)
    {
        if (settings.Http.DebugPort is not { } port) return;
        var problem = Bind(port);
        if (_sockets.Count == 0) LogNone(SettingsTable.DebugPort.Name, port, problem);
        foreach (var at in _sockets.Keys.Cast<IPEndPoint>())
        {
            kestrel.Listen(at, listener =>
            {
                setUp(listener);
                listener.Use(next => connection =>
                {
                    connection.Features.Set(LocalConnection.Mark);
                    return next(connection);
                });
            });
        }
    }

    /// <summary>For <see cref="SocketTransportOptions.CreateBoundListenSocket"/>: the socket that was made for an endpoint, else the usual one.</summary>
    public Socket SocketFor(EndPoint at) =>
        _sockets.TryGetValue(at, out var socket) ? socket : SocketTransportOptions.CreateDefaultBoundListenSocket(at);

    public void Dispose()
    {
        foreach (var socket in _sockets.Values) socket.Dispose();
    }

    // Null, or why there is none.
    private string? Bind(int port)
    {
        string? problem = null;
        // A port that is free on one address may be taken on the other: then another one is tried, where any will do.
        for (var attempt = 0; attempt < (port == 0 ? Attempts : 1); attempt++)
        {
            if (TryBind(port, out problem)) return _sockets.Count > 0 ? null : "this machine has no loopback address";
            Dispose();
            _sockets.Clear();
        }
        return problem;
    }

    private bool TryBind(int port, out string? problem)
    {
        problem = null;
        foreach (var address in Loopbacks)
        {
            try
            {
                var socket = Listening(new IPEndPoint(address, port));
                port = ((IPEndPoint)socket.LocalEndPoint!).Port;
                _sockets[new IPEndPoint(address, port)] = socket;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressFamilyNotSupported or SocketError.AddressNotAvailable)
            {
                // Without this family.
            }
            catch (SocketException e)
            {
                problem = e.Message;
                return false;
            }
        }
        return true;
    }

    // From here on it is taken: a port that is bound only can be bound by another one too, and listened on.
    [SuppressMessage("Reliability", "CA2000", Justification = "The caller keeps it.")]
    private static Socket Listening(IPEndPoint at)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(at);
        try
        {
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [LoggerMessage(9001, LogLevel.Warning, "There is no status page: {Setting}={Port} cannot be listened on ({Problem}); expected a free port, 0 for any, or off")]
    private partial void LogNone(string setting, int port, string? problem);
}
