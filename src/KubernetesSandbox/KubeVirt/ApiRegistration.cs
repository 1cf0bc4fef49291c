using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// Makes KubeVirt look installed: its namespace, virt-api as an aggregated API and as a webhook (an ExternalName Service leads
/// back to this machine), and the KubeVirt object where the server has the kind. The namespace stays when the rest is taken back:
/// other things may live in it by then.
/// </summary>
internal sealed class ApiRegistration(ApiClient api)
{
    private const string Namespace = "kubevirt";
    private const string ServiceName = "virt-api";
    private const string WebhookConfigurationName = "virt-api-validator";

    /// <summary>The name by which API servers check the certificate of the aggregated API.</summary>
    public const string ServerName = $"{ServiceName}.{Namespace}.svc";

    private static readonly TimeSpan AvailabilityLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly MadeObjects _made = new(api);

    /// <summary>Registers the server and waits until it can be reached through the API server.</summary>
    public async Task RegisterAsync(SubresourceServer server, CancellationToken cancellationToken)
    {
        await _made.EnsureNamespaceAsync(Namespace, cancellationToken);
        await _made.MakeAsync(Kinds.Service, Namespace, MadeObjects.LoopbackService(ServiceName), cancellationToken);
        await _made.MakeAsync(
            Kinds.ApiService,
            "",
            MadeObjects.ApiService(SubresourceServer.Group, SubresourceServer.Version, Namespace, ServiceName, server.Port, server.CertificatePem),
            cancellationToken);
        await _made.MakeAsync(Kinds.ValidatingWebhook, "", Webhook(server), cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AvailabilityLimit);
        try
        {
            while (!await IsAvailableAsync(limit.Token) || !await IsAskedAsync(limit.Token)) await Task.Delay(LookAgain, TimeProvider.System, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException(
                $"the API server did not reach {ApiServiceName} or its webhook on port {server.Port} within {AvailabilityLimit.TotalSeconds} s");
        }
    }

    /// <summary>Makes the object that says that KubeVirt is deployed.</summary>
    public async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        if (await api.FindAsync(Kinds.KubeVirt.Path(""), cancellationToken) is null) return;
        await _made.EnsureNamespaceAsync(Namespace, cancellationToken);
        var made = await _made.MakeAsync(Kinds.KubeVirt, Namespace, KubeVirt(), cancellationToken);
        made["status"] = new JsonObject
        {
            ["phase"] = "Deployed",
            ["observedKubeVirtVersion"] = SandboxKubeVirt.Version,
            ["targetKubeVirtVersion"] = SandboxKubeVirt.Version,
        };
        foreach (var (type, value) in new[] { ("Available", true), ("Progressing", false), ("Degraded", false) })
        {
            Conditions.Set(
                made["status"]!.AsObject(), new Condition(type, value, "AllComponentsReady", "All components are ready."), TimeProvider.System.GetUtcNow());
        }
        await api.ReplaceStatusAsync(Kinds.KubeVirt, made, cancellationToken);
    }

    /// <summary>Takes back what was made.</summary>
    public Task RemoveAsync(CancellationToken cancellationToken) => _made.RemoveAsync(cancellationToken);

    // Not only the condition: the API server may still hold a connection to a server that is gone.
    private async Task<bool> IsAvailableAsync(CancellationToken cancellationToken)
    {
        var service = await api.FindAsync(
            Kinds.ApiService.Path(new ObjectName("", ApiServiceName)), cancellationToken);
        if (!Conditions.Has(service?["status"], "Available", true)) return false;
        try
        {
            await api.GetAsync($"apis/{SubresourceServer.Group}/{SubresourceServer.Version}", cancellationToken);
            return true;
        }
        catch (RefusedException)
        {
            return false;
        }
    }

    /// <summary>The API server asks the webhook: it may learn of it late. Nothing is made.</summary>
    private async Task<bool> IsAskedAsync(CancellationToken cancellationToken)
    {
        var probe = MadeObjects.Named(Kinds.Vm, AdmissionEndpoint.ProbeName);
        probe["spec"] = new JsonObject
        {
            ["runStrategy"] = "Halted",
            ["template"] = new JsonObject
            {
                ["spec"] = new JsonObject { ["domain"] = new JsonObject { ["devices"] = new JsonObject() } },
            },
        };
        try
        {
            await api.DryRunCreateAsync(Kinds.Vm, Namespace, probe, cancellationToken);
            return false;
        }
        catch (RefusedException e) when (e.Message.Contains(AdmissionEndpoint.WebhookName, StringComparison.Ordinal))
        {
            return true;
        }
    }

    private static string ApiServiceName => $"{SubresourceServer.Version}.{SubresourceServer.Group}";

    private static JsonObject Webhook(SubresourceServer server)
    {
        var configuration = MadeObjects.Named(Kinds.ValidatingWebhook, WebhookConfigurationName);
        configuration["webhooks"] = new JsonArray(new JsonObject
        {
            ["name"] = AdmissionEndpoint.WebhookName,
            ["clientConfig"] = new JsonObject
            {
                ["service"] = new JsonObject
                {
                    ["namespace"] = Namespace,
                    ["name"] = ServiceName,
                    ["port"] = server.Port,
                    ["path"] = AdmissionEndpoint.Path,
                },
                ["caBundle"] = MadeObjects.CaBundle(server.CertificatePem),
            },
            ["rules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray(Kinds.Vm.Group),
                ["apiVersions"] = new JsonArray(Kinds.Vm.Version),
                ["operations"] = new JsonArray("CREATE", "UPDATE"),
                ["resources"] = new JsonArray(Kinds.Vm.Plural),
            }),
            // KubeVirt's says Fail; one that a killed sandbox leaves behind must not keep a server from taking VMs.
            ["failurePolicy"] = "Ignore",
            ["sideEffects"] = "None",
            ["admissionReviewVersions"] = new JsonArray("v1"),
        });
        return configuration;
    }

    private static JsonObject KubeVirt()
    {
        var kubeVirt = MadeObjects.Named(Kinds.KubeVirt, "kubevirt");
        kubeVirt["spec"] = new JsonObject();
        return kubeVirt;
    }
}
