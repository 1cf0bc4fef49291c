using System.Diagnostics;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>A write to the API server that was done.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Path">Path and query.</param>
/// <param name="ContentType">The type of its body.</param>
/// <param name="Body">Its body.</param>
/// <param name="AnsweredAt">When the answer came; a timestamp of <see cref="Stopwatch"/>.</param>
internal sealed record RecordedWrite(HttpMethod Method, string Path, string? ContentType, byte[] Body, long AnsweredAt)
{
    /// <summary>The plural of what is written.</summary>
    public string Resource => Path.Split('?')[0].Split('/')[Method == HttpMethod.Post ? ^1 : ^2];
}

/// <summary>Writes in the order of their answers.</summary>
/// <param name="Writes">The writes.</param>
/// <param name="MaxAtOnce">How many were under way at once at most.</param>
internal sealed record Recording(IReadOnlyList<RecordedWrite> Writes, int MaxAtOnce);

/// <summary>Notes the writes on their way to the API server.</summary>
internal sealed class WriteRecorder
{
    private readonly Lock _lock = new();
    private List<RecordedWrite> _writes = [];
    private int _underWay;
    private int _mostAtOnce;

    /// <summary>What was noted since the last time.</summary>
    public Recording Take()
    {
        lock (_lock)
        {
            var recording = new Recording(_writes, _mostAtOnce);
            (_writes, _mostAtOnce) = ([], _underWay);
            return recording;
        }
    }

    /// <summary>Makes a handler that requests to the API server pass through.</summary>
    public DelegatingHandler CreateHandler() => new Handler(this);

    private void Begins()
    {
        lock (_lock) _mostAtOnce = Math.Max(_mostAtOnce, ++_underWay);
    }

    private void Ends(RecordedWrite? done)
    {
        lock (_lock)
        {
            _underWay--;
            if (done is not null) _writes.Add(done);
        }
    }

    private sealed class Handler(WriteRecorder recorder) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Get) return await base.SendAsync(request, cancellationToken);
            var body = request.Content is { } content ? await content.ReadAsByteArrayAsync(cancellationToken) : [];
            RecordedWrite? done = null;
            recorder.Begins();
            try
            {
                var response = await base.SendAsync(request, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    done = new RecordedWrite(
                        request.Method,
                        request.RequestUri!.PathAndQuery,
                        request.Content?.Headers.ContentType?.MediaType,
                        body,
                        Stopwatch.GetTimestamp());
                }
                return response;
            }
            finally
            {
                recorder.Ends(done);
            }
        }
    }
}
