using System.Security.Cryptography.X509Certificates;

namespace OvimSpokeAgent.Tls;

/// <summary>What a client sent with its certificate when its connection was made; a feature of the connection.</summary>
internal sealed record ClientIntermediates(X509Certificate2Collection Certificates)
{
    /// <summary>Without the connection's own chain, which ends with the handshake.</summary>
    public static ClientIntermediates Of(X509Chain? chain) => new(
        [.. (chain?.ChainPolicy.ExtraStore ?? []).Select(sent => X509CertificateLoader.LoadCertificate(sent.RawDataMemory.Span))]);
}
