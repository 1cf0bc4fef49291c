using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace OvimSpokeAgent.Sandbox;

/// <summary>Servers of this process. They read no configuration, neither files nor environment, and log nothing.</summary>
internal static class LoopbackServer
{
    public static WebApplicationBuilder CreateBuilder(Action<KestrelServerOptions> configure)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(configure);
        builder.Services.AddRouting();
        return builder;
    }

    /// <summary>The first address on which a started server listens.</summary>
    public static Uri UrlOf(IHost server) =>
        new(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
}
