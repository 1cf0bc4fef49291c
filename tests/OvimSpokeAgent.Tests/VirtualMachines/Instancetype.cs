using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>Instancetypes and their revisions, as the API server has them.</summary>
internal static class Instancetype
{
    /// <summary>A cluster-wide instancetype.</summary>
    public static JsonObject Of(string name, int vcpus, int gib) => new()
    {
        ["apiVersion"] = "instancetype.kubevirt.io/v1beta1",
        ["kind"] = "VirtualMachineClusterInstancetype",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["cpu"] = new JsonObject { ["guest"] = vcpus },
            ["memory"] = new JsonObject { ["guest"] = $"{gib}Gi" },
        },
    };

    /// <summary>A ControllerRevision with an instancetype, as KubeVirt makes them.</summary>
    public static JsonObject Revision(string ns, string name, string type, int vcpus, int gib) =>
        Revision(ns, name, Of(type, vcpus, gib), type);

    /// <summary>A ControllerRevision with any data.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="name">Its name.</param>
    /// <param name="data">What it keeps.</param>
    /// <param name="label">The instancetype that its label names; null: it has none.</param>
    public static JsonObject Revision(string ns, string name, JsonNode? data, string? label)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = ns };
        if (label is not null) metadata["labels"] = new JsonObject { ["instancetype.kubevirt.io/object-name"] = label };
        return new JsonObject { ["metadata"] = metadata, ["revision"] = 0, ["data"] = data };
    }
}
