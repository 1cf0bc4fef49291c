namespace OvimSpokeAgent.Contract;

/// <summary>A disk of a VM in its status (an extra field: hubs that do not know it ignore it).</summary>
public sealed record DiskStatus
{
    /// <summary>As the VM names it.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// CDI's phase of its DataVolume (<c>ImportInProgress</c>, …, <c>Succeeded</c>, which a filled one stays when CDI has tidied the
    /// DataVolume away); of a disk that CDI did not fill its claim's, <c>Pending</c>, <c>Bound</c> or <c>Lost</c>; <c>Missing</c>.
    /// </summary>
    public required string Phase { get; init; }

    /// <summary>How far it is filled, e.g. <c>42.10%</c>; absent where that is not known.</summary>
    public string? Progress { get; init; }

    /// <summary>As a quantity string.</summary>
    public string? Size { get; init; }

    /// <summary>Why it cannot be used.</summary>
    public string? Message { get; init; }
}
