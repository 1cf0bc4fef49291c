namespace OvimSpokeAgent.Tls;

/// <summary>The earliest NotAfter still ahead among the certificates of a value, else the latest.</summary>
/// <param name="What">What the value is.</param>
/// <param name="Settings">Where it comes from.</param>
/// <param name="Subject">The certificate's subject.</param>
/// <param name="Thumbprint">Tells the certificate from others.</param>
/// <param name="At">When it ends.</param>
internal sealed record CertificateExpiry(string What, string Settings, string Subject, string Thumbprint, DateTimeOffset At)
{
    /// <summary>How long before a certificate expires health warns.</summary>
    public static readonly TimeSpan WarnAhead = TimeSpan.FromDays(14);

    /// <summary>
    /// As of a moment: in a file with an old and a new CA, the old one's end matters only until it came. Null for a value
    /// without certificates.
    /// </summary>
    public static CertificateExpiry? Of(IReloadableFile value, DateTimeOffset now)
    {
        var ends = value.Certificates
            .Select(certificate => new CertificateExpiry(
                value.What, value.Settings, certificate.Subject, certificate.Thumbprint,
                new DateTimeOffset(certificate.NotAfter.ToUniversalTime())))
            .OrderBy(expiry => expiry.At)
            .ToList();
        return ends.Find(expiry => expiry.At > now) ?? ends.LastOrDefault();
    }

    public bool IsNear(DateTimeOffset now) => At - now < WarnAhead;

    /// <summary>One sentence for health and log.</summary>
    public string Describe(DateTimeOffset now) => At > now
        ? $"the {What} ({Subject}) expires on {At:u}, in {Math.Floor((At - now).TotalDays)} days: renew it ({Settings})"
        : $"the {What} ({Subject}) expired on {At:u}: renew it ({Settings})";
}
