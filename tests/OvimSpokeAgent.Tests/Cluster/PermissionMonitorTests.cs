using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class PermissionMonitorTests : IAsyncLifetime, IAsyncDisposable
{
    private static readonly ResourceKind Widgets = new("example.com", "v1", "widgets", "Widget");

    private static readonly NeededPermission[] Needed =
    [
        new("list", Widgets), new("update", Widgets, Subresource: "start"), new("create", KubernetesKinds.Secret, "ovim-system"),
    ];

    private readonly TestTime _time = new();
    private readonly FakeKubernetesApi _cluster;
    private readonly ClusterConnectivity _connectivity;
    private readonly PermissionMonitor _check;
    private readonly CancellationTokenSource _end = new();
    private readonly HashSet<string> _denied = [];
    private Task _loop = Task.CompletedTask;

    public PermissionMonitorTests()
    {
        _cluster = new FakeKubernetesApi(_time);
        _connectivity = new ClusterConnectivity(_time);
        _check = new PermissionMonitor(new AccessReviews(_cluster, _time), _connectivity, Needed, _time, NullLogger<PermissionMonitor>.Instance);
        _cluster.Reviews = attributes => !_denied.Contains($"{attributes["verb"]} {attributes["resource"]}");
    }

    [Fact]
    public async Task Each_permission_is_asked_for_with_all_its_parts()
    {
        Start();
        await Eventually.HoldsAsync(() => _check.Missing is not null);

        Assert.Empty(_check.Missing!);
        Assert.Equal(
            [
                """{"verb":"list","group":"example.com","resource":"widgets","subresource":"","name":"","namespace":""}""",
                """{"verb":"update","group":"example.com","resource":"widgets","subresource":"start","name":"","namespace":""}""",
                """{"verb":"create","group":"","resource":"secrets","subresource":"","name":"","namespace":"ovim-system"}""",
            ],
            _cluster.Requests.Select(request =>
                JsonNode.Parse(request.Detail)!["spec"]!["resourceAttributes"]!.ToJsonString()));
        await _time.NextWaitAsync(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task What_is_not_allowed_is_named_and_looked_at_again_soon()
    {
        _denied.Add("update widgets");
        _denied.Add("create secrets");
        Start();
        await Eventually.HoldsAsync(() => _check.Missing is not null);

        Assert.Equal(
            ["update widgets/start.example.com", "create secrets in ovim-system"],
            _check.Missing!.Select(permission => permission.ToString()));
        var wait = await _time.NextWaitAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));
        _denied.Clear();
        _time.Advance(wait);
        await Eventually.HoldsAsync(() => _check.Missing is []);
    }

    [Fact]
    public async Task Who_wants_to_know_now_is_told_without_waiting_for_the_loops_turn()
    {
        _denied.Add("update widgets");
        Start();
        await _time.NextWaitAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));

        _denied.Clear();
        Assert.True(await _check.CheckNowAsync(default));
        Assert.Empty(_check.Missing!);

        _denied.Add("list widgets");
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable);
        Assert.False(await _check.CheckNowAsync(default));
        Assert.Empty(_check.Missing!);
    }

    [Fact]
    public async Task Nothing_is_asked_while_the_server_is_away()
    {
        _connectivity.Failed("away");
        Start();
        Assert.Empty(_cluster.Requests);
        Assert.Null(_check.Missing);

        _connectivity.Answered();

        await Eventually.HoldsAsync(() => _check.Missing is []);
    }

    [Fact]
    public async Task Answer_that_does_not_come_changes_nothing_and_is_asked_for_again()
    {
        _denied.Add("list widgets");
        Start();
        var wait = await _time.NextWaitAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable);
        _time.Advance(wait);
        wait = await _time.NextWaitAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));
        Assert.Single(_check.Missing!);

        _cluster.Fault = null;
        _denied.Clear();
        _time.Advance(wait);

        await Eventually.HoldsAsync(() => _check.Missing is []);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loop.WaitAsync(Limits.Patience));
        _end.Dispose();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private void Start() => _loop = _check.RunAsync(_end.Token);
}
