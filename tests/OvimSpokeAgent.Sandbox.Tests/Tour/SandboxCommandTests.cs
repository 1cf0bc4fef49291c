using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubernetesSandbox;
using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Sandbox.Hub;
using OvimSpokeAgent.Sandbox.Tests.KubeVirt;
using OvimSpokeAgent.Sandbox.Tour;

namespace OvimSpokeAgent.Sandbox.Tests.Tour;

/// <summary>The sandbox's program, in this process. It takes stdout for the agent's log, so nothing runs beside it.</summary>
[Collection(TestClusterCollection.Name)]
public sealed partial class SandboxCommandTests : IDisposable
{
    private static readonly string[] AnyPorts = ["--hub-port", "0", "--cluster-port", "0"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StringWriter _screen = new();
    private readonly StringWriter _errors = new();

    [Theory]
    [InlineData("today", "pushes")]
    [InlineData("active", "polls")]
    public async Task The_tour_goes_through_the_main_job_and_ends(string hubKind, string howVdcWorkComes)
    {
        var code = await RunAsync("--exit", "--hub-kind", hubKind);

        Assert.Equal("", _errors.ToString());
        Assert.Equal(0, code);
        var told = _screen.ToString();
        Assert.Contains($"answers as {SandboxCluster.Version}, with KubeVirt {SandboxKubeVirt.Version}", told, StringComparison.Ordinal);
        Assert.Matches(@"reported as starting[^1-9]*reported as running[\s\S]*stop_vm[\s\S]*reported as stopped[\s\S]*start_vm[\s\S]*reported as running", told);
        Assert.Contains("failed, \"memory:", told, StringComparison.Ordinal);
        Assert.Matches(
            @"template_name ""fedora""[\s\S]*importing disk root: \d+\.\d\d %[\s\S]*reported as running[\s\S]*2 CPUs[^\n]*4Gi of memory[^\n]*10Gi of storage"
            + @"[\s\S]*keep_disks[\s\S]*Its disk is there, as DataVolume demo-",
            told);
        Assert.Matches($@"makes a VDC[^\n]*{howVdcWorkComes}[\s\S]*as Active, with 8Gi[\s\S]*deletes the VDC[^\n]*{howVdcWorkComes}[\s\S]*gone, from the hub", told);
        Assert.Contains("all went as it should", told, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.GetDirectoryName(KubeconfigIn(told))), "its files should be gone");
    }

