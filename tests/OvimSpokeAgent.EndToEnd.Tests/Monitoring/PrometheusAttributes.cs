namespace OvimSpokeAgent.EndToEnd.Tests.Monitoring;

/// <summary>The test needs Prometheus with its promtool.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PrometheusFactAttribute : FactAttribute
{
    public PrometheusFactAttribute()
    {
        var missing = ((string[])["prometheus", "promtool"]).FirstOrDefault(program => !IsThere(program));
        if (missing is not null) Skip = $"{missing} is not there: it comes with Prometheus";
    }

    private static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
}
