using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// The version of Kubernetes that the server answers as, and the only one that it announces: where versions differ, it does
/// as this one. What it does not serve it does not announce in discovery.
/// </summary>
internal static class KubernetesVersion
{
    public const string Major = "1";
    public const string Minor = "36";

    /// <summary>As a distribution of Kubernetes writes it: the part behind the plus says whose it is.</summary>
    public const string Git = $"v{Major}.{Minor}.0+sandbox";

    /// <summary>The answer at <c>/version</c>.</summary>
    public static JsonObject ToInfo()
    {
        var info = VersionInfo.Of(Git);
        (info["major"], info["minor"]) = (Major, Minor);
        return info;
    }
}
