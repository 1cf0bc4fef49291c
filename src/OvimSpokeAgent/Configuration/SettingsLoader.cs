using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Configuration;

/// <summary>What came of reading the settings: them, or all that is wrong; and what is odd but does not matter.</summary>
internal sealed record SettingsResult(AgentSettings? Settings, IReadOnlyList<string> Errors, IReadOnlyList<string> Warnings)
{
    /// <summary>Exit code for errors: EX_CONFIG of sysexits.h.</summary>
    public const int ExitCode = 78;
}

/// <summary>Makes the settings from environment variables by the rows of <see cref="SettingsTable"/>.</summary>
internal sealed class SettingsLoader
{
    private const string PodNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    private const string DefaultNamespace = "ovim-system";

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly List<string> _errors = [];
    private readonly List<string> _warnings = [];
    private readonly HashSet<Setting> _rejected = [];

    private SettingsLoader(IReadOnlyDictionary<string, string> environment) => _environment = environment;

    /// <summary>Reads all settings and names everything that is wrong with them at once.</summary>
    public static SettingsResult Load(IReadOnlyDictionary<string, string> environment)
    {
        var loader = new SettingsLoader(environment);
        var settings = loader.Read();
        loader.WarnOfUnknown();
        return new SettingsResult(loader._errors.Count == 0 ? settings : null, loader._errors, loader._warnings);
    }

    /// <summary>The errors as an operator should see them.</summary>
    public static string Render(IReadOnlyList<string> errors) =>
        $"The configuration has {errors.Count} error{(errors.Count == 1 ? "" : "s")}:\n"
        + string.Concat(errors.Select(error => $"  - {error}\n"));

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
            Operations = new OperationSettings
            {
                Concurrency = Int(SettingsTable.OperationConcurrency),
                Timeout = Duration(SettingsTable.OperationTimeout),
            },
            Http = new HttpSettings
            {
                Address = Required(SettingsTable.HttpAddress),
                Port = Int(SettingsTable.HttpPort),
            },
            Log = new LogSettings
            {
                Level = Required(SettingsTable.LogLevelName).ToLowerInvariant() switch
                {
                    "debug" => LogLevel.Debug,
                    "warn" => LogLevel.Warning,
                    "error" => LogLevel.Error,
                    _ => LogLevel.Information,
                },
                Json = Required(SettingsTable.LogFormat).Equals("json", StringComparison.OrdinalIgnoreCase),
            },
            HeartbeatInterval = Duration(SettingsTable.HeartbeatInterval),
            HealthCheckInterval = Duration(SettingsTable.HealthCheckInterval),
            MetricsCollectionInterval = Duration(SettingsTable.MetricsCollectionInterval),
            MetricsEnabled = Bool(SettingsTable.MetricsEnabled),
            Namespace = Text(SettingsTable.Namespace) ?? PodNamespace() ?? DefaultNamespace,
            Kubeconfig = Text(SettingsTable.Kubeconfig),
        };
    }

    private HubSettings ReadHub()
    {
        var endpoint = Required(SettingsTable.HubEndpoint);
        var token = Text(SettingsTable.HubToken);
        var tokenFile = Text(SettingsTable.HubTokenFile);
        if (token is not null && tokenFile is not null)
            _errors.Add("OVIM_HUB_TOKEN and OVIM_HUB_TOKEN_FILE: both are set, expected one of them");
        if (token is null && tokenFile is null
            && !_rejected.Contains(SettingsTable.HubToken) && !_rejected.Contains(SettingsTable.HubTokenFile))
        {
            _errors.Add("OVIM_HUB_TOKEN: missing, expected a token here or the path of its file in OVIM_HUB_TOKEN_FILE");
        }
        return new HubSettings
        {
            Endpoint = SettingText.TryUrl(endpoint, out var url) ? url : new Uri("http://invalid"),
            Token = token,
            TokenFile = tokenFile,
            TlsInsecure = Bool(SettingsTable.HubTlsInsecure),
            CaFile = ReadCaFile(),
            Timeout = Duration(SettingsTable.HubTimeout),
            PollInterval = Duration(SettingsTable.HubPollInterval),
            HealthyStatus = Required(SettingsTable.HubHealthyStatus),
            SuccessStatus = Required(SettingsTable.HubSuccessStatus),
        };
    }

    private string? ReadCaFile()
    {
        if (Text(SettingsTable.HubCaFile) is not { } file) return null;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            if (authorities.Count > 0) return file;
        }
        catch (CryptographicException)
        {
            // Told below, as for a file without any certificate.
        }
        _errors.Add($"{SettingsTable.HubCaFile.Name}: {JsonText.Show(file)} holds no certificate, expected PEM certificates");
        return file;
    }

    private static string? PodNamespace() =>
        File.Exists(PodNamespaceFile) && File.ReadAllText(PodNamespaceFile).Trim() is { Length: > 0 } ns ? ns : null;

    /// <summary>The valid text of a setting, or its default; null where there is neither.</summary>
    private string? Text(Setting setting)
    {
        var (name, text) = Find(setting);
        if (text is null) return setting.Default;
        if (setting.Accepts(text)) return text;
        _rejected.Add(setting);
        var shown = setting.IsSecret ? "its value (not shown)" : JsonText.Show(text);
        _errors.Add($"{name}: {shown} is not valid, expected {setting.Expected}");
        return setting.Default;
    }

    private (string Name, string? Text) Find(Setting setting)
    {
        (string Name, string? Text) found = (setting.Name, null);
        foreach (var name in setting.Aliases.Prepend(setting.Name))
        {
            if (!_environment.TryGetValue(name, out var text) || text.Length == 0) continue;
            if (name.EndsWith("_PORT", StringComparison.Ordinal) && text.StartsWith("tcp://", StringComparison.Ordinal))
                _warnings.Add($"{name}: {JsonText.Show(text)} is ignored: Kubernetes sets such a value for a Service of that name");
            else if (found.Text is null) found = (name, text);
            else if (found.Text != text && name.StartsWith("OVIM_", StringComparison.Ordinal))
                _warnings.Add($"{name} is ignored: {found.Name} is set and means the same");
        }
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

    private bool Bool(Setting setting) => SettingText.TryBool(Required(setting), out var value) && value;

    private void WarnOfUnknown()
    {
        var known = SettingsTable.All.SelectMany(setting => setting.Aliases.Prepend(setting.Name)).ToHashSet();
        foreach (var name in _environment.Keys.Where(IsOurs).Where(name => !known.Contains(name)).Order(StringComparer.Ordinal))
        {
            var nearest = known.MinBy(candidate => EditDistance(name, candidate))!;
            _warnings.Add($"{name} is not a setting of this agent; the nearest is {nearest}");
        }
    }

    // Test runs and Kubernetes' Service links use the prefix too: the latter end in these.
    private static bool IsOurs(string name) =>
        name.StartsWith("OVIM_", StringComparison.Ordinal)
        && !name.StartsWith("OVIM_E2E_", StringComparison.Ordinal)
        && !name.Contains("_SERVICE_HOST", StringComparison.Ordinal)
        && !name.Contains("_SERVICE_PORT", StringComparison.Ordinal)
        && !name.Contains("_PORT_", StringComparison.Ordinal);

    /// <summary>Levenshtein distance.</summary>
    private static int EditDistance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[^1];
    }
}
