using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Simulation;

namespace OvimSpokeAgent.Tests.Operations.Simulation;

/// <summary>A result as the hub took it.</summary>
internal sealed record TakenResult(string Id, string Body, TimeSpan At);

/// <summary>
/// The hub of the contract with its quirks: it forgets what it hands out, and keeps the last result of an id. What goes
/// wrong on the way is decided by chance.
/// </summary>
internal sealed class SimulatedHub(Simulator simulator)
{
    /// <summary>How long it waits for the answer to a push.</summary>
    private static readonly TimeSpan PushLimit = TimeSpan.FromSeconds(30);

    private readonly List<JsonObject> _queue = [];

    public bool IsDown { get; set; }

    /// <summary>How likely the answer to a result, or to a push, is lost after it was taken.</summary>
    public double LostAnswers { get; set; }

    /// <summary>How likely an answer with operations breaks off in the middle.</summary>
    public double CutPolls { get; set; }

    /// <summary>Ids whose results are refused for good.</summary>
    public HashSet<string> Refused { get; } = [];

    /// <summary>All results, in the order in which they came.</summary>
    public List<TakenResult> Results { get; } = [];

    /// <summary>Told of each.</summary>
    public Action<string> Taken { get; set; } = _ => { };

    /// <summary>Operations nobody has asked for yet.</summary>
    public int Queued => _queue.Count;

    /// <summary>Pushes without an answer so far.</summary>
    public int Pushing { get; private set; }

    public void Queue(JsonObject operation) => _queue.Add(operation);

    /// <summary>Pushes once; what is not accepted is put into the queue.</summary>
    public async Task PushAsync(JsonObject operation, SimulatedAgent? agent)
    {
        Pushing++;
        if (IsDown || agent is null || !await IsAcceptedAsync(operation, agent)) Queue(operation);
        Pushing--;
    }

    /// <summary>Whether it takes a report.</summary>
    public async Task<bool> ReportAsync()
    {
        await TravelAsync();
        return !IsDown;
    }

    /// <summary>Hands out and forgets; null: it was never reached.</summary>
    public async Task<PollAnswer?> PollAsync(OperationTaker take)
    {
        await TravelAsync();
        if (IsDown) return null;
        if (_queue.Count == 0) return new PollAnswer(0, null);
        var body = Encoding.UTF8.GetBytes(new JsonArray([.. _queue]).ToJsonString());
        _queue.Clear();
        var isCut = simulator.Random.NextDouble() < CutPolls;
        var length = isCut ? simulator.Random.Next(body.Length) : body.Length;
        // It comes in pieces, with time between them.
        var reader = new PollAnswerReader(take);
        for (var sent = 0; sent < length;)
        {
            await TravelAsync();
            var piece = Math.Min(length - sent, simulator.Random.Next(1, 2000));
            body.AsMemory(sent, piece).CopyTo(reader.GetRoom());
            reader.Advance(piece);
            sent += piece;
        }
        var loss = reader.Complete(isCut ? "the connection broke" : null);
        return new PollAnswer(reader.Count, loss);
    }

    public async Task<DeliveryAttempt> TakeAsync(string id, ReadOnlyMemory<byte> body)
    {
        await TravelAsync();
        if (IsDown) return new(DeliveryOutcome.Unreachable, "down");
        if (Refused.Contains(id)) return new(DeliveryOutcome.Refused, "400");
        Taken(id);
        Results.Add(new TakenResult(id, Encoding.UTF8.GetString(body.Span), simulator.Time.Elapsed));
        var isLost = simulator.Random.NextDouble() < LostAnswers;
        await TravelAsync();
        return isLost ? new(DeliveryOutcome.Unreachable, "the connection broke") : new(DeliveryOutcome.Delivered);
    }

    private async Task<bool> IsAcceptedAsync(JsonObject operation, SimulatedAgent agent)
    {
        await TravelAsync();
        var answer = new TaskCompletionSource<bool>();
        agent.Process.Run(() => _ = TakeAsync());
        await Task.WhenAny(answer.Task, Task.Delay(PushLimit, simulator.Time));
        await TravelAsync();
        return answer.Task is { IsCompletedSuccessfully: true, Result: true } && simulator.Random.NextDouble() >= LostAnswers;

        async Task TakeAsync() => answer.TrySetResult(await agent.TakePushAsync(Encoding.UTF8.GetBytes(operation.ToJsonString())));
    }

    private Task TravelAsync() =>
        Task.Delay(simulator.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(20)), simulator.Time);
}

/// <summary>An agent's way to the hub.</summary>
internal sealed class SimulatedChannel(Simulator simulator, SimulatedHub hub, HubPresence presence) : IResultChannel
{
    public event Action<HubSign>? Heard
    {
        add => presence.Heard += value;
        remove => presence.Heard -= value;
    }

    public TimeSpan HeldFor => TimeSpan.Zero;

    public async Task WaitUntilOpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = presence.Answer;
            if (presence.IsAnswering) return;
            await answer.WaitAsync(cancellationToken);
        }
    }

    public async Task<DeliveryAttempt> SendAsync(
        string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        // Who sent it may give up waiting, stand still or die; the request goes on.
        var answer = new TaskCompletionSource<DeliveryAttempt>();
        simulator.World.Run(() => _ = GoAsync());
        await using var cancel = cancellationToken.UnsafeRegister(_ => answer.TrySetCanceled(cancellationToken), null);
        var attempt = await answer.Task;
        if (attempt.Outcome is not DeliveryOutcome.Unreachable) presence.Answered(HubEndpoint.Result, attempt.Outcome is not DeliveryOutcome.Failed);
        return attempt;

        async Task GoAsync() => answer.TrySetResult(await hub.TakeAsync(operationId, body));
    }
}
