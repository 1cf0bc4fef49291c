using System.Globalization;
using System.Net;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Configuration;

/// <summary>What came of reading the settings: them, or all that is wrong; and what is odd but does not matter.</summary>
internal sealed record SettingsResult(AgentSettings? Settings, IReadOnlyList<string> Errors, IReadOnlyList<string> Warnings)
{
    /// <summary>Exit code for errors: EX_CONFIG of sysexits.h.</summary>
    public const int ExitCode = 78;

    /// <summary>Every setting, with what it is and where that comes from.</summary>
    public IReadOnlyList<SettingInUse> InUse { get; init; } = [];
}

/// <summary>Makes the settings from environment variables by the rows of <see cref="SettingsTable"/>.</summary>
internal sealed class SettingsLoader
{
    private const string PodNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    private const string DefaultNamespace = "ovim-system";

    // The hub's rule for a zone whose agent is silent.
    private static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(2);

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly SettingsFileReader _readFile;
    private readonly List<string> _errors = [];
    private readonly List<string> _warnings = [];
    private readonly HashSet<Setting> _rejected = [];
    private readonly Dictionary<Setting, (string Name, string Text)> _found = [];

    private SettingsLoader(IReadOnlyDictionary<string, string> environment, SettingsFileReader readFile)
    {
        _environment = environment;
        _readFile = readFile;
    }

    /// <summary>Reads all settings and names everything that is wrong with them at once; an empty variable is no value.</summary>
    /// <param name="environment">The environment's variables.</param>
    /// <param name="readFile">Reads the files they name, and the pod's namespace; null: the machine's files.</param>
    public static SettingsResult Load(
        IReadOnlyDictionary<string, string> environment, SettingsFileReader? readFile = null)
    {
        var loader = new SettingsLoader(environment, readFile ?? SettingsFiles.Read);
        var settings = loader.Read();
        loader.WarnOfDoubtful(settings);
        loader._warnings.AddRange(UnknownSettings.Warnings(environment));
        return new SettingsResult(loader._errors.Count == 0 ? settings : null, loader._errors, loader._warnings)
        {
            InUse = [.. SettingsTable.All.Select(setting => loader.Describe(setting, settings))],
        };
    }

    /// <summary>The errors as an operator should see them, with what else is odd: it may be their cause.</summary>
    public static string Render(IReadOnlyList<string> errors, IReadOnlyList<string> warnings) =>
        $"The configuration has {errors.Count} error{(errors.Count == 1 ? "" : "s")}:\n"
        + string.Concat(errors.Select(error => $"  - {error}\n"))
        + (warnings.Count == 0 ? "" : "Beside that:\n" + string.Concat(warnings.Select(warning => $"  - {warning}\n")));

    private AgentSettings Read()
    {
        var clusterId = Required(SettingsTable.ClusterId);
        var zoneId = Text(SettingsTable.ZoneId) ?? clusterId;
        return new AgentSettings
        {
            ClusterId = clusterId,
            ZoneId = zoneId,
            AgentId = Text(SettingsTable.AgentId) ?? $"spoke-agent-{zoneId}",
            Hub = ReadHub(),
            Operations = ReadOperations(),
            CpuOvercommit = decimal.Parse(
                Required(SettingsTable.CpuOvercommit), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture),
            OrphanGrace = Duration(SettingsTable.OrphanGrace),
            Vdc = ReadVdc(),
            Templates = new TemplateSettings
            {
                Sync = Bool(SettingsTable.TemplateSync),
                SyncInterval = Duration(SettingsTable.TemplateSyncInterval),
            },
            Http = ReadHttp(),
            Push = ReadPush(),
            Log = new LogSettings
            {
                Level = LogLevelNames.TryParse(Required(SettingsTable.LogLevelName), out var level) ? level : LogLevel.Information,
                Json = Required(SettingsTable.LogFormat).Equals("json", StringComparison.OrdinalIgnoreCase),
            },
            HeartbeatInterval = Duration(SettingsTable.HeartbeatInterval),
            HealthCheckInterval = Duration(SettingsTable.HealthCheckInterval),
            ComponentRestartLimit = Int(SettingsTable.ComponentRestartLimit),
            MetricsCollectionInterval = Duration(SettingsTable.MetricsCollectionInterval),
            MetricsEnabled = Bool(SettingsTable.MetricsEnabled),
            MetricsPerVm = Bool(SettingsTable.MetricsPerVm),
            Namespace = Text(SettingsTable.Namespace) ?? PodNamespace() ?? DefaultNamespace,
            PodName = Text(SettingsTable.PodName),
            PodUid = Text(SettingsTable.PodUid),
            Kubeconfig = Text(SettingsTable.Kubeconfig),
            LeaderElection = Bool(SettingsTable.LeaderElection),
            ShutdownTimeout = Duration(SettingsTable.ShutdownTimeout),
        };
    }

