using System.Text.Json;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Hub;

/// <summary>Takes one complete operation; the span is valid only until the call returns.</summary>
internal delegate void OperationTaker(ReadOnlySpan<byte> operation);

/// <summary>
/// Reads a poll answer as it arrives, in every shape of the contract: an array, an object with <c>operations</c>, <c>null</c>,
/// nothing. Each operation is handed on as soon as it is whole; of the answer no more is held than the one that is not.
/// </summary>
internal sealed class PollAnswerReader(OperationTaker take)
{
    /// <summary>Deeper than any real payload: one deep operation must not cost those behind it.</summary>
    public const int MaxDepth = 512;

    /// <summary>More than any hub hands out at once; what exceeds it counts as lost.</summary>
    public const int MaxOperations = 200_000;

    private const int MinRoom = 16 << 10;

    private byte[] _buffer = new byte[2 * MinRoom];
    private int _end; // of what arrived
    private int _parsed; // up to here
    private int _operation = -1; // where the one begins that is not whole
    private int _parseAt = 1; // not before so much is there that is not parsed
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = MaxDepth });
    private Place _place = Place.Start;
    private int _depth; // of the operations
    private bool _isOperations; // the property whose value comes
    private bool _hasOperations;
    private string? _problem;

    private enum Place
    {
        Start,
        Operations,
        Operation,
        Wrapper,
        Value,
        Skipped,
        End,
    }

    /// <summary>Operations that were handed on so far.</summary>
    public int Count { get; private set; }

    /// <summary>The buffer for the next bytes of the answer.</summary>
    public Memory<byte> GetRoom()
    {
        if (_buffer.Length - _end < MinRoom) MakeRoom();
        return _buffer.AsMemory(_end);
    }

    /// <summary>Takes the bytes that arrived. False: the rest of the answer cannot be read.</summary>
    public bool Advance(int bytes)
    {
        _end += bytes;
        // A long text is looked at again only when there is much more of it.
        if (_end - _parsed >= _parseAt) Parse();
        return _problem is null;
    }

    /// <summary>Nothing more arrives.</summary>
    /// <param name="broken">Why the answer broke off; null: it is complete.</param>
    /// <returns>Why more may have been handed out than arrived; null: nothing was lost.</returns>
    public string? Complete(string? broken)
    {
        if (_problem is null) Parse(isAll: true);
        var rest = _buffer.AsSpan(_parsed, _end - _parsed).Trim(" \t\r\n"u8);
        if (broken is not null) return broken;
        if (_problem is not null) return _problem;
        return _place is Place.End || (_place is Place.Start && (rest.IsEmpty || rest.SequenceEqual("null"u8)))
            ? null
            : "the answer ends in the middle";
    }

    private void Parse(bool isAll = false)
    {
        if (_place is Place.Start && _parsed == 0 && !SkipByteOrderMark(isAll)) return;
        var reader = new Utf8JsonReader(_buffer.AsSpan(_parsed, _end - _parsed), isFinalBlock: false, _state);
        try
        {
            while (_problem is null && reader.Read()) Go(ref reader);
        }
        catch (JsonException e)
        {
            _problem = $"the answer is not the JSON it should be: {JsonText.Describe(e)}";
        }
        _state = reader.CurrentState;
        _parsed += (int)reader.BytesConsumed;
        _parseAt = Math.Max(1, _end - _parsed > MinRoom ? 2 * (_end - _parsed) : 0);
    }

    private bool SkipByteOrderMark(bool isAll)
    {
        var mark = JsonText.ByteOrderMark;
        var begin = _buffer.AsSpan(0, Math.Min(_end, mark.Length));
        if (begin.SequenceEqual(mark)) _parsed = mark.Length;
        return isAll || begin.Length == mark.Length || !mark.StartsWith(begin);
    }

    private void Go(ref Utf8JsonReader reader)
    {
        switch (_place)
        {
            case Place.Start:
                Begin(ref reader);
                break;
            case Place.Operations when reader.TokenType is JsonTokenType.EndArray:
                _place = _depth == 1 ? Place.End : Place.Wrapper;
                break;
            case Place.Operations:
                _operation = _parsed + (int)reader.TokenStartIndex;
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) _place = Place.Operation;
                else HandOn(ref reader);
                break;
            case Place.Operation when reader.CurrentDepth == _depth:
                HandOn(ref reader);
                _place = Place.Operations;
                break;
            case Place.Wrapper when reader.TokenType is JsonTokenType.EndObject:
                _place = _hasOperations ? Place.End : throw new JsonException("an object without \"operations\"");
                break;
            case Place.Wrapper:
                _isOperations = reader.ValueTextEquals("operations"u8);
                _place = Place.Value;
                break;
            case Place.Value:
                BeginValue(ref reader);
                break;
            case Place.Skipped when reader.CurrentDepth == 1:
                _place = Place.Wrapper;
                break;
        }
    }

    private void Begin(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                _place = Place.End;
                break;
            case JsonTokenType.StartArray:
                (_place, _depth) = (Place.Operations, 1);
                break;
            case JsonTokenType.StartObject:
                _place = Place.Wrapper;
                break;
            default:
                throw new JsonException($"expected an array of operations, got a {reader.TokenType}");
        }
    }

    private void BeginValue(ref Utf8JsonReader reader)
    {
        var isNested = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        if (!_isOperations)
        {
            _place = isNested ? Place.Skipped : Place.Wrapper;
            return;
        }
        if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.Null)) throw new JsonException("\"operations\" is not an array");
        _hasOperations = true;
        (_place, _depth) = (isNested ? Place.Operations : Place.Wrapper, 2);
    }

    private void HandOn(ref Utf8JsonReader reader)
    {
        if (Count == MaxOperations)
        {
            _problem = $"the answer has more than {MaxOperations} operations";
            return;
        }
        Count++;
        var operation = _buffer.AsSpan(_operation, _parsed + (int)reader.BytesConsumed - _operation);
        _operation = -1;
        take(JsonText.ToUtf8(operation));
    }

    private void MakeRoom()
    {
        var from = _operation >= 0 ? _operation : _parsed;
        var kept = _buffer.AsSpan(from, _end - from);
        var to = kept.Length + MinRoom > _buffer.Length ? new byte[2 * _buffer.Length] : _buffer;
        kept.CopyTo(to);
        _buffer = to;
        _end -= from;
        _parsed -= from;
        if (_operation >= 0) _operation = 0;
    }
}
