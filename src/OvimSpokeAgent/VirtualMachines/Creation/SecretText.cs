using System.Text.RegularExpressions;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Whether a text for a guest may hold a secret: by the words that the fields of cloud-init, Ignition and netplan for secrets
/// have in them, and by what cannot be looked into. A word too many costs a Secret; one too few shows a password to all who may
/// read VMs.
/// </summary>
internal static partial class SecretText
{
    private static readonly string[] Words =
    [
        "pass", "pwd", "secret", "token", "private", "credential", "hash", "psk", "bearer", "authorization", "apikey",
        "api_key", "api-key", "auth_key", "authkey", "auth-key", "access_key", "access-key", "accesskey", "activation", "-----BEGIN",
        // Encoded, compressed or of several parts: whatever is in them.
        "base64", "b64", "gzip", "gz+", "+gz", "multipart/",
    ];

    public static bool MayHoldSecrets(string text) =>
        Words.Any(word => text.Contains(word, StringComparison.OrdinalIgnoreCase)) || Login().IsMatch(text);

    /// <summary>A URL with a login in it.</summary>
    [GeneratedRegex("""://[^/\s"'@]+@""")]
    private static partial Regex Login();
}
