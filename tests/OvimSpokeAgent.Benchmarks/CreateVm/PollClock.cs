using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Benchmarks.CreateVm;

/// <summary>
/// Notes when the poll answer with each operation began to arrive: from then on the hub has forgotten it. Polls follow one
/// another, so that an answer that is taken in is the last that arrived.
/// </summary>
internal sealed class PollClock
{
    private readonly ConcurrentDictionary<string, long> _arrivals = new();
    private long _lastAnswer;

    /// <summary>When an operation arrived; a timestamp of <see cref="Stopwatch"/>.</summary>
    public long ArrivalOf(string operationId) => _arrivals[operationId];

    /// <summary>Makes a handler that requests to the hub pass through.</summary>
    public DelegatingHandler CreateHandler() => new Handler(this);

    /// <summary>Notes what is taken in and hands it on.</summary>
    public IOperationIntake Before(IOperationIntake intake) => new Intake(this, intake);

    private sealed class Handler(PollClock clock) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (HubPaths.IsPoll(request.RequestUri!))
                Interlocked.Exchange(ref clock._lastAnswer, Stopwatch.GetTimestamp());
            return response;
        }
    }

    private sealed class Intake(PollClock clock, IOperationIntake intake) : IOperationIntake
    {
        public Task WaitUntilReadyAsync(CancellationToken cancellationToken) => intake.WaitUntilReadyAsync(cancellationToken);

        public IPollIntake Begin() => new Poll(clock, intake.Begin());

        public Task<(IntakeOutcome Outcome, string? Problem)> AcceptPushedAsync(
            ReadOnlyMemory<byte> operation, CancellationToken cancellationToken) => intake.AcceptPushedAsync(operation, cancellationToken);
    }

    private sealed class Poll(PollClock clock, IPollIntake intake) : IPollIntake
    {
        public void Take(ReadOnlySpan<byte> operation)
        {
            clock._arrivals[JsonElement.Parse(operation).GetProperty("id").GetString()!] = Interlocked.Read(ref clock._lastAnswer);
            intake.Take(operation);
        }

        public Task EndAsync(string? loss) => intake.EndAsync(loss);
    }
}
