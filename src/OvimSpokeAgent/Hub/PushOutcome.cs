namespace OvimSpokeAgent.Hub;

/// <summary>What became of a request that the hub made.</summary>
internal enum PushOutcome
{
    /// <summary>Admitted by <see cref="PushGate"/>; in the end: the operation is stored.</summary>
    Accepted,

    /// <summary>The status was asked for and returned.</summary>
    Asked,

    /// <summary>The body is no operation that could be answered.</summary>
    Refused,

    /// <summary>The operation cannot be stored now: the hub keeps it.</summary>
    NotNow,

    /// <summary>The caller did not prove to be the hub.</summary>
    Unauthorized,

    /// <summary>The rate limit was exceeded.</summary>
    Limited,
}
