namespace OvimSpokeAgent.Hub;

/// <summary>What became of a request that the hub made.</summary>
internal enum PushOutcome
{
    /// <summary>The operation is stored.</summary>
    Accepted,

    /// <summary>The status was asked for and told.</summary>
    Asked,

    /// <summary>What came is no operation that could be answered.</summary>
    Refused,

    /// <summary>The operation cannot be stored now: the hub keeps it.</summary>
    NotNow,

    /// <summary>It did not prove that it comes from the hub.</summary>
    Unauthorized,

    /// <summary>Too many came.</summary>
    Limited,
}
