using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Configuration;

public sealed class SettingsLoaderTests
{
    private const string NamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

    /// <summary>Variable, text, where it lands, what it becomes.</summary>
    private static readonly (string Name, string Text, Func<AgentSettings, object?> Read, object? Value)[] Good =
    [
        ("OVIM_CLUSTER_ID", "West.2_b", s => s.ClusterId, "West.2_b"),
        ("OVIM_ZONE_ID", "zone-a", s => s.ZoneId, "zone-a"),
        ("OVIM_AGENT_ID", "agent-7", s => s.AgentId, "agent-7"),
        ("OVIM_HUB_ENDPOINT", "http://hub:8090/base", s => s.Hub.Endpoint, new Uri("http://hub:8090/base")),
        ("OVIM_HUB_TOKEN", "a.b-c_d/e+f=", s => s.Hub.Token, "a.b-c_d/e+f="),
        ("OVIM_HUB_TIMEOUT", "10s", s => s.Hub.Timeout, TimeSpan.FromSeconds(10)),
        ("OVIM_HUB_POLL_INTERVAL", "500ms", s => s.Hub.PollInterval, TimeSpan.FromMilliseconds(500)),
        ("OVIM_HUB_HEALTHY_STATUS", "active", s => s.Hub.HealthyStatus, "active"),
        ("OVIM_HUB_SUCCESS_STATUS", "success", s => s.Hub.SuccessStatus, "success"),
        ("OVIM_HEARTBEAT_INTERVAL", "1m", s => s.HeartbeatInterval, TimeSpan.FromMinutes(1)),
        ("OVIM_METRICS_REPORTING_INTERVAL", "20s", s => s.HeartbeatInterval, TimeSpan.FromSeconds(20)),
        ("OVIM_METRICS_COLLECTION_INTERVAL", "15s", s => s.MetricsCollectionInterval, TimeSpan.FromSeconds(15)),
        ("OVIM_HEALTH_CHECK_INTERVAL", "1m30s", s => s.HealthCheckInterval, TimeSpan.FromSeconds(90)),
        ("OVIM_COMPONENT_RESTART_LIMIT", "7", s => s.ComponentRestartLimit, 7),
        ("OVIM_METRICS_ENABLED", "false", s => s.MetricsEnabled, false),
        ("OVIM_METRICS_ENABLED", "1", s => s.MetricsEnabled, true),
        ("OVIM_METRICS_PER_VM", "false", s => s.MetricsPerVm, false),
        ("OVIM_OPERATION_CONCURRENCY", "256", s => s.Operations.Concurrency, 256),
        ("OVIM_OPERATION_TIMEOUT", "1h", s => s.Operations.Timeout, TimeSpan.FromHours(1)),
        ("OVIM_OPERATION_MAX_TIMEOUT", "168h", s => s.Operations.MaxTimeout, TimeSpan.FromDays(7)),
        ("OVIM_CPU_OVERCOMMIT", "1.5", s => s.CpuOvercommit, 1.5m),
        ("OVIM_VDC_POD_SECURITY", "Restricted", s => s.Vdc.PodSecurity, "restricted"),
        ("OVIM_VDC_CASCADE", "true", s => s.Vdc.Cascade, true),
        ("OVIM_ORPHAN_GRACE", "10m", s => s.OrphanGrace, TimeSpan.FromMinutes(10)),
        ("OVIM_FEATURE_TEMPLATE_SYNC", "false", s => s.Templates.Sync, false),
        ("OVIM_TEMPLATE_SYNC_INTERVAL", "5m", s => s.Templates.SyncInterval, TimeSpan.FromMinutes(5)),
        ("OVIM_DNS_TARGETS", "169.254.20.10,10.96.0.10:5353, fd00::a,[fd00::b]:1053,dns-system/example.com/app=coredns:5353,dns/a=b",
            s => string.Join(' ', s.Vdc.DnsTargets!.Select(t => $"{t.Address}{t.Namespace}{t.Label}{t.LabelValue}|{t.Port}")),
            "169.254.20.10|53 10.96.0.10|5353 fd00::a|53 fd00::b|1053 dns-systemexample.com/appcoredns|5353 dnsab|53"),
        ("OVIM_KUBEVIRT_NAMESPACE", "virt", s => s.Vdc.KubeVirtNamespace!, "virt"),
        ("OVIM_CDI_NAMESPACE", "images", s => s.Vdc.CdiNamespace!, "images"),
        ("OVIM_CLUSTER_CIDRS", "10.8.0.0/14, fd12::/64", s => string.Join(' ', s.Vdc.ClusterCidrs), "10.8.0.0/14 fd12::/64"),
        ("OVIM_OPERATION_BACKLOG", "50", s => s.Operations.Backlog, 50),
        ("OVIM_OPERATION_RETENTION", "10m", s => s.Operations.Retention, TimeSpan.FromMinutes(10)),
        ("OVIM_OPERATION_EXPIRY", "2h", s => s.Operations.Expiry, TimeSpan.FromHours(2)),
        ("OVIM_JOURNAL_MAX_BYTES", "1Gi", s => s.Operations.JournalMaxBytes, 1L << 30),
        ("OVIM_SHUTDOWN_TIMEOUT", "5s", s => s.ShutdownTimeout, TimeSpan.FromSeconds(5)),
        ("OVIM_LEADER_ELECTION", "false", s => s.LeaderElection, false),
        ("OVIM_NAMESPACE", "agents", s => s.Namespace, "agents"),
        ("POD_UID", "6f1c0a52-5a0c-4d5e-9d6e-1d2f3a4b5c6d", s => s.PodUid, "6f1c0a52-5a0c-4d5e-9d6e-1d2f3a4b5c6d"),
        ("POD_NAME", "ovim-spoke-agent-5d9f-x2x", s => s.PodName, "ovim-spoke-agent-5d9f-x2x"),
        ("OVIM_HTTP_ADDRESS", "::1", s => s.Http.Address, "::1"),
        ("OVIM_HTTP_PORT", "0", s => s.Http.Port, 0),
        ("OVIM_API_PORT", "9090", s => s.Http.Port, 9090),
        ("OVIM_DEBUG_PORT", "0", s => s.Http.DebugPort!, 0),
        ("OVIM_DEBUG_PORT", "9091", s => s.Http.DebugPort!, 9091),
        ("OVIM_LOG_LEVEL", "warn", s => s.Log.Level, LogLevel.Warning),
        ("OVIM_LOG_LEVEL", "Debug", s => s.Log.Level, LogLevel.Debug),
        ("OVIM_LOG_FORMAT", "text", s => s.Log.Json, false),
    ];

