using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OvimSpokeAgent.Cluster;

/// <summary>Reads a list's JSON while it arrives and hands on one object after the other: no more than one is in memory.</summary>
internal static class ListReader
{
    /// <summary>The longest object that is read, in bytes: far beyond what the API server's database takes.</summary>
    public const int MaxObjectBytes = 32 << 20;

    private const int BufferSize = 64 << 10;

    /// <summary>Reads to the end.</summary>
    /// <param name="body">The answer's body.</param>
    /// <param name="type">The objects'.</param>
    /// <param name="take">Takes each object.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="JsonException">
    /// The body is no list of objects with names, is not whole, or has an object over <see cref="MaxObjectBytes"/>.
    /// </exception>
    /// <exception cref="IOException">The stream broke.</exception>
    public static async Task<ListPage> ReadAsync<T>(
        Stream body, JsonTypeInfo<T> type, Action<ReadObject<T>> take, CancellationToken cancellationToken)
        where T : class, IKubernetesObject
    {
        var parser = new Parser<T>(type, take);
        var pipe = PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: BufferSize));
        try
        {
            while (true)
            {
                // What is left is part of one object: it is looked through again only when there is twice as much of it.
                var read = await pipe.ReadAtLeastAsync(Math.Max(1, 2 * (int)parser.Left), cancellationToken);
                var consumed = parser.Parse(read.Buffer, read.IsCompleted);
                if (read.IsCompleted) return parser.Page;
                if (parser.Left > MaxObjectBytes) throw new JsonException($"an object is over {MaxObjectBytes >> 20} MiB");
                pipe.AdvanceTo(consumed, read.Buffer.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    private enum Place
    {
        Start,
        List,
        Items,
        End,
    }

    private sealed class Parser<T>(JsonTypeInfo<T> type, Action<ReadObject<T>> take)
        where T : class, IKubernetesObject
    {
        private JsonReaderState _state = new(ObjectJson.Options);
        private Place _place;
        private bool _hasItems;
        private string _resourceVersion = "";
        private string _next = "";

        /// <summary>How much of what was to be parsed is left for the next time, in bytes.</summary>
        public long Left { get; private set; }

        /// <summary>What the list says of itself.</summary>
        public ListPage Page
        {
            get
            {
                // Taken for an empty list, an answer of something in between would make all that is known disappear.
                Expect(_place is Place.End && _hasItems);
                return new ListPage(_resourceVersion, _next.Length == 0 ? null : _next);
            }
        }

        /// <summary>Parses what is whole, and tells to where.</summary>
        public SequencePosition Parse(ReadOnlySequence<byte> buffer, bool isFinal)
        {
            var reader = new Utf8JsonReader(buffer, isFinal, _state);
            while (true)
            {
                var before = reader;
                if (TryStep(ref reader)) continue;
                _state = before.CurrentState;
                Left = buffer.Length - before.BytesConsumed;
                return before.Position;
            }
        }

        private bool TryStep(ref Utf8JsonReader reader)
        {
            if (!reader.Read()) return false;
            switch (_place)
            {
                case Place.Start:
                    Expect(reader.TokenType is JsonTokenType.StartObject);
                    _place = Place.List;
                    return true;
                case Place.Items when reader.TokenType is JsonTokenType.EndArray:
                    _place = Place.List;
                    return true;
                case Place.Items:
                    return TryTakeItem(ref reader);
                case Place.List when reader.TokenType is JsonTokenType.EndObject:
                    _place = Place.End;
                    return true;
                default:
                    return TryTakeProperty(ref reader);
            }
        }

        private bool TryTakeItem(ref Utf8JsonReader reader)
        {
            var item = reader;
            if (!reader.TrySkip()) return false;
            take(ObjectJson.Read(item, type));
            return true;
        }

        private bool TryTakeProperty(ref Utf8JsonReader reader)
        {
            var (isItems, isMetadata) = (reader.ValueTextEquals("items"u8), reader.ValueTextEquals("metadata"u8));
            if (!reader.Read()) return false;
            if (isItems && reader.TokenType is not JsonTokenType.Null)
            {
                Expect(reader.TokenType is JsonTokenType.StartArray);
                _place = Place.Items;
            }
            _hasItems |= isItems;
            if (isItems) return true;
            var value = reader;
            if (!reader.TrySkip()) return false;
            if (isMetadata) ReadMetadata(value);
            return true;
        }

        private void ReadMetadata(Utf8JsonReader reader)
        {
            Expect(reader.TokenType is JsonTokenType.StartObject);
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                var (isVersion, isNext) = (reader.ValueTextEquals("resourceVersion"u8), reader.ValueTextEquals("continue"u8));
                reader.Read();
                if (isVersion) _resourceVersion = ReadString(reader);
                else if (isNext) _next = ReadString(reader);
                else reader.TrySkip();
            }
        }

        private static string ReadString(Utf8JsonReader reader)
        {
            Expect(reader.TokenType is JsonTokenType.String or JsonTokenType.Null);
            return reader.GetString() ?? "";
        }

        private static void Expect(bool condition)
        {
            if (!condition) throw new JsonException("not a list");
        }
    }
}
