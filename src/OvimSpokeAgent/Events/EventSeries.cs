using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Events;

/// <summary>What makes two occurrences the same event.</summary>
internal readonly record struct EventKey(EventSubject Subject, EventSeverity Severity, string Reason, string Action, string Message);

/// <summary>
/// One event on the API server, and how often it happened: an object of <c>events.k8s.io/v1</c>, whose limits are those of Kubernetes'
/// validation (pkg/apis/core/validation/events.go). The API server gives it as an event of the core group, too, which
/// <c>kubectl describe</c> reads.
/// </summary>
internal sealed class EventSeries(EventKey key, string name, DateTimeOffset first)
{
    private const int MaxNoteBytes = 1024;
    private const int MaxWordBytes = 128; // of action, reason and reportingInstance each
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

    /// <summary>The event as it is created.</summary>
    /// <param name="instance">Which agent says it.</param>
    /// <param name="found">Its subject's uid, where that was looked up.</param>
    public JsonObject ToJson(string instance, string? found = null)
    {
        var (subject, severity, reason, action, message) = key;
        var regarding = new JsonObject
        {
            ["apiVersion"] = subject.Kind.ApiVersion,
            ["kind"] = subject.Kind.Kind,
            ["name"] = subject.Name.Name,
            ["namespace"] = Name.Namespace, // of what is cluster-scoped, too: without it API servers take such events in different places
        };
        if ((subject.Uid ?? found) is { } uid) regarding["uid"] = uid;
        var body = new JsonObject
        {
            ["apiVersion"] = KubernetesKinds.Event.ApiVersion,
            ["kind"] = KubernetesKinds.Event.Kind,
            ["metadata"] = new JsonObject { ["name"] = Name.Name, ["namespace"] = Name.Namespace },
            ["eventTime"] = Text(First),
            ["regarding"] = regarding,
            ["type"] = severity.ToString(),
            ["reason"] = Cut(reason, MaxWordBytes),
            ["action"] = Cut(action, MaxWordBytes),
            ["note"] = Cut(message, MaxNoteBytes),
            ["reportingController"] = WellKnownNames.Agent,
            ["reportingInstance"] = Cut(instance, MaxWordBytes),
        };
        if (Count > 1) body["series"] = Series();
        return body;
    }

    /// <summary>What a repetition changes, as a merge patch.</summary>
    public JsonObject ToPatch() => new() { ["series"] = Series() };

    // The first occurrence is counted in.
    private JsonObject Series() => new() { ["count"] = Count, ["lastObservedTime"] = Text(Last) };

    // Whole characters of a text that is too long, and a sign that it was.
    private static string Cut(string text, int maxBytes)
    {
        const string More = "…";
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes) return text;
        var (length, bytes) = (0, Encoding.UTF8.GetByteCount(More));
        foreach (var rune in text.EnumerateRunes())
        {
            if ((bytes += rune.Utf8SequenceLength) > maxBytes) break;
            length += rune.Utf16SequenceLength;
        }
        return text[..length] + More;
    }

    // metav1.MicroTime.
    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
