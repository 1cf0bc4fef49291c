using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit.Sdk;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>Runs scenarios against a server, each in a namespace of its own that it takes away afterwards.</summary>
internal sealed class ScenarioRun(HttpClient server, ServerVersion version, Scenario scenario)
{
    /// <summary>Which answers a server is held to, by the version that it announces.</summary>
    public static async Task<ServerVersion> VersionOfAsync(HttpClient server)
    {
        var text = await server.GetStringAsync(new Uri("version", UriKind.Relative));
        // Some add to the number: "20+".
        var minor = int.Parse(JsonNode.Parse(text)!["minor"]!.ToString().TrimEnd('+'), CultureInfo.InvariantCulture);
        return minor <= (int)ServerVersion.Legacy ? ServerVersion.Legacy : ServerVersion.Current;
    }

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, string> _words = new() { ["ns"] = $"c-{Guid.NewGuid():N}"[..14] };

    public async Task RunAsync()
    {
        await SendAsync(Step.Post("/api/v1/namespaces", """{"metadata":{"name":"{ns}"}}""").Answers(201));
        try
        {
            foreach (var step in scenario.Steps) await SendAsync(step.For(version));
        }
        finally
        {
            using var cleanup = await server.DeleteAsync(new Uri(Fill("api/v1/namespaces/{ns}"), UriKind.Relative));
        }
    }

    private async Task SendAsync(Step step)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var (status, text) = await AskAsync(step, patience.Token);
            var problem = status != step.Status ? $"answered {status}, not {step.Status}" : Compare(step, text);
            if (problem is null)
            {
                foreach (var (word, path) in step.Kept) _words[word] = Value(JsonNode.Parse(text), path);
                return;
            }
            if (!step.IsEventual || patience.IsCancellationRequested)
                throw new XunitException($"{scenario.Name}: {Fill(step.ToString())}: {problem}\n{text}");
        }
    }

    private async Task<(int Status, string Text)> AskAsync(Step step, CancellationToken cancellationToken)
    {
        using var request = step.ToRequest(Fill);
        using var response = await server.SendAsync(request, cancellationToken);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    private string? Compare(Step step, string text)
    {
        if (step.Holds is { } part && !text.Contains(part, StringComparison.Ordinal)) return $"expected the text {part}";
        if (step.Answer is null) return null;
        if (!step.Answer.TrimStart().StartsWith('{') && !step.Answer.TrimStart().StartsWith('['))
            return text.Contains(Fill(step.Answer), StringComparison.Ordinal) ? null : $"expected the text {step.Answer}";
        var isWatch = step.Path.Contains("watch=", StringComparison.Ordinal);
        var answer = isWatch ? Lines(text) : JsonNode.Parse(text);
        return Subset.Compare(JsonNode.Parse(Fill(step.Answer)), answer, "");
    }

    private static JsonArray Lines(string text) =>
        new([.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line))]);

    private string Fill(string text)
    {
        foreach (var (word, value) in _words) text = text.Replace($"{{{word}}}", value, StringComparison.Ordinal);
        return text;
    }

    private static string Value(JsonNode? node, string path)
    {
        foreach (var key in path.Split('.'))
            node = node is JsonArray items ? items[int.Parse(key, CultureInfo.InvariantCulture)] : node?[key];
        return node?.ToString() ?? throw new JsonException($"the answer has no {path}");
    }
}

/// <summary>Whether an answer has what is expected.</summary>
internal static class Subset
{
    /// <returns>Null if it has, otherwise the first difference.</returns>
    public static string? Compare(JsonNode? expected, JsonNode? actual, string path) => (expected, actual) switch
    {
        (JsonObject wanted, JsonObject found) => wanted
            .Select(member => Compare(member.Value, found[member.Key], $"{path}.{member.Key}"))
            .FirstOrDefault(problem => problem is not null),
        (JsonArray wanted, JsonArray found) when wanted.Count == found.Count => wanted
            .Select((item, i) => Compare(item, found[i], $"{path}[{i}]"))
            .FirstOrDefault(problem => problem is not null),
        (null, null) => null,
        (JsonValue, JsonValue) when JsonNode.DeepEquals(expected, actual) => null,
        _ => $"{path}: expected {expected?.ToJsonString() ?? "nothing"}, found {actual?.ToJsonString() ?? "nothing"}",
    };
}
