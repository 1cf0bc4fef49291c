using System.Text;
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
    private const string ManagedByLabel = "app.kubernetes.io/managed-by";
    private const string ManagedBy = "ovim-sandbox";

    /// <summary>The name by which API servers check the certificate of the aggregated API.</summary>
    public const string ServerName = $"{ServiceName}.{Namespace}.svc";

    private static readonly TimeSpan AvailabilityLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly List<(Kind Kind, ObjectName Name, string Uid)> _made = [];

    /// <summary>Registers the server and waits until it can be reached through the API server.</summary>
    public async Task RegisterAsync(SubresourceServer server, CancellationToken cancellationToken)
    {
        await EnsureNamespaceAsync(cancellationToken);
        await MakeAsync(Kinds.Service, Namespace, Service(), cancellationToken);
        await MakeAsync(Kinds.ApiService, "", ApiService(server), cancellationToken);
        await MakeAsync(Kinds.ValidatingWebhook, "", Webhook(server), cancellationToken);
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
        await EnsureNamespaceAsync(cancellationToken);
        var made = await MakeAsync(Kinds.KubeVirt, Namespace, KubeVirt(), cancellationToken);
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
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var (kind, name, uid) in Enumerable.Reverse(_made))
        {
            try
            {
                await api.DeleteAsync(kind, name, uid, cancellationToken);
            }
            catch (RefusedException e) when (e.IsNotFound || e.IsConflict)
            {
                // Someone else took it away, or put his own in its place.
            }
        }
        _made.Clear();
    }

    private async Task EnsureNamespaceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await api.CreateAsync(Kinds.Namespace, "", Named(Kinds.Namespace, Namespace), cancellationToken);
        }
        catch (RefusedException e) when (e.IsConflict)
        {
            // It is there.
        }
    }

    /// <summary>Makes an object, in the place of one that an earlier sandbox left behind.</summary>
    private async Task<JsonObject> MakeAsync(Kind kind, string ns, JsonObject body, CancellationToken cancellationToken)
    {
        var name = new ObjectName(ns, body.NameOf().Name);
        if (await api.FindAsync(kind.Path(name), cancellationToken) is { } left)
        {
            if (left.Text("metadata", "labels", ManagedByLabel) != ManagedBy)
                throw new InvalidOperationException($"{kind} {name.Name} exists: the server seems to have a KubeVirt of its own");
            await api.DeleteAsync(kind, name, left.UidOf(), cancellationToken);
        }
        var made = await api.CreateAsync(kind, ns, body, cancellationToken);
        _made.Add((kind, name, made.UidOf()));
        return made;
    }

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
        var probe = Named(Kinds.Vm, AdmissionEndpoint.ProbeName);
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

    private static JsonObject Service()
    {
        var service = Named(Kinds.Service, ServiceName);
        service["spec"] = new JsonObject { ["type"] = "ExternalName", ["externalName"] = "localhost" };
        return service;
    }

    private static JsonObject ApiService(SubresourceServer server)
    {
        var service = Named(Kinds.ApiService, ApiServiceName);
        service["spec"] = new JsonObject
        {
            ["group"] = SubresourceServer.Group,
            ["version"] = SubresourceServer.Version,
            ["service"] = new JsonObject { ["namespace"] = Namespace, ["name"] = ServiceName, ["port"] = server.Port },
            ["caBundle"] = CaBundle(server),
            ["groupPriorityMinimum"] = 1000,
            ["versionPriority"] = 15,
        };
        return service;
    }

    private static JsonObject Webhook(SubresourceServer server)
    {
        var configuration = Named(Kinds.ValidatingWebhook, WebhookConfigurationName);
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
                ["caBundle"] = CaBundle(server),
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

    private static string CaBundle(SubresourceServer server) => Convert.ToBase64String(Encoding.ASCII.GetBytes(server.CertificatePem));

    private static JsonObject KubeVirt()
    {
        var kubeVirt = Named(Kinds.KubeVirt, "kubevirt");
        kubeVirt["spec"] = new JsonObject();
        return kubeVirt;
    }

    private static JsonObject Named(Kind kind, string name) => new()
    {
        ["apiVersion"] = kind.ApiVersion,
        ["kind"] = kind.Name,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { [ManagedByLabel] = ManagedBy },
        },
    };
}
