using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>An object as it is declared, ready to be applied.</summary>
internal sealed record OwnedManifest(ResourceKind Kind, NamespacedName Name, JsonObject Body)
{
    /// <summary>What the object on the server must be like.</summary>
    public string Fingerprint { get; } = OwnedFingerprint.Of(Body);

    public ObjectKey Key => new(Kind, Name);

    /// <summary><c>ResourceQuota vdc-quota</c>, as messages name it.</summary>
    public override string ToString() => Key.ToString();

    /// <summary>What can stand in for it; null: nothing needs to, every field of its kind can change.</summary>
    public ObjectKey? StandInKey => Kind == KubernetesKinds.ResourceQuota || Kind == KubernetesKinds.RoleBinding
        ? Key with { Name = VdcNames.StandInOf(Name) }
        : null;

    /// <summary>The same under a second name.</summary>
    public OwnedManifest ToStandIn()
    {
        var name = VdcNames.StandInOf(Name);
        var body = Body.DeepClone().AsObject();
        body["metadata"]!["name"] = name.Name;
        return new OwnedManifest(Kind, name, body);
    }
}
