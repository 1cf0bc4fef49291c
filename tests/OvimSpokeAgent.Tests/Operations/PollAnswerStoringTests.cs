using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.Tests.Simulation;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>What the hub handed out is only in the agent's memory until it is stored: that has to be short.</summary>
public sealed class PollAnswerStoringTests
{
    private readonly Simulator _simulator = new(seed: 1);
    private readonly HeldStore _store = new();
    private readonly List<string> _executed = [];

    [Fact]
    public void Nothing_of_an_answer_is_carried_out_before_all_of_it_is_stored()
    {
        Arrive("a", "b", "c");

        _store.Store("a");
        _store.Store("c");
        _simulator.RunFor(TimeSpan.FromSeconds(4));
        Assert.Empty(_executed);

        _store.Store("b");
        _simulator.RunFor(TimeSpan.Zero);
        Assert.Equal(["a", "b", "c"], _executed.Order());
    }

    [Fact]
    public void What_cannot_be_stored_holds_up_what_is_stored_for_a_moment_only()
    {
        Arrive("a", "b");

        _store.Store("a");
        _simulator.RunFor(TimeSpan.FromSeconds(6));
        Assert.Equal(["a"], _executed);

        _store.Store("b");
        _simulator.RunFor(TimeSpan.Zero);
        Assert.Equal(["a", "b"], _executed);
    }

    private void Arrive(params string[] ids)
    {
        var (settings, time, jitter) = (new TestEnvironment().LoadClean(), _simulator.Time, (Jitter)(() => 0.5));
        var metrics = new OperationMetrics(Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry()));
        var (registry, errors) = (new OperationRegistry([new NoteHandler(_executed)]), new ReportErrors());
        var journal = new OperationJournal(_store, settings, jitter, time, NullLogger<OperationJournal>.Instance);
        var processor = new OperationProcessor(
            registry,
            journal,
            new OperationScheduler(settings.Operations.Concurrency),
            new OperationExecutor(registry, journal, settings, jitter, time, NullLogger<OperationExecutor>.Instance),
            new ResultDelivery(
                new NoHub(), new SoleLeadership(), journal, errors, metrics, settings, jitter, time, NullLogger<ResultDelivery>.Instance),
            errors,
            metrics,
            settings,
            time,
            NullLogger<OperationProcessor>.Instance);
        var answer = PollAnswer.Parse(
            JsonSerializer.SerializeToUtf8Bytes(ids.Select(id => new { id, type = "note", payload = new { } })), broken: null);
        _simulator.Start("agent", async () =>
        {
            var session = new Tenure();
            await journal.OpenAsync(session, records => processor.Begin(session, records));
            await processor.AcceptAsync(answer.Operations, default);
        });
        _simulator.RunFor(TimeSpan.Zero);
    }

    private sealed class NoteHandler(List<string> executed) : IOperationHandler
    {
        public string Type => "note";

        public IReadOnlyList<string> Aliases => [];

        public OperationPlan Plan(PayloadReader payload) => new()
        {
            Execute = (context, _) =>
            {
                executed.Add(context.Operation.Id);
                return Task.FromResult(OperationOutcome.Completed(JsonElement.Parse("{}")));
            },
        };
    }

    /// <summary>Stores a new record when the test says so, everything else at once.</summary>
    private sealed class HeldStore : IJournalStore
    {
        private readonly Dictionary<string, TaskCompletionSource> _held = [];

        public void Store(string id) => _held[id].SetResult();

        public async Task<JournalRecord> CreateAsync(JournalRecord record, CancellationToken cancellationToken)
        {
            await (_held[record.Operation.Id] = new()).Task;
            return record;
        }

        public Task CheckReadableAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<JournalContent> LoadAsync(CancellationToken cancellationToken) => Task.FromResult(new JournalContent([], []));

        public Task<IReadOnlyList<JournalRecord>> LoadUnsettledAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<JournalRecord>>([]);

        public Task<JournalRecord> UpdateAsync(
            JournalRecord previous, JournalRecord next, CancellationToken cancellationToken) => Task.FromResult(next);

        public Task RemoveAsync(IReadOnlyCollection<DateTimeOffset> expiries, CancellationToken cancellationToken) =>
            Task.CompletedTask;
    }

    private sealed class NoHub : IResultChannel
    {
        public Task WaitUntilOpenAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<DeliveryAttempt> SendAsync(
            string operationId, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
