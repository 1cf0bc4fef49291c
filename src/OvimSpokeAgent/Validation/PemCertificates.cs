using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OvimSpokeAgent.Validation;

/// <summary>A certificate with its private key, and the certificates between it and its CA.</summary>
internal sealed record CertificatePair(X509Certificate2 Certificate, X509Certificate2Collection Intermediates);

/// <summary>A value read from files, or what is wrong with them.</summary>
internal readonly record struct Parsed<T>(T? Value, string? Problem)
    where T : class
{
    public static implicit operator Parsed<T>(T value) => new(value, null);
}

/// <summary>Reads certificates and keys from PEM text. Nothing of a key ever is in a message.</summary>
internal static class PemCertificates
{
    private const string KeyLabel = "PRIVATE KEY";

    /// <summary>A certificate (the first; the rest are intermediates) and its unencrypted key.</summary>
    public static Parsed<CertificatePair> Pair(string certificatePem, string keyPem)
    {
        if (Certificates(certificatePem) is not { Count: > 0 } certificates)
            return Wrong("the certificate file holds no PEM certificate");
        switch (KindOfKey(keyPem))
        {
            case null:
                return Wrong("the key file holds no PEM private key");
            case "ENCRYPTED " + KeyLabel:
                return Wrong("the key is encrypted, expected one without a passphrase");
        }
        try
        {
            var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            return new CertificatePair(certificate, [.. certificates.Skip(1)]);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return Wrong($"the key does not belong to the certificate ({certificates[0].Subject})");
        }
    }

    /// <summary>At least one CA certificate.</summary>
    public static Parsed<X509Certificate2Collection> Authorities(string pem) =>
        Certificates(pem) is { Count: > 0 } certificates
            ? certificates
            : new Parsed<X509Certificate2Collection>(null, "it holds no PEM certificates");

    /// <summary>All certificates in a text; null if one of them is none.</summary>
    public static X509Certificate2Collection? Certificates(string pem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
            return certificates;
        }
        catch (CryptographicException)
        {
            return null; // the library has no way to ask first
        }
    }

    /// <summary>Whether a text holds a private key that can be read without a passphrase.</summary>
    public static bool HoldsKey(string pem) => KindOfKey(pem) is not (null or "ENCRYPTED " + KeyLabel);

    // A key's file may hold other blocks too, e.g. "EC PARAMETERS" or the certificate itself.
    private static string? KindOfKey(ReadOnlySpan<char> pem)
    {
        while (PemEncoding.TryFind(pem, out var fields))
        {
            var label = pem[fields.Label];
            if (label.EndsWith(KeyLabel, StringComparison.Ordinal)) return label.ToString();
            pem = pem[fields.Location.End..];
        }
        return null;
    }

    private static Parsed<CertificatePair> Wrong(string problem) => new(null, problem);
}
