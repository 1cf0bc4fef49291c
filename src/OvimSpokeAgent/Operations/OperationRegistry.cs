namespace OvimSpokeAgent.Operations;

/// <summary>All operation types the agent knows; names match without regard to case, <c>_</c> and <c>-</c>.</summary>
internal sealed class OperationRegistry
{
    private readonly Dictionary<string, IOperationHandler> _handlers = [];

    /// <exception cref="InvalidOperationException">Two handlers claim the same name.</exception>
    public OperationRegistry(IEnumerable<IOperationHandler> handlers)
    {
        foreach (var handler in handlers)
        {
            foreach (var name in handler.Aliases.Prepend(handler.Type))
            {
                if (!_handlers.TryAdd(Normalize(name), handler))
                    throw new InvalidOperationException($"two handlers for operation type {name}");
            }
        }
        Types = [.. _handlers.Values.Select(handler => handler.Type).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>The canonical type names, sorted.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>The handler of a type as the hub names it, or null.</summary>
    public IOperationHandler? Find(string type) => _handlers.GetValueOrDefault(Normalize(type));

    private static string Normalize(string type) =>
        string.Concat(type.Where(c => c is not ('_' or '-'))).ToLowerInvariant();
}
