using System.Collections;

namespace OvimSpokeAgent.Configuration;

/// <summary>The process's environment; nothing else reads it.</summary>
internal static class ProcessEnvironment
{
    /// <summary>The variables as they were when the process started.</summary>
#pragma warning disable RS0030 // here alone
    public static IReadOnlyDictionary<string, string> Variables { get; } = Environment.GetEnvironmentVariables()
#pragma warning restore RS0030
        .Cast<DictionaryEntry>()
        .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "");
}
