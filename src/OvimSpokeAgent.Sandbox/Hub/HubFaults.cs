using System.Text.Json.Serialization;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>What goes wrong with a request.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HubFaultKind>))]
public enum HubFaultKind
{
    /// <summary>Answers with <see cref="HubFault.StatusCode"/>; the request has no effect.</summary>
    Status,

    /// <summary>Carries the request out, then answers with <see cref="HubFault.StatusCode"/>, as a gateway that lost the answer.</summary>
    StatusAfter,

    /// <summary>Cuts the connection; the request has no effect.</summary>
    DropBefore,

    /// <summary>Carries the request out, then cuts the connection instead of answering.</summary>
    DropAfter,

    /// <summary>Carries the request out and cuts the connection in the middle of the answer.</summary>
    CutAnswer,

    /// <summary>Waits for <see cref="HubFault.DelayMs"/>, then goes on as usual.</summary>
    Delay,
}

/// <summary>A fault on demand.</summary>
public sealed record HubFault
{
    public required HubFaultKind Kind { get; init; }

    /// <summary>HTTP method; null: any.</summary>
    public string? Method { get; init; }

    /// <summary>A part of the path, e.g. <c>/result</c>; null: any.</summary>
    public string? Path { get; init; }

    /// <summary>How many requests it meets; null: all until it is removed.</summary>
    public int? Times { get; init; }

    public int StatusCode { get; init; } = 500;

    public int? RetryAfterSeconds { get; init; }

    /// <summary>The body that goes with <see cref="HubFaultKind.Status"/> and <see cref="HubFaultKind.StatusAfter"/>.</summary>
    public string Body { get; init; } = """{"error":"sandbox fault"}""";

    public string ContentType { get; init; } = "application/json";

    public int DelayMs { get; init; }

    /// <summary>For <see cref="HubFaultKind.CutAnswer"/>: how much of the answer goes out, 0 to 1.</summary>
    public double CutAt { get; init; } = 0.5;
}

/// <summary>The faults in force, the first that fits wins.</summary>
public sealed class HubFaults
{
    private readonly Lock _lock = new();
    private readonly List<(HubFault Fault, int? Left)> _faults = [];

    /// <summary>Adds a fault behind the others.</summary>
    public void Add(HubFault fault)
    {
        lock (_lock) _faults.Add((fault, fault.Times));
    }

    /// <summary>Removes the faults that satisfy a condition.</summary>
    public void Remove(Func<HubFault, bool> condition)
    {
        lock (_lock) _faults.RemoveAll(entry => condition(entry.Fault));
    }

    public void Clear()
    {
        lock (_lock) _faults.Clear();
    }

    public IReadOnlyList<HubFault> Current()
    {
        lock (_lock) return [.. _faults.Select(entry => entry.Fault)];
    }

    internal HubFault? Take(string method, string path)
    {
        lock (_lock)
        {
            for (var i = 0; i < _faults.Count; i++)
            {
                var (fault, left) = _faults[i];
                if (fault.Method is not null && !fault.Method.Equals(method, StringComparison.OrdinalIgnoreCase)) continue;
                if (fault.Path is not null && !path.Contains(fault.Path, StringComparison.Ordinal)) continue;
                if (left is 1) _faults.RemoveAt(i);
                else _faults[i] = (fault, left - 1);
                return fault;
            }
            return null;
        }
    }
}
