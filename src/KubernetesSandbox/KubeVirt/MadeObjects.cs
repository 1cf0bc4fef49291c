using System.Text;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>
/// Objects by which a server of this process is registered at an API server, to be taken back when it ends. Namespaces stay: other
/// things may live in them by then.
/// </summary>
internal sealed class MadeObjects(ApiClient api)
{
    private const string ManagedByLabel = "app.kubernetes.io/managed-by";
    private const string ManagedBy = "ovim-sandbox";

    private readonly List<(Kind Kind, ObjectName Name, string Uid)> _made = [];

    public async Task EnsureNamespaceAsync(string ns, CancellationToken cancellationToken)
    {
        try
        {
            await api.CreateAsync(Kinds.Namespace, "", Named(Kinds.Namespace, ns), cancellationToken);
        }
        catch (RefusedException e) when (e.IsConflict)
        {
            // It is there.
        }
    }

    /// <summary>Makes an object, in the place of one that an earlier sandbox left behind.</summary>
    /// <exception cref="InvalidOperationException">Someone else's is there.</exception>
    public async Task<JsonObject> MakeAsync(Kind kind, string ns, JsonObject body, CancellationToken cancellationToken)
    {
        var name = new ObjectName(ns, body.NameOf().Name);
        if (await api.FindAsync(kind.Path(name), cancellationToken) is { } left)
        {
            if (left.Text("metadata", "labels", ManagedByLabel) != ManagedBy)
                throw new InvalidOperationException($"{kind} {name.Name} exists: the server seems to have one of its own");
            await api.DeleteAsync(kind, name, left.UidOf(), cancellationToken);
        }
        var made = await api.CreateAsync(kind, ns, body, cancellationToken);
        _made.Add((kind, name, made.UidOf()));
        return made;
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

    public static JsonObject Named(Kind kind, string name) => new()
    {
        ["apiVersion"] = kind.ApiVersion,
        ["kind"] = kind.Name,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { [ManagedByLabel] = ManagedBy },
        },
    };

    /// <summary>A Service that leads back to this machine.</summary>
    public static JsonObject LoopbackService(string name)
    {
        var service = Named(Kinds.Service, name);
        service["spec"] = new JsonObject { ["type"] = "ExternalName", ["externalName"] = "localhost" };
        return service;
    }

    /// <summary>An APIService that such a Service serves on a port.</summary>
    public static JsonObject ApiService(string group, string version, string ns, string service, int port, string certificatePem)
    {
        var registration = Named(Kinds.ApiService, $"{version}.{group}");
        registration["spec"] = new JsonObject
        {
            ["group"] = group,
            ["version"] = version,
            ["service"] = new JsonObject { ["namespace"] = ns, ["name"] = service, ["port"] = port },
            ["caBundle"] = CaBundle(certificatePem),
            ["groupPriorityMinimum"] = 1000,
            ["versionPriority"] = 15,
        };
        return registration;
    }

    public static string CaBundle(string certificatePem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(certificatePem));
}
