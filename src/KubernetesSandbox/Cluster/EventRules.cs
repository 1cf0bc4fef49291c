using System.Text;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>What a new event of <c>events.k8s.io</c> must have (Kubernetes' pkg/apis/core/validation/events.go). The core group's may have less.</summary>
internal static class EventRules
{
    private const int MaxNoteBytes = 1024;
    private const int MaxWordLength = 128;

    /// <summary>Checks a new event, in the words of the core group, in which it is stored.</summary>
    /// <exception cref="ApiException">422: it lacks something, or is about an object of another namespace.</exception>
    public static void Check(ResourceKind kind, JsonObject content)
    {
        var problems = Problems(content).ToList();
        if (problems.Count > 0) throw ApiErrors.Invalid(kind, content.Text("metadata", "name") ?? "", problems);
    }

    private static IEnumerable<InvalidField> Problems(JsonObject content)
    {
        var (ns, about) = (content.Text("metadata", "namespace") ?? "", content.Text("involvedObject", "namespace") ?? "");
        if (about != ns && !(about.Length == 0 && ns == "kube-system"))
            yield return InvalidField.Value("involvedObject.namespace", about, "does not match event.namespace");
        if (content.Text("eventTime") is not { Length: > 0 }) yield return InvalidField.Required("eventTime");
        if (content.Text("type") is not ("Normal" or "Warning"))
            yield return InvalidField.Value("type", content.Text("type") ?? "", "has invalid value");
        foreach (var (field, name) in ((string, string)[])
            [("reportingComponent", "reportingController"), ("reportingInstance", "reportingInstance"), ("action", "action"), ("reason", "reason")])
        {
            var word = content.Text(field) ?? "";
            if (word.Length == 0) yield return InvalidField.Required(name);
            if (word.Length > MaxWordLength) yield return InvalidField.Value(name, "", $"can have at most {MaxWordLength} characters");
        }
        if (Encoding.UTF8.GetByteCount(content.Text("message") ?? "") > MaxNoteBytes)
            yield return InvalidField.Value("message", "", $"can have at most {MaxNoteBytes} characters");
    }
}
