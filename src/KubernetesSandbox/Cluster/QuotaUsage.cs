using System.Numerics;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>What an object takes of a quota.</summary>
internal static class QuotaUsage
{
    private static readonly GroupResource Pods = new("", "pods");
    private static readonly GroupResource Claims = new("", "persistentvolumeclaims");

    // These are counted under their plain names too.
    private static readonly HashSet<string> PlainlyCounted =
        ["pods", "services", "secrets", "configmaps", "persistentvolumeclaims", "resourcequotas", "replicationcontrollers"];

    private static readonly QuantityAmount None = new(BigInteger.Zero, IsBinary: false);
    private static readonly QuantityAmount One = new(1_000_000_000, IsBinary: false);

    /// <summary>The names of what a quota limits that objects of a kind take of.</summary>
    public static IEnumerable<string> NamesFor(GroupResource resource)
    {
        yield return $"count/{resource}";
        if (resource.Group.Length == 0 && PlainlyCounted.Contains(resource.Plural)) yield return resource.Plural;
        if (resource == Claims) yield return "requests.storage";
        if (resource != Pods) yield break;
        foreach (var name in (string[])["requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "cpu", "memory"])
            yield return name;
    }

    /// <summary>How much of a name an object takes; null if it must say it and does not.</summary>
    public static QuantityAmount? Of(string name, GroupResource resource, JsonObject content)
    {
        if (name.StartsWith("count/", StringComparison.Ordinal)) return One;
        if (resource == Claims && name == "requests.storage")
            return Amount(content.At("spec", "resources", "requests", "storage")) ?? None;
        if (resource != Pods) return One;
        if (content.Text("status", "phase") is "Succeeded" or "Failed") return None;
        return name == "pods" ? One : OfContainers(content, name);
    }

    /// <summary>The names of the containers of a pod that must say how much of a name they take, and do not.</summary>
    public static IEnumerable<string> ContainersWithout(string name, JsonObject pod) =>
        pod.Objects("spec", "containers").Concat(pod.Objects("spec", "initContainers"))
            .Where(container => Amount(container, name) is null)
            .Select(container => container.Text("name") ?? "")
            .Distinct().Order(StringComparer.Ordinal);

    /// <summary>Containers run beside each other, init containers one after the other before them.</summary>
    private static QuantityAmount? OfContainers(JsonObject pod, string name)
    {
        var sum = None;
        foreach (var container in pod.Objects("spec", "containers"))
        {
            if (Amount(container, name) is not { } amount) return null;
            sum += amount;
        }
        foreach (var container in pod.Objects("spec", "initContainers"))
        {
            if (Amount(container, name) is not { } amount) return null;
            if (amount.Billionths > sum.Billionths) sum = amount;
        }
        return sum;
    }

    /// <summary><c>cpu</c> is short for <c>requests.cpu</c>.</summary>
    private static QuantityAmount? Amount(JsonObject container, string name)
    {
        var (sort, what) = name.Split('.') is [var first, var second] ? (first, second) : ("requests", name);
        return Amount(container.At("resources", sort, what));
    }

    private static QuantityAmount? Amount(JsonNode? value) => value is null ? null : QuantityText.Parse(value.ToString());
}
