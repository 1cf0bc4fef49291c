using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.Cluster;
using static OvimSpokeAgent.Tests.Operations.OperationsHost;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>
/// A record that was given up lands all the same: the server took its time, a quota refused the next attempt, and the batch has had the
/// operation's steps since.
/// </summary>
public sealed class LateRecordTests
{
    private const string Namespace = "ovim-system";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UntilCleaned = TimeSpan.FromSeconds(61);
    private static readonly TimeSpan UntilForgotten = TimeSpan.FromMinutes(15);

    private readonly FakeKubernetesApi _cluster = new(TimeProvider.System);
    private readonly List<JsonObject> _givenUp = [];
    private readonly OperationsHost _host;

    public LateRecordTests()
    {
        _cluster.HasNamespace(Namespace, managed: false);
        _cluster.Fault = request =>
        {
            if (request.Verb != "create" || !request.Name.Name.StartsWith("ovim-op-", StringComparison.Ordinal)) return null;
            _givenUp.Add(JsonNode.Parse(request.Detail)!.AsObject());
            return new KubernetesApiException(ApiErrorReason.Forbidden, "exceeded quota") { IsLackOfRoom = true };
        };
        _host = new OperationsHost(new SecretJournalStore(_cluster, _cluster, Namespace)).With("OVIM_OPERATION_RETENTION", "10m");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_brought_up_to_what_the_batch_knows_and_goes_with_it(bool isKilled)
    {
        _host.Start().Receives(Operation("op-1"), Operation("op-2", name: "db")).Runs(Soon);
        Assert.Equal(["op-1", "op-2"], _host.Hub.Ids.Order());

        Lands("finished");
        if (isKilled) _host.Kill().Start();
        _host.Runs(UntilCleaned);
        Assert.Equal("delivered", StateOfRecord());
        _host.Runs(UntilForgotten);

        AllIsDoneAndToldOnce();
    }

    [Fact]
    public void Next_step_goes_on_from_it()
    {
        _host.Hub.Answer = _ => DeliveryOutcome.Unreachable;
        _host.Start().Receives(Operation("op-1"), Operation("op-2", name: "db")).Runs(Soon);
        _host.Hub.Results.Clear();

        Lands("finished");
        _host.Hub.Answer = _ => DeliveryOutcome.Delivered;
        _host.Runs(UntilCleaned);
        Assert.Equal("delivered", StateOfRecord());
        _host.Runs(UntilForgotten);

        AllIsDoneAndToldOnce();
    }

    private void AllIsDoneAndToldOnce()
    {
        Assert.Equal(["db", "web"], _host.Executed.Order());
        Assert.Equal(["op-1", "op-2"], _host.Hub.Ids.Order());
        Assert.DoesNotContain(_cluster.ObjectsIn(Namespace), item => item.Name.Name.StartsWith("ovim-", StringComparison.Ordinal));
        Assert.Equal(0, _host.Journal.Status.Bytes);
    }

    private void Lands(string state) => _cluster.Has(KubernetesKinds.Secret, _givenUp.First(record =>
        (string?)record["metadata"]!["labels"]!["ovim.io/operation-state"] == state
        && (string?)record["metadata"]!["annotations"]!["ovim.io/operation-id"] == "op-1"));

    private string? StateOfRecord() => (string?)_cluster.Find(KubernetesKinds.Secret, _cluster.ObjectsIn(Namespace).Single(item =>
        item.Name.Name.StartsWith("ovim-op-", StringComparison.Ordinal)).Name)!["metadata"]!["labels"]!["ovim.io/operation-state"];
}
