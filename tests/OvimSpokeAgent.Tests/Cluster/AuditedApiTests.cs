using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tests.Configuration;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class AuditedApiTests : IDisposable
{
    private static readonly NamespacedName Web = new("acme", "web");

    private readonly FakeKubernetesApi _cluster;
    private readonly LinesLogger _log = new();
    private readonly ILoggerFactory _loggers;
    private readonly AuditedApi _api;

    public AuditedApiTests()
    {
        var time = new TestTime();
        _cluster = new FakeKubernetesApi(time);
        foreach (var ns in (string[])["acme", "ovim-system"]) _cluster.HasNamespace(ns);
        _loggers = LoggerFactory.Create(builder => builder.AddProvider(_log));
        _api = new AuditedApi(_cluster, new TestEnvironment().With("OVIM_NAMESPACE", "ovim-system").LoadClean(), time, _loggers);
    }

    public void Dispose() => _loggers.Dispose();

    [Fact]
    public async Task Change_is_told_with_its_object_its_result_and_who_asked_and_no_value()
    {
        CurrentComponent.Name = "operation create_vm";
        await _api.CreateAsync(
            KubeVirtKinds.VirtualMachine, "acme", Object("web", ("secret", "hunter2")), ClusterJson.Default.AnyObject, default);
        await _api.MergePatchAsync(
            KubeVirtKinds.VirtualMachine, Web, new JsonObject { ["spec"] = new JsonObject { ["secret"] = "hunter2" } }, ClusterJson.Default.AnyObject, default);
        await _api.DeleteAsync(KubeVirtKinds.VirtualMachine, Web, new DeleteOptions(), default);

        Assert.Equal(
            [
                "create virtualmachines.kubevirt.io acme/web: done after 0 ms, by operation create_vm",
                "patch virtualmachines.kubevirt.io acme/web: done after 0 ms, by operation create_vm",
                "delete virtualmachines.kubevirt.io acme/web: done after 0 ms, by operation create_vm",
            ],
            _log.Lines);
    }

    [Fact]
    public async Task Change_that_is_refused_or_cut_off_is_told_without_what_the_server_says()
    {
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Invalid, "spec: Invalid value: \"hunter2\"");
        await Assert.ThrowsAsync<KubernetesApiException>(() => _api.DeleteAsync(KubeVirtKinds.VirtualMachine, Web, new DeleteOptions(), default));
        _cluster.Fault = _ => FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "no answer within 30 s");
        await Assert.ThrowsAsync<KubernetesApiException>(() => _api.DeleteAsync(KubeVirtKinds.VirtualMachine, Web, new DeleteOptions(), default));
        _cluster.Fault = null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _api.DeleteAsync(KubeVirtKinds.VirtualMachine, Web, new DeleteOptions(), new CancellationToken(canceled: true)));

        Assert.Equal(
            [
                "delete virtualmachines.kubevirt.io acme/web: Invalid after 0 ms, by (null)",
                "delete virtualmachines.kubevirt.io acme/web: unclear after 0 ms, by (null)",
                "delete virtualmachines.kubevirt.io acme/web: unclear after 0 ms, by (null)",
            ],
            _log.Lines);
    }

    [Fact]
    public async Task What_the_agent_keeps_for_itself_and_what_it_reads_is_not_told()
    {
        await _api.CreateAsync(KubernetesKinds.Secret, "ovim-system", Object("ovim-op-1"), ClusterJson.Default.AnyObject, default);
        await _api.CreateAsync(KubernetesKinds.Event, "acme", Object("event"), ClusterJson.Default.AnyObject, default);
        await _api.GetAsync(KubernetesKinds.Secret, new("ovim-system", "ovim-op-1"), ClusterJson.Default.AnyObject, default);
        Assert.Empty(_log.Lines);

        await _api.CreateAsync(KubernetesKinds.Secret, "acme", Object("web-keys"), ClusterJson.Default.AnyObject, default);

        Assert.Equal(["create secrets acme/web-keys: done after 0 ms, by (null)"], _log.Lines);
    }

    private static JsonObject Object(string name, params (string Field, string Value)[] more)
    {
        var item = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
        foreach (var (field, value) in more) item[field] = value;
        return item;
    }

    private sealed class LinesLogger : ILoggerProvider, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
