using System.Collections.Frozen;
using OvimSpokeAgent.Configuration;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace OvimSpokeAgent.Logging;

/// <summary>Tells the hub, in the next report's <c>errors</c>, what the agent itself logs as a warning or worse.</summary>
internal sealed class WarningSink(ReportErrors errors) : ILogEventSink
{
    private const string AgentCategories = "OvimSpokeAgent.";

    /// <summary>
    /// Events that are not told: about the way to the hub (a report that was not taken must not fill the next one), and those of
    /// which it learns in another way: from a result, as a component of the agent's health, from a line of their own.
    /// </summary>
    public static readonly FrozenSet<int> NotTold =
    [
        1104, // the last report
        2002, 2007, 2010, // results that say so
        1001, 1011, 2201, 3203, 5002, 5101, 7001, 8203, // components: loops, objects, journal, credentials, caches, permissions (7001: of events), cluster-metrics
        2004, 2101, 2104, 3011, // lines of their own
        2102, 3004, 3005, 3030, 3031, 6010, // the way to the hub
    ];

    // Texts as they are, without quotes around each value.
    private static readonly MessageTemplateTextFormatter Message = new("{Message:lj}", System.Globalization.CultureInfo.InvariantCulture);

    public void Emit(LogEvent logEvent)
    {
        if (logEvent.Level < LogEventLevel.Warning || !IsAgents(logEvent)) return;
        var id = EventIdOf(logEvent);
        if (id is { } known && NotTold.Contains(known)) return;
        using var text = new StringWriter();
        Message.Format(logEvent, text);
        // The exception's message may quote what others wrote.
        if (logEvent.Exception is { } exception) text.Write($" ({exception.GetType().Name})");
        errors.Add($"log {id}", text.ToString());
    }

    private static bool IsAgents(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue(Constants.SourceContextPropertyName, out var source)
        && source is ScalarValue { Value: string category }
        && category.StartsWith(AgentCategories, StringComparison.Ordinal)
        && category != LogSettings.AuditCategory;

    private static int? EventIdOf(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue("EventId", out var value) && value is StructureValue { Properties: var parts }
        && parts.FirstOrDefault(part => part.Name == "Id")?.Value is ScalarValue { Value: int id }
            ? id
            : null;
}
