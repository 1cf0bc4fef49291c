using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tls;

/// <summary>Tokens, certificates and CAs from files: whether the newest content is in use, and how long it lasts.</summary>
internal sealed class CredentialsCheck(IEnumerable<IReloadableFileSource> owners, TimeProvider time) : IHealthCheck
{
    public string Name => "credentials";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var now = time.GetUtcNow();
        var values = owners.SelectMany(owner => owner.ReloadableFiles).ToList();
        var unusable = values.Where(value => value.Problem is not null)
            .Select(value => $"the new {value.What} cannot be used: {value.Problem}");
        var ending = values.Select(value => CertificateExpiry.Of(value, now)).OfType<CertificateExpiry>()
            .Where(expiry => expiry.IsNear(now))
            .Select(expiry => expiry.Describe(now));
        var warnings = unusable.Concat(ending).ToList();
        return warnings.Count == 0
            ? HealthFinding.Healthy($"{values.Count} from files in use")
            : HealthFinding.Warning(string.Join("; ", warnings));
    }
}
