using System.Text;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Configuration;

/// <summary>
/// Every setting of the agent: the one source for reading, checking and documenting them
/// (<see cref="RenderMarkdown"/>).
/// </summary>
internal static class SettingsTable
{
    public static readonly Setting AgentId = Identity(
        "OVIM_AGENT_ID", "Id of this agent at the hub, and the id under which the hub queues work for it")
        with
    { DefaultNote = "`spoke-agent-` and the zone id" };

    public static readonly Setting ClusterId = Identity("OVIM_CLUSTER_ID", "Id of this cluster")
        with
    { DefaultNote = "**required**" };

    public static readonly Setting ZoneId = Identity("OVIM_ZONE_ID", "Id of the zone this cluster is in")
        with
    { DefaultNote = "the cluster id" };

    public static readonly Setting HubEndpoint = new()
    {
        Name = "OVIM_HUB_ENDPOINT",
        DefaultNote = "**required**",
        Description = "Base URL of the hub",
        Expected = "an http(s) URL without credentials, query and fragment, e.g. https://hub.example.com",
        Accepts = text => SettingText.TryUrl(text, out _),
        Show = SettingText.ShowUrl,
    };

    public static readonly Setting HubToken = new()
    {
        Name = "OVIM_HUB_TOKEN",
        DefaultNote = "this, `OVIM_HUB_TOKEN_FILE` or a client certificate is **required**",
        Description = "Bearer token for the hub",
        Expected = "a token of printable ASCII characters without spaces",
        IsSecret = true,
        Accepts = SettingText.IsToken,
    };

    public static readonly Setting HubTokenFile = FileOf(
        "OVIM_HUB_TOKEN_FILE", "File with the bearer token; read again when it changes and when the hub refuses the token",
        "a token of printable ASCII characters without spaces", text => SettingText.IsToken(text.Trim()))
        with
    { Show = SettingText.ShowSecretPath };

    public static readonly Setting HubCertFile = FileOf(
        "OVIM_HUB_CERT_FILE", "PEM file with the client certificate for the hub (and its intermediates); read again when it changes",
        "PEM certificates", HoldsCertificates)
        with
    { Aliases = ["OVIM_HUB_CERT_PATH"] };

    public static readonly Setting HubKeyFile = FileOf(
        "OVIM_HUB_KEY_FILE", "PEM file with the client certificate's private key, unencrypted; read again when it changes",
        "an unencrypted PEM private key", PemCertificates.HoldsKey)
        with
    { Aliases = ["OVIM_HUB_KEY_PATH"], Show = SettingText.ShowSecretPath };

    public static readonly Setting HubTlsInsecure = Bool(
        "OVIM_HUB_TLS_INSECURE", "false", "Accept any certificate of the hub. For trials only")
        with
    { Aliases = ["OVIM_HUB_TLS_SKIP_VERIFY"] };

    public static readonly Setting HubCaFile = FileOf(
        "OVIM_HUB_CA_FILE", "PEM file with CAs to trust for the hub, in addition to the system's; read again when it changes",
        "PEM certificates", HoldsCertificates)
        with
    { Aliases = ["OVIM_HUB_CA_PATH"] };

