using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.Monitoring;

/// <summary>
/// A Prometheus that scrapes one agent and evaluates the rules of <c>deploy/monitoring</c> on a quicker clock: a minute of theirs is
/// a second.
/// </summary>
internal sealed partial class PrometheusServer : IAsyncDisposable
{
    private const string Tick = "1s";
    private const int SecondsOfAnHour = 5; // an alert that lasts so long is about something that does not change

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(250);

    private readonly string _folder;
    private readonly Process _process;
    private readonly HttpClient _http;

    private PrometheusServer(string folder, Process process, HttpClient http) => (_folder, _process, _http) = (folder, process, http);

    /// <summary>Starts it; it scrapes the agent that listens there.</summary>
    public static async Task<PrometheusServer> StartAsync(Uri agent)
    {
        var folder = Directory.CreateTempSubdirectory("ovim-prometheus-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "rules.yaml"), Quicker(Manifests.AlertRules()));
        await File.WriteAllTextAsync(Path.Combine(folder, "prometheus.yaml"), $$"""
            global: {scrape_interval: {{Tick}}, scrape_timeout: {{Tick}}, evaluation_interval: {{Tick}} }
            rule_files: [rules.yaml]
            scrape_configs:
            - job_name: agent
              scheme: {{agent.Scheme}}
              tls_config: {insecure_skip_verify: true}
              static_configs: [{targets: ['{{agent.Authority}}']}]
            """);
        var address = $"127.0.0.1:{FreePort()}";
        var start = new ProcessStartInfo(
            "prometheus",
            [$"--config.file={folder}/prometheus.yaml", $"--storage.tsdb.path={folder}/data", $"--web.listen-address={address}", "--log.level=error"])
        {
            WorkingDirectory = folder,
        };
        var server = new PrometheusServer(folder, Process.Start(start)!, new HttpClient { BaseAddress = new Uri($"http://{address}/") });
        await server.UntilAsync("Prometheus is not ready", server.IsReadyAsync);
        return server;
    }

    /// <summary>Waits until an alert fires; meanwhile something may go on.</summary>
    /// <returns>Its labels.</returns>
    public async Task<JsonObject> FiresAsync(string alert, Action? meanwhile = null)
    {
        JsonObject? firing = null;
        await UntilAsync($"{alert} does not fire", async () =>
        {
            meanwhile?.Invoke();
            firing = (await FiringAsync()).FirstOrDefault(one => (string?)one["alertname"] == alert);
            return firing is not null;
        });
        return firing!;
    }

    /// <summary>Waits until no alert fires.</summary>
    public Task IsQuietAsync() => UntilAsync("not all alerts resolve", async () => (await FiringAsync()).Count == 0);

    /// <summary>Waits until an expression has a result.</summary>
    public Task HoldsAsync(string expression) => UntilAsync($"{expression} has no result", async () =>
    {
        var answer = await _http.GetStringAsync(new Uri($"api/v1/query?query={Uri.EscapeDataString(expression)}", UriKind.Relative));
        return JsonNode.Parse(answer)!["data"]!["result"]!.AsArray().Count > 0;
    });

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // The labels of all alerts that fire.
    private async Task<IReadOnlyList<JsonObject>> FiringAsync()
    {
        var answer = JsonNode.Parse(await _http.GetStringAsync(new Uri("api/v1/alerts", UriKind.Relative)))!;
        return [.. answer["data"]!["alerts"]!.AsArray().Where(alert => (string?)alert!["state"] == "firing").Select(alert => alert!["labels"]!.AsObject())];
    }

    private async Task UntilAsync(string problem, Func<Task<bool>> holds)
    {
        var started = Stopwatch.StartNew();
        while (!await holds())
        {
            if (_process.HasExited) throw new InvalidOperationException($"Prometheus ended with {_process.ExitCode}");
            if (started.Elapsed > JsonApi.Patience) throw new TimeoutException($"{problem} within {JsonApi.Patience}; firing: {string.Join(", ", (await FiringAsync()).Select(one => one.ToJsonString()))}");
            await Task.Delay(BetweenLooks, TimeProvider.System);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri("-/ready", UriKind.Relative));
            return answer.StatusCode is HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false; // it does not listen yet
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // JSON is YAML.
    private static string Quicker(JsonObject rules) => Durations().Replace(rules.ToJsonString(), duration =>
    {
        var (number, unit) = (int.Parse(duration.Groups[2].Value, CultureInfo.InvariantCulture), duration.Groups[3].Value);
        return $"{duration.Groups[1].Value}{(unit == "h" ? number * SecondsOfAnHour : number)}s";
    });

    [GeneratedRegex(@"(""for"":""|\[)(\d+)([mh])")]
    private static partial Regex Durations();
}
