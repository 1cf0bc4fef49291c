using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>People remove and change the Secrets of the journal.</summary>
public sealed class EditedJournalTests
{
    private const string Namespace = "ovim-system";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan UntilCleaned = TimeSpan.FromSeconds(61);

    private readonly FakeKubernetesApi _cluster = new(TimeProvider.System);
    private readonly OperationsHost _host;

    public EditedJournalTests()
    {
        _cluster.HasNamespace(Namespace, managed: false);
        _host = new OperationsHost(new SecretJournalStore(_cluster, _cluster, Namespace));
    }

    [Fact]
    public void Record_that_is_removed_while_its_operation_runs_is_made_anew_with_the_result()
    {
        _host.Start().Receives(Operation("op-1", "hold"));
        _cluster.Remove(KubernetesKinds.Secret, Record());

        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["op-1"], _host.Hub.Ids);
        Assert.Equal("delivered", State(Record()));
    }

    [Fact]
    public void Repeat_is_answered_although_its_record_was_removed()
    {
        _host.Start().Receives(Operation("op-1")).Runs(Soon);
        _cluster.Remove(KubernetesKinds.Secret, Record());

        _host.Receives(Operation("op-1")).Runs(Soon);

        Assert.Equal(["web"], _host.Executed);
        Assert.Single(_host.Hub.Results.Select(result => result.Body).Distinct());
        Assert.Equal(2, _host.Hub.Results.Count);
    }

    [Fact]
    public void Record_that_someone_labelled_goes_its_way()
    {
        _host.Start().Receives(Operation("op-1", "hold"));
        _cluster.Change(KubernetesKinds.Secret, Record(), secret => secret["metadata"]!["labels"]!["team"] = "acme");

        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal("delivered", State(Record()));
        Assert.Equal("acme", (string?)_cluster.Find(KubernetesKinds.Secret, Record())!["metadata"]!["labels"]!["team"]);
    }

    [Fact]
    public void Record_that_cannot_be_read_any_more_is_named_until_it_is_removed()
    {
        _host.Start().Receives(Operation("op-1", "hold"));
        var record = Record();
        _cluster.Change(KubernetesKinds.Secret, record, Spoil);

        _host.Held["web"].SetResult();
        _host.Runs(Soon);
        Assert.Contains($"Secret {record} is no journal record: remove it", _host.Journal.Status.Problem!.Message, StringComparison.Ordinal);
        Assert.False(_host.IsReady());
        _cluster.Remove(KubernetesKinds.Secret, record);
        _host.Runs(Soon);

        Assert.Null(_host.Journal.Status.Problem);
        Assert.Equal(["op-1"], _host.Hub.Ids);
        Assert.Equal(["web"], _host.Executed);
    }

    [Fact]
    public void Record_that_the_next_life_cannot_read_holds_up_no_other_and_is_done_when_it_was_put_right()
    {
        _host.Start().Receives(Operation("op-1", "hold", "web")).Receives(Operation("op-2", "hold", "db")).Kill();
        var record = Record("op-1");
        var before = _cluster.Find(KubernetesKinds.Secret, record)!;
        _cluster.Change(KubernetesKinds.Secret, record, Spoil);
        _host.Executed.Clear();

        _host.Start();
        _host.Held["db"].SetResult();
        _host.Runs(UntilCleaned);
        Assert.Equal(["db"], _host.Executed);
        Assert.Equal([record.Name], _host.Journal.Status.Unreadable);
        _cluster.Change(KubernetesKinds.Secret, record, secret =>
        {
            secret["data"] = before["data"]!.DeepClone();
            secret["metadata"]!["annotations"] = before["metadata"]!["annotations"]!.DeepClone();
        });
        _host.Runs(UntilCleaned);
        _host.Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Empty(_host.Journal.Status.Unreadable);
        Assert.Equal(["op-2", "op-1"], _host.Hub.Ids);
    }

    [Fact]
    public void Record_that_could_not_be_read_and_was_removed_is_named_no_more()
    {
        _host.Start().Receives(Operation("op-1")).Runs(Soon).Kill();
        _cluster.Change(KubernetesKinds.Secret, Record(), Spoil);
        _host.Start();
        Assert.Single(_host.Journal.Status.Unreadable);

        _cluster.Remove(KubernetesKinds.Secret, Record());
        _host.Runs(UntilCleaned);

        Assert.Empty(_host.Journal.Status.Unreadable);
    }

    [Fact]
    public void Operation_whose_record_was_removed_while_it_waited_is_answered_as_failed()
    {
        _host.Start().Receives(Operation("op-1", "hold")).Receives(Operation("op-2")).Kill();
        _cluster.Fault = request => request.Verb == "get" && request.Name == Record("op-2") ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        _host.Executed.Clear();
        _host.Start(); // op-2 was not read yet
        _cluster.Remove(KubernetesKinds.Secret, Record("op-2"));
        _cluster.Fault = null;

        _host.Runs(Soon).Held["web"].SetResult();
        _host.Runs(Soon);

        Assert.Equal(["web"], _host.Executed);
        Assert.Contains("its record was removed from the journal before it was done", _host.Hub.BodyOf("op-2"), StringComparison.Ordinal);
        Assert.Equal("delivered", State(Record("op-2")));
    }

    [Fact]
    public void Result_that_was_removed_before_it_was_delivered_is_told_the_hub()
    {
        _host.Hub.Answer = _ => DeliveryOutcome.Unreachable;
        _host.Start().Receives(Operation("op-1")).Runs(Soon).Kill();
        _host.Hub.Answer = _ => DeliveryOutcome.Delivered;
        _cluster.Fault = request => request.Verb == "get" && request.Kind == KubernetesKinds.Secret ? FakeKubernetesApi.Error(ApiErrorReason.Unavailable) : null;
        _host.Hub.Results.Clear();
        _host.Start(); // its result was not read yet
        _cluster.Remove(KubernetesKinds.Secret, Record("op-1"));
        _cluster.Fault = null;

        _host.Runs(UntilCleaned);

        Assert.Empty(_host.Hub.Ids);
        Assert.Equal("the result of operation op-1 was removed from the journal: it cannot be delivered", Assert.Single(_host.Errors.Pending()));
        Assert.Equal(0, _host.Pending);
        Assert.Empty(_host.Journal.Status.Unreadable);
    }

    [Fact]
    public void Operations_that_came_together_and_were_removed_while_they_waited_are_answered_as_failed()
    {
        _host.Start().Receives(Operation("op-1", "hold"), Operation("op-2"), Operation("op-3", name: "db")).Runs(Soon);
        _host.Kill().Start().Runs(Soon);
        _cluster.Remove(KubernetesKinds.Secret, Batch());
        for (var i = 0; i < 60; i++) _host.Receives(Large(Operation($"filler-{i}", "hold", $"vm-{i}"), 500)); // nor are they in memory then

        _host.Held["web"].SetResult();
        foreach (var held in _host.Held.Values.Where(held => !held.Task.IsCompleted).ToList()) held.SetResult();
        for (var i = 0; i < 61; i++)
        {
            _host.Runs(Soon);
            foreach (var held in _host.Held.Values.Where(held => !held.Task.IsCompleted).ToList()) held.SetResult();
        }

        Assert.Contains("\"completed\"", _host.Hub.BodyOf("op-1"), StringComparison.Ordinal);
        Assert.Contains("its record was removed from the journal before it was done", _host.Hub.BodyOf("op-2"), StringComparison.Ordinal);
    }

    [Fact]
    public void Operations_that_came_together_and_cannot_be_read_are_named_and_done_when_they_were_put_right()
    {
        _host.Start().Receives(Operation("op-1", "hold"), Operation("op-2", name: "db")).Kill();
        var (batch, before) = (Batch(), _cluster.Find(KubernetesKinds.Secret, Batch())!);
        _cluster.Change(KubernetesKinds.Secret, batch, secret => secret["data"]!["operations"] = "W10="); // []
        _host.Executed.Clear();
        _host.Start().Receives(Operation("op-3", name: "mail"), Operation("op-4", name: "dns")).Runs(UntilCleaned);
        Assert.Equal([batch.Name], _host.Journal.Status.Unreadable);
        Assert.Equal(["dns", "mail"], _host.Executed.Order());

        _cluster.Change(KubernetesKinds.Secret, batch, secret => secret["data"] = before["data"]!.DeepClone());
        _host.Runs(UntilCleaned);
        _host.Held["web"].SetResult();
        _host.Runs(UntilCleaned);

        Assert.Empty(_host.Journal.Status.Unreadable);
        Assert.Contains("op-1", _host.Hub.Ids);
        Assert.DoesNotContain(_cluster.ObjectsIn(Namespace), item => item.Name == batch);
    }

    private NamespacedName Batch() =>
        _cluster.ObjectsIn(Namespace).Single(item => item.Name.Name.StartsWith("ovim-batch-", StringComparison.Ordinal)).Name;

    private static void Spoil(JsonObject secret)
    {
        secret["data"] = new JsonObject { ["record"] = "e30=" }; // {}
        secret["metadata"]!["annotations"]!["ovim.io/operation-record"] = "{}";
    }

    private NamespacedName Record(string id = "op-1") => _cluster.ObjectsIn(Namespace).Single(item =>
        item.Kind == KubernetesKinds.Secret
        && (string?)_cluster.Find(item.Kind, item.Name)!["metadata"]!["annotations"]?["ovim.io/operation-id"] == id).Name;

    private string? State(NamespacedName record) =>
        (string?)_cluster.Find(KubernetesKinds.Secret, record)!["metadata"]!["labels"]!["ovim.io/operation-state"];
}