    private HubSettings ReadHub()
    {
        var endpoint = Required(SettingsTable.HubEndpoint);
        var token = Text(SettingsTable.HubToken);
        var tokenFile = Text(SettingsTable.HubTokenFile);
        if (token is not null && tokenFile is not null)
            _errors.Add("OVIM_HUB_TOKEN and OVIM_HUB_TOKEN_FILE: both are set, expected one of them");
        var (certFile, keyFile) = ReadPair(SettingsTable.HubCertFile, SettingsTable.HubKeyFile);
        if (token is null && tokenFile is null && certFile is null
            && !_rejected.Contains(SettingsTable.HubToken) && !_rejected.Contains(SettingsTable.HubTokenFile)
            && !_rejected.Contains(SettingsTable.HubCertFile))
        {
            _errors.Add(
                "OVIM_HUB_TOKEN: missing, expected a token here, the path of its file in OVIM_HUB_TOKEN_FILE, or a client "
                + "certificate in OVIM_HUB_CERT_FILE and OVIM_HUB_KEY_FILE");
        }
        return new HubSettings
        {
            Endpoint = SettingText.TryUrl(endpoint, out var url) ? url : new Uri("http://invalid"),
            Token = token,
            TokenFile = tokenFile,
            CertFile = certFile,
            KeyFile = keyFile,
            TlsInsecure = Bool(SettingsTable.HubTlsInsecure),
            CaFile = Text(SettingsTable.HubCaFile),
            Timeout = Duration(SettingsTable.HubTimeout),
            PollInterval = Duration(SettingsTable.HubPollInterval),
            HealthyStatus = Required(SettingsTable.HubHealthyStatus),
            SuccessStatus = Required(SettingsTable.HubSuccessStatus),
        };
    }

    private OperationSettings ReadOperations()
    {
        var settings = new OperationSettings
        {
            Concurrency = Int(SettingsTable.OperationConcurrency),
            Timeout = Duration(SettingsTable.OperationTimeout),
            MaxTimeout = Duration(SettingsTable.OperationMaxTimeout),
            Backlog = Int(SettingsTable.OperationBacklog),
            Retention = Duration(SettingsTable.OperationRetention),
            Expiry = Duration(SettingsTable.OperationExpiry),
            JournalMaxBytes = SettingText.TryBytes(Required(SettingsTable.JournalMaxBytes), out var bytes) ? bytes : 0,
        };
        if (settings.Timeout > settings.MaxTimeout && !_rejected.Contains(SettingsTable.OperationTimeout))
        {
            var (name, text) = Find(SettingsTable.OperationTimeout);
            _errors.Add(
                $"{name}: {JsonText.Show(text ?? SettingsTable.OperationTimeout.Default!)} is more than "
                + $"{SettingsTable.OperationMaxTimeout.Name}, expected at most {Required(SettingsTable.OperationMaxTimeout)}");
        }
        return settings;
    }

    private VdcSettings ReadVdc()
    {
        var settings = new VdcSettings
        {
            PodSecurity = Required(SettingsTable.VdcPodSecurity).ToLowerInvariant(),
            Cascade = Bool(SettingsTable.VdcCascade),
            KubeVirtNamespace = Text(SettingsTable.KubeVirtNamespace),
            CdiNamespace = Text(SettingsTable.CdiNamespace),
        };
        if (Text(SettingsTable.ClusterCidrs) is { } cidrs && SettingText.TryNetworks(cidrs, out var networks))
            settings = settings with { ClusterCidrs = networks };
        if (Text(SettingsTable.DnsTargets) is { } dns && DnsTarget.TryParse(dns, out var targets))
            settings = settings with { DnsTargets = targets };
        return settings;
    }

