using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub.Hostile;

/// <summary>The body of a poll's answer in the making: elements, and where each ends.</summary>
internal sealed class OperationBytes(Random random, string prefix)
{
    // Elements of an answer that nobody can answer to, because they have no id that can stand in an URL.
    private static readonly string[] Unanswerable =
    [
        "null", "17", "-0.0e99", "\"text\"", "[]", "[[]]", "{}", "true", """{"id":null}""", """{"id":7,"type":"get_health"}""", """{"id":""}""",
        """{"id":"a/b"}""", """{"id":"../.."}""", """{"id":"ä"}""", """{"id":{"id":"op"}}""", """{"ID":"op"}""",
    ];

    // What is answered with a reason, whatever it is.
    private static readonly string[] Rejected =
    [
        "\"type\":\"make_tea\"", "\"type\":\"\"", "\"type\":null", "\"type\":[]", "\"type\":\"create_vm\",\"payload\":{\"cpu\":{}}",
        "\"type\":\"create_vm\",\"payload\":\"none\"", "\"type\":\"make_tea\",\"timestamp\":\"yesterday\"", "\"type\":\"make_tea\",\"timestamp\":7",
        "\"type\":\"make_tea\",\"timeout_seconds\":-1", "\"type\":\"make_tea\",\"timeout_seconds\":1e300", "\"type\":\"\\ud83d\\ude00\"",
        "\"type\":\"DELETE-VDC\",\"payload\":{\"target_namespace\":\"kube-system\",\"vdc_name\":\"x\"}",
        "\"type\":\"start_vm\",\"payload\":{\"name\":\"x\",\"namespace\":\"default\"}", "\"type\":\"make_tea\",\"payload\":{\"a\":1,\"a\":2}",
    ];

    private int _count;

    /// <summary>Operations that can be answered, and elements that cannot.</summary>
    public (byte[] Body, IReadOnlyList<(string Id, int End)> Operations) Array(int operations, int junk)
    {
        using var body = new MemoryStream();
        body.Write(random.Next(4) == 0 ? "\n [ "u8 : "["u8);
        var found = new List<(string, int)>();
        var kinds = Enumerable.Repeat(true, operations).Concat(Enumerable.Repeat(false, junk)).OrderBy(_ => random.Next()).ToList();
        foreach (var (index, isOperation) in kinds.Index())
        {
            if (index > 0) body.Write(random.Next(4) == 0 ? " ,\r\n"u8 : ","u8);
            if (!isOperation)
            {
                body.Write(Encoding.UTF8.GetBytes(Unanswerable[random.Next(Unanswerable.Length)]));
                continue;
            }
            var id = NewId();
            body.Write(One(id));
            found.Add((id, (int)body.Length));
        }
        body.Write("]"u8);
        return (body.ToArray(), found);
    }

    /// <summary>One operation that can be answered.</summary>
    public byte[] One(string id)
    {
        var fields = Rejected[random.Next(Rejected.Length)];
        var more = random.Next(12) switch
        {
            0 => $",\"unknown\":{Deep(random.Next(1, 200))}",
            1 => $",\"note\":{JsonSerializer.Serialize(new string('x', random.Next(100_000)))}",
            2 => ",\"retry_count\":9007199254740993",
            _ => "",
        };
        return Encoding.UTF8.GetBytes($$"""{"id":"{{id}}",{{fields}}{{more}}}""");
    }

    /// <summary>A VM's creation, named like the operation: done twice it would fail.</summary>
    public static byte[] Honest(string id, string ns) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["id"] = id,
        ["type"] = "create_vm",
        ["payload"] = new JsonObject { ["name"] = id, ["namespace"] = ns, ["image_url"] = "disk", ["cpu"] = 1, ["memory"] = "1Gi" },
        ["timestamp"] = DateTimeOffset.UtcNow.ToString("O"),
    }.ToJsonString());

    public string NewId() => $"op-{prefix}-{Interlocked.Increment(ref _count)}";

    private static string Deep(int depth) => new string('[', depth) + new string(']', depth);
}
