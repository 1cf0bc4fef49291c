using System.Text.Json;
using System.Text.RegularExpressions;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>
/// The values of a Template's parameters: given, else the template's own, else made. No message shows one: who knows what it is for.
/// </summary>
internal sealed partial class ParameterValues
{
    private const int MaxParameters = 100;
    private const int MaxValueLength = 16 << 10;
    private const int MaxNameLength = 63;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _secret = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private readonly List<string> _missing = [];

    private ParameterValues()
    {
    }

    /// <summary>What is wrong with the template's parameters or those that are given, each with its place first.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Those that must be given and are not.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>Those that were made, or whose names say that they are secret.</summary>
    public IEnumerable<KeyValuePair<string, string>> Secret => _values.Where(pair => _secret.Contains(pair.Key) && pair.Value.Length > 0);

    /// <summary>The value of a parameter; null: there is no such.</summary>
    public string? Find(string name) => _values.GetValueOrDefault(name);

    /// <param name="parameters">The template's.</param>
    /// <param name="given">The payload's <c>parameters</c>: an object.</param>
    /// <param name="vm">The VM's name, and the parameter that stands for it; null: there is none.</param>
    /// <param name="expression">Makes values.</param>
    public static ParameterValues Of(
        IReadOnlyList<OpenShiftParameter?> parameters, JsonElement given, (string Parameter, string Name)? vm, ParameterExpression expression)
    {
        var values = new ParameterValues();
        if (parameters.Count > MaxParameters)
        {
            values._problems.Add($"parameters: {parameters.Count} are too many, expected at most {MaxParameters}");
            return values;
        }
        var texts = values.Given(given);
        foreach (var (index, parameter) in parameters.Index()) values.Add(index, parameter, texts, vm, expression);
        foreach (var name in texts.Keys.Where(name => !values._values.ContainsKey(name)))
            values._problems.Add($"parameters: the template has no parameter {JsonText.Show(name)}");
        return values;
    }

    private Dictionary<string, string> Given(JsonElement given)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in CanonicalJson.Members(given))
        {
            if (value.ValueKind is JsonValueKind.Null) continue;
            var text = value.ValueKind switch
            {
                JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number => value.GetRawText(),
                _ => JsonText.TryGetString(value, out var its) ? its : null,
            };
            if (text is null) _problems.Add($"parameters.{JsonText.Shorten(name)}: {JsonText.Describe(value)} is not a string");
            else if (text.Length > MaxValueLength) _problems.Add($"parameters.{JsonText.Shorten(name)}: over {MaxValueLength >> 10} Ki characters");
            else texts[name] = text;
        }
        return texts;
    }

    private void Add(
        int index, OpenShiftParameter? parameter, Dictionary<string, string> given, (string Parameter, string Name)? vm, ParameterExpression expression)
    {
        var name = parameter?.Name ?? "";
        if (name.Length is 0 or > MaxNameLength || !Name().IsMatch(name) || _values.ContainsKey(name))
        {
            _problems.Add($"parameters[{index}]: its name is not one of letters, digits and '_' that no other has");
            return;
        }
        if (SecretFields.Contains(name) || SecretText.MayHoldSecrets(name)) _secret.Add(name);
        var value = given.GetValueOrDefault(name) ?? (vm is { } known && known.Parameter == name ? known.Name : null);
        if (value is null && !string.IsNullOrEmpty(parameter!.Value)) value = parameter.Value;
        if (value is null && !string.IsNullOrEmpty(parameter!.Generate)) value = Generate(name, parameter, expression);
        _values[name] = value ?? "";
        if (string.IsNullOrEmpty(value) && parameter!.Required is true && !_problems.Exists(problem => problem.StartsWith($"parameters.{name}:", StringComparison.Ordinal)))
            _missing.Add(name);
    }

    private string? Generate(string name, OpenShiftParameter parameter, ParameterExpression expression)
    {
        _secret.Add(name);
        if (parameter.Generate != "expression")
        {
            _problems.Add($"parameters.{name}: {JsonText.Show(parameter.Generate!)} is no generator, expected \"expression\"");
            return null;
        }
        var (value, problem) = expression.Generate(parameter.From ?? "");
        if (problem is not null) _problems.Add($"parameters.{name}: its expression has {problem}");
        return value;
    }

    [GeneratedRegex(@"^[a-zA-Z0-9_]+\z")]
    private static partial Regex Name();
}
