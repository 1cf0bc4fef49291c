using k8s;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// Plays KubeVirt through the Kubernetes API, on the sandbox's cluster as on a real API server that has KubeVirt's CRDs:
/// virt-controller and the nodes (VMs come up, run, stop and go, step by step), CDI (DataVolumes are filled), and virt-api
/// (start, stop and restart as subresources, and a webhook that refuses VMs). No guest really runs.
/// </summary>
public sealed class SandboxKubeVirt : IAsyncDisposable
{
    private static readonly string[] DefaultNodes = ["sandbox-node-1", "sandbox-node-2", "sandbox-node-3"];
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(10);

    private readonly Kubernetes _client;
    private readonly ApiClient _api;
    private readonly ClusterState _state;
    private readonly ApiRegistration _registration;
    private Controllers? _controllers;
    private SubresourceServer? _server;
    private bool _isDisposed;

    private SandboxKubeVirt(SandboxKubeVirtOptions options)
    {
        _client = new Kubernetes(options.Connection);
        _api = new ApiClient(_client);
        _state = new ClusterState(_api, options);
        _registration = new ApiRegistration(_api);
    }

    /// <summary>The version of KubeVirt that is played and announced: the one whose source its rules are read from.</summary>
    public const string Version = "v1.9.0";

    /// <summary>False: the subresources answer 503, as when virt-api is down.</summary>
    public bool SubresourcesAreAvailable
    {
        get => _server?.IsAvailable ?? false;
        set
        {
            if (_server is not null) _server.IsAvailable = value;
        }
    }

    /// <summary>Starts, and completes when all that is on the server is known and virt-api can be reached.</summary>
    /// <exception cref="InvalidOperationException">The server lacks KubeVirt's kinds, or has a KubeVirt of its own.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    /// <exception cref="RefusedException">The server does not let it in.</exception>
    public static async Task<SandboxKubeVirt> StartAsync(
        SandboxKubeVirtOptions options, CancellationToken cancellationToken = default)
    {
        var kubeVirt = new SandboxKubeVirt(options);
        try
        {
            await kubeVirt.StartAsync(cancellationToken);
            return kubeVirt;
        }
        catch
        {
            await kubeVirt.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets something go wrong with a VM from now on; <see cref="KubeVirtFault.None"/> takes it back.</summary>
    public void SetFault(string ns, string name, KubeVirtFault fault)
    {
        var vm = new ObjectName(ns, name);
        _state.SetFault(vm, fault);
        _controllers!.Touch(vm);
    }

    /// <summary>The guest shuts itself down.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public Task ShutDownGuestAsync(string ns, string name, CancellationToken cancellationToken) =>
        EndGuestAsync(new ObjectName(ns, name), "Succeeded", cancellationToken);

    /// <summary>The guest crashes.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public Task CrashGuestAsync(string ns, string name, CancellationToken cancellationToken) =>
        EndGuestAsync(new ObjectName(ns, name), "Failed", cancellationToken);

    /// <summary>Stops, and takes back what it registered at the API server; VMs stay as they are.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        using var limit = new CancellationTokenSource(RemovalLimit);
        try
        {
            await _registration.RemoveAsync(limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or RefusedException or OperationCanceledException)
        {
            // The API server went first: there is nothing to take back.
        }
        if (_controllers is not null) await _controllers.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        _client.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var kind in new[] { Kinds.Vm, Kinds.Vmi })
        {
            if (await _api.FindAsync(kind.Path("") + "?limit=1", cancellationToken) is null)
                throw new InvalidOperationException($"the API server does not have {kind}: apply KubeVirt's CRDs first");
        }
        if (_state.Options.HasVirtApi)
        {
            var admission = new AdmissionEndpoint(_state.Types, _state.Options.Namespaces ?? (_ => true));
            _server = await SubresourceServer.StartAsync(_api, admission, ApiRegistration.ServerName, cancellationToken);
            await _registration.RegisterAsync(_server, cancellationToken);
        }
        await _registration.AnnounceAsync(cancellationToken);
        _controllers = new Controllers(_state, await FindNodesAsync(cancellationToken));
        await _controllers.StartAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<string>> FindNodesAsync(CancellationToken cancellationToken)
    {
        var nodes = await _api.FindAsync(Kinds.Node.Path(""), cancellationToken);
        var names = nodes.Objects("items").Select(node => node.NameOf().Name).ToList();
        return names.Count > 0 ? names : DefaultNodes;
    }

    private async Task EndGuestAsync(ObjectName name, string phase, CancellationToken cancellationToken)
    {
        while (true)
        {
            var vmi = await _api.FindAsync(Kinds.Vmi.Path(name), cancellationToken)
                ?? throw new InvalidOperationException($"there is no VMI {name}, expected one that is Running");
            if (vmi.Text("status", "phase") != "Running")
                throw new InvalidOperationException($"VMI {name} is {vmi.Text("status", "phase")}, expected Running");
            var ended = VmiStatus.At(new VmiSituation
            {
                Vmi = vmi,
                Disks = _state.DisksIn(name.Namespace),
                Now = _state.Now,
                Since = _state.Now,
                StepDelay = TimeSpan.Zero,
                Node = "",
                Address = "",
            }, phase, []);
            try
            {
                await _api.ReplaceAsync(Kinds.Vmi, ended, cancellationToken);
                return;
            }
            catch (RefusedException e) when (e.IsConflict)
            {
                // The controllers were faster: look again.
            }
        }
    }
}
