using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>A condition as the controllers want it.</summary>
internal sealed record Condition(string Type, bool Status, string? Reason = null, string? Message = null);

/// <summary>The conditions in a status.</summary>
internal static class Conditions
{
    public static JsonObject? Find(JsonNode? status, string type) =>
        status.Objects("conditions").FirstOrDefault(condition => condition.Text("type") == type);

    public static bool Has(JsonNode? status, string type, bool value, string? reason = null) =>
        Find(status, type) is { } condition
        && condition.Text("status") == StatusText(value)
        && (reason is null || condition.Text("reason") == reason);

    /// <summary>Sets a condition; the time of its last transition moves only if its status does.</summary>
    public static void Set(JsonObject status, Condition wanted, DateTimeOffset now)
    {
        var known = Find(status, wanted.Type);
        if (known.Text("status") == StatusText(wanted.Status)
            && known.Text("reason") == wanted.Reason && known.Text("message") == wanted.Message)
        {
            return;
        }
        var condition = new JsonObject
        {
            ["type"] = wanted.Type,
            ["status"] = StatusText(wanted.Status),
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = known.Text("status") == StatusText(wanted.Status)
                ? known!.Text("lastTransitionTime") ?? now.ToApiTime()
                : now.ToApiTime(),
        };
        if (wanted.Reason is not null) condition["reason"] = wanted.Reason;
        if (wanted.Message is not null) condition["message"] = wanted.Message;
        Put(status, condition);
    }

    /// <summary>Puts a whole condition in the place of the one of its type.</summary>
    public static void Put(JsonObject status, JsonObject condition)
    {
        if (status["conditions"] is not JsonArray list) status["conditions"] = list = [];
        if (Find(status, condition.Text("type")!) is { } known) list[list.IndexOf(known)] = condition;
        else list.Add((JsonNode)condition);
    }

    public static void Remove(JsonObject status, string type)
    {
        if (Find(status, type) is { } known) status["conditions"]!.AsArray().Remove(known);
    }

    private static string StatusText(bool value) => value ? "True" : "False";
}
