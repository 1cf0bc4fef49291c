using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;

namespace OvimSpokeAgent.EndToEnd.Tests.BlastRadius;

/// <summary>Writes objects into a VDC, and knows which of them the API server took.</summary>
/// <param name="hand">The tenant's own hand on the cluster.</param>
/// <param name="ns">The VDC's namespace.</param>
internal sealed class HostileTenant(JsonApi hand, string ns)
{
    private const int AtOnce = 4;

    // By collection and name.
    private readonly ConcurrentDictionary<(string Collection, string Name), (string Uid, HostileObject Written)> _taken = [];
    private readonly ConcurrentDictionary<string, int> _refused = [];
    private int _number;

    /// <summary>How many objects were taken, by kind.</summary>
    public IReadOnlyDictionary<string, int> Taken => _taken.GroupBy(taken => Plural(taken.Key.Collection)).ToDictionary(kind => kind.Key, kind => kind.Count());

    /// <summary>How many writes were refused, by kind and status.</summary>
    public IReadOnlyDictionary<string, int> Refused => _refused;

    public Task WritesAsync(IEnumerable<HostileObject> objects) => Parallel.ForEachAsync(
        objects.Select(one => (Object: one, Name: $"h-{_number++}")),
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
        async (one, _) => await WriteAsync(one.Object, one.Name));

    /// <summary>Which of the objects that were taken are there no more, or are others of the same name.</summary>
    public async Task<IReadOnlyList<string>> GoneAsync(JsonApi admin)
    {
        var gone = new List<string>();
        foreach (var collection in _taken.GroupBy(taken => taken.Key.Collection))
        {
            var list = await admin.GetAsync(collection.Key);
            var there = list["items"]!.AsArray().ToDictionary(item => (string)item!["metadata"]!["name"]!, item => (string)item!["metadata"]!["uid"]!);
            gone.AddRange(collection
                .Where(taken => there.GetValueOrDefault(taken.Key.Name) != taken.Value.Uid)
                .Select(taken => $"{taken.Key.Collection}/{taken.Key.Name}, written as {taken.Value.Written}"));
        }
        return gone;
    }

    private async Task WriteAsync(HostileObject one, string name)
    {
        var collection = one.Collection.Replace("NS", ns, StringComparison.Ordinal);
        var body = JsonNode.Parse(one.Body)!.AsObject();
        body["metadata"]!["name"] = name;
        if (await TakenAsync(HttpMethod.Post, collection, body, "application/json", collection) is not { } answer) return;
        _taken[(collection, name)] = ((string)JsonNode.Parse(answer)!["metadata"]!["uid"]!, one);
        if (one.Change is { } change)
            await TakenAsync(HttpMethod.Patch, $"{collection}/{name}", JsonNode.Parse(change)!.AsObject(), "application/merge-patch+json", collection);
    }

    /// <summary>The answer to a write; null: it was refused, or there was none.</summary>
    private async Task<string?> TakenAsync(HttpMethod method, string path, JsonObject body, string contentType, string collection)
    {
        try
        {
            var (status, answer) = await hand.TryChangeAsync(method, path, body, contentType);
            if ((int)status < 300) return answer;
            Refuses($"{(int)status}");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            Refuses("without an answer");
        }
        return null;

        void Refuses(string how) => _refused.AddOrUpdate($"{Plural(collection)} {how}", 1, (_, count) => count + 1);
    }

    private static string Plural(string collection) => collection[(collection.LastIndexOf('/') + 1)..];
}
