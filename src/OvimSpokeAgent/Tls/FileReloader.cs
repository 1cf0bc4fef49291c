using OvimSpokeAgent.Supervision;
using Prometheus;

namespace OvimSpokeAgent.Tls;

/// <summary>
/// Reads credentials and certificates again every five seconds (a few small files; a mounted Secret changes by links, of
/// which file notifications are not told reliably), says what changed and what cannot be used, and exports when
/// certificates end.
/// </summary>
internal sealed partial class FileReloader : ILoop
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<IReloadableFile> _values;
    private readonly TimeProvider _time;
    private readonly ILogger<FileReloader> _logger;
    private readonly Gauge _expiry;
    private readonly Gauge _unusable;
    private readonly Dictionary<IReloadableFile, string> _problemsLogged = [];
    private readonly Dictionary<IReloadableFile, string> _expiryLogged = [];

    public FileReloader(
        IEnumerable<IReloadableFileSource> owners, IMetricFactory metrics, TimeProvider time, ILogger<FileReloader> logger)
    {
        (_values, _time, _logger) = ([.. owners.SelectMany(owner => owner.ReloadableFiles)], time, logger);
        _expiry = metrics.CreateGauge(
            "ovim_agent_certificate_expiry_timestamp_seconds", "When the first of these certificates ends (Unix time).", ["certificate"]);
        _unusable = metrics.CreateGauge(
            "ovim_agent_credential_file_unusable", "1 while the newest content of a credential's files cannot be used.", ["credential"]);
    }

    public string Name => "credential files";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        do
        {
            using var turn = LoopTurn.Begin();
            foreach (var value in _values)
            {
                if (value.Refresh()) LogChanged(value.What, value.Settings);
                ShowProblem(value);
                ShowExpiry(value);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private void ShowProblem(IReloadableFile value)
    {
        _unusable.WithLabels(value.What).Set(value.Problem is null ? 0 : 1);
        if (value.Problem is not { } problem)
        {
            _problemsLogged.Remove(value);
        }
        else if (_problemsLogged.GetValueOrDefault(value) != problem)
        {
            _problemsLogged[value] = problem;
            LogUnusable(value.What, problem);
        }
    }

    private void ShowExpiry(IReloadableFile value)
    {
        var now = _time.GetUtcNow();
        if (CertificateExpiry.Of(value, now) is not { } expiry) return;
        _expiry.WithLabels(value.What).Set(expiry.At.ToUnixTimeSeconds());
        if (!expiry.IsNear(now) || _expiryLogged.GetValueOrDefault(value) == expiry.Thumbprint) return;
        _expiryLogged[value] = expiry.Thumbprint;
        LogExpiry(expiry.Describe(now));
    }

    [LoggerMessage(3201, LogLevel.Information, "The {What} changed and is in use ({Settings})")]
    private partial void LogChanged(string what, string settings);

    [LoggerMessage(3202, LogLevel.Error, "The new {What} cannot be used, the one before it stays in use: {Problem}")]
    private partial void LogUnusable(string what, string problem);

    [LoggerMessage(3203, LogLevel.Warning, "{Expiry}")]
    private partial void LogExpiry(string expiry);
}
