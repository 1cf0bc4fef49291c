using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KubernetesSandbox;

/// <summary>
/// Servers of this process, for webhooks and aggregated APIs too. They read no configuration, neither files nor environment, and
/// log nothing.
/// </summary>
public static class LoopbackServer
{
    /// <summary>A server of ASP.NET Core with routing and nothing else.</summary>
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
