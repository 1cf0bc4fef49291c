using System.Collections.Frozen;

namespace OvimSpokeAgent.Operations;

/// <summary>
/// The fields of operations whose values may hold secrets, of whatever type and in whatever operation: they are never shown,
/// nor is anything in them. A payload as a whole is one: it may be such a field's neighbour written in the wrong way.
/// </summary>
internal static class SecretFields
{
    /// <summary>The payload.</summary>
    public const string Payload = "payload";

    // Annotations: tools put whole manifests and tokens there.
    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        Payload, "annotations", "cloud_init", "network_data", "secret_name", "settings", "ssh_keys", "sysprep", "user_data");

    private static readonly string[] Parts = ["password", "secret", "token", "credential", "private"];

    /// <summary>Whether a field is one: <c>ssh_keys[0]</c> and <c>templates[1].cloud_init</c> are, too.</summary>
    public static bool Contains(string field) => field.Split('.', '[').Any(part =>
        Names.Contains(part) || Parts.Any(word => part.Contains(word, StringComparison.OrdinalIgnoreCase)));
}