    public static TheoryData<int> GoodRows => [.. Enumerable.Range(0, Good.Length)];

    [Theory]
    [MemberData(nameof(GoodRows))]
    public void Good_value_is_taken(int row)
    {
        var (name, text, read, value) = Good[row];

        Assert.Equal(value, read(new TestEnvironment().With(name, text).LoadClean()));
    }

    [Fact]
    public void Default_timeout_beyond_the_longest_is_an_error()
    {
        Assert.Equal(
            "OVIM_OPERATION_TIMEOUT: \"2h\" is more than OVIM_OPERATION_MAX_TIMEOUT, expected at most 1h",
            new TestEnvironment().With("OVIM_OPERATION_TIMEOUT", "2h").LoadError());
        Assert.Equal(
            "OVIM_OPERATION_TIMEOUT: \"5m\" is more than OVIM_OPERATION_MAX_TIMEOUT, expected at most 1m",
            new TestEnvironment().With("OVIM_OPERATION_MAX_TIMEOUT", "1m").LoadError());
    }

    [Fact]
    public void Defaults_are_those_of_the_issue()
    {
        var settings = new TestEnvironment().LoadClean();

        Assert.Equal("east-1", settings.ZoneId);
        Assert.Equal("spoke-agent-east-1", settings.AgentId);
        Assert.Equal("ovim-system", settings.Namespace);
        Assert.Null(settings.Kubeconfig);
        Assert.Equal(TimeSpan.FromSeconds(30), settings.HeartbeatInterval);
        Assert.Equal(TimeSpan.FromSeconds(30), settings.HealthCheckInterval);
        Assert.True(settings.MetricsEnabled);
        Assert.True(settings.LeaderElection);
        Assert.Equal(TimeSpan.FromSeconds(25), settings.ShutdownTimeout);
        Assert.Equal(
            new OperationSettings
            {
                Concurrency = 8,
                Timeout = TimeSpan.FromMinutes(5),
                MaxTimeout = TimeSpan.FromHours(1),
                Backlog = 1000,
                Retention = TimeSpan.FromHours(1),
                Expiry = TimeSpan.FromHours(24),
                JournalMaxBytes = 64 << 20,
            },
            settings.Operations);
        Assert.Equal(new HttpSettings { Address = "::", Port = 8080, DebugPort = 8081 }, settings.Http);
        Assert.Equal(new LogSettings { Level = LogLevel.Information, Json = true }, settings.Log);
        Assert.Equal(
            new HubSettings
            {
                Endpoint = new Uri("https://hub.example.com"),
                Token = "t0ken-of-the-hub",
                TlsInsecure = false,
                Timeout = TimeSpan.FromSeconds(30),
                PollInterval = TimeSpan.FromSeconds(5),
                HealthyStatus = "healthy",
                SuccessStatus = "completed",
            },
            settings.Hub);
    }

