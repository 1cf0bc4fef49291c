namespace OvimSpokeAgent.VirtualMachines;

/// <summary>What the result of a valid request tells besides the status. Nothing that may be secret.</summary>
internal sealed class RequestNotes
{
    private readonly List<string> _ignored = [];
    private readonly List<string> _warnings = [];

    /// <summary>Fields that have no effect, each with the reason.</summary>
    public IReadOnlyList<string> IgnoredFields => _ignored;

    /// <summary>What works, but may not be what was meant.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    public void Ignored(string note) => _ignored.Add(note);

    public void Warn(string note) => _warnings.Add(note);
}
