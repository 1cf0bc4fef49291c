using System.Text.Json;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>KubeVirt's own example objects, where <c>OVIM_KUBEVIRT_EXAMPLES_DIR</c> names a directory with them.</summary>
internal static class KubeVirtExamples
{
    public const string Variable = "OVIM_KUBEVIRT_EXAMPLES_DIR";

    public static string? Directory { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? path : null;

    /// <summary>The situations by name.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Cases => Elements("vm-status-cases.json");

    public static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Directory!, file)));
        return document.RootElement.Clone();
    }

    public static string? SkipReason => Directory is null ? $"{Variable} is not set" : null;

    private static Dictionary<string, JsonElement> Elements(string file) =>
        Read(file).EnumerateArray().ToDictionary(item => item.GetProperty("name").GetString()!);
}

internal sealed class KubeVirtExamplesTheoryAttribute : TheoryAttribute
{
    public KubeVirtExamplesTheoryAttribute() => Skip = KubeVirtExamples.SkipReason;
}

internal sealed class KubeVirtExamplesFactAttribute : FactAttribute
{
    public KubeVirtExamplesFactAttribute() => Skip = KubeVirtExamples.SkipReason;
}
