using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Configuration;

/// <summary>One row of the settings table: a variable, what it means and what it accepts.</summary>
internal sealed record Setting
{
    /// <summary>The environment variable.</summary>
    public required string Name { get; init; }

    /// <summary>Other variables that mean the same; <see cref="Name"/> wins.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The value without the variable, as text; null: there is none, or it depends (<see cref="DefaultNote"/>).</summary>
    public string? Default { get; init; }

    /// <summary>What applies without the variable where that is no fixed value.</summary>
    public string? DefaultNote { get; init; }

    /// <summary>One line for the documentation.</summary>
    public required string Description { get; init; }

    /// <summary>What a value must be, as it completes "expected …".</summary>
    public required string Expected { get; init; }

    /// <summary>Whether the value must never be shown.</summary>
    public bool IsSecret { get; init; }

    /// <summary>A rejected value as an error shows it; it is shown whole unless parts of it may be secret.</summary>
    public Func<string, string> Show { get; init; } = JsonText.Show;

    /// <summary>Whether a value may be shown.</summary>
    public bool MayShow(string text) => !IsSecret && Show(text) is ['"', ..];

    /// <summary>Whether a text is a value. For a file: whether its content is.</summary>
    public required Func<string, bool> Accepts { get; init; }

    /// <summary>Whether the value is the path of a file, which must be readable.</summary>
    public bool IsFile { get; init; }
}

/// <summary>The texts that settings are written in.</summary>
internal static class SettingText
{
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
    ];

    private static readonly (string Unit, int Shift)[] Sizes = [("Ki", 10), ("Mi", 20), ("Gi", 30)];

    /// <summary>No setting needs more than a few days; sums of what one text may say stay far from overflow.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    /// <summary>Parses <c>500ms</c>, <c>30s</c>, <c>1m30s</c>, <c>2h</c>, as Go writes durations.</summary>
    public static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        if (rest.IsEmpty) return false;
        while (!rest.IsEmpty)
        {
            var number = rest[..^rest.TrimStart("0123456789.").Length];
            rest = rest[number.Length..];
            var unit = rest[..^rest.TrimStart("hms").Length];
            rest = rest[unit.Length..];
            if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
                || LengthOf(unit) is not { } length
                || count > Longest / length)
            {
                return false;
            }
            duration += length * count;
            if (duration > Longest) return false;
        }
        return true;
    }

    /// <summary>Parses <c>true</c> or <c>false</c> (also <c>1</c>, <c>0</c>, as Go's tools accept them).</summary>
    public static bool TryBool(string text, out bool value)
    {
        value = text is "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || text is "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    public static bool TryInt(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    /// <summary>Parses a port, or <c>off</c>, which is null.</summary>
    public static bool TryPortOrOff(string text, out int? port)
    {
        port = TryInt(text, out var number) ? number : null;
        return port is >= 0 and <= 65535 || text.Equals("off", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Parses a size in bytes: <c>1048576</c>, <c>512Ki</c>, <c>64Mi</c>, <c>1Gi</c>.</summary>
    public static bool TryBytes(string text, out long bytes)
    {
        var (unit, shift) = Sizes.FirstOrDefault(size => text.EndsWith(size.Unit, StringComparison.Ordinal), (Unit: "", Shift: 0));
        var isNumber = long.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count);
        bytes = isNumber && count <= long.MaxValue >> shift ? count << shift : 0;
        return isNumber && count <= long.MaxValue >> shift;
    }

    /// <summary>Parses a positive decimal number such as <c>1.5</c>.</summary>
    public static bool TryDecimal(string text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);

    /// <summary>Parses networks in CIDR notation, separated by commas; not the whole address space.</summary>
    public static bool TryNetworks(string text, out IReadOnlyList<IPNetwork> networks)
    {
        var list = new List<IPNetwork>();
        networks = list;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!IPNetwork.TryParse(part, out var network) || network.PrefixLength == 0) return false;
            list.Add(network);
        }
        return true;
    }

    /// <summary>An absolute <c>http</c> or <c>https</c> URL with a host and nothing that does not belong to a base.</summary>
    public static bool TryUrl(string text, [NotNullWhen(true)] out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url) && url.Scheme is "http" or "https"
        && url.Host.Length > 0 && url.Query.Length == 0 && url.Fragment.Length == 0 && url.UserInfo.Length == 0;

    /// <summary>A rejected URL without what may be a password or a token: user info, query and fragment.</summary>
    public static string ShowUrl(string text)
    {
        var end = text.AsSpan().IndexOfAny('?', '#');
        var shown = end < 0 ? text : string.Concat(text.AsSpan(0, end + 1), "…");
        var at = shown.LastIndexOf('@');
        if (at < 0) return JsonText.Show(shown);
        var start = shown.IndexOf("//", StringComparison.Ordinal);
        return JsonText.Show(string.Concat(start < 0 ? "" : shown.AsSpan(0, start + 2), "…", shown.AsSpan(at)));
    }

    /// <summary>
    /// A rejected path of a file that holds a secret: who mixes the variables up puts the secret itself there, so that only
    /// what begins as a path does is shown.
    /// </summary>
    public static string ShowSecretPath(string text) =>
        text.StartsWith('/') || text.StartsWith('.') ? JsonText.Show(text) : "its value (not shown)";

    /// <summary>What an HTTP header can carry as a bearer token.</summary>
    public static bool IsToken(string text) => text.Length > 0 && text.All(c => c is > ' ' and < '\x7f');

    private static TimeSpan? LengthOf(ReadOnlySpan<char> unit)
    {
        foreach (var (name, length) in Units)
        {
            if (unit.SequenceEqual(name)) return length;
        }
        return null;
    }
}
