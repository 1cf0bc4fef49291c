namespace OvimSpokeAgent.Tests.Cluster;

/// <summary>A stream of which only reading counts.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>A stream that hands out one chunk a read.</summary>
internal sealed class Chunks(IReadOnlyList<byte[]> chunks) : ReadOnlyStream
{
    private readonly Queue<byte[]> _chunks = new(chunks.Where(chunk => chunk.Length > 0));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_chunks.TryPeek(out var chunk)) return ValueTask.FromResult(0);
        var length = Math.Min(chunk.Length, buffer.Length);
        chunk.AsMemory(0, length).CopyTo(buffer);
        _chunks.Dequeue();
        if (length < chunk.Length)
        {
            var rest = _chunks.ToArray();
            _chunks.Clear();
            _chunks.Enqueue(chunk[length..]);
            foreach (var other in rest) _chunks.Enqueue(other);
        }
        return ValueTask.FromResult(length);
    }
}

/// <summary>Begins like an event and never ends.</summary>
internal sealed class Endless(byte[] begin) : ReadOnlyStream
{
    public long Sent { get; private set; }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        buffer.Span.Fill((byte)'x');
        if (Sent == 0) begin.CopyTo(buffer);
        Sent += buffer.Length;
        return ValueTask.FromResult(buffer.Length);
    }
}
