using System.Collections.ObjectModel;
using System.Globalization;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Logging;

/// <summary>
/// Lines for the next status report's <c>errors</c>, for the hub's users: the newest <see cref="Capacity"/>, equal ones as one with how
/// often they came. They stay until a report with them was taken. Where there are more, the oldest of the kind that has most is left out,
/// and counted: what goes on without end does not push out all else.
/// </summary>
internal sealed class ReportErrors
{
    /// <summary>How many different lines are kept.</summary>
    public const int Capacity = 20;

    /// <summary>The longest line, in characters, without how often it came.</summary>
    public const int MaxLength = 500;

    private readonly Lock _lock = new();
    private readonly List<Line> _lines = []; // by when they came last
    private long _leftOut;

    /// <summary>Adds a line.</summary>
    /// <param name="kind">What it is one of, for where there are too many.</param>
    /// <param name="text">The line, without secrets; cut where it is too long.</param>
    public void Add(string kind, string text)
    {
        text = JsonText.Shorten(text, MaxLength);
        lock (_lock)
        {
            var line = _lines.Find(known => known.Text == text && known.Kind == kind) ?? new Line(kind, text);
            _lines.Remove(line);
            line.Count++;
            _lines.Add(line);
            if (_lines.Count > Capacity) LeaveOneOut();
        }
    }

    /// <summary>The lines to send: the one that came last is the last.</summary>
    public IReadOnlyList<string> Pending()
    {
        lock (_lock) return new PendingLines([.. _lines.Select(line => (line, line.Count))], _leftOut);
    }

    /// <summary>A report with what <see cref="Pending"/> gave was taken: that is forgotten. What came since stays.</summary>
    public void Sent(IReadOnlyList<string> sent)
    {
        if (sent is not PendingLines taken) return;
        lock (_lock)
        {
            foreach (var (line, count) in taken.Counts)
            {
                line.Count -= count;
                if (line.Count <= 0) _lines.Remove(line);
            }
            _leftOut -= Math.Min(taken.LeftOut, _leftOut);
        }
    }

    private void LeaveOneOut()
    {
        var most = _lines.CountBy(line => line.Kind).MaxBy(kind => kind.Value).Key;
        var oldest = _lines.Find(line => line.Kind == most)!;
        _lines.Remove(oldest);
        _leftOut += oldest.Count;
    }

    private sealed class Line(string kind, string text)
    {
        public string Kind => kind;

        public string Text => text;

        /// <summary>How often it came since it was last sent.</summary>
        public long Count { get; set; }
    }

    /// <summary>The lines as they are sent, and what they were made of.</summary>
    private sealed class PendingLines(IReadOnlyList<(Line Line, long Count)> counts, long leftOut)
        : ReadOnlyCollection<string>([.. Texts(counts, leftOut)])
    {
        public IReadOnlyList<(Line Line, long Count)> Counts => counts;

        public long LeftOut => leftOut;

        private static IEnumerable<string> Texts(IReadOnlyList<(Line Line, long Count)> counts, long leftOut)
        {
            if (leftOut > 0) yield return string.Create(CultureInfo.InvariantCulture, $"{leftOut} more since the last report");
            foreach (var (line, count) in counts)
            {
                yield return count == 1
                    ? line.Text
                    : string.Create(CultureInfo.InvariantCulture, $"{line.Text} ({count} times since the last report)");
            }
        }
    }
}
