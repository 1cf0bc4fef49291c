using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>A request for a kind that exists, with its query read.</summary>
internal sealed record ApiCall
{
    public required HttpContext Http { get; init; }

    public required ResourceKind Kind { get; init; }

    public required RequestPath Path { get; init; }

    public required TimeProvider Time { get; init; }

    public required string Verb { get; init; }

    /// <summary>The namespace in the path; empty where there is none.</summary>
    public string Namespace => Path.Namespace ?? "";

    public string Name => Path.Name ?? "";

    public ObjectKey Key => new(Namespace, Name);

    /// <summary>A parameter of the query; empty if it is not there.</summary>
    public string Query(string name) => Http.Request.Query[name].ToString();

    public bool IsDryRun
    {
        get
        {
            var text = Query("dryRun");
            if (text is not ("" or "All")) throw ApiErrors.BadRequest($"invalid dryRun: {text}, expected All");
            return text.Length > 0;
        }
    }

    /// <exception cref="ApiException">400: not a number.</exception>
    public long? Number(string name)
    {
        var text = Query(name);
        if (text.Length == 0) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw ApiErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax ({name})");
    }

    /// <summary>The parameter <c>resourceVersion</c>; null if it is not there.</summary>
    /// <exception cref="ApiException">500, as the real server has it: not a number.</exception>
    public long? ResourceVersion()
    {
        var text = Query("resourceVersion");
        if (text.Length == 0) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw new ApiException(
                500, null, $"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
    }

    /// <summary>Whether an object is one that the request selects by namespace, labels and fields.</summary>
    public Func<StoredObject, bool> Selection()
    {
        var labels = LabelSelector.Parse(Query("labelSelector"));
        var fields = FieldSelector.Parse(Query("fieldSelector"), Kind);
        var (ns, name) = (Path.Namespace, Path.Name);
        return one => (ns is null || one.Key.Namespace == ns)
            && (name is null || one.Key.Name == name)
            && labels.Matches(one.Content)
            && fields.Matches(one.Content);
    }

    public static bool IsTrue(string text) => text is "1" or "true" or "True" or "TRUE" or "t";
}
