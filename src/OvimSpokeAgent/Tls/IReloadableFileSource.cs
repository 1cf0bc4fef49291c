namespace OvimSpokeAgent.Tls;

/// <summary>A part of the agent that has values from files.</summary>
internal interface IReloadableFileSource
{
    IReadOnlyList<IReloadableFile> ReloadableFiles { get; }
}