    [Fact]
    public async Task It_stays_up_until_it_is_stopped_and_what_it_prints_works()
    {
        using var stop = new CancellationTokenSource();
        await using var lines = new SignallingWriter();
        var run = SandboxCommand.RunAsync(["--no-tour", "--vms", "3", .. AnyPorts], lines, _errors, stop.Token);
        await lines.Said("It stays up until Ctrl+C.").WaitAsync(Patience);

        var told = lines.ToString();
        using var http = new HttpClient();
        var status = await http.GetStringAsync(new Uri(UrlRegex().Match(told).Value));
        Assert.Contains("\"state\"", status, StringComparison.Ordinal);
        http.DefaultRequestHeaders.Add("Accept", "text/html");
        Assert.StartsWith("<!doctype html>", await http.GetStringAsync(new Uri(PageRegex().Match(told).Groups["url"].Value)), StringComparison.Ordinal);
        var kubeconfig = KubeconfigIn(told);
        using var client = new k8s.Kubernetes(k8s.KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
        var vms = await new ApiClient(client)
            .GetAsync("apis/kubevirt.io/v1/namespaces/tour/virtualmachines", CancellationToken.None);
        Assert.Equal(["Running", "Running", "Running"], vms.Objects("items").Select(vm => vm.Text("status", "printableStatus")));
        Assert.False(run.IsCompleted);
        await stop.CancelAsync();

        Assert.Equal(0, await run.WaitAsync(Patience));
        Assert.Equal("", _errors.ToString());
    }

    [Theory]
    [InlineData(HubKind.Today)]
    [InlineData(HubKind.Active)]
    public async Task The_examples_of_the_hubs_page_work_in_their_order(HubKind kind)
    {
        await using var world = await SandboxWorld.StartAsync(new SandboxSettings { HubKind = kind }, CancellationToken.None);
        using var patience = new CancellationTokenSource(Patience);
        foreach (var (type, payload) in OperationExamples.All)
        {
            var id = world.Hub.Queue(SandboxWorld.AgentId, type, JsonNode.Parse(payload)!.AsObject(), $"example-{type}");
            var result = (await world.Hub.ResultOfAsync(id, patience.Token)).Json;

            Assert.True(result.Text("status") == "completed", $"{type}: {result.ToText()}");
            Assert.Null(result.At("result", "ignored_fields"));
        }
    }

    [Fact]
    public async Task Without_an_agent_it_names_the_variables_of_one()
    {
        using var stop = new CancellationTokenSource();
        await using var lines = new SignallingWriter();
        var run = SandboxCommand.RunAsync(["--no-agent", .. AnyPorts], lines, _errors, stop.Token);
        await lines.Said("It stays up until Ctrl+C.").WaitAsync(Patience);
        await stop.CancelAsync();

        Assert.Equal(0, await run.WaitAsync(Patience));
        var told = lines.ToString();
        Assert.Contains("OVIM_HUB_ENDPOINT=http://127.0.0.1:", told, StringComparison.Ordinal);
        Assert.Contains($"OVIM_KUBECONFIG={KubeconfigIn(told)}", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tour_without_an_agent_says_what_did_not_happen()
    {
        await using var world = await SandboxWorld.StartAsync(new SandboxSettings { HasAgent = false }, CancellationToken.None);

        var problem = await new MainJobTour(world, _screen, TimeSpan.FromMilliseconds(300)).RunAsync(CancellationToken.None);

        Assert.Contains("reports that it is healthy; its last report: none", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--hub-prt 8090", "--hub-prt")]
    [InlineData("--vms many", "--vms: \"many\" is not valid, expected a whole number from 0 to 10000")]
    [InlineData("--hub-port 70000", "--hub-port: \"70000\" is not valid, expected a whole number from 0 to 65535")]
    [InlineData("--cluster-port -1", "--cluster-port: \"-1\" is not valid")]
    [InlineData("--hub-kind tomorrow", "tomorrow")]
    [InlineData("stray", "stray")]
    public async Task What_is_wrong_on_the_command_line_is_named(string arguments, string expected)
    {
        var code = await SandboxCommand.RunAsync(arguments.Split(' '), _screen, _errors, CancellationToken.None);

        Assert.Equal(CommandLine.UsageError, code);
        Assert.Contains(expected, _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _screen.ToString());
    }

    [Fact]
    public async Task Help_shows_the_options()
    {
        Assert.Equal(0, await SandboxCommand.RunAsync(["--help"], _screen, _errors, CancellationToken.None));

        foreach (var option in new[] { "--exit", "--no-agent", "--no-tour", "--hub-kind", "--hub-port", "8090", "--cluster-port", "8091", "--vms" })
            Assert.Contains(option, _screen.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--hub-port")]
    [InlineData("--cluster-port")]
    public async Task A_port_that_is_in_use_is_named(string option)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var other = option == "--hub-port" ? "--cluster-port" : "--hub-port";

        var code = await SandboxCommand.RunAsync(
            [option, $"{port}", other, "0", "--exit"], _screen, _errors, CancellationToken.None);

        Assert.Equal(1, code);
        Assert.Contains($"port {port} cannot be used", _errors.ToString(), StringComparison.Ordinal);
        Assert.Contains(option, _errors.ToString(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _screen.Dispose();
        _errors.Dispose();
    }

    private Task<int> RunAsync(params string[] arguments) =>
        SandboxCommand.RunAsync([.. arguments, .. AnyPorts], _screen, _errors, CancellationToken.None);

    private static string KubeconfigIn(string told) => KubeconfigRegex().Match(told).Groups[1].Value;

    [GeneratedRegex(@"kubeconfig: (\S+)")]
    private static partial Regex KubeconfigRegex();

    [GeneratedRegex(@"(?<url>http://127\.0\.0\.1:\d+/) opens in a browser")]
    private static partial Regex PageRegex();

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/health/status")]
    private static partial Regex UrlRegex();

    /// <summary>Completes a task when a line was written.</summary>
    private sealed class SignallingWriter : StringWriter
    {
        private readonly ChangeSignal _changed = new();
        private readonly Lock _lock = new();

        public Task<string> Said(string text) =>
            _changed.WaitForAsync(() => ToString().Contains(text, StringComparison.Ordinal) ? text : null, CancellationToken.None);

        public override async Task WriteLineAsync(string? value)
        {
            lock (_lock) GetStringBuilder().AppendLine(value);
            _changed.Set();
            await Task.CompletedTask;
        }

        public override string ToString()
        {
            lock (_lock) return GetStringBuilder().ToString();
        }
    }
}
