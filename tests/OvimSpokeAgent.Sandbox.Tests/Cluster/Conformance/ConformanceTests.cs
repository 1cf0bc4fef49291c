using k8s;
using KubernetesSandbox.Cluster;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>
/// Holds the sandbox to the real thing: the same requests are sent to the sandbox and, where a kubeconfig of one is at hand,
/// to a real API server, and both must give the answers of their version: the sandbox is a current one.
/// </summary>
public sealed class ConformanceTests(ConformanceTests.Servers servers) : IClassFixture<ConformanceTests.Servers>
{
    private static readonly Scenario[] All =
        [.. ObjectScenarios.All, .. PatchScenarios.All, .. ListScenarios.All, .. DeletionScenarios.All,
            .. ApplyScenarios.All, .. DefaultScenarios.All, .. LifecycleScenarios.All,
            .. QuotaScenarios.All];

    public static TheoryData<string> Names => [.. All.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public Task The_sandbox_answers_as_a_current_server(string name) =>
        new ScenarioRun(servers.Sandbox, ServerVersion.Current, Find(name)).RunAsync();

    [RealServerTheory]
    [MemberData(nameof(Names))]
    public async Task A_real_server_answers_as_its_version(string name) =>
        await new ScenarioRun(servers.Real!, await ScenarioRun.VersionOfAsync(servers.Real!), Find(name)).RunAsync();

    private static Scenario Find(string name) => All.Single(scenario => scenario.Name == name);

    /// <summary>Runs where <c>OVIM_E2E_KUBECONFIG</c> names a real API server.</summary>
    private sealed class RealServerTheoryAttribute : TheoryAttribute
    {
        public RealServerTheoryAttribute()
        {
            if (Servers.Kubeconfig is null) Skip = "OVIM_E2E_KUBECONFIG does not name the kubeconfig of a real API server";
        }
    }

    public sealed class Servers : IAsyncLifetime
    {
        private readonly List<IDisposable> _clients = [];
        private SandboxCluster? _cluster;

        public static string? Kubeconfig { get; } =
            Environment.GetEnvironmentVariable("OVIM_E2E_KUBECONFIG") is { Length: > 0 } path ? path : null;

        public HttpClient Sandbox { get; private set; } = null!;

        public HttpClient? Real { get; private set; }

        public async Task InitializeAsync()
        {
            _cluster = await SandboxCluster.StartAsync(new SandboxClusterOptions { HasKubeVirt = false });
            Sandbox = new HttpClient { BaseAddress = _cluster.Url };
            _clients.Add(Sandbox);
            await InstallAsync(Sandbox);
            if (Kubeconfig is null) return;
            var config = KubernetesClientConfiguration.BuildConfigFromConfigFile(Kubeconfig);
            var client = new Kubernetes(config);
            _clients.Add(client);
            Real = client.HttpClient;
            Real.BaseAddress = new Uri(config.Host);
            await InstallAsync(Real);
        }

        public async Task DisposeAsync()
        {
            _clients.ForEach(client => client.Dispose());
            if (_cluster is not null) await _cluster.DisposeAsync();
        }

        /// <summary>A kind of the scenarios' own; it stays.</summary>
        private static async Task InstallAsync(HttpClient server)
        {
            using var body = new StringContent(WidgetKind.Definition, System.Text.Encoding.UTF8, "application/json");
            using var answer = await server.PostAsync(
                new Uri("apis/apiextensions.k8s.io/v1/customresourcedefinitions", UriKind.Relative), body);
            Assert.Contains((int)answer.StatusCode, (int[])[201, 409]);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var widgets = new Uri("apis/conformance.ovim.io/v1/widgets", UriKind.Relative);
            var isServed = false;
            while (!isServed)
            {
                using var list = await server.GetAsync(widgets, patience.Token);
                isServed = list.IsSuccessStatusCode;
            }
        }
    }
}
