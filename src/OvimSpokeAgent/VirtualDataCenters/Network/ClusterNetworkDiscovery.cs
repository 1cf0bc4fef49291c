using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Finds out where the cluster's DNS, KubeVirt and CDI are, and follows them. What a tenant can make counts for nothing: a
/// Service or an object in a managed namespace is passed over. What cannot be read stays as it was. What closes something
/// holds at once; what opens something is taken at once, and while it goes on changing ever more rarely, down to once in 5
/// minutes: each change is written into every closed VDC.
/// </summary>
internal sealed partial class ClusterNetworkDiscovery : ILoop
{
    /// <summary>How often the endpoints of DNS are read.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    // Without the right to read, or on a server that does not answer, it goes on with what the settings and the pod say.
    private static readonly TimeSpan MaxFirstLook = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CalmAfter = TimeSpan.FromMinutes(10);

    private readonly WatchCache<ServiceObject, DnsService> _services;
    private readonly WatchCache<KubeVirtObject, KubeVirtInstallation> _kubeVirts;
    private readonly WatchCache<ApiServiceObject, PlatformNamespace> _cdis;
    private readonly ManagedNamespaces _managed;
    private readonly DnsEndpoints _endpoints;
    private readonly ClusterNetworkView _view;
    private readonly VdcSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Backoff _betweenOpenings;
    private readonly AsyncSignal _changed = new();
    private readonly IReadOnlyList<DnsTarget> _targets;

    private string _refused = "";
    private int _openings;
    private long? _openedAt;

