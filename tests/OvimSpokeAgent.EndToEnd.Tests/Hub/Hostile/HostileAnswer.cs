using System.Text;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub.Hostile;

/// <summary>What becomes of a connection after an answer.</summary>
internal enum AnswerEnd
{
    /// <summary>The next request may come over it.</summary>
    Keep,

    Close,

    /// <summary>RST: what was sent may not arrive.</summary>
    Reset,

    /// <summary>Nothing more comes until the agent gives up.</summary>
    Silence,
}

/// <summary>An answer as it goes over the wire, and what the agent has to make of it.</summary>
internal sealed record HostileAnswer
{
    private const int ShownBytes = 500;

    /// <summary>What is odd about it, for people.</summary>
    public required string What { get; init; }

    /// <summary>Sent one after the other, with a pause between two.</summary>
    public required IReadOnlyList<byte[]> Pieces { get; init; }

    public TimeSpan Pause { get; init; }

    public AnswerEnd End { get; init; } = AnswerEnd.Close;

    /// <summary>Ids of operations that arrive whole: each has to be done, once, and answered.</summary>
    public IReadOnlyList<string> Operations { get; init; } = [];

    /// <summary>More may have been handed out than arrives: the agent has to say so.</summary>
    public bool IsLoss { get; init; }

    /// <summary>It does what was asked for.</summary>
    public bool IsGood { get; init; }

    public override string ToString()
    {
        var bytes = Pieces.SelectMany(piece => piece).Take(ShownBytes).ToArray();
        return $"\"{What}\", then {End}: {Encoding.Latin1.GetString(bytes).ReplaceLineEndings("\\n")}";
    }
}
