using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The manifests of <c>deploy/base</c> and other YAML files as JSON objects.</summary>
internal static class Manifests
{
    private const string BaseNamespace = "ovim-system";

    private static readonly IDeserializer Yaml = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
    private static readonly ISerializer Json = new SerializerBuilder().JsonCompatible().Build();

    /// <summary>What gives the agent its rights, moved to another namespace, as an overlay's <c>namespace:</c> does.</summary>
    public static IEnumerable<JsonObject> AgentRights(string ns)
    {
        foreach (var manifest in Directory.EnumerateFiles(Base(), "*.yaml").SelectMany(Read))
        {
            var kind = (string?)manifest["kind"];
            if (kind is not ("ServiceAccount" or "ClusterRole" or "ClusterRoleBinding" or "Role" or "RoleBinding")) continue;
            var metadata = manifest["metadata"]!;
            if ((string?)metadata["namespace"] == BaseNamespace) metadata["namespace"] = ns;
            foreach (var subject in manifest["subjects"]?.AsArray() ?? [])
            {
                if ((string?)subject!["namespace"] == BaseNamespace) subject["namespace"] = ns;
            }
            if (kind == "ClusterRoleBinding") metadata["name"] = $"{(string)metadata["name"]!}-{ns}";
            yield return manifest;
        }
    }

    /// <summary>The agent's container as it is deployed.</summary>
    public static JsonObject AgentContainer() =>
        Read(Path.Combine(Base(), "deployment.yaml")).Single()["spec"]!["template"]!["spec"]!["containers"]![0]!.AsObject();

    /// <summary>The alerting rules: what the PrometheusRule holds is a rule file.</summary>
    public static JsonObject AlertRules() =>
        Read(Path.Combine(RepositoryRoot(), "deploy", "monitoring", "alerts.yaml")).Single()["spec"]!.AsObject();

    /// <summary>The documents of a YAML file.</summary>
    public static IEnumerable<JsonObject> Read(string path) =>
        File.ReadAllText(path).Split("\n---\n")
            .Select(document => JsonNode.Parse(Json.Serialize(Yaml.Deserialize(document)))!.AsObject());

    /// <summary>The API path of an object.</summary>
    public static string PathOf(JsonObject manifest)
    {
        var apiVersion = (string)manifest["apiVersion"]!;
        var plural = ((string)manifest["kind"]!).ToLowerInvariant() + "s";
        var ns = (string?)manifest["metadata"]!["namespace"];
        var root = apiVersion.Contains('/', StringComparison.Ordinal) ? $"apis/{apiVersion}" : $"api/{apiVersion}";
        return $"{root}/{(ns is null ? "" : $"namespaces/{ns}/")}{plural}/{(string)manifest["metadata"]!["name"]!}";
    }

    /// <summary>The folder with the solution.</summary>
    public static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "OvimSpokeAgent.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }

    private static string Base() => Path.Combine(RepositoryRoot(), "deploy", "base");
}