    private HttpSettings ReadHttp()
    {
        var (certFile, keyFile) = ReadPair(SettingsTable.HttpCertFile, SettingsTable.HttpKeyFile);
        var port = Int(SettingsTable.HttpPort);
        return new HttpSettings
        {
            Address = Required(SettingsTable.HttpAddress),
            Port = port,
            DebugPort = ReadDebugPort(port),
            CertFile = certFile,
            KeyFile = keyFile,
        };
    }

    private int? ReadDebugPort(int httpPort)
    {
        var setting = SettingsTable.DebugPort;
        SettingText.TryPortOrOff(Required(setting), out var port);
        if (port is null or 0 || port != httpPort || _rejected.Contains(setting) || _rejected.Contains(SettingsTable.HttpPort)) return port;
        if (Find(setting).Text is { } text)
            _errors.Add($"{setting.Name}: {JsonText.Show(text)} is the port of {SettingsTable.HttpPort.Name} too, expected another one, or off");
        else
            _warnings.Add($"{setting.Name}: there is no status page, {SettingsTable.HttpPort.Name} has its default port {port}; expected another one, or off");
        return null;
    }

    private PushSettings ReadPush()
    {
        var settings = new PushSettings
        {
            TokenFile = Text(SettingsTable.PushTokenFile),
            ClientCaFile = Text(SettingsTable.PushClientCaFile),
        };
        if (settings.ClientCaFile is not null && Text(SettingsTable.HttpCertFile) is null
            && !_rejected.Contains(SettingsTable.HttpCertFile))
        {
            _errors.Add(
                $"{SettingsTable.HttpCertFile.Name}: missing, expected {SettingsTable.HttpCertFile.Expected}, since "
                + $"{SettingsTable.PushClientCaFile.Name} is set and client certificates need TLS");
        }
        settings = ReadUnprovenPush(settings);
        if (Text(SettingsTable.CallbackUrl) is not { } text || !SettingText.TryUrl(text, out var url)) return settings;
        if (settings.CanBeProven) return settings with { CallbackUrl = url };
        _warnings.Add(
            $"{SettingsTable.CallbackUrl.Name} is ignored: pushes could not prove themselves, expected "
            + $"{SettingsTable.PushTokenFile.Name} or {SettingsTable.PushClientCaFile.Name} beside it");
        return settings;
    }

    private PushSettings ReadUnprovenPush(PushSettings settings)
    {
        var (allowed, proxies) = (Networks(SettingsTable.PushAllowedCidrs), Networks(SettingsTable.PushTrustedProxies));
        if (Bool(SettingsTable.PushUnproven))
        {
            if (allowed is [] && !_rejected.Contains(SettingsTable.PushAllowedCidrs))
            {
                _errors.Add(
                    $"{SettingsTable.PushAllowedCidrs.Name}: missing, expected {SettingsTable.PushAllowedCidrs.Expected}, since "
                    + $"{SettingsTable.PushUnproven.Name} is set: the addresses that the hub pushes from");
            }
            return settings with { UnprovenFrom = allowed, TrustedProxies = proxies };
        }
        foreach (var (setting, networks) in new[] { (SettingsTable.PushAllowedCidrs, allowed), (SettingsTable.PushTrustedProxies, proxies) })
        {
            if (networks.Count > 0)
                _warnings.Add($"{setting.Name} is ignored: {SettingsTable.PushUnproven.Name} is not set, so every push must prove itself");
        }
        return settings;
    }

    // A certificate and its key: both or none, and they belong together.
    private (string? CertFile, string? KeyFile) ReadPair(Setting certificate, Setting key)
    {
        var (certFile, keyFile) = (Text(certificate), Text(key));
        if (_rejected.Contains(certificate) || _rejected.Contains(key)) return (certFile, keyFile);
        if (certFile is null != keyFile is null)
        {
            var (set, missing) = certFile is null ? (key, certificate) : (certificate, key);
            _errors.Add($"{missing.Name}: missing, expected {missing.Expected}, since {set.Name} is set");
        }
        else if (certFile is not null && keyFile is not null
            && _readFile(certFile).Text is { } certPem && _readFile(keyFile).Text is { } keyPem
            && PemCertificates.Pair(certPem, keyPem).Problem is { } problem)
        {
            _errors.Add($"{key.Name}: {JsonText.Show(keyFile)}: {problem}, expected the key of {certificate.Name}");
        }
        return (certFile, keyFile);
    }

