namespace OvimSpokeAgent.Supervision;

/// <summary>
/// The objects that the agent cannot work on, while it works on all others. Never more than a warning: anyone who may write
/// an object can make one that fails, and must not take the agent out of service or call its operators by that.
/// </summary>
internal sealed class ObjectsCheck(ObjectFailures failures) : IHealthCheck
{
    private const int ShownOfPlace = 3;

    public string Name => "objects";

    public bool NeededForReady => false;

    public HealthFinding Check()
    {
        var places = failures.FailingPlaces;
        return places.Count == 0
            ? HealthFinding.Healthy("none fails")
            : HealthFinding.Warning(string.Join("; ", places.Select(Describe)));
    }

    private static string Describe(ObjectGuard place)
    {
        var (failing, mayBeMore) = place.Current;
        var shown = string.Join("; ", failing.Take(ShownOfPlace)
            .Select(failure => $"{failure.Name} fails since {failure.Since:O}: {failure.Message}"));
        return failing.Count <= ShownOfPlace
            ? $"{place.Place}: {shown}"
            : $"{place.Place}: {shown}; and {failing.Count - ShownOfPlace}{(mayBeMore ? " or more" : "")} others";
    }
}
