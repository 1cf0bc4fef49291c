using System.Collections;
using System.Collections.ObjectModel;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// Operations that were stored together, because they came together. One leaves its batch with its first step of its own:
/// from then on its record tells of it. Where there is no room for that, the batch holds its steps. The batch goes when all have
/// left. Not thread-safe.
/// </summary>
/// <param name="name">The name of its Secret.</param>
/// <param name="sequence">The place of the first in the order of arrival; the others follow.</param>
/// <param name="receivedAt">When they arrived.</param>
/// <param name="offsets">Where in the content each begins.</param>
/// <param name="contentBytes">Length of the content.</param>
/// <param name="left">Those of which the store knows that they have left.</param>
internal sealed class OperationBatch(
    string name, long sequence, DateTimeOffset receivedAt, int[] offsets, int contentBytes, BitArray left)
{
    // What a Secret costs the API server's database beside its content, roughly; and a name for each operation.
    private const int Overhead = 1 << 10;

    private BitArray _stored = new(left);

    public string Name { get; } = name;

    public long Sequence { get; } = sequence;

    public DateTimeOffset ReceivedAt { get; } = receivedAt;

    public int Count => offsets.Length;

    /// <summary>Bytes it takes in the store, roughly.</summary>
    public long Size { get; } = Overhead + contentBytes + (OperationIdentity.HashBytes * offsets.Length);

    /// <summary>Whether it was removed from the store.</summary>
    public bool IsGone { get; set; }

    /// <summary>Which have left, as it is to be stored.</summary>
    public BitArray Left { get; } = left;

    /// <summary>Those of which the store holds, or may hold, a step in the batch.</summary>
    public HashSet<int> Steps { get; } = [];

    public bool HaveAllLeft => Left.HasAllSet();

    /// <summary>Whether one has left of which the store does not know it.</summary>
    public bool IsDirty
    {
        get
        {
            for (var i = 0; i < Left.Length; i++)
            {
                if (Left[i] != _stored[i]) return true;
            }
            return false;
        }
    }

    /// <summary>Whether an operation's record can go without its being taken for one that is still to be done.</summary>
    public bool Releases(int index) => IsGone || _stored[index];

    /// <summary>The store knows of those that had left.</summary>
    public void Stored(BitArray known)
    {
        _stored = known;
        Steps.RemoveWhere(index => known[index]);
    }

    /// <summary>An operation's text in the content.</summary>
    public ReadOnlyMemory<byte> TextOf(int index, ReadOnlyMemory<byte> content) =>
        content[offsets[index]..(index + 1 < offsets.Length ? offsets[index + 1] - 1 : contentBytes - 1)];
}

/// <summary>An operation's place in a batch.</summary>
internal readonly record struct BatchPlace(OperationBatch Batch, int Index);

/// <summary>A batch as the store holds it.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Keys">The keys of its operations.</param>
/// <param name="Content">The operations: a JSON array.</param>
internal readonly record struct StoredBatch(OperationBatch Batch, IReadOnlyList<OperationKey> Keys, ReadOnlyMemory<byte> Content)
{
    /// <summary>The steps that it holds, with their results, by the operations' places.</summary>
    public IReadOnlyDictionary<int, StoredOperation> Steps { get; init; } = ReadOnlyDictionary<int, StoredOperation>.Empty;
}
