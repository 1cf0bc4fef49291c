using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>Secrets that tests hand to agents: nothing that an agent says may hold one, in whichever test.</summary>
internal static class SeededSecrets
{
    /// <summary>What tests put where user data, keys and passwords are.</summary>
    public const string Canary = "Zq7vKx2mWp9";

    private const int Shown = 200; // characters on each side

    private static readonly string[] All = [new SandboxHubOptions().Token, Canary];

    /// <summary>User data that is too long for the VM itself, and a secret from its first line to its last.</summary>
    public static string LongUserData { get; } = "#cloud-config\n" + string.Concat(Enumerable.Repeat($"# {Canary}\n", 300));

    /// <exception cref="InvalidOperationException">The text holds one of them; the message shows what is around it.</exception>
    public static void AreNotIn(string what, string text)
    {
        foreach (var secret in All)
        {
            var at = text.IndexOf(secret, StringComparison.Ordinal);
            if (at >= 0) throw new InvalidOperationException($"{what} holds {secret}: …{text[Math.Max(0, at - Shown)..Math.Min(text.Length, at + Shown)]}…");
        }
    }
}
