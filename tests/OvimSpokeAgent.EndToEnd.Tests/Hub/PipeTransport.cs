using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>
/// Connects clients and a Kestrel of this process through memory instead of sockets: bytes on their way are work for the
/// thread pool, and nowhere else, so that it can be told when there are none.
/// </summary>
internal sealed class PipeTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly Channel<ConnectionContext> _connections = Channel.CreateUnbounded<ConnectionContext>();

    /// <summary>What Kestrel is to listen on.</summary>
    public EndPoint EndPoint { get; } = new PipeEndPoint();

    public bool CanBind(EndPoint endpoint) => endpoint == EndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(this));

    /// <summary>A client that reaches the server, whatever the host in the URL.</summary>
    public HttpMessageHandler NewClient() => new SocketsHttpHandler
    {
        ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(Connect()),
    };

    private PipeStream Connect()
    {
        var connection = new PipeConnection();
        _connections.Writer.TryWrite(connection);
        return new PipeStream(connection);
    }

    /// <summary>The server's end.</summary>
    private sealed class PipeConnection : ConnectionContext, IDuplexPipe
    {
        private readonly CancellationTokenSource _closed = new();

        public PipeConnection()
        {
            (Transport, ConnectionClosed) = (this, _closed.Token);
            Features.Set<IMemoryPoolFeature>(new Blocks());
        }

        public Pipe ToServer { get; } = new();

        public Pipe ToClient { get; } = new();

        public override string ConnectionId { get; set; } = Guid.NewGuid().ToString("N");

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

        public override IDuplexPipe Transport { get; set; }

        public override CancellationToken ConnectionClosed { get; set; }

        public PipeReader Input => ToServer.Reader;

        public PipeWriter Output => ToClient.Writer;

        /// <summary>The client hung up.</summary>
        public void Close()
        {
            ToServer.Writer.Complete();
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
        }

        public override void Abort(ConnectionAbortedException abortReason) => Close();

        public override ValueTask DisposeAsync()
        {
            ToServer.Reader.Complete();
            ToClient.Writer.Complete();
            return base.DisposeAsync();
        }
    }

    // Kestrel relies on blocks where it asks for nothing in particular.
    private sealed class Blocks : MemoryPool<byte>, IMemoryPoolFeature
    {
        private const int Size = 4096;

        public MemoryPool<byte> MemoryPool => this;

        public override int MaxBufferSize => Shared.MaxBufferSize;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(Math.Max(minBufferSize, Size));

        protected override void Dispose(bool disposing)
        {
            // It owns nothing.
        }
    }

    private sealed class PipeEndPoint : EndPoint
    {
        public override string ToString() => "pipe";
    }

    private sealed class Listener(PipeTransport transport) : IConnectionListener
    {
        public EndPoint EndPoint => transport.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken)
        {
            return await transport._connections.Reader.WaitToReadAsync(cancellationToken)
                && transport._connections.Reader.TryRead(out var connection) ? connection : null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken)
        {
            transport._connections.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync(default);
    }

    /// <summary>The client's end. Disposed of, it tells the server and who still reads.</summary>
    private sealed class PipeStream(PipeConnection connection) : Stream
    {
        private readonly Stream _input = connection.ToClient.Reader.AsStream(leaveOpen: true);
        private readonly Stream _output = connection.ToServer.Writer.AsStream(leaveOpen: true);

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            _output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => _output.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            connection.Close();
            connection.ToClient.Reader.CancelPendingRead();
            base.Dispose(disposing);
        }
    }
}

/// <summary>Sends requests by another client than the one it belongs to.</summary>
internal sealed class DetourHandler(HttpMessageHandler other) : DelegatingHandler
{
    private readonly HttpMessageInvoker _other = new(other);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _other.SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _other.Dispose();
        base.Dispose(disposing);
    }
}
