using System.Globalization;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Events;

/// <summary>What makes two occurrences the same event.</summary>
internal readonly record struct EventKey(EventSubject Subject, EventSeverity Severity, string Reason, string Message);

/// <summary>One event on the API server, and how often it happened.</summary>
internal sealed class EventSeries(EventKey key, string name, DateTimeOffset first)
{
    /// <summary>Events are for people; the newer API refuses longer ones.</summary>
    private const int MaxMessageLength = 1024;

    private const int MaxNameLength = 200;

    /// <summary>The name of the event object.</summary>
    public NamespacedName Name { get; } = new(key.Subject.EventNamespace, name);

    public EventSubject Subject => key.Subject;

    public DateTimeOffset First { get; } = first;

    public DateTimeOffset Last { get; private set; } = first;

    /// <summary>Occurrences, those that were not written yet included.</summary>
    public int Count { get; private set; } = 1;

    /// <summary>The API server has the event.</summary>
    public bool IsCreated { get; set; }

    /// <summary>A write of it waits.</summary>
    public bool IsQueued { get; set; }

    public void HappenedAgain(DateTimeOffset now) => (Count, Last) = (Count + 1, now);

    /// <summary>A name that no other event has.</summary>
    public static string NewName(EventSubject subject, DateTimeOffset now, long sequence)
    {
        var prefix = subject.Name.Name.Length <= MaxNameLength ? subject.Name.Name : subject.Name.Name[..MaxNameLength].TrimEnd('-', '.');
        return string.Create(CultureInfo.InvariantCulture, $"{prefix}.{now.UtcTicks:x}{sequence:x4}");
    }

    /// <summary>The event (core/v1) as it is created.</summary>
    /// <param name="instance">Which agent says it.</param>
    /// <param name="found">Its subject's uid, where that was looked up.</param>
    public JsonObject ToJson(string instance, string? found = null)
    {
        var (subject, severity, reason, message) = key;
        var involved = new JsonObject
        {
            ["apiVersion"] = subject.Kind.ApiVersion,
            ["kind"] = subject.Kind.Kind,
            ["name"] = subject.Name.Name,
        };
        if (subject.Name.Namespace.Length > 0) involved["namespace"] = subject.Name.Namespace;
        if ((subject.Uid ?? found) is { } uid) involved["uid"] = uid;
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = Name.Name, ["namespace"] = Name.Namespace },
            ["involvedObject"] = involved,
            ["type"] = severity.ToString(),
            ["reason"] = reason,
            ["message"] = message.Length <= MaxMessageLength ? message : message[..(MaxMessageLength - 1)] + "…",
            ["count"] = Count,
            ["firstTimestamp"] = Text(First),
            ["lastTimestamp"] = Text(Last),
            ["source"] = new JsonObject { ["component"] = WellKnownNames.Agent },
            ["reportingComponent"] = WellKnownNames.Agent,
            ["reportingInstance"] = instance,
        };
    }

    /// <summary>What a repetition changes, as a merge patch.</summary>
    public JsonObject ToPatch() => new() { ["count"] = Count, ["lastTimestamp"] = Text(Last) };

    // metav1.Time has no fractions of a second.
    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
