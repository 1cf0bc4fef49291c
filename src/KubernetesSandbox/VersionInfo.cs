using System.Text.Json.Nodes;

namespace KubernetesSandbox;

/// <summary>What servers say of themselves at <c>version</c>, in the form that Kubernetes and KubeVirt share.</summary>
internal static class VersionInfo
{
    /// <summary>A version; what says how a binary was built is empty.</summary>
    public static JsonObject Of(string version) => new()
    {
        ["gitVersion"] = version,
        ["gitCommit"] = "",
        ["gitTreeState"] = "",
        ["buildDate"] = "",
        ["goVersion"] = "",
        ["compiler"] = "",
        ["platform"] = "",
    };
}
