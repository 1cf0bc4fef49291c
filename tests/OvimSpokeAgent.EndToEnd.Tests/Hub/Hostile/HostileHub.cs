using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub.Hostile;

/// <summary>A result as it reached the hub.</summary>
internal sealed record HostileResult(string Id, string Body);

/// <summary>
/// A hub that gives odd answers to everything, and honest ones as often as an agent needs to go on. What it handed out whole,
/// and what came back, it remembers.
/// </summary>
internal sealed class HostileHub : IAsyncDisposable
{
    // In a row: an agent counts a hub that takes three reports not as gone, and asks one that fails polls less often.
    private const int MostForReports = 2;
    private const int MostForPolls = 3;

    // Less than the agent's: it counts from before the request.
    private static readonly TimeSpan PollLimit = TimeSpan.FromSeconds(8);

    private static readonly int[] ForGood = [400, 413, 422];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _seed;
    private readonly AnswerGenerator _toPolls;
    private readonly AnswerGenerator _toReports;
    private readonly AnswerGenerator _honestly;
    private readonly Lock _lock = new();
    private readonly AsyncSignal _changed = new();
    private readonly Dictionary<string, (AnswerGenerator Answers, int FaultsLeft)> _toResults = [];
    private readonly Dictionary<string, string> _came = [];
    private readonly List<HostileResult> _results = [];
    private readonly HashSet<string> _settled = [];
    private readonly SortedDictionary<string, int> _kinds = []; // of answers, by what was odd about them
    private readonly ConcurrentDictionary<Task, bool> _serving = new();
    private readonly Queue<(string Id, byte[] Operation)> _honest = new();
    private readonly Stopwatch _polled = new();
    private readonly Task _accepting;
    private int _hostileReports;
    private int _hostilePolls;
    private HostileAnswer? _lastToPoll;

    /// <param name="seed">What its answers come from.</param>
    public HostileHub(int seed)
    {
        _seed = seed;
        (_toPolls, _toReports, _honestly) = (new(seed, "polls"), new(seed, "reports"), new(seed, "honest"));
        _listener.Start();
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>From now on it is a hub as it should be.</summary>
    public bool IsHonest { get; set; }

    /// <summary>How many answers it gave.</summary>
    public int Given { get; private set; }

    /// <summary>Answers to polls with which the agent has to say that operations may be lost.</summary>
    public int Losses { get; private set; }

    /// <summary>Ids of the operations that arrived whole.</summary>
    public IReadOnlyCollection<string> HandedOut
    {
        get
        {
            lock (_lock) return [.. _came.Keys];
        }
    }

    /// <summary>All that came of results.</summary>
    public IReadOnlyList<HostileResult> Results
    {
        get
        {
            lock (_lock) return [.. _results];
        }
    }

    /// <summary>Hands out an operation with its next honest answer to a poll.</summary>
    public void Queue(string id, byte[] operation)
    {
        lock (_lock) _honest.Enqueue((id, operation));
    }

    /// <summary>Waits until a condition holds, which is looked at under the hub's lock after each of its answers.</summary>
    public async Task WaitForAsync(Func<string> what, Func<HostileHub, bool> condition, TimeSpan atMost)
    {
        using var patience = new CancellationTokenSource(atMost);
        while (true)
        {
            var changed = _changed.Next;
            lock (_lock)
            {
                if (condition(this)) return;
            }
            try
            {
                await changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"not within {atMost}: {what()}; {this}");
            }
        }
    }

    /// <summary>Asks the agent how often it said that operations may be lost; before each poll, so that it is known of which answer.</summary>
    public Func<Task<double>>? LossesTold { get; set; }

    /// <summary>What it said otherwise than the answer wants it to.</summary>
    public string? Misjudged { get; private set; }

    /// <summary>Those of ids for which there is no result yet, and with which answer each came.</summary>
    public string Unanswered(IEnumerable<string> ids)
    {
        lock (_lock) return string.Join(", ", ids.Where(id => !HasResultOf(id)).Select(id => $"{id} ({_came.GetValueOrDefault(id, "pushed")})"));
    }

    /// <summary>Whether the hub took a result for an id, or refused it for good.</summary>
    public bool HasResultOf(string id) => _settled.Contains(id);

