using System.Collections.Concurrent;
using Prometheus;

namespace OvimSpokeAgent.Supervision;

/// <summary>
/// The objects whose work fails now, by place. Whoever loops over many objects of others takes a guard of its place from
/// here and does the work for each object through it: what throws costs that object, never the loop.
/// </summary>
/// <remarks>
/// Each failure counts in <c>ovim_agent_object_failures_total</c>. What fails now is shown in health as a warning that leaves
/// the agent's state alone: it is one tenant's object, and must neither take the agent out of service nor call its operators.
/// </remarks>
internal sealed class ObjectFailures(IMetricFactory metrics, TimeProvider time, ILogger<ObjectFailures> logger)
{
    private readonly Counter _failures = metrics.CreateCounter(
        "ovim_agent_object_failures_total",
        "Work on one object that failed, by the place that does it; the other objects were worked on.",
        ["place"]);

    private readonly ConcurrentDictionary<string, ObjectGuard> _guards = [];

    /// <summary>The guard of a place: one of the program's own words, since it is a metric's label.</summary>
    public ObjectGuard At(string place) =>
        _guards.GetOrAdd(place, name => new ObjectGuard(name, _failures.WithLabels(name), time, logger));

    /// <summary>The places at which objects fail now.</summary>
    public IReadOnlyList<ObjectGuard> FailingPlaces =>
        [.. _guards.Values.Where(guard => guard.IsFailing).OrderBy(guard => guard.Place, StringComparer.Ordinal)];
}

/// <summary>An object whose work fails.</summary>
/// <param name="Name">The object, e.g. <c>namespace/name</c>.</param>
/// <param name="Message">Why: of the last failure, shortened to one line.</param>
/// <param name="Since">When it first failed, without a success since.</param>
internal sealed record ObjectFailure(string Name, string Message, DateTimeOffset Since);
