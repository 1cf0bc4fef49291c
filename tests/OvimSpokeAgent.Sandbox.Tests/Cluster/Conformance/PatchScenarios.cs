namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>Merge and JSON patches.</summary>
internal static class PatchScenarios
{
    private const string Secrets = "/api/v1/namespaces/{ns}/secrets";

    public static readonly Scenario[] All =
    [
        new(
            "a merge patch sets and removes",
            Step.Post(Secrets, """{"metadata":{"name":"a","labels":{"x":"1","y":"2"}},"stringData":{"k":"v"}}""")
                .Answers(201).Keeps("rv", "metadata.resourceVersion"),
            Step.Merge($"{Secrets}/a", """{"metadata":{"labels":{"x":null,"z":"3"}},"data":{"m":"dg=="}}""")
                .Answers(200, """{"metadata":{"labels":{"x":null,"y":"2","z":"3"}},"data":{"k":"dg==","m":"dg=="}}"""),
            Step.Merge($"{Secrets}/a", """{"metadata":{"resourceVersion":"{rv}","labels":{"q":"1"}}}""")
                .Answers(409, """{"reason":"Conflict"}"""),
            Step.Merge($"{Secrets}/a", """{"metadata":{"name":"b"}}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Merge($"{Secrets}/a", "[1]").Answers(400, """{"reason":"BadRequest"}""")
                .On1_20(422, """{"reason":"Invalid","details":{"causes":[{"field":"patch"}]}}"""),
            (Step.Merge($"{Secrets}/a", "{}") with { ContentType = "application/json" })
                .Answers(415, """{"reason":"UnsupportedMediaType"}""")),
        new(
            "a patch without effect makes no version",
            Step.Post(Secrets, """{"metadata":{"name":"a","labels":{"x":"1"}}}""").Answers(201).Keeps("rv", "metadata.resourceVersion"),
            Step.Merge($"{Secrets}/a", """{"metadata":{"labels":{"x":"1"}}}""")
                .Answers(200, """{"metadata":{"resourceVersion":"{rv}"}}"""),
            Step.Merge($"{Secrets}/a", """{"metadata":{"uid":null,"creationTimestamp":null}}""")
                .Answers(200, """{"metadata":{"resourceVersion":"{rv}"}}""")),
        new(
            "a JSON patch tests, adds and removes",
            Step.Post(Secrets, """{"metadata":{"name":"a","labels":{"x/y":"1"}},"stringData":{"k":"v"}}""").Answers(201),
            Step.JsonPatch($"{Secrets}/a", """
                [{"op":"test","path":"/metadata/labels/x~1y","value":"1"},{"op":"remove","path":"/metadata/labels/x~1y"},
                 {"op":"add","path":"/metadata/labels/z","value":"2"},{"op":"replace","path":"/data/k","value":"dw=="},
                 {"op":"copy","from":"/data/k","path":"/data/c"},{"op":"move","from":"/data/c","path":"/data/m"}]
                """).Answers(200, """{"metadata":{"labels":{"x/y":null,"z":"2"}},"data":{"k":"dw==","c":null,"m":"dw=="}}"""),
            Step.JsonPatch($"{Secrets}/a", """[{"op":"test","path":"/type","value":"x"},{"op":"remove","path":"/data"}]""")
                .Answers(422, """{"reason":"Invalid"}"""),
            Step.JsonPatch($"{Secrets}/a", """[{"op":"remove","path":"/nope"}]""").Answers(422, """{"reason":"Invalid"}"""),
            Step.Get($"{Secrets}/a").Answers(200, """{"data":{"k":"dw=="}}""")),
    ];
}
