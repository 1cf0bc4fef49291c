using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.LocalApi;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Logging;

namespace OvimSpokeAgent.Tests.LocalApi;

public sealed class LocalApiListenerTests : IDisposable
{
    private readonly MemoryLog _log = new(LogLevel.Information, json: false);
    private readonly List<IPEndPoint> _endpoints = [];

    [Fact]
    public void Any_free_port_is_the_same_on_both_loopback_addresses()
    {
        using var listener = Listen("0");

        Assert.Equal(Socket.OSSupportsIPv6 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.Loopback], _endpoints.Select(at => at.Address));
        Assert.Equal(listener.Url!.Port, Assert.Single(_endpoints.Select(at => at.Port).Distinct()));
        Assert.Equal("127.0.0.1", listener.Url.Host);
        Assert.All(_endpoints, at => Assert.Equal(at, listener.SocketFor(at).LocalEndPoint));
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Port_that_is_in_use_costs_the_local_API_and_is_told_once_with_the_setting()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        using var listener = Listen($"{port}");

        Assert.Null(listener.Url);
        Assert.Empty(_endpoints);
        Assert.Contains($"OVIM_DEBUG_PORT\"={port} cannot be listened on", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Port_that_is_in_use_on_one_of_the_addresses_is_in_use()
    {
        if (!Socket.OSSupportsIPv6) return;
        using var taken = new TcpListener(IPAddress.IPv6Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        using var listener = Listen($"{port}");

        Assert.Null(listener.Url);
        Assert.Single(_log.Lines);
        using var other = new TcpListener(IPAddress.Loopback, port); // nothing is kept of it
        other.Start();
    }

    [Fact]
    public void Switched_off_it_listens_nowhere_and_says_nothing()
    {
        using var listener = Listen("off");

        Assert.Null(listener.Url);
        Assert.Empty(_endpoints);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Other_endpoints_get_sockets_as_usual()
    {
        using var listener = Listen("0");

        using var socket = listener.SocketFor(new IPEndPoint(IPAddress.Loopback, 0));

        Assert.NotEqual(listener.Url!.Port, ((IPEndPoint)socket.LocalEndPoint!).Port);
    }

    public void Dispose() => _log.Dispose();

    private LocalApiListener Listen(string port)
    {
        var settings = new TestEnvironment().With("OVIM_DEBUG_PORT", port).LoadClean();
        var listener = new LocalApiListener(settings, _log.Factory.CreateLogger<LocalApiListener>());
        var kestrel = new KestrelServerOptions { ApplicationServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        listener.Listen(kestrel, options => _endpoints.Add(options.IPEndPoint!));
        return listener;
    }
}
