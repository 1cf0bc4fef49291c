using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Operations;

/// <summary>How long an operation may take.</summary>
/// <param name="Timeout">The limit of its execution.</param>
/// <param name="Asked">What the hub asked for, where that is more than any operation gets; else null.</param>
internal sealed record OperationLimit(TimeSpan Timeout, TimeSpan? Asked)
{
    public static OperationLimit Of(Operation operation, OperationSettings settings)
    {
        var timeout = operation.Timeout ?? settings.Timeout;
        return timeout > settings.MaxTimeout ? new(settings.MaxTimeout, timeout) : new(timeout, null);
    }

    /// <summary>The outcome, whose result says where the operation got less than what was asked for.</summary>
    public OperationOutcome NoteOn(OperationOutcome outcome) =>
        Asked is null ? outcome : outcome.WithNote("timeout_note", $"the operation had {this}");

    public override string ToString() => Asked is { } asked
        ? $"{Seconds(Timeout)} (timeout_seconds: {asked.TotalSeconds:0} is more than {SettingsTable.OperationMaxTimeout.Name} allows)"
        : Seconds(Timeout);

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.###} s";
}
