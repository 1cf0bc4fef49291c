namespace OvimSpokeAgent.VirtualMachines;

/// <summary>An instancetype or preference by kind and name.</summary>
internal sealed record TypeReference(string Kind, string Name)
{
    public const string Instancetype = "virtualmachineinstancetype";

    public const string ClusterInstancetype = "virtualmachineclusterinstancetype";
}