    // Absent outside a pod.
    private string? PodNamespace()
    {
        var name = _readFile(PodNamespaceFile).Text?.Trim();
        return name is not null && SettingsTable.Namespace.Accepts(name) ? name : null;
    }

    private void WarnOfDoubtful(AgentSettings settings)
    {
        if (settings.HeartbeatInterval > StaleAfter / 2)
        {
            _warnings.Add(
                $"{SettingsTable.HeartbeatInterval.Name}: the hub queues no work for a zone without a report for 2 minutes, "
                + "expected at most 1m");
        }
        if (settings.Hub.TlsInsecure)
            _warnings.Add($"{SettingsTable.HubTlsInsecure.Name}: any certificate of the hub is accepted, for trials only");
        if (settings.Push.AllowsUnproven)
        {
            _warnings.Add(
                $"{SettingsTable.PushUnproven.Name}: whoever can push from {string.Join(", ", settings.Push.UnprovenFrom)} is taken for "
                + "the hub; let what stands in front add the token instead where it can");
        }
    }

    private SettingInUse Describe(Setting setting, AgentSettings settings)
    {
        if (_found.TryGetValue(setting, out var found))
            return SettingInUse.Of(setting, found.Text, SettingSource.Environment) with { Variable = found.Name };
        if (setting == SettingsTable.Namespace && PodNamespace() is { } ns) return SettingInUse.Of(setting, ns, SettingSource.File);
        var text = setting == SettingsTable.ZoneId ? settings.ZoneId
            : setting == SettingsTable.AgentId ? settings.AgentId
            : setting == SettingsTable.Namespace ? settings.Namespace
            : setting.Default;
        return SettingInUse.Of(setting, text, SettingSource.Default);
    }

    /// <summary>The valid text of a setting, or its default; null where there is neither.</summary>
    private string? Text(Setting setting)
    {
        var (name, text) = Find(setting);
        if (text is null) return setting.Default;
        if (Problem(setting, text) is not { } problem) return text;
        _rejected.Add(setting);
        var shown = setting.IsSecret ? "its value (not shown)" : setting.Show(text);
        _errors.Add($"{name}: {shown} {problem}, expected {setting.Expected}");
        return setting.Default;
    }

    private string? Problem(Setting setting, string text)
    {
        if (!setting.IsFile) return setting.Accepts(text) ? null : "is not valid";
        var file = _readFile(text);
        if (file.Text is null) return $"cannot be read ({file.Problem})";
        return setting.Accepts(file.Text) ? null : "does not hold what it should";
    }

    private (string Name, string? Text) Find(Setting setting)
    {
        (string Name, string? Text) found = (setting.Name, null);
        foreach (var name in setting.Aliases.Prepend(setting.Name))
        {
            if (!_environment.TryGetValue(name, out var text)) continue;
            text = text.TrimEnd('\r', '\n'); // what is piped into a Secret ends in a line feed
            if (text.Length == 0) continue;
            if (name.EndsWith("_PORT", StringComparison.Ordinal) && UnknownSettings.IsServicePort(text))
                _warnings.Add($"{name}: {JsonText.Show(text)} is ignored: Kubernetes sets such a value for a Service of that name");
            else if (found.Text is null) found = (name, text);
            else if (found.Text != text && name.StartsWith("OVIM_", StringComparison.Ordinal))
                _warnings.Add($"{name} is ignored: {found.Name} is set and means the same");
        }
        if (found.Text is not null) _found[setting] = (found.Name, found.Text);
        return found;
    }

    private string Required(Setting setting)
    {
        if (Text(setting) is { } text) return text;
        if (!_rejected.Contains(setting)) _errors.Add($"{setting.Name}: missing, expected {setting.Expected}");
        return "";
    }

    private TimeSpan Duration(Setting setting) =>
        SettingText.TryDuration(Required(setting), out var duration) ? duration : TimeSpan.Zero;

    private int Int(Setting setting) =>
        int.Parse(Required(setting), NumberStyles.None, CultureInfo.InvariantCulture);

    private IReadOnlyList<IPNetwork> Networks(Setting setting) =>
        Text(setting) is { } text && SettingText.TryNetworks(text, out var networks) ? networks : [];

    private bool Bool(Setting setting) => SettingText.TryBool(Required(setting), out var value) && value;
}
