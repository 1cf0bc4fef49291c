using System.Text.Json.Nodes;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>How a VDC is cut off from the rest of the network.</summary>
internal enum NetworkMode
{
    /// <summary>Not at all.</summary>
    Default,

    /// <summary>Traffic within the namespace, DNS, what KubeVirt and CDI need; nothing from or to other tenants.</summary>
    Isolated,

    /// <summary>As <see cref="CustomNetwork"/> says.</summary>
    Custom,
}

/// <summary>What is declared of a VDC's network.</summary>
internal sealed record NetworkDeclaration
{
    public const string PolicyField = "network_policy";
    public const string CustomField = "custom_network_config";

    public NetworkMode Mode { get; init; }

    /// <summary>Set exactly where the mode is <see cref="NetworkMode.Custom"/>.</summary>
    public CustomNetwork? Custom { get; init; }

    /// <summary>Reads both fields.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="isWhole">Whether it is a whole declaration, so that the fields must fit together.</param>
    public static NetworkDeclaration Read(PayloadReader payload, bool isWhole)
    {
        var errorsBefore = payload.Errors.Count;
        var mode = ReadMode(payload);
        var custom = CustomNetwork.Read(payload.Section(CustomField, CustomNetworkTexts.ToValues));
        if (!isWhole || payload.Errors.Count > errorsBefore) return new() { Mode = mode };
        if ((mode is NetworkMode.Default && custom.Closes) || (mode is NetworkMode.Isolated && !custom.IsWithinIsolation))
            payload.RejectBecause(CustomField, $"it counts only with {PolicyField} \"custom\", expected that or no such field");
        return new NetworkDeclaration { Mode = mode, Custom = mode is NetworkMode.Custom ? custom.OrClosed() : null };
    }

    /// <summary>Writes both fields as <see cref="Read"/> takes them.</summary>
    public void WriteTo(JsonObject json)
    {
        if (Mode is not NetworkMode.Default) json[PolicyField] = Mode is NetworkMode.Isolated ? "isolated" : "custom";
        if (Custom is not null) json[CustomField] = Custom.ToJson();
    }

    private static NetworkMode ReadMode(PayloadReader payload)
    {
        switch (payload.OptionalString(PolicyField))
        {
            case null or "default":
                return NetworkMode.Default;
            case "isolated":
                return NetworkMode.Isolated;
            case "custom":
                return NetworkMode.Custom;
            case var other:
                payload.Reject(PolicyField, other, "one of default, isolated, custom");
                return NetworkMode.Default;
        }
    }
}
