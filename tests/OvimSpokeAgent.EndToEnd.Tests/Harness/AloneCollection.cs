namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>Tests that need the process, or the machine, to themselves: they run after the others, one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
