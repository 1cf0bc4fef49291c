using System.Net;
using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Leadership;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// Asks the hub for its templates while this agent leads, every <c>OVIM_TEMPLATE_SYNC_INTERVAL</c> ± 20 %, sooner where that failed.
/// An answer without templates removes none: a hub that restarted has lost them. One that has no such endpoint is left alone until it
/// was away, another agent led, or a few hours have passed.
/// </summary>
internal sealed partial class TemplatePull : ILoop
{
    private const double Spread = 0.2;

    // A hub that came back is not asked by all agents at once.
    private static readonly TimeSpan LongestFirstWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WaitWhileNotOffered = TimeSpan.FromHours(6);

    private readonly HubClient _hub;
    private readonly HubConnection _connection;
    private readonly TemplateCache _cache;
    private readonly ILeadership _leadership;
    private readonly TimeProvider _time;
    private readonly Jitter _jitter;
    private readonly ILogger<TemplatePull> _logger;
    private readonly TimeSpan _interval;
    private readonly Backoff _afterFailure;
    private readonly LogThrottle _throttle;
    private readonly AsyncSignal _hubChanged = new();
    private readonly AsyncSignal _wanted = new();

    private volatile string? _problem;
    private volatile IReadOnlyList<TemplateProblem> _rejected = [];
    private volatile int _rejectedCount;
    private volatile bool _isNotOffered;
    private volatile bool _takesAll;
    private (string ETag, TemplateSet Templates)? _known;
    private int _failures;

    public TemplatePull(
        HubClient hub,
        HubConnection connection,
        TemplateCache cache,
        ILeadership leadership,
        AgentSettings settings,
        TimeProvider time,
        Jitter jitter,
        ILogger<TemplatePull> logger)
    {
        (_hub, _connection, _cache, _leadership, _time, _jitter, _logger) = (hub, connection, cache, leadership, time, jitter, logger);
        _interval = settings.Templates.SyncInterval;
        _afterFailure = new Backoff(TimeSpans.Min(_interval, LongestFirstWait), _interval, jitter);
        _throttle = new LogThrottle(time);
        connection.Changed += link =>
        {
            // Another version of it may come back.
            if (link.IsRegistered || !_isNotOffered) return;
            _isNotOffered = false;
            _hubChanged.Set();
        };
    }

    public string Name => "template pull";

    /// <summary>Why the hub's templates cannot be taken, or those it gives are none; null: they can.</summary>
    public string? Problem => _problem;

    /// <summary>Those of the hub's last answer that were rejected.</summary>
    public IReadOnlyList<TemplateProblem> Rejected => _rejected;

    /// <summary>How many of the hub's last answer were rejected.</summary>
    public int RejectedCount => _rejectedCount;

    /// <summary>Asks the hub soon, for all of its templates: whether they are those that are known does not count.</summary>
    public void PullAnew()
    {
        _takesAll = true;
        _wanted.Set();
    }

    public Task RunAsync(CancellationToken cancellationToken) => _leadership.WhileLeadingAsync(PullAsync, cancellationToken);

    private async Task PullAsync(CancellationToken cancellationToken)
    {
        (_isNotOffered, _failures, _known, _problem, _rejected, _rejectedCount) = (false, 0, null, null, [], 0);
        await _connection.WaitUntilOperationsMayBeTakenAsync(cancellationToken);
        await Task.Delay(TimeSpans.Min(_interval, LongestFirstWait) * _jitter(), _time, cancellationToken);
        while (true)
        {
            await _connection.WaitUntilOperationsMayBeTakenAsync(cancellationToken);
            var wanted = _wanted.Next;
            if (_takesAll) (_takesAll, _known) = (false, null);
            _problem = await TryPullAsync(cancellationToken);
            Log();
            if (_isNotOffered) await WaitUntilOfferedAsync(wanted, cancellationToken);
            else await WaitAsync(NextWait(), wanted, cancellationToken);
        }
    }

