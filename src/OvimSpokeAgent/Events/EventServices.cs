using System.Text.Json.Serialization;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Events;

internal static class EventServices
{
    /// <summary>The recorder of Kubernetes events.</summary>
    public static IServiceCollection AddEvents(this IServiceCollection services) => services.AddLoop<EventRecorder>();
}

[JsonSerializable(typeof(RecordedEvent))]
internal sealed partial class EventJson : JsonSerializerContext;