    public static readonly Setting HubTimeout = Duration(
        "OVIM_HUB_TIMEOUT", "30s", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5), // of which an attempt has half: less than a LoopTurn
        "Limit of a call to the hub, its retries included");

    public static readonly Setting HubPollInterval = Duration(
        "OVIM_HUB_POLL_INTERVAL", "5s", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1),
        "Wait between two polls when nothing is queued (± 20 %)");

    public static readonly Setting HubHealthyStatus = Word(
        "OVIM_HUB_HEALTHY_STATUS", "healthy", "Word that tells the hub that the agent is healthy (older hubs: `active`)");

    public static readonly Setting HubSuccessStatus = Word(
        "OVIM_HUB_SUCCESS_STATUS", "completed", "Word for an operation that succeeded (one hub generation: `success`)");

    public static readonly Setting HeartbeatInterval = Duration(
        "OVIM_HEARTBEAT_INTERVAL", "30s", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1),
        "Time between two status reports")
        with
    { Aliases = ["OVIM_METRICS_REPORTING_INTERVAL"] };

    public static readonly Setting HealthCheckInterval = Duration(
        "OVIM_HEALTH_CHECK_INTERVAL", "30s", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1),
        "Time between two runs of the health checks");

    public static readonly Setting ComponentRestartLimit = Int(
        "OVIM_COMPONENT_RESTART_LIMIT", "5", 1, 100,
        "Failures of one of the agent's loops within ten minutes at which the liveness probe fails; those that the hub or the API server "
        + "causes do not count");

    public static readonly Setting MetricsCollectionInterval = Duration(
        "OVIM_METRICS_COLLECTION_INTERVAL", "30s", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1),
        "Time between two reads of metrics.k8s.io (± 10 %): what nodes and VMs use. All else follows the agent's watches");

    public static readonly Setting MetricsEnabled = Bool("OVIM_METRICS_ENABLED", "true", "Serve `/metrics`");

    public static readonly Setting MetricsPerVm = Bool(
        "OVIM_METRICS_PER_VM", "true", "Serve series for each VM; `false` where thousands of them are too much for Prometheus");

    public static readonly Setting LogLevelName = Choice(
        "OVIM_LOG_LEVEL", "info", "Least severe level that is logged", [.. LogLevelNames.All]);

    public static readonly Setting LogFormat = Choice(
        "OVIM_LOG_FORMAT", "json", "One JSON object a line, or plain text", "json", "text");

    public static readonly Setting OperationConcurrency = Int(
        "OVIM_OPERATION_CONCURRENCY", "8", 1, 256,
        "Operations that act on the cluster at the same time, and as many that only read; while others wait, a namespace has at "
        + "most half of them. Who waits, or has acted for a second, does not count");

    public static readonly Setting OperationTimeout = Duration(
        "OVIM_OPERATION_TIMEOUT", "5m", TimeSpan.FromSeconds(1), TimeSpan.FromDays(1),
        "Limit of an operation's execution where the hub sets none");

    public static readonly Setting OperationMaxTimeout = Duration(
        "OVIM_OPERATION_MAX_TIMEOUT", "1h", TimeSpan.FromSeconds(1), TimeSpan.FromDays(7),
        "The longest limit that the hub can set: `timeout_seconds` above it are cut to it, and the result says so");

    public static readonly Setting CpuOvercommit = new()
    {
        Name = "OVIM_CPU_OVERCOMMIT",
        Default = "1",
        Description = "CPU overcommit ratio: VMs that the agent makes request their vCPUs divided by it",
        Expected = "a number from 1 to 100, such as 1, 2 or 1.5",
        Accepts = text => SettingText.TryDecimal(text, out var ratio) && ratio is >= 1 and <= 100,
    };

    public static readonly Setting VdcPodSecurity = Choice(
        "OVIM_VDC_POD_SECURITY", "baseline",
        "Pod security standard that is enforced in VDCs (warned of is always `restricted`)",
        "privileged", "baseline", "restricted");

    public static readonly Setting VdcCascade = Bool(
        "OVIM_VDC_CASCADE", "false",
        "Whether a `delete_vdc` without `cascade` deletes all VMs with the VDC; else as many as its `vm_count`");

    public static readonly Setting OrphanGrace = Duration(
        "OVIM_ORPHAN_GRACE", "1h", TimeSpan.FromSeconds(1), TimeSpan.FromDays(7),
        "How old what a creation that failed left behind must be before it is removed. What has disks is removed only while the operation "
        + "is remembered (`OVIM_OPERATION_RETENTION`)");

    public static readonly Setting ClusterCidrs = Networks(
        "OVIM_CLUSTER_CIDRS", "all private, shared and link-local ranges",
        "Address ranges of the cluster's pods, services and nodes, comma-separated: "
        + "in `isolated` VDCs, CDI's importers reach only what is outside of them");

    public static readonly Setting DnsTargets = new()
    {
        Name = "OVIM_DNS_TARGETS",
        DefaultNote = "the nameservers of the agent's own pod",
        Description = "Where the cluster's DNS is, besides where upstream Kubernetes and OpenShift have it, comma-separated: "
            + "`ADDRESS[:PORT]` (a Service's leads to its pods) or `NAMESPACE/LABEL=VALUE[:PORT]` (pods). VDCs that are closed reach it",
        Expected = DnsTarget.Expected,
        Accepts = text => DnsTarget.TryParse(text, out _),
    };

    public static readonly Setting KubeVirtNamespace = Namespaced(
        "OVIM_KUBEVIRT_NAMESPACE", "that of the KubeVirt object", "Namespace of KubeVirt: its port-forward and exports reach isolated VDCs");

    public static readonly Setting CdiNamespace = Namespaced(
        "OVIM_CDI_NAMESPACE", "that of CDI's registered API", "Namespace of CDI: its uploads reach isolated VDCs");

    public static readonly Setting TemplateSync = Bool(
        "OVIM_FEATURE_TEMPLATE_SYNC", "true",
        "Take templates from the hub, by `sync_templates` and by asking for them. VMs can be made from those that are stored in any case");

    public static readonly Setting TemplateSyncInterval = Duration(
        "OVIM_TEMPLATE_SYNC_INTERVAL", "15m", TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1),
        "Time between two requests for the hub's templates (± 20 %), where the hub has them");

    public static readonly Setting OperationBacklog = Int(
        "OVIM_OPERATION_BACKLOG", "1000", 1, 1_000_000, "Operations that may wait; above it none are taken from the hub");

    public static readonly Setting OperationRetention = Duration(
        "OVIM_OPERATION_RETENTION", "1h", TimeSpan.FromMinutes(10), TimeSpan.FromDays(7),
        "How long a delivered operation is remembered, to answer repeats; less, but at least 10m, where all take too much room");

    public static readonly Setting OperationExpiry = Duration(
        "OVIM_OPERATION_EXPIRY", "24h", TimeSpan.FromMinutes(1), TimeSpan.FromDays(30),
        "An operation that waited longer before it began is not done; how long a result that the hub refuses is kept");

    public static readonly Setting JournalMaxBytes = new()
    {
        Name = "OVIM_JOURNAL_MAX_BYTES",
        Default = "64Mi",
        Description = "Room that stored operations and results may take in the cluster's database, roughly; above it none are taken from the hub",
        Expected = "a size from 1Mi to 1Gi, such as 64Mi",
        Accepts = text => SettingText.TryBytes(text, out var bytes) && bytes is >= 1L << 20 and <= 1L << 30,
    };

    public static readonly Setting ShutdownTimeout = Duration(
        "OVIM_SHUTDOWN_TIMEOUT", "25s", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1),
        "Limit of a graceful shutdown; `terminationGracePeriodSeconds` of the pod must be longer");

    public static readonly Setting LeaderElection = Bool(
        "OVIM_LEADER_ELECTION", "true", "Leader election by a Lease: of several agents in the namespace one is active");

    public static readonly Setting Namespace = new()
    {
        Name = "OVIM_NAMESPACE",
        DefaultNote = "the pod's namespace, else `ovim-system`",
        Description = "The agent's own namespace",
        Expected = KubernetesNames.DnsLabelRule,
        Accepts = KubernetesNames.IsDnsLabel,
    };

    public static readonly Setting PodName = new()
    {
        Name = "POD_NAME",
        DefaultNote = "outside of a pod none",
        Description = "The name of the agent's pod (downward API): its events are about it",
        Expected = "the name of a pod",
        Accepts = KubernetesNames.IsDnsSubdomain,
    };

    public static readonly Setting PodUid = new()
    {
        Name = "POD_UID",
        DefaultNote = "outside of a pod none",
        Description = "The uid of the agent's pod (downward API): `kubectl describe pod` shows its events by it",
        Expected = "the uid of a pod",
        Accepts = text => text.Length is > 0 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'),
    };

    public static readonly Setting Kubeconfig = FileOf(
        "OVIM_KUBECONFIG", "Path of a kubeconfig", "a kubeconfig", text => !string.IsNullOrWhiteSpace(text))
        with
    { Aliases = ["KUBECONFIG"], DefaultNote = "the pod's service account", Show = SettingText.ShowSecretPath };

    public static readonly Setting HttpAddress = new()
    {
        Name = "OVIM_HTTP_ADDRESS",
        Default = "::",
        Description = "IP address that the health and metrics endpoints listen on; `::` is all of them, IPv4 too",
        Expected = "an IP address",
        Accepts = text => IPAddresses.TryParse(text, out _),
    };

    public static readonly Setting HttpPort = Int(
        "OVIM_HTTP_PORT", "8080", 0, 65535, "Port of the health and metrics endpoints; 0 takes any free one")
        with
    { Aliases = ["OVIM_API_PORT"] };

    public static readonly Setting DebugPort = new()
    {
        Name = "OVIM_DEBUG_PORT",
        Default = "8081",
        Description = "Port of the status page and the `/debug/` documents, on the loopback addresses only (`kubectl port-forward`); "
            + "0 takes any free one, `off` none",
        Expected = "a whole number from 0 to 65535, or off",
        Accepts = text => SettingText.TryPortOrOff(text, out _),
    };

    public static readonly Setting HttpCertFile = FileOf(
        "OVIM_HTTP_CERT_FILE", "PEM file with the certificate of these endpoints (and its intermediates): they speak TLS then; "
        + "read again when it changes",
        "PEM certificates", HoldsCertificates);

    public static readonly Setting HttpKeyFile = FileOf(
        "OVIM_HTTP_KEY_FILE", "PEM file with that certificate's private key, unencrypted; read again when it changes",
        "an unencrypted PEM private key", PemCertificates.HoldsKey)
        with
    { Show = SettingText.ShowSecretPath };

    public static readonly Setting CallbackUrl = new()
    {
        Name = "OVIM_CALLBACK_URL",
        Aliases = ["OVIM_API_CALLBACK_URL"],
        Description = "URL under which the hub reaches these endpoints, to push operations; "
            + "polls are every 30 s once it did. Needs one of the next two",
        Expected = "an http(s) URL without credentials, query and fragment, e.g. https://agent.example.com:8080",
        Accepts = text => SettingText.TryUrl(text, out _),
        Show = SettingText.ShowUrl,
    };

    public static readonly Setting PushTokenFile = FileOf(
        "OVIM_PUSH_TOKEN_FILE", "File with the bearer token that a push must show; read again when it changes",
        "a token of printable ASCII characters without spaces", text => SettingText.IsToken(text.Trim()))
        with
    { Show = SettingText.ShowSecretPath };

    public static readonly Setting PushClientCaFile = FileOf(
        "OVIM_PUSH_CLIENT_CA_FILE", "PEM file with CAs whose client certificates may push; read again when it changes",
        "PEM certificates", HoldsCertificates);

    public static readonly Setting PushUnproven = Bool(
        "OVIM_PUSH_UNPROVEN", "false",
        "Accept operations that are pushed without token or client certificate, from `OVIM_PUSH_ALLOWED_CIDRS`. "
        + "For hubs that show none, where nothing in front can add the token");

    public static readonly Setting PushAllowedCidrs = Networks(
        "OVIM_PUSH_ALLOWED_CIDRS", "none",
        "Address ranges from which unproven pushes are accepted, comma-separated; **required** with `OVIM_PUSH_UNPROVEN`");

    public static readonly Setting PushTrustedProxies = Networks(
        "OVIM_PUSH_TRUSTED_PROXIES", "none",
        "Address ranges of the proxies in front, comma-separated: where one of them pushes, its `X-Forwarded-For` says who");

    /// <summary>All rows, in the order in which they are documented.</summary>
    public static readonly IReadOnlyList<Setting> All =
    [
        ClusterId, ZoneId, AgentId,
        HubEndpoint, HubToken, HubTokenFile, HubCertFile, HubKeyFile, HubCaFile, HubTlsInsecure, HubTimeout, HubPollInterval,
        HeartbeatInterval, HubHealthyStatus, HubSuccessStatus,
        OperationConcurrency, OperationTimeout, OperationMaxTimeout, OperationBacklog, OperationRetention, OperationExpiry, JournalMaxBytes,
        CpuOvercommit, OrphanGrace, VdcPodSecurity, VdcCascade, ClusterCidrs, DnsTargets, KubeVirtNamespace, CdiNamespace,
        TemplateSync, TemplateSyncInterval,
        Namespace, PodName, PodUid, Kubeconfig, LeaderElection, ShutdownTimeout,
        HttpAddress, HttpPort, DebugPort, HttpCertFile, HttpKeyFile, CallbackUrl, PushTokenFile, PushClientCaFile,
        PushUnproven, PushAllowedCidrs, PushTrustedProxies,
        MetricsEnabled, MetricsPerVm, MetricsCollectionInterval, HealthCheckInterval, ComponentRestartLimit,
        LogLevelName, LogFormat,
    ];

    /// <summary>The documented table.</summary>
    public static string RenderMarkdown()
    {
        var table = new StringBuilder("| variable | default | meaning |\n| --- | --- | --- |\n");
        foreach (var setting in All)
        {
            var names = string.Join(", also ", setting.Aliases.Prepend(setting.Name).Select(name => $"`{name}`"));
            var value = setting.DefaultNote ?? (setting.Default is { } text ? $"`{text}`" : "–");
            table.Append(null, $"| {names} | {value} | {setting.Description} |\n");
        }
        return table.ToString();
    }

    private static Setting Identity(string name, string description) => new()
    {
        Name = name,
        Description = description,
        Expected = "1 to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
        Accepts = text => text.Length <= 63 && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'),
    };

    private static Setting Duration(string name, string value, TimeSpan min, TimeSpan max, string description) => new()
    {
        Name = name,
        Default = value,
        Description = description,
        Expected = $"a duration from {Show(min)} to {Show(max)}, such as 500ms, 30s, 5m or 1m30s",
        Accepts = text => SettingText.TryDuration(text, out var duration) && duration >= min && duration <= max,
    };

    private static Setting Int(string name, string value, int min, int max, string description) => new()
    {
        Name = name,
        Default = value,
        Description = description,
        Expected = $"a whole number from {min} to {max}",
        Accepts = text => SettingText.TryInt(text, out var number) && number >= min && number <= max,
    };

    private static Setting Bool(string name, string value, string description) => new()
    {
        Name = name,
        Default = value,
        Description = description,
        Expected = "true or false",
        Accepts = text => SettingText.TryBool(text, out _),
    };

    private static Setting Choice(string name, string value, string description, params string[] choices) => new()
    {
        Name = name,
        Default = value,
        Description = $"{description}: {string.Join(", ", choices.Select(choice => $"`{choice}`"))}",
        Expected = $"one of {string.Join(", ", choices)}",
        Accepts = text => choices.Contains(text, StringComparer.OrdinalIgnoreCase),
    };

    private static Setting Networks(string name, string defaultNote, string description) => new()
    {
        Name = name,
        DefaultNote = defaultNote,
        Description = description,
        Expected = "networks in CIDR notation, separated by commas, such as 10.0.0.0/8,fd00::/8",
        Accepts = text => SettingText.TryNetworks(text, out _),
    };

    private static Setting Namespaced(string name, string defaultNote, string description) => new()
    {
        Name = name,
        DefaultNote = defaultNote,
        Description = description,
        Expected = $"the name of a namespace: {KubernetesNames.DnsLabelRule}",
        Accepts = KubernetesNames.IsDnsLabel,
    };

    private static Setting Word(string name, string value, string description) => new()
    {
        Name = name,
        Default = value,
        Description = description,
        Expected = "a word of lower-case letters, digits, '-' and '_'",
        Accepts = text => text.Length <= 63 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_'),
    };

    private static Setting FileOf(string name, string description, string content, Func<string, bool> accepts) => new()
    {
        Name = name,
        Description = description,
        Expected = $"the path of one readable file that holds {content}",
        IsFile = true,
        Accepts = accepts,
    };

    private static bool HoldsCertificates(string pem) => PemCertificates.Certificates(pem) is { Count: > 0 };

    private static string Show(TimeSpan duration) =>
        duration < TimeSpan.FromSeconds(1) ? $"{duration.TotalMilliseconds:0}ms"
        : duration < TimeSpan.FromMinutes(1) ? $"{duration.TotalSeconds:0}s"
        : duration < TimeSpan.FromHours(1) ? $"{duration.TotalMinutes:0}m" : $"{duration.TotalHours:0}h";
}