    [Fact]
    public void Every_default_is_a_good_value() =>
        Assert.All(SettingsTable.All, row => Assert.True(row.Default is null || row.Accepts(row.Default), row.Name));

    [Fact]
    public void Every_row_is_in_the_tables_of_this_test()
    {
        string[] tested =
        [
            .. Good.Select(row => row.Name), "OVIM_HUB_TOKEN_FILE", "OVIM_HUB_CERT_FILE", "OVIM_HUB_KEY_FILE",
            "OVIM_HUB_CA_FILE", "OVIM_HTTP_CERT_FILE", "OVIM_HTTP_KEY_FILE", "OVIM_CALLBACK_URL", "OVIM_PUSH_TOKEN_FILE",
            "OVIM_PUSH_CLIENT_CA_FILE", "OVIM_PUSH_UNPROVEN", "OVIM_PUSH_ALLOWED_CIDRS", "OVIM_PUSH_TRUSTED_PROXIES", "OVIM_KUBECONFIG",
            "OVIM_HUB_TLS_INSECURE",
        ];

        Assert.Empty(SettingsTable.All.Select(row => row.Name).Except(tested));
    }

    [Fact]
    public void Line_feed_at_the_end_of_a_value_is_none_of_it()
    {
        var settings = new TestEnvironment().With("OVIM_HUB_TOKEN", "t0ken\n").With("OVIM_CLUSTER_ID", "east\r\n").LoadClean();

        Assert.Equal(("t0ken", "east"), (settings.Hub.Token, settings.ClusterId));
    }

