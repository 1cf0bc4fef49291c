using System.Text.Json;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>Declarations in the hub's words.</summary>
internal static class Declared
{
    /// <summary>Settings of VDCs as they are by default.</summary>
    public static VdcSettings Settings { get; } = new() { PodSecurity = "baseline" };

    /// <summary>A declaration that must be valid.</summary>
    public static VdcDeclaration Parse(string payload)
    {
        var (declaration, errors) = Read(payload);
        Assert.Empty(errors);
        return declaration;
    }

    /// <summary>A declaration and what is wrong with it.</summary>
    public static (VdcDeclaration Declaration, IReadOnlyList<string> Errors) Read(string payload)
    {
        var reader = new PayloadReader(JsonElement.Parse(payload));
        return (VdcDeclaration.Read(reader), reader.Errors);
    }
}