    public ClusterNetworkDiscovery(
        WatchCache<ServiceObject, DnsService> services,
        WatchCache<KubeVirtObject, KubeVirtInstallation> kubeVirts,
        WatchCache<ApiServiceObject, PlatformNamespace> cdis,
        ManagedNamespaces managed,
        DnsEndpoints endpoints,
        ClusterNetworkView view,
        Nameservers nameservers,
        AgentSettings settings,
        Jitter jitter,
        TimeProvider time,
        ILogger<ClusterNetworkDiscovery> logger)
    {
        (_services, _kubeVirts, _cdis, _managed, _endpoints) = (services, kubeVirts, cdis, managed, endpoints);
        (_view, _settings, _time, _logger) = (view, settings.Vdc, time, logger);
        _betweenOpenings = new Backoff(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5), jitter);
        // Outside of the cluster the nameservers are those of some machine.
        _targets = settings.Vdc.DnsTargets
            ?? (settings.Kubeconfig is null ? [.. nameservers().Select(address => new DnsTarget { Address = address })] : []);
        // Tenants make Services as they like: only those that concern DNS wake anybody.
        services.Subscribe(change =>
        {
            if (IsTarget(change.Old) || IsTarget(change.New)) _changed.Set();
        });
        kubeVirts.Subscribe(_ => _changed.Set());
        cdis.Subscribe(_ => _changed.Set());
    }

    public string Name => "cluster network";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await WaitForCachesAsync(cancellationToken);
        while (true)
        {
            var changed = _changed.Next;
            var wait = Take(await FindAsync(cancellationToken));
            try
            {
                await changed.WaitAsync(wait, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Time for another look.
            }
        }
    }

    private async Task WaitForCachesAsync(CancellationToken cancellationToken)
    {
        await _managed.WaitForFirstAnswerAsync(cancellationToken);
        // What comes later is taken then.
        await TimeLimit.RunAsync(MaxFirstLook, _time, WaitForAllAsync, cancellationToken);

        async Task WaitForAllAsync(CancellationToken token)
        {
            foreach (var cache in (IWatchCacheStatus[])[_services, _kubeVirts, _cdis]) await cache.WaitForFirstAnswerAsync(token);
        }
    }

    private async Task<ClusterNetwork> FindAsync(CancellationToken cancellationToken)
    {
        using var turn = LoopTurn.Begin();
        var refused = new List<string>();
        var dns = DnsRule.WellKnown.ToList();
        foreach (var target in _targets) dns.AddRange(await RulesOfAsync(target, refused, cancellationToken));
        var kubeVirts = NamespacesOf(_kubeVirts.Items.Select(item => item.Namespace), _settings.KubeVirtNamespace, VdcNames.KubeVirtNamespaces, "KubeVirt", refused);
        var cdis = NamespacesOf(_cdis.Items.Select(item => item.Name), _settings.CdiNamespace, ClusterNetwork.UsualOfCdi(kubeVirts), "CDI", refused);
        var told = string.Join("; ", refused.Distinct());
        if (told.Length > 0 && told != _refused) LogRefused(told);
        _refused = told;
        return new ClusterNetwork(dns, kubeVirts, cdis);
    }

    private async Task<IReadOnlyList<DnsRule>> RulesOfAsync(DnsTarget target, List<string> refused, CancellationToken cancellationToken)
    {
        if (target.Address is not { } address)
        {
            if (IsTenants(target.Namespace, $"DNS pods {target.Namespace}/{target.Label}={target.LabelValue}", refused)) return [];
            var labels = new Dictionary<string, string> { [target.Label] = target.LabelValue };
            return [.. DnsRule.Protocols.Select(protocol => DnsRule.OfPods(target.Namespace, labels, protocol, $"{target.Port}"))];
        }
        if (!DnsTarget.IsPossible(address))
        {
            refused.Add($"nameserver {address} is one that pods elsewhere cannot use, or a cloud's metadata service");
            return [];
        }
        var service = _services.Items.FirstOrDefault(service => service.Addresses.Contains(address));
        if (service is not null && IsTenants(service.Name.Namespace, $"Service {service.Name}, nameserver {address},", refused)) return [];
        // The address itself, too: a cache on the node may answer in the Service's place.
        var own = DnsRule.Protocols.Select(protocol => DnsRule.OfAddress(address, protocol, target.Port));
        return service is null ? [.. own] : [.. own, .. await _endpoints.OfAsync(service, cancellationToken)];
    }

    private List<string> NamespacesOf(
        IEnumerable<string> found, string? setting, IReadOnlyList<string> usual, string what, List<string> refused)
    {
        List<string> named = setting is null ? [.. found] : [setting];
        if (named.Count == 0) named = [.. usual];
        return [.. named.Where(ns => !IsTenants(ns, what, refused))];
    }

    private bool IsTenants(string ns, string what, List<string> refused)
    {
        if (!_managed.IsManaged(ns)) return false;
        refused.Add($"{what} is in namespace {ns}, which is managed and may be a tenant's");
        return true;
    }

    private bool IsTarget(DnsService? service) =>
        service is not null && _targets.Any(target => target.Address is { } address && service.Addresses.Contains(address));

    // How long until the next look.
    private TimeSpan Take(ClusterNetwork found)
    {
        var current = _view.Current;
        var closed = current.Intersect(found);
        var next = found;
        var wait = Interval;
        if (!closed.Equals(found))
        {
            if (UntilOpening() is var left && left > TimeSpan.Zero) (next, wait) = (closed, left < wait ? left : wait);
            else NoteOpening();
        }
        if (!next.Equals(current)) LogChanged(next);
        _view.Set(next);
        return wait;
    }

    private TimeSpan UntilOpening() => _openedAt is { } at && _openings > 0
        ? TimeSpans.Max(_betweenOpenings.After(_openings - 1) - _time.GetElapsedTime(at), TimeSpan.Zero)
        : TimeSpan.Zero;

    // What is found at the start is no change of anything.
    private void NoteOpening()
    {
        if (_openedAt is { } at) _openings = _time.GetElapsedTime(at) >= CalmAfter ? 1 : _openings + 1;
        _openedAt = _time.GetTimestamp();
    }

    [LoggerMessage(8010, LogLevel.Information, "Closed VDCs let through: {Network}")]
    private partial void LogChanged(ClusterNetwork network);

    [LoggerMessage(8011, LogLevel.Warning, "Closed VDCs do not let through: {Refused}")]
    private partial void LogRefused(string refused);
}
