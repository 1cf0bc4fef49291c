namespace KubernetesSandbox.Cluster;

/// <summary>A path of the resource API, taken apart; whether the kind exists is another question.</summary>
internal sealed record RequestPath
{
    /// <summary>Empty for core.</summary>
    public required string Group { get; init; }

    public required string Version { get; init; }

    public required string Plural { get; init; }

    /// <summary>Null: all namespaces, or none.</summary>
    public string? Namespace { get; init; }

    /// <summary>Null: the collection.</summary>
    public string? Name { get; init; }

    public string? Subresource { get; init; }

    /// <summary>Null if the path is not of the resource API.</summary>
    public static RequestPath? Parse(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        return parts switch
        {
            ["api", var version, .. { Length: > 0 } rest] => Parse("", version, rest),
            ["apis", var group, var version, .. { Length: > 0 } rest] => Parse(group, version, rest),
            _ => null,
        };
    }

    private static RequestPath? Parse(string group, string version, string[] rest)
    {
        var path = new RequestPath { Group = group, Version = version, Plural = rest[0] };
        return rest switch
        {
            ["namespaces", var name, "status" or "finalize"] when group.Length == 0 =>
                path with { Name = name, Subresource = rest[2] },
            ["namespaces", var ns, var plural, .. var more] =>
                OnObject(path with { Namespace = ns, Plural = plural }, more),
            [_, .. var more] => OnObject(path, more),
            _ => null,
        };
    }

    private static RequestPath? OnObject(RequestPath path, string[] more) => more switch
    {
        [] => path,
        [var name] => path with { Name = name },
        [var name, .. var subresource] => path with { Name = name, Subresource = string.Join('/', subresource) },
    };
}