    public override string ToString()
    {
        lock (_lock)
        {
            return $"{GeneratedRuns.SeedVariable}={_seed}: {Given} answers, {_came.Count} operations handed out, {Losses} losses; "
                + string.Join(", ", _kinds.Select(kind => $"{kind.Value} × {kind.Key}"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_serving.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var serving = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
                _serving[serving] = true;
                _ = serving.ContinueWith(done => _serving.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using (socket)
            {
                socket.NoDelay = true;
                await using var stream = new NetworkStream(socket, ownsSocket: false);
                var reader = new RawRequestReader(stream);
                while (await reader.ReadAsync(_stop.Token) is { } request)
                {
                    if (IsPoll(request)) await JudgeLastAsync();
                    var answer = AnswerTo(request);
                    await SendAsync(stream, answer);
                    _changed.Set();
                    if (answer.End is AnswerEnd.Keep) continue;
                    if (answer.End is AnswerEnd.Silence) await stream.ReadExactlyAsync(new byte[1], _stop.Token);
                    if (answer.End is AnswerEnd.Reset) socket.LingerState = new LingerOption(true, 0);
                    else socket.Shutdown(SocketShutdown.Send);
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The agent hung up.
        }
    }

    private async Task SendAsync(NetworkStream stream, HostileAnswer answer)
    {
        foreach (var piece in answer.Pieces)
        {
            await stream.WriteAsync(piece, _stop.Token);
            if (answer.Pieces.Count is > 1 and < 10) await Task.Delay(answer.Pause, _stop.Token);
        }
    }

    private static bool IsPoll(RawRequest request) => request.Path.Contains("/spoke/operations?", StringComparison.Ordinal);

    // The agent polls again when it is done with the answer before.
    private async Task JudgeLastAsync()
    {
        if (LossesTold is null) return;
        try
        {
            var told = await LossesTold();
            lock (_lock) Judge(told);
        }
        catch (HttpRequestException e)
        {
            lock (_lock) Misjudged ??= $"the agent does not say what was lost: {e.Message}";
        }
    }

    private void Judge(double told)
    {
        if (told == Losses) return;
        if (_polled.Elapsed < PollLimit)
        {
            Misjudged ??= $"{told} possible losses were told of, not {Losses}, after the answer {_lastToPoll}";
            return;
        }
        // On a machine that stands still the agent gives up an answer that was meant to arrive.
        Losses = (int)told;
        foreach (var id in _lastToPoll?.Operations ?? []) _came.Remove(id);
    }

    private HostileAnswer AnswerTo(RawRequest request)
    {
        lock (_lock)
        {
            Given++;
            var answer = request.Path switch
            {
                _ when IsPoll(request) => ToPoll(),
                var path when path.EndsWith("/result", StringComparison.Ordinal) => ToResult(path.Split('/')[^2], request.Body),
                _ => ToReport(),
            };
            _kinds[answer.What] = _kinds.GetValueOrDefault(answer.What) + 1;
            return answer;
        }
    }

    private HostileAnswer ToPoll()
    {
        var isHonest = IsHonest || _hostilePolls >= MostForPolls || _honest.Count > 0;
        var answer = isHonest ? _honestly.ToPollHonestly(_honest.TryDequeue(out var queued) ? queued : null) : _toPolls.ToPoll();
        _hostilePolls = answer.IsGood ? 0 : _hostilePolls + 1;
        foreach (var id in answer.Operations) _came[id] = answer.What;
        if (answer.IsLoss) Losses++;
        _lastToPoll = answer;
        _polled.Restart();
        return answer;
    }

    private HostileAnswer ToReport()
    {
        var answer = IsHonest || _hostileReports >= MostForReports ? _honestly.Taken() : _toReports.ToReport();
        _hostileReports = answer.IsGood ? 0 : _hostileReports + 1;
        return answer;
    }

    private HostileAnswer ToResult(string id, string body)
    {
        if (!_toResults.TryGetValue(id, out var its))
        {
            var answers = new AnswerGenerator(_seed, id);
            its = (answers, answers.Faults());
        }
        _toResults[id] = its with { FaultsLeft = its.FaultsLeft - 1 };
        var answer = IsHonest || its.FaultsLeft <= 0 ? its.Answers.Taken() : its.Answers.ToResult();
        var isForGood = int.TryParse(answer.What, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && ForGood.Contains(status);
        _results.Add(new HostileResult(id, body));
        if (answer.IsGood || isForGood) _settled.Add(id);
        return answer;
    }
}
