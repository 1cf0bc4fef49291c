namespace KubernetesSandbox.Metrics;

/// <summary>What may be wrong with metrics.k8s.io.</summary>
public enum MetricsFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It answers 503, as while metrics-server starts.</summary>
    Unavailable,

    /// <summary>It takes requests and never answers.</summary>
    Silent,

    /// <summary>It answers 401: it does not trust the API server in front of it.</summary>
    Unauthorized,

    /// <summary>It answers with something that is no list.</summary>
    Unreadable,
}
