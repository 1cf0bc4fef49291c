using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// Bodies in Kubernetes' protobuf form, which <c>kubectl</c> sends since v1.32 where it knows the type: the bytes
/// <c>k8s\0</c>, then a <c>runtime.Unknown</c> with the kind and the object.
/// </summary>
internal static class ProtobufBody
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private static readonly byte[] Magic = "k8s\0"u8.ToArray();

    /// <summary>The object as JSON; null if its kind is not one that is sent this way.</summary>
    /// <exception cref="InvalidDataException">Not such a body.</exception>
    public static JsonObject? Parse(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic)) throw new InvalidDataException("the body does not start with k8s\\0");
        string kind = "", apiVersion = "";
        ReadOnlySpan<byte> raw = [];
        foreach (var field in new FieldReader(body[Magic.Length..]))
        {
            if (field.Number == 1)
            {
                foreach (var part in new FieldReader(field.Bytes))
                {
                    if (part.Number == 1) apiVersion = Encoding.UTF8.GetString(part.Bytes);
                    else if (part.Number == 2) kind = Encoding.UTF8.GetString(part.Bytes);
                }
            }
            else if (field.Number == 2)
            {
                raw = field.Bytes;
            }
        }
        if (!ProtobufMessages.ByKind.TryGetValue(kind, out var message)) return null;
        var content = Read(raw, message);
        content["kind"] = kind;
        content["apiVersion"] = apiVersion;
        return content;
    }

    private static JsonObject Read(ReadOnlySpan<byte> bytes, ProtobufMessage message)
    {
        var content = new JsonObject();
        foreach (var field in new FieldReader(bytes))
        {
            if (!message.Fields.TryGetValue(field.Number, out var known)) continue;
            switch (known.Form)
            {
                case ProtobufForm.Map:
                    var (key, value) = ReadEntry(field.Bytes, known);
                    content.MapAt(known.Name)[key] = value;
                    break;
                case ProtobufForm.List:
                    if (content[known.Name] is not JsonArray list) content[known.Name] = list = [];
                    list.Add(ReadValue(field, known));
                    break;
                default:
                    content[known.Name] = ReadValue(field, known);
                    break;
            }
        }
        // Go sends empty texts that JSON leaves out.
        foreach (var name in content.Where(pair => pair.Value.Text() is "").Select(pair => pair.Key).ToList()) content.Remove(name);
        return content;
    }

    private static (string Key, JsonNode? Value) ReadEntry(ReadOnlySpan<byte> bytes, ProtobufField known)
    {
        var (key, value) = ("", (JsonNode?)JsonValue.Create(""));
        foreach (var part in new FieldReader(bytes))
        {
            if (part.Number == 1) key = Encoding.UTF8.GetString(part.Bytes);
            else value = ReadValue(part, known);
        }
        return (key, value);
    }

    private static JsonNode? ReadValue(Field field, ProtobufField known) => known.Value switch
    {
        ProtobufValue.Message => Read(field.Bytes, known.Message!),
        ProtobufValue.Bytes => JsonValue.Create(Convert.ToBase64String(field.Bytes)),
        ProtobufValue.Flag => JsonValue.Create(field.Varint != 0),
        ProtobufValue.Number => JsonValue.Create((long)field.Varint),
        ProtobufValue.Quantity => Read(field.Bytes, ProtobufMessages.Quantity)["string"]?.DeepClone(),
        _ => JsonValue.Create(Encoding.UTF8.GetString(field.Bytes)),
    };

    /// <summary>A field as it is on the wire: a number (<see cref="Varint"/>) or bytes.</summary>
    private readonly ref struct Field(int number, ulong varint, ReadOnlySpan<byte> bytes)
    {
        public int Number { get; } = number;

        public ulong Varint { get; } = varint;

        public ReadOnlySpan<byte> Bytes { get; } = bytes;
    }

    /// <summary>The fields of a message, one after the other.</summary>
    private ref struct FieldReader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public Field Current { get; private set; }

        public readonly FieldReader GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.IsEmpty) return false;
            var tag = ReadVarint();
            var number = (int)(tag >> 3);
            Current = (tag & 7) switch
            {
                0 => new(number, ReadVarint(), []),
                1 => new(number, BinaryPrimitives.ReadUInt64LittleEndian(Take(8)), []),
                2 => new(number, 0, Take(ReadVarint())),
                5 => new(number, BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), []),
                _ => throw new InvalidDataException($"wire type {tag & 7} is unknown"),
            };
            return true;
        }

        private ReadOnlySpan<byte> Take(ulong count)
        {
            if (count > (ulong)_rest.Length) throw new InvalidDataException("the message ends in the middle of a field");
            var taken = _rest[..(int)count];
            _rest = _rest[(int)count..];
            return taken;
        }

        private ulong ReadVarint()
        {
            var value = 0UL;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var next = Take(1)[0];
                value |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80) return value;
            }
            throw new InvalidDataException("a number has more than 64 bits");
        }
    }
}
