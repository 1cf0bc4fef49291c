namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>Lists, selectors, pages and watches.</summary>
internal static class ListScenarios
{
    private const string Maps = "/api/v1/namespaces/{ns}/configmaps";
    private const string Secrets = "/api/v1/namespaces/{ns}/secrets";
    private const string Own = "labelSelector=own%3Dyes";

    public static readonly Scenario[] All =
    [
        new(
            "labels select",
            Make("a", """{"own":"yes","x":"1"}"""),
            Make("b", """{"own":"yes","x":"2"}"""),
            Make("c", """{"own":"yes"}"""),
            Select("own=yes,x=1", "a"),
            Select("own==yes,x!=1", "b", "c"),
            Select("own=yes,x in (1,2)", "a", "b"),
            Select("own=yes,x notin (1)", "b", "c"),
            Select("own,x", "a", "b"),
            Select("own,!x", "c"),
            Step.Get($"{Maps}?labelSelector=a%20b").Answers(400, """{"reason":"BadRequest"}""")),
        new(
            "fields select",
            Step.Post(Secrets, """{"metadata":{"name":"a","labels":{"own":"yes"}},"type":"ovim.io/x"}""").Answers(201),
            Step.Post(Secrets, """{"metadata":{"name":"b","labels":{"own":"yes"}},"type":"ovim.io/y"}""").Answers(201),
            Step.Get($"{Secrets}?{Own}&fieldSelector=type%3Dovim.io/x").Answers(200, """{"items":[{"metadata":{"name":"a"}}]}"""),
            Step.Get($"{Secrets}?{Own}&fieldSelector=type!%3Dovim.io/x").Answers(200, """{"items":[{"metadata":{"name":"b"}}]}"""),
            Step.Get($"{Secrets}?fieldSelector=metadata.name%3Db").Answers(200, """{"items":[{"metadata":{"name":"b"}}]}"""),
            Step.Get($"/api/v1/secrets?{Own}&fieldSelector=metadata.namespace%3D{{ns}},metadata.name%3Db")
                .Answers(200, """{"items":[{"metadata":{"name":"b"}}]}"""),
            Step.Get($"{Secrets}?fieldSelector=foo%3Dbar").Answers(400, """
                {"reason":"BadRequest","message":"field label not supported: foo"}
                """)),
        new(
            "metadata alone, in pages, of one and of what was deleted",
            // Behind the token of the default ServiceAccount, which older servers make in the meantime.
            Step.Post(Secrets, """{"metadata":{"name":"y","labels":{"own":"yes"}},"stringData":{"x":"y"}}""").Answers(201),
            Step.Post(Secrets, """{"metadata":{"name":"z","labels":{"own":"yes"},"annotations":{"n":"1"}},"stringData":{"x":"y"}}""")
                .AsMetadata("PartialObjectMetadata")
                .Answers(201, """{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"z"},"data":null}"""),
            Step.Get($"{Secrets}?{Own}&limit=1").AsMetadata("PartialObjectMetadataList").Answers(200, """
                {"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[{"metadata":{"name":"y"},"data":null}]}
                """).Keeps("next", "metadata.continue"),
            Step.Get($"{Secrets}?{Own}&limit=1&continue={{next}}").AsMetadata("PartialObjectMetadataList").Answers(200, """
                {"metadata":{"continue":null},"items":[{"metadata":{"name":"z","annotations":{"n":"1"}},"data":null}]}
                """),
            Step.Merge($"{Secrets}/z", """{"metadata":{"annotations":{"n":"2"}}}""").AsMetadata("PartialObjectMetadata")
                .Answers(200, """{"kind":"PartialObjectMetadata","metadata":{"annotations":{"n":"2"}},"data":null}"""),
            Step.Delete($"{Secrets}?{Own}").AsMetadata("PartialObjectMetadataList").Answers(200, """
                {"kind":"PartialObjectMetadataList","items":[{"metadata":{"name":"y"},"data":null},{"metadata":{"name":"z"},"data":null}]}
                """)),
        new(
            "pages show one moment",
            Make("a", """{"own":"yes"}"""),
            Make("b", """{"own":"yes"}"""),
            Make("c", """{"own":"yes"}"""),
            Step.Get($"{Maps}?{Own}&limit=2").Answers(200, """
                {"kind":"ConfigMapList","apiVersion":"v1","metadata":{"remainingItemCount":null},
                 "items":[{"kind":null,"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}
                """).Keeps("next", "metadata.continue").Keeps("rv", "metadata.resourceVersion"),
            Step.Delete($"{Maps}/c").Answers(200),
            Make("d", """{"own":"yes"}"""),
            Step.Get($"{Maps}?{Own}&limit=2&continue={{next}}").Answers(200, """
                {"metadata":{"resourceVersion":"{rv}","continue":null},"items":[{"metadata":{"name":"c"}}]}
                """),
            Step.Get($"{Maps}?{Own}&resourceVersion={{rv}}&resourceVersionMatch=Exact").Answers(200, """
                {"metadata":{"resourceVersion":"{rv}"},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}},{"metadata":{"name":"c"}}]}
                """),
            Step.Get($"{Maps}?{Own}").Answers(200, """
                {"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}},{"metadata":{"name":"d"}}]}
                """),
            Step.Get($"{Maps}?limit=1&continue=nonsense").Answers(400, """{"reason":"BadRequest"}""")),
        new(
            "a version from the future is refused",
            Step.Get($"{Maps}?resourceVersion=999999999").Answers(504, """
                {"reason":"Timeout","code":504,"details":{"causes":[{"reason":"ResourceVersionTooLarge"}],"retryAfterSeconds":1}}
                """)),
        new(
            "a watch tells the changes since a version",
            Make("a", """{"own":"yes"}"""),
            Step.Get($"{Maps}?{Own}").Answers(200).Keeps("rv", "metadata.resourceVersion"),
            Make("b", """{"own":"yes"}"""),
            Step.Merge($"{Maps}/a", """{"data":{"k":"v"}}""").Answers(200).Keeps("changed", "metadata.resourceVersion"),
            Step.Merge($"{Maps}/b", """{"metadata":{"labels":{"own":"no"}}}""").Answers(200).Keeps("left", "metadata.resourceVersion"),
            Step.Merge($"{Maps}/b", """{"metadata":{"labels":{"own":"yes"}}}""").Answers(200),
            Step.Delete($"{Maps}/a").Answers(200),
            Step.Get($"{Maps}?{Own}&watch=true&resourceVersion={{rv}}&timeoutSeconds=1").Answers(200, """
                [{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"b"}}},
                 {"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"{changed}"},"data":{"k":"v"}}},
                 {"type":"DELETED","object":{"metadata":{"name":"b","labels":{"own":"yes"},"resourceVersion":"{left}"}}},
                 {"type":"ADDED","object":{"metadata":{"name":"b"}}},
                 {"type":"DELETED","object":{"metadata":{"name":"a"},"data":{"k":"v"}}}]
                """)),
        new(
            "a watch without a version starts with what is there",
            Make("a", """{"own":"yes"}"""),
            Step.Get($"{Maps}?{Own}&watch=1&timeoutSeconds=1").Answers(200, """
                [{"type":"ADDED","object":{"metadata":{"name":"a"}}}]
                """),
            Step.Get($"{Maps}?watch=1&resourceVersion=nonsense").Answers(500)),
        new(
            "a table is answered to who asks for one",
            Step.Post("/apis/conformance.ovim.io/v1/namespaces/{ns}/widgets", """
                {"apiVersion":"conformance.ovim.io/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":3}}
                """).Answers(201),
            (Step.Get("/apis/conformance.ovim.io/v1/namespaces/{ns}/widgets") with
            {
                Accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
            }).Answers(200, """
                {"kind":"Table","apiVersion":"meta.k8s.io/v1",
                 "columnDefinitions":[{"name":"Name","type":"string","format":"name"},{"name":"Size","type":"integer"},{"name":"Ready"}],
                 "rows":[{"cells":["a",3,null],"object":{"kind":"PartialObjectMetadata","metadata":{"name":"a"}}}]}
                """)),
    ];

    private static Step Make(string name, string labels) =>
        Step.Post(Maps, $$$"""{"metadata":{"name":"{{{name}}}","labels":{{{labels}}}}}""").Answers(201);

    private static Step Select(string selector, params string[] names) =>
        Step.Get($"{Maps}?labelSelector={Uri.EscapeDataString(selector)}").Answers(
            200, $$"""{"items":[{{string.Join(",", names.Select(Named))}}]}""");

    private static string Named(string name) => $$$"""{"metadata":{"name":"{{{name}}}"}}""";
}
