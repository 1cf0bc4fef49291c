using System.Collections.Concurrent;

namespace OvimSpokeAgent.Validation;

/// <summary>Keeps one string of each text that comes again and again, up to a number of texts: of others each keeps its own.</summary>
internal sealed class SharedTexts(int capacity)
{
    private readonly ConcurrentDictionary<string, string> _texts = [];

    /// <summary>The text, in the one string of it where there is one.</summary>
    public string Of(string text) =>
        _texts.TryGetValue(text, out var known) ? known : _texts.Count < capacity ? _texts.GetOrAdd(text, text) : text;
}
