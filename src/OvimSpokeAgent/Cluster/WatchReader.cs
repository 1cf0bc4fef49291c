using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OvimSpokeAgent.Cluster;

/// <summary>Reads a watch's stream, one JSON object a line, straight into events.</summary>
internal static class WatchReader
{
    /// <summary>The longest event that is read, in bytes: far beyond what the API server's database takes.</summary>
    public const int MaxEventBytes = 32 << 20;

    private const int BufferSize = 16 << 10;

    /// <exception cref="KubernetesApiException">The stream carried an ERROR event.</exception>
    /// <exception cref="JsonException">A line is no event, or one about an object without a name.</exception>
    /// <exception cref="IOException">The stream broke, or an event is over <see cref="MaxEventBytes"/>.</exception>
    public static async IAsyncEnumerable<WatchEvent<T>> ReadAsync<T>(
        Stream stream, JsonTypeInfo<T> type, string request, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferSize));
        long searched = 0; // of the event that is not whole yet
        try
        {
            while (true)
            {
                var read = await pipe.ReadAsync(cancellationToken);
                var buffer = read.Buffer;
                while (buffer.Slice(searched).PositionOf((byte)'\n') is { } end)
                {
                    var line = buffer.Slice(0, end);
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                    searched = 0;
                    if (!line.IsEmpty) yield return Parse(line, type, request);
                }
                searched = buffer.Length;
                if (buffer.Length > MaxEventBytes)
                    throw new IOException($"{request}: an event is over {MaxEventBytes >> 20} MiB");
                pipe.AdvanceTo(buffer.Start, buffer.End);
                if (!read.IsCompleted) continue;
                if (!buffer.IsEmpty) throw new IOException($"{request}: the watch ended in the middle of an event");
                yield break;
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    private static WatchEvent<T> Parse<T>(ReadOnlySequence<byte> line, JsonTypeInfo<T> type, string request)
        where T : class, IKubernetesObject
    {
        string? eventType = null;
        Utf8JsonReader at = default;
        var reader = new Utf8JsonReader(line, ObjectJson.Options);
        reader.Read();
        // The server writes the type first, but the order of keys means nothing in JSON.
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isObject = reader.ValueTextEquals("object"u8);
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            if (isType) eventType = reader.TokenType is JsonTokenType.String ? reader.GetString() : null;
            else if (isObject) at = reader;
            reader.Skip();
        }
        reader.Read(); // fails where the line goes on
        if (at.TokenType is not JsonTokenType.StartObject) throw new JsonException("a watch event without an object");
        return eventType switch
        {
            "ADDED" => new(WatchEventType.Added, ObjectJson.Read(at, type)),
            "MODIFIED" => new(WatchEventType.Modified, ObjectJson.Read(at, type)),
            "DELETED" => new(WatchEventType.Deleted, ObjectJson.Read(at, type)),
            "BOOKMARK" => new(WatchEventType.Bookmark, ObjectJson.Read(at, type)),
            "ERROR" => throw JsonSerializer.Deserialize(ref at, ClusterJson.Default.StatusDocument)!.ToException(request),
            _ => throw new JsonException($"a watch event of type {Validation.JsonText.Show(eventType ?? "")}"),
        };
    }
}
