using System.Text.RegularExpressions;

namespace OvimSpokeAgent.Configuration;

/// <summary>Finds variables that look like settings of the agent and are none: most are misspelt.</summary>
internal static partial class UnknownSettings
{
    private static readonly IReadOnlyList<string> Known =
        [.. SettingsTable.All.SelectMany(setting => setting.Aliases.Prepend(setting.Name))];

    /// <summary>One warning a variable, by name. Values are not shown: one may be a misspelt token's.</summary>
    public static IEnumerable<string> Warnings(IReadOnlyDictionary<string, string> environment) =>
        from pair in environment
        where pair.Key.StartsWith("OVIM_", StringComparison.Ordinal) && !Known.Contains(pair.Key)
        where !pair.Key.StartsWith("OVIM_E2E_", StringComparison.Ordinal) // the tests' own
        where !ServiceVariable().IsMatch(pair.Key) && !IsServicePort(pair.Value)
        orderby pair.Key
        select $"{pair.Key} is not a setting of this agent; the nearest is {Nearest(pair.Key)}";

    /// <summary>
    /// Whether a value is what Kubernetes sets as <c>NAME_PORT</c> for a Service, e.g. <c>tcp://10.96.0.7:8080</c>
    /// (kubelet's service links, as Docker's links were).
    /// </summary>
    public static bool IsServicePort(string value) => ServicePort().IsMatch(value);

    /// <summary>The known name with the least edits.</summary>
    public static string Nearest(string name) => Known.MinBy(known => EditDistance(name, known))!;

    /// <summary>Levenshtein distance.</summary>
    public static int EditDistance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[^1];
    }

    // The other variables of a service link: …_SERVICE_HOST, …_SERVICE_PORT[_NAME], …_PORT_8080_TCP[_ADDR|…].
    [GeneratedRegex(@"_SERVICE_HOST\z|_SERVICE_PORT(_|\z)|_PORT_\d+_(TCP|UDP|SCTP)(_|\z)")]
    private static partial Regex ServiceVariable();

    [GeneratedRegex(@"^(tcp|udp|sctp)://")]
    private static partial Regex ServicePort();
}
