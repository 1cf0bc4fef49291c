using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>The form in which a client wants objects (<c>Accept</c>).</summary>
internal enum AcceptedView
{
    /// <summary>As they are.</summary>
    Object,

    /// <summary>As a <c>Table</c>.</summary>
    Table,

    /// <summary>Their metadata alone.</summary>
    Metadata,
}

internal static class AcceptedViews
{
    /// <summary>The first form of the header that is understood.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isList">Whether a list is asked for, whose metadata have a name of their own.</param>
    public static AcceptedView Of(HttpRequest request, bool isList)
    {
        foreach (var accepted in request.Headers.Accept.ToString().Split(','))
        {
            var parts = accepted.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] is not ("application/json" or "*/*")) continue;
            if (!parts.Contains("g=meta.k8s.io") || !parts.Contains("v=v1")) return AcceptedView.Object;
            if (parts.Contains("as=Table")) return AcceptedView.Table;
            if (parts.Contains(isList ? "as=PartialObjectMetadataList" : "as=PartialObjectMetadata")) return AcceptedView.Metadata;
        }
        return AcceptedView.Object;
    }
}
