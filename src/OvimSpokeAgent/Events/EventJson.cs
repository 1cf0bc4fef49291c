using System.Text.Json.Serialization;

namespace OvimSpokeAgent.Events;

[JsonSerializable(typeof(RecordedEvent))]
internal sealed partial class EventJson : JsonSerializerContext;
