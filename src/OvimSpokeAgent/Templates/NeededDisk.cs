namespace OvimSpokeAgent.Templates;

/// <summary>What a disk of a template needs of the cluster's storage.</summary>
/// <param name="Place"><c>disks[0]</c> for the first of those; null for the root disk.</param>
/// <param name="StorageClass">Null: the cluster's default.</param>
/// <param name="AccessMode">Null: what CDI knows to be right.</param>
/// <param name="IsNew">Whether it is made in any case: a copy of another namespace's disk may turn out to be none.</param>
internal readonly record struct NeededDisk(string? Place, string? StorageClass, string? AccessMode, bool IsNew)
{
    /// <summary>How messages name a field of it.</summary>
    public string Field(string name) => Place is null ? name : $"{Place}.{name}";
}
