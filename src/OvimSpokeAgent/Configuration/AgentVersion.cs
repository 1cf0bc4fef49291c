using System.Reflection;

namespace OvimSpokeAgent.Configuration;

/// <summary>The agent's version, as it was built.</summary>
public static class AgentVersion
{
    /// <summary>E.g. <c>0.1.0</c>, without build metadata.</summary>
    public static string Current { get; } =
        (typeof(AgentVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0")
        .Split('+')[0];
}
