using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Operations;

/// <summary>A part of an answer: as many operations as are stored together.</summary>
/// <param name="most">How many that are at most.</param>
internal sealed class AnswerPart(int most)
{
    private const int MaxBytes = 512 << 10;

    private readonly List<int> _offsets = [];
    private byte[] _content = [(byte)'['];
    private int _length = 1;

    public int Count => _offsets.Count;

    /// <summary>The operations that are to be seen to, in the hub's order.</summary>
    public List<Entry> Entries { get; } = [];

    /// <summary>Whether one more fits; the first always does.</summary>
    public bool HasRoomFor(int bytes) => Count == 0 || (Count < most && _length + bytes + 1 <= MaxBytes);

    public void Add(ReadOnlySpan<byte> operation)
    {
        var needed = _length + operation.Length + 1;
        if (needed > _content.Length) Array.Resize(ref _content, Math.Max(needed, Math.Min(Math.Max(4 << 10, 2 * _content.Length), MaxBytes)));
        _offsets.Add(_length);
        operation.CopyTo(_content.AsSpan(_length));
        _length += operation.Length;
        _content[_length++] = (byte)',';
    }

    public ReadOnlyMemory<byte> TextOf(int index) =>
        _content.AsMemory(_offsets[index]..((index + 1 < Count ? _offsets[index + 1] : _length) - 1));

    /// <summary>The operations that are new as a JSON array, and where in it each begins.</summary>
    public (ReadOnlyMemory<byte> Content, int[] Offsets) Together()
    {
        if (Entries.Count == Count && Entries.TrueForAll(entry => entry.IsNew))
        {
            _content[_length - 1] = (byte)']';
            return (_content.AsMemory(0, _length), [.. _offsets]);
        }
        var together = new AnswerPart(most);
        foreach (var entry in Entries.Where(entry => entry.IsNew)) together.Add(TextOf(entry.Index).Span);
        together._content[together._length - 1] = (byte)']';
        return (together._content.AsMemory(0, together._length), [.. together._offsets]);
    }

    /// <summary>All of it is stored: its text is not needed any more.</summary>
    public void Release() => _content = [];

    /// <summary>An operation of the part.</summary>
    internal sealed class Entry(int index, ReceivedOperation arrived)
    {
        public int Index => index;

        public ReceivedOperation Arrived => arrived;

        public NamespacedName? Target => arrived.Target;

        /// <summary>Whether it is to be stored; else it is a repeat.</summary>
        public bool IsNew { get; init; } = true;

        /// <summary>What came of storing it together with others, or is known of it from before; null: nothing is left to be done.</summary>
        public Reception? Ready { get; set; }

        /// <summary>What comes of storing it alone.</summary>
        public Task<Reception?>? Alone { get; set; }
    }
}