    [Theory]
    [InlineData("OVIM_CLUSTER_ID", "east 1")]
    [InlineData("OVIM_CLUSTER_ID", "east\r\nX-Zone-ID: other")]
    [InlineData("OVIM_ZONE_ID", "a/b")]
    [InlineData("OVIM_ZONE_ID", "-a")]
    [InlineData("OVIM_AGENT_ID", "a?b=c")]
    [InlineData("OVIM_HUB_ENDPOINT", "hub.example.com")]
    [InlineData("OVIM_HUB_ENDPOINT", "ftp://hub.example.com")]
    [InlineData("OVIM_HUB_ENDPOINT", "https://")]
    [InlineData("OVIM_HUB_ENDPOINT", "https://hub:99999")]
    [InlineData("OVIM_HUB_TIMEOUT", "30")]
    [InlineData("OVIM_HUB_TIMEOUT", "0s")]
    [InlineData("OVIM_HUB_TIMEOUT", "-5s")]
    [InlineData("OVIM_HUB_TIMEOUT", "11m")]
    [InlineData("OVIM_HUB_POLL_INTERVAL", "5 s")]
    [InlineData("OVIM_HUB_POLL_INTERVAL", "1d")]
    [InlineData("OVIM_HUB_HEALTHY_STATUS", "very healthy")]
    [InlineData("OVIM_HUB_SUCCESS_STATUS", "OK!")]
    [InlineData("OVIM_HUB_TLS_INSECURE", "maybe")]
    [InlineData("OVIM_HUB_TLS_SKIP_VERIFY", "yes")]
    [InlineData("OVIM_HEARTBEAT_INTERVAL", "2h")]
    [InlineData("OVIM_METRICS_REPORTING_INTERVAL", "often")]
    [InlineData("OVIM_METRICS_COLLECTION_INTERVAL", "1ms")]
    [InlineData("OVIM_HEALTH_CHECK_INTERVAL", "s")]
    [InlineData("OVIM_COMPONENT_RESTART_LIMIT", "0")]
    [InlineData("OVIM_METRICS_ENABLED", "on")]
    [InlineData("OVIM_OPERATION_CONCURRENCY", "0")]
    [InlineData("OVIM_OPERATION_CONCURRENCY", "eight")]
    [InlineData("OVIM_OPERATION_CONCURRENCY", "99999999999")]
    [InlineData("OVIM_OPERATION_TIMEOUT", "25h")]
    [InlineData("OVIM_CPU_OVERCOMMIT", "0.5")]
    [InlineData("OVIM_CPU_OVERCOMMIT", "1,5")]
    [InlineData("OVIM_CPU_OVERCOMMIT", "101")]
    [InlineData("OVIM_VDC_POD_SECURITY", "strict")]
    [InlineData("OVIM_VDC_CASCADE", "maybe")]
    [InlineData("OVIM_CLUSTER_CIDRS", "10.0.0.0")]
    [InlineData("OVIM_DNS_TARGETS", "dns")]
    [InlineData("OVIM_DNS_TARGETS", "10.96.0.0/16")]
    [InlineData("OVIM_DNS_TARGETS", "10.96.0.10:0")]
    [InlineData("OVIM_DNS_TARGETS", "10.96.0.10,")]
    [InlineData("OVIM_DNS_TARGETS", "[fd00::a")]
    [InlineData("OVIM_DNS_TARGETS", "[fd00::a]53")]
    [InlineData("OVIM_DNS_TARGETS", "169.254.169.254")]
    [InlineData("OVIM_DNS_TARGETS", "::ffff:169.254.169.254")]
    [InlineData("OVIM_DNS_TARGETS", "64:ff9b::a9fe:a9fe")]
    [InlineData("OVIM_DNS_TARGETS", "[fd00:ec2::254]:53")]
    [InlineData("OVIM_DNS_TARGETS", "127.0.0.53")]
    [InlineData("OVIM_DNS_TARGETS", "0.0.0.0")]
    [InlineData("OVIM_DNS_TARGETS", "224.0.0.251")]
    [InlineData("OVIM_DNS_TARGETS", "fe80::1")]
    [InlineData("OVIM_DNS_TARGETS", "dns-system/app")]
    [InlineData("OVIM_DNS_TARGETS", "dns-system/app=coredns:dns")]
    [InlineData("OVIM_DNS_TARGETS", "DNS/app=coredns")]
    [InlineData("OVIM_KUBEVIRT_NAMESPACE", "Kube Virt")]
    [InlineData("OVIM_CDI_NAMESPACE", "cdi,openshift-cnv")]
    [InlineData("OVIM_CLUSTER_CIDRS", "0.0.0.0/0")]
    [InlineData("OVIM_OPERATION_BACKLOG", "0")]
    [InlineData("OVIM_OPERATION_RETENTION", "9m")]
    [InlineData("OVIM_OPERATION_EXPIRY", "tomorrow")]
    [InlineData("OVIM_JOURNAL_MAX_BYTES", "1023Ki")]
    [InlineData("OVIM_JOURNAL_MAX_BYTES", "2Gi")]
    [InlineData("OVIM_JOURNAL_MAX_BYTES", "64MB")]
    [InlineData("OVIM_SHUTDOWN_TIMEOUT", "0s")]
    [InlineData("OVIM_LEADER_ELECTION", "sometimes")]
    [InlineData("OVIM_NAMESPACE", "Agents")]
    [InlineData("OVIM_NAMESPACE", "a.b")]
    [InlineData("OVIM_HUB_CA_FILE", "/absent.pem")]
    [InlineData("OVIM_HUB_CA_PATH", "/absent.pem")]
    [InlineData("OVIM_KUBECONFIG", "/absent")]
    [InlineData("KUBECONFIG", "/absent")]
    [InlineData("OVIM_HTTP_ADDRESS", "localhost")]
    [InlineData("OVIM_HTTP_ADDRESS", "8080")]
    [InlineData("OVIM_HTTP_PORT", "65536")]
    [InlineData("OVIM_HTTP_PORT", "-1")]
    [InlineData("OVIM_DEBUG_PORT", "65536")]
    [InlineData("OVIM_DEBUG_PORT", "on")]
    [InlineData("OVIM_DEBUG_PORT", "127.0.0.1:8081")]
    [InlineData("OVIM_API_PORT", "80a")]
    [InlineData("OVIM_PUSH_UNPROVEN", "sure")]
    [InlineData("OVIM_PUSH_ALLOWED_CIDRS", "10.0.0.0")]
    [InlineData("OVIM_PUSH_TRUSTED_PROXIES", "::/0")]
    [InlineData("OVIM_LOG_LEVEL", "loud")]
    [InlineData("OVIM_LOG_FORMAT", "xml")]
    public void Bad_value_is_named_with_the_variable_and_what_is_expected(string name, string value)
    {
        var error = new TestEnvironment().With(name, value).LoadError();

        var row = SettingsTable.All.Single(setting => setting.Name == name || setting.Aliases.Contains(name));
        Assert.StartsWith($"{name}: \"", error, StringComparison.Ordinal);
        Assert.Contains(value.Split('\r')[0], error, StringComparison.Ordinal);
        Assert.EndsWith($", expected {row.Expected}", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Theory]
    [InlineData("OVIM_CLUSTER_ID")]
    [InlineData("OVIM_HUB_ENDPOINT")]
    [InlineData("OVIM_HUB_TOKEN")]
    public void Required_variable_that_is_absent_or_empty_is_an_error(string name)
    {
        Assert.StartsWith($"{name}: missing, expected ", new TestEnvironment().Without(name).LoadError(), StringComparison.Ordinal);
        Assert.StartsWith($"{name}: missing, expected ", new TestEnvironment().With(name, "").LoadError(), StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_variable_is_as_if_it_were_not_set() =>
        Assert.Equal(8080, new TestEnvironment().With("OVIM_HTTP_PORT", "").LoadClean().Http.Port);

    [Fact]
    public void All_errors_come_at_once_and_are_rendered_a_line_each()
    {
        var result = new TestEnvironment()
            .Without("OVIM_CLUSTER_ID").With("OVIM_HTTP_PORT", "http").With("OVIM_LOG_LEVEL", "loud").Load();

        Assert.Null(result.Settings);
        Assert.Equal(3, result.Errors.Count);
        var lines = SettingsLoader.Render(result.Errors, []).TrimEnd('\n').Split('\n');
        Assert.Equal("The configuration has 3 errors:", lines[0]);
        Assert.Equal(result.Errors.Select(error => $"  - {error}"), lines[1..]);
    }

    [Fact]
    public void Zone_id_gives_the_agent_id() =>
        Assert.Equal("spoke-agent-zone-a", new TestEnvironment().With("OVIM_ZONE_ID", "zone-a").LoadClean().AgentId);

    [Fact]
    public void Namespace_is_the_pods_without_a_variable() => Assert.Equal(
        "agents", new TestEnvironment().WithFile(NamespaceFile, "agents\n").LoadClean().Namespace);

    [Fact]
    public void Token_file_replaces_the_token()
    {
        var hub = new TestEnvironment().Without("OVIM_HUB_TOKEN")
            .With("OVIM_HUB_TOKEN_FILE", "/secret/token").WithFile("/secret/token", "abc\n").LoadClean().Hub;

        Assert.Null(hub.Token);
        Assert.Equal("/secret/token", hub.TokenFile);
    }

    [Fact]
    public void Token_and_token_file_exclude_each_other() => Assert.Equal(
        "OVIM_HUB_TOKEN and OVIM_HUB_TOKEN_FILE: both are set, expected one of them",
        new TestEnvironment().With("OVIM_HUB_TOKEN_FILE", "/secret/token").WithFile("/secret/token", "abc").LoadError());

    [Theory]
    [InlineData(null, "cannot be read (it does not exist)")]
    [InlineData("", "does not hold what it should")]
    [InlineData("two words", "does not hold what it should")]
    public void Token_file_without_a_token_is_an_error(string? content, string problem)
    {
        var environment = new TestEnvironment().Without("OVIM_HUB_TOKEN").With("OVIM_HUB_TOKEN_FILE", "/secret/token");
        if (content is not null) environment.WithFile("/secret/token", content);

        var error = environment.LoadError();

        Assert.StartsWith($"OVIM_HUB_TOKEN_FILE: \"/secret/token\" {problem}", error, StringComparison.Ordinal);
        Assert.DoesNotContain("two words", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OVIM_HUB_CA_FILE")]
    [InlineData("OVIM_HUB_CA_PATH")]
    public void Ca_file_must_hold_certificates(string name)
    {
        Assert.Equal("/ca.pem", new TestEnvironment().With(name, "/ca.pem").WithFile("/ca.pem", Certificate()).LoadClean().Hub.CaFile);
        Assert.StartsWith(
            $"{name}: \"/ca.pem\" does not hold what it should",
            new TestEnvironment().With(name, "/ca.pem").WithFile("/ca.pem", "no PEM").LoadError(),
            StringComparison.Ordinal);
        Assert.StartsWith(
            $"{name}: \"/ca.pem\" does not hold what it should",
            new TestEnvironment().With(name, "/ca.pem")
                .WithFile("/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").LoadError(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OVIM_HUB_CERT_FILE", "OVIM_HUB_KEY_FILE")]
    [InlineData("OVIM_HUB_CERT_PATH", "OVIM_HUB_KEY_PATH")]
    public void Client_certificate_may_stand_for_the_token(string cert, string key)
    {
        var (certificate, privateKey) = Pair();

        var hub = new TestEnvironment().Without("OVIM_HUB_TOKEN").With(cert, "/tls.crt").With(key, "/tls.key")
            .WithFile("/tls.crt", certificate).WithFile("/tls.key", privateKey).LoadClean().Hub;

        Assert.Equal(("/tls.crt", "/tls.key"), (hub.CertFile, hub.KeyFile));
        Assert.Null(hub.Token);
    }

    [Theory]
    [InlineData("OVIM_HUB_CERT_FILE", "OVIM_HUB_KEY_FILE")]
    [InlineData("OVIM_HUB_KEY_FILE", "OVIM_HUB_CERT_FILE")]
    public void Certificate_and_key_come_together(string set, string missing)
    {
        var (certificate, privateKey) = Pair();

        Assert.StartsWith(
            $"{missing}: missing, expected ",
            new TestEnvironment().With(set, "/tls.pem").WithFile("/tls.pem", certificate + privateKey).LoadError(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OVIM_KUBECONFIG")]
    [InlineData("KUBECONFIG")]
    public void Kubeconfig_is_taken_from_either_variable(string name) => Assert.Equal(
        "/kube/config",
        new TestEnvironment().With(name, "/kube/config").WithFile("/kube/config", "apiVersion: v1").LoadClean().Kubeconfig);

    [Fact]
    public void Ordinary_kubeconfig_beside_the_agents_own_is_no_matter() => Assert.Equal(
        "/a",
        new TestEnvironment().With("OVIM_KUBECONFIG", "/a").With("KUBECONFIG", "/b").WithFile("/a", "x").LoadClean().Kubeconfig);

    [Theory]
    [InlineData("OVIM_HUB_TLS_INSECURE")]
    [InlineData("OVIM_HUB_TLS_SKIP_VERIFY")]
    public void Insecure_tls_is_taken_and_warned_of(string name)
    {
        var result = new TestEnvironment().With(name, "true").Load();

        Assert.True(result.Settings!.Hub.TlsInsecure);
        Assert.Contains("any certificate", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Heartbeat_that_makes_the_zone_stale_is_warned_of() => Assert.StartsWith(
        "OVIM_HEARTBEAT_INTERVAL: ",
        Assert.Single(new TestEnvironment().With("OVIM_HEARTBEAT_INTERVAL", "5m").Load().Warnings),
        StringComparison.Ordinal);

    [Fact]
    public void Local_API_can_be_switched_off() => Assert.Null(new TestEnvironment().With("OVIM_DEBUG_PORT", "Off").LoadClean().Http.DebugPort);

    [Fact]
    public void Local_API_has_a_port_of_its_own()
    {
        Assert.Equal(
            "OVIM_DEBUG_PORT: \"9090\" is the port of OVIM_HTTP_PORT too, expected another one, or off",
            new TestEnvironment().With("OVIM_HTTP_PORT", "9090").With("OVIM_DEBUG_PORT", "9090").LoadError());
        Assert.Equal(0, new TestEnvironment().With("OVIM_HTTP_PORT", "0").With("OVIM_DEBUG_PORT", "0").LoadClean().Http.DebugPort);
        // Who gave the other endpoints its default port before there was one keeps them.
        var former = new TestEnvironment().With("OVIM_HTTP_PORT", "8081").Load();
        Assert.Null(former.Settings!.Http.DebugPort);
        Assert.Equal(
            "OVIM_DEBUG_PORT: there is no status page, OVIM_HTTP_PORT has its default port 8081; expected another one, or off",
            Assert.Single(former.Warnings));
    }

    [Fact]
    public void Main_name_wins_over_another_with_a_warning()
    {
        var result = new TestEnvironment().With("OVIM_API_PORT", "9090").With("OVIM_HTTP_PORT", "8090").Load();

        Assert.Equal(8090, result.Settings!.Http.Port);
        Assert.Equal("OVIM_API_PORT is ignored: OVIM_HTTP_PORT is set and means the same", Assert.Single(result.Warnings));
    }

    [Fact]
    public void Both_names_with_the_same_value_are_fine() => Assert.Equal(
        9090, new TestEnvironment().With("OVIM_API_PORT", "9090").With("OVIM_HTTP_PORT", "9090").LoadClean().Http.Port);

    [Theory]
    [InlineData("OVIM_API_PORT", "tcp://10.96.0.7:8080")]
    [InlineData("OVIM_HTTP_PORT", "udp://10.96.0.7:53")]
    public void Port_that_Kubernetes_injected_is_ignored_with_a_warning(string name, string value)
    {
        var result = new TestEnvironment().With(name, value).Load();

        Assert.Equal(8080, result.Settings!.Http.Port);
        Assert.StartsWith($"{name}: \"{value}\" is ignored", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Good_alias_counts_where_the_main_name_is_injected() => Assert.Equal(
        9090,
        new TestEnvironment().With("OVIM_HTTP_PORT", "tcp://10.96.0.7:80").With("OVIM_API_PORT", "9090").Load().Settings!.Http.Port);

    private static string Certificate() => Pair().Certificate;

    private static (string Certificate, string Key) Pair()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test-ca", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    [Fact]
    public void Errors_come_with_the_warnings_that_may_be_their_cause()
    {
        var text = SettingsLoader.Render(["OVIM_CLUSTER_ID: missing"], ["OVIM_CLUSTERID is not known"]);

        Assert.Equal(
            "The configuration has 1 error:\n  - OVIM_CLUSTER_ID: missing\nBeside that:\n  - OVIM_CLUSTERID is not known\n",
            text);
    }
}
