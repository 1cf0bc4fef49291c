using System.Net;
using System.Net.Http.Headers;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Tests.Simulation;

namespace OvimSpokeAgent.Tests.Operations.DeliverySimulation;

/// <summary>A result as the hub took it, or refused it for good.</summary>
internal sealed record SettledResult(string Id, string Body, TimeSpan At, bool IsTaken);

/// <summary>A time in which a result cannot be expected to be delivered.</summary>
internal readonly record struct Disturbance(TimeSpan From, TimeSpan To);

/// <summary>The hub's side: answers by the schedule, and remembers.</summary>
internal sealed class TroubledHub
{
    /// <summary>The longest way one way.</summary>
    public static readonly TimeSpan Travel = TimeSpan.FromMilliseconds(20);

    private readonly Simulator _simulator;
    private readonly DeliverySchedule _schedule;
    private readonly List<(TimeSpan At, int Left)> _bursts = [];

    public TroubledHub(Simulator simulator, DeliverySchedule schedule)
    {
        (_simulator, _schedule) = (simulator, schedule);
        foreach (var burst in schedule.Bursts) simulator.At(burst.At, () => _bursts.Add((simulator.Time.Elapsed, burst.Answers)));
        foreach (var trouble in schedule.Troubles) Disturbances.Add(new(trouble.From, trouble.To));
    }

    /// <summary>Results that it took or refused for good, in its order.</summary>
    public List<SettledResult> Settled { get; } = [];

    /// <summary>Attempts to deliver that reached it or would have, by id.</summary>
    public Dictionary<string, List<TimeSpan>> Attempts { get; } = [];

    /// <summary>When it was not well, or would not be asked.</summary>
    public List<Disturbance> Disturbances { get; } = [];

    /// <summary>A burst that has not come to its end, from its beginning on.</summary>
    public TimeSpan? OpenBurst => _bursts.Count > 0 ? _bursts[0].At : null;

    /// <summary>Carries a request there and its answer back; null: the connection broke. May never complete.</summary>
    public async Task<HttpResponseMessage?> AskAsync(HubEndpoint endpoint, string id, string body)
    {
        if (endpoint is HubEndpoint.Result)
        {
            if (!Attempts.TryGetValue(id, out var attempts)) Attempts[id] = attempts = [];
            attempts.Add(Now);
        }
        await TravelAsync();
        var answer = await AnswerAsync(endpoint, id, body);
        await TravelAsync();
        return answer;
    }

    private TimeSpan Now => _simulator.Time.Elapsed;

    private Task<HttpResponseMessage?> AnswerAsync(HubEndpoint endpoint, string id, string body)
    {
        var isResult = endpoint is HubEndpoint.Result;
        return _schedule.Troubles.FirstOrDefault(trouble => trouble.From <= Now && Now < trouble.To)?.Kind switch
        {
            HubTrouble.Refuses => Reset,
            HubTrouble.Swallows => Never,
            HubTrouble.Errors => Status(500 + _simulator.Random.Next(4)),
            HubTrouble.ResultErrors when isResult => Status(500),
            HubTrouble.ResultResets when isResult => Reset,
            _ when !isResult => Status(endpoint is HubEndpoint.Operations ? 204 : 202),
            _ when FailsInBurst() => _simulator.Random.Next(3) switch { 0 => Status(500), 1 => Status(503), _ => Reset },
            _ => SettleAsync(id, body),
        };
    }

    private bool FailsInBurst()
    {
        if (_bursts.Count == 0) return false;
        var (at, left) = _bursts[0];
        _bursts[0] = (at, left - 1);
        if (left > 1) return true;
        _bursts.RemoveAt(0);
        Disturbances.Add(new(at, Now));
        return true;
    }

    private async Task<HttpResponseMessage?> SettleAsync(string id, string body)
    {
        var fault = _schedule.Faults.GetValueOrDefault(id) is { } its && Now < its.Until ? its : null;
        switch (fault?.Kind)
        {
            case IdFault.Error500:
                return await Status(500);
            case IdFault.Error503:
                return await Status(503);
            case IdFault.Reset:
                return null;
            case IdFault.Hang:
                return await Never;
            case IdFault.RetryAfter:
                return await Status(503, fault.Delay);
            case IdFault.Slow:
                await Task.Delay(fault.Delay, _simulator.Time);
                break;
        }
        var isTaken = fault?.Kind is not (IdFault.Refuse400 or IdFault.Refuse413);
        Settled.Add(new(id, body, Now, isTaken));
        return await Status(isTaken ? 202 : fault!.Kind is IdFault.Refuse400 ? 400 : 413);
    }

    private static Task<HttpResponseMessage?> Reset => Task.FromResult<HttpResponseMessage?>(null);

    private static Task<HttpResponseMessage?> Never => new TaskCompletionSource<HttpResponseMessage?>().Task;

    private static Task<HttpResponseMessage?> Status(int status, TimeSpan? retryAfter = null)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status);
        if (retryAfter is { } wait) response.Headers.RetryAfter = new RetryConditionHeaderValue(wait);
        return Task.FromResult<HttpResponseMessage?>(response);
    }

    private Task TravelAsync() => Task.Delay(_simulator.Between(TimeSpan.FromMilliseconds(1), Travel), _simulator.Time);
}
