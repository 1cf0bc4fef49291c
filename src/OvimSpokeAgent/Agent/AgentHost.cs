using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OvimSpokeAgent.Capacity;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Events;
using OvimSpokeAgent.Health;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.LocalApi;
using OvimSpokeAgent.Logging;
using OvimSpokeAgent.Metrics;
using OvimSpokeAgent.Networking;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Templates;
using OvimSpokeAgent.Tls;
using OvimSpokeAgent.VirtualDataCenters;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Agent;

/// <summary>The agent as a host: the wiring, readable from top to bottom.</summary>
public static class AgentHost
{
    /// <summary>Builds the agent from environment variables.</summary>
    /// <param name="environment">The <c>OVIM_*</c> variables (and <c>KUBECONFIG</c>).</param>
    /// <exception cref="ConfigurationException">Something is wrong with them; the message names all of it.</exception>
    public static WebApplication Build(IReadOnlyDictionary<string, string> environment) => Build(environment, null);

    /// <summary>Where the status page of an agent that has started is; null: it has none.</summary>
    public static Uri? LocalApiUrl(WebApplication agent) => agent.Services.GetRequiredService<LocalApiListener>().Url;

    /// <summary>As <see cref="Build(IReadOnlyDictionary{string, string})"/>, with services replaced or added last.</summary>
    internal static WebApplication Build(
        IReadOnlyDictionary<string, string> environment, Action<IServiceCollection>? customize)
    {
        var result = SettingsLoader.Load(environment);
        var settings = result.Settings ?? throw new ConfigurationException(result.Errors, result.Warnings);

        // Empty: the settings are all that configures the agent. Other builders read ASPNETCORE_*, Kestrel__* and the
        // appsettings.json of the working directory, and watch that file.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = WellKnownNames.Agent });
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            ConnectionLimit.Apply(kestrel.Limits);
            // All addresses: of both families, or of IPv4 on a node without IPv6.
            if (IPAddress.Parse(settings.Http.Address) is var address && address.Equals(IPAddress.IPv6Any))
                kestrel.ListenAnyIP(settings.Http.Port, SetUp);
            else
                kestrel.Listen(address, settings.Http.Port, SetUp);
            kestrel.ApplicationServices.GetRequiredService<LocalApiListener>().Listen(
                kestrel, kestrel.ApplicationServices.GetRequiredService<ConnectionLimit>().Use);

            void SetUp(ListenOptions listener)
            {
                kestrel.ApplicationServices.GetRequiredService<ConnectionLimit>().Use(listener);
                kestrel.ApplicationServices.GetRequiredService<ServerCertificate>().Use(listener);
            }
        });
        builder.Services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = settings.ShutdownTimeout + TimeSpan.FromSeconds(5));

        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<Jitter>(Random.Shared.NextDouble);
        builder.Services.AddAgentLogging(settings.Log);
        builder.Services.AddAgentMetrics();
        builder.Services.AddClusterAccess();
        builder.Services.AddEvents();
        builder.Services.AddLeadership(settings);
        builder.Services.AddOperations();
        builder.Services.AddVirtualMachines();
        builder.Services.AddVirtualDataCenters();
        builder.Services.AddCapacity();
        builder.Services.AddTemplates(settings);
        builder.Services.AddHealth();
        builder.Services.AddHub();
        builder.Services.AddServerCertificate(settings);
        builder.Services.AddLocalApi(result);
        builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ConnectionLimit>(provider, ConnectionLimit.Capacity));
        builder.Services.AddCaches();
        builder.Services.AddLoops(settings);
        builder.Services.AddLifecycle();
        customize?.Invoke(builder.Services);

        var app = builder.Build();
        app.Services.GetRequiredService<ConnectionLimit>().Use(app);
        app.Use((context, next) =>
        {
            CurrentComponent.Name = context.GetEndpoint()?.DisplayName ?? "HTTP";
            return next(context);
        });
        app.UseLocalApi();
        app.MapHealth();
        app.MapPush();
        app.MapAgentMetrics();
        ConfigurationWarnings.Log(
            app.Services.GetRequiredService<ILoggerFactory>(), [.. result.Warnings, .. EnvironmentProxy.OfProcess.Warnings]);
        return app;
    }

    /// <summary>Every watch on the cluster.</summary>
    internal static void AddCaches(this IServiceCollection services) => services
        .AddWatchCache(ManagedNamespace.Watch)
        .AddWatchCache(VirtualMachineItem.Watch)
        .AddWatchCache(VirtualMachineInstanceItem.Watch)
        .AddWatchCache(InstancetypeItem.Watch)
        .AddWatchCache(InstancetypeItem.ClusterWatch)
        .AddWatchCache(InstancetypeRevisionItem.Watch)
        .AddWatchCache(ResourceQuotaItem.Watch)
        .AddWatchCache(OwnedItem.LimitRangeWatch)
        .AddWatchCache(NetworkPolicyItem.Watch)
        .AddWatchCache(OwnedItem.RoleBindingWatch)
        .AddWatchCache(HubNamespace.Watch)
        .AddWatchCache(DnsService.Watch)
        .AddWatchCache(KubeVirtInstallation.Watch)
        .AddWatchCache(PlatformNamespace.CdiWatch)
        .AddSideCache(DataVolumeItem.Watch)
        .AddSideCache(ClaimItem.Watch)
        .AddSideCache(StorageClassItem.Watch)
        .AddSideCache(StorageProfileItem.Watch)
        .AddSideCache(NetworkItem.Watch)
        .AddSideCache(PreferenceItem.Watch)
        .AddSideCache(ClusterPreferenceItem.Watch)
        .AddSideCache(NodeItem.Watch)
        .AddSideCache(StorageCapacityItem.Watch)
        .AddSideCache(OpenShiftTemplateItem.Watch);

    /// <summary>Everything else that runs for the life of the process, each under supervision.</summary>
    private static void AddLoops(this IServiceCollection services, AgentSettings settings)
    {
        if (settings.LeaderElection) services.AddSupervised<LeaderElection>();
        services
            .AddLoop<PermissionMonitor>()
            .AddLoop<EventRecorder>()
            .AddLoop<OperationLoop>()
            .AddLoop<ClusterNetworkDiscovery>()
            .AddLoop<VdcReconciler>()
            .AddLoop<OrphanLoop>()
            .AddLoop<UsageCollector>()
            .AddLoop<HealthReporter>()
            .AddLoop<HeartbeatLoop>()
            .AddLoop<PollLoop>()
            .AddLoop<TemplateKeeper>()
            .AddLoop<FileReloader>();
        if (settings.Http.DebugPort is not null) services.AddLoop<HistoryRecorder>();
        if (settings.Templates.Sync) services.AddSupervised<TemplatePull>();
    }

    private static void AddServerCertificate(this IServiceCollection services, AgentSettings settings)
    {
        services.AddSingleton(new ServerCertificate(settings));
        services.AddSingleton<IReloadableFileSource>(provider => provider.GetRequiredService<ServerCertificate>());
    }

    private static void AddLifecycle(this IServiceCollection services)
    {
        services.AddSingleton<IOperationIntake, OperationIntake>();
        services.AddSingleton<IReportSource, ReportComposer>();
        services.AddHostedService<AgentLifecycle>();
    }
}
