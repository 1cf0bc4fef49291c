namespace OvimSpokeAgent.Operations;

/// <summary>One type of operation. Handlers live in their feature's folder and are found through the registry.</summary>
internal interface IOperationHandler
{
    /// <summary>The canonical type name of the contract, e.g. <c>create_vm</c>.</summary>
    string Type { get; }

    /// <summary>The contract's other names for it, e.g. <c>VMCreate</c> (matched without case, <c>_</c> and <c>-</c>).</summary>
    IReadOnlyList<string> Aliases { get; }

    /// <summary>
    /// Turns the payload into what is to be done. Pure: no I/O. Everything that is wrong goes into
    /// <paramref name="payload"/>; the returned plan counts only if nothing was.
    /// </summary>
    OperationPlan? Plan(PayloadReader payload);
}
