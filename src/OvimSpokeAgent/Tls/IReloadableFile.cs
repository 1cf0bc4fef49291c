using System.Security.Cryptography.X509Certificates;

namespace OvimSpokeAgent.Tls;

/// <summary>Something read from files that change while the agent runs, as far as health and metrics ask for it.</summary>
internal interface IReloadableFile
{
    /// <summary>What it is, e.g. <c>client certificate for the hub</c>.</summary>
    string What { get; }

    /// <summary>The settings that name the files.</summary>
    string Settings { get; }

    /// <summary>Why the newest content is not in use; null: it is.</summary>
    string? Problem { get; }

    /// <summary>The certificates in use whose end matters; empty for what is no certificate.</summary>
    IReadOnlyList<X509Certificate2> Certificates { get; }

    /// <summary>Reads the files again. Whether the value is another one now.</summary>
    bool Refresh();
}