    private TimeSpan NextWait() => _problem is null
        ? _jitter.Around(_interval, Spread)
        : _afterFailure.After(_failures++);

    private async Task WaitUntilOfferedAsync(Task wanted, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changed = _hubChanged.WaitUntilAsync(() => !_isNotOffered, waiting.Token);
        await Task.WhenAny(changed, wanted, Task.Delay(WaitWhileNotOffered, _time, waiting.Token));
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        _isNotOffered = false;
    }

    private async Task WaitAsync(TimeSpan most, Task wanted, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(wanted, Task.Delay(most, _time, waiting.Token));
        waiting.Cancel();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Asks once; null, or why the templates are as they were all the same.</summary>
    private async Task<string?> TryPullAsync(CancellationToken cancellationToken)
    {
        using var turn = LoopTurn.Begin();
        try
        {
            var templates = await _cache.GetAsync(cancellationToken);
            var answer = await _hub.GetTemplatesAsync(ETagOf(templates), cancellationToken);
            return answer.Body is { } body ? await TakeAsync(body, answer.ETag, cancellationToken) : null;
        }
        catch (HubException e) when (e.Status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented)
        {
            _isNotOffered = true;
            return null;
        }
        catch (HubException e)
        {
            return e.Message;
        }
        catch (KubernetesApiException e)
        {
            return $"the cluster does not store or give templates: {e.Message}";
        }
    }

    // Only where those are what the hub's last answer came to: an operation may have brought others since.
    private string? ETagOf(TemplateSet templates) =>
        _known is { } known && ReferenceEquals(known.Templates, templates) && _cache.Lost.Count == 0 ? known.ETag : null;

    private async Task<string?> TakeAsync(ReadOnlyMemory<byte> body, string? etag, CancellationToken cancellationToken)
    {
        using var document = TryParse(body, out var problem);
        if (document is null) return problem;
        if (document.RootElement.ValueKind is not JsonValueKind.Object
            || !JsonText.TryGetProperty(document.RootElement, "templates", out var list) || list.ValueKind is not JsonValueKind.Array)
        {
            return "the hub's answer has no array \"templates\": nothing is changed by it";
        }
        if (list.GetArrayLength() == 0) return null;
        if (list.GetArrayLength() is > TemplateList.MaxListed and var length)
            return $"the hub's answer has {length} templates, expected at most {TemplateList.MaxListed}: nothing is changed by it";
        var read = await _cache.ReplaceAsync(list, what => what.Accepted > 0, _ => Task.CompletedTask, cancellationToken);
        _rejectedCount = read.Rejected.Count;
        _rejected = [.. read.Rejected.Take(RejectedTemplates.MaxKept)];
        if (read.Accepted == 0) return $"none of the hub's {read.Rejected.Count} templates is one, those from before stay: {RejectedTemplates.Some(read.Rejected)}";
        _known = etag is null ? null : (etag, await _cache.GetAsync(cancellationToken));
        return null;
    }

    private static JsonDocument? TryParse(ReadOnlyMemory<byte> body, out string? problem)
    {
        problem = null;
        try
        {
            if (body.Span.StartsWith(JsonText.ByteOrderMark)) body = body[JsonText.ByteOrderMark.Length..];
            return JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = PollAnswerReader.MaxDepth });
        }
        catch (JsonException e)
        {
            problem = $"the hub's answer is not the JSON it should be: {JsonText.Describe(e)}";
            return null;
        }
    }

    private void Log()
    {
        if (_problem is null)
        {
            _failures = 0;
            if (_throttle.Reset()) LogWorks();
        }
        else if (_throttle.IsDue)
        {
            LogFailed(_problem);
            _throttle.Logged();
        }
    }

    [LoggerMessage(6010, LogLevel.Warning, "The hub's templates cannot be taken: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(6011, LogLevel.Information, "The hub's templates can be taken again")]
    private partial void LogWorks();
}
