namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>Server-side apply and strategic merge patch.</summary>
internal static class ApplyScenarios
{
    private const string Maps = "/api/v1/namespaces/{ns}/configmaps";
    private const string Pods = "/api/v1/namespaces/{ns}/pods";
    private const string Widgets = "/apis/conformance.ovim.io/v1/namespaces/{ns}/widgets";

    public static readonly Scenario[] All =
    [
        new(
            "apply makes, merges and removes what it no longer gives",
            Step.Apply($"{Maps}/a?fieldManager=one", Map("""{"k":"1","l":"1"}""", """{"x":"1"}""")).Answers(201, """
                {"data":{"k":"1","l":"1"},"metadata":{"labels":{"x":"1"},"managedFields":[
                  {"manager":"one","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1",
                   "fieldsV1":{"f:data":{"f:k":{},"f:l":{}},"f:metadata":{"f:labels":{"f:x":{}}}}}]}}
                """).Keeps("rv", "metadata.resourceVersion"),
            Step.Apply($"{Maps}/a?fieldManager=one", Map("""{"k":"1","l":"1"}""", """{"x":"1"}"""))
                .Answers(200, """{"metadata":{"resourceVersion":"{rv}"}}"""),
            Step.Apply($"{Maps}/a?fieldManager=two", Map("""{"m":"2"}""")).Answers(200, """{"data":{"k":"1","l":"1","m":"2"}}"""),
            Step.Apply($"{Maps}/a?fieldManager=one", Map("""{"k":"3"}"""))
                .Answers(200, """{"data":{"k":"3","l":null,"m":"2"},"metadata":{"labels":null}}"""),
            // An empty map that was applied is a field with an owner, although the server does not keep it.
            Step.Apply($"{Maps}/a?fieldManager=two", Map(null)).Answers(409, """
                {"message":"Apply failed with 1 conflict: conflict with \"one\": .metadata.labels"}
                """).On1_20(200, """{"data":{"k":"3","m":null}}"""),
            Step.Apply($"{Maps}/a?fieldManager=two&force=true", Map(null)).Answers(200, """{"data":{"k":"3","m":null}}""")),
        new(
            "apply conflicts with other managers unless forced",
            Step.Apply($"{Maps}/a?fieldManager=one", Map("""{"k":"1","l":"1"}""")).Answers(201),
            Step.Apply($"{Maps}/a?fieldManager=two", Map("""{"k":"2"}""")).Answers(409, """
                {"message":"Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.k\n- .metadata.labels"}
                """).On1_20(409, """
                {"reason":"Conflict","code":409,"message":"Apply failed with 1 conflict: conflict with \"one\": .data.k",
                 "details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"one\"","field":".data.k"}]}}
                """),
            Step.Apply($"{Maps}/a?fieldManager=two", Map("""{"k":"2","l":"2"}""")).Answers(409, """
                {"message":"Apply failed with 3 conflicts: conflicts with \"one\":\n- .data.k\n- .data.l\n- .metadata.labels"}
                """).On1_20(409, """
                {"message":"Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.k\n- .data.l"}
                """),
            Step.Apply($"{Maps}/a?fieldManager=two&force=true", Map("""{"k":"2"}""")).Answers(200, """
                {"data":{"k":"2","l":"1"},"metadata":{"managedFields":[
                  {"manager":"one","fieldsV1":{"f:data":{"f:k":null,"f:l":{}}}},{"manager":"two","fieldsV1":{"f:data":{"f:k":{}}}}]}}
                """),
            Step.Merge($"{Maps}/a?fieldManager=three", """{"data":{"k":"3"}}""").Answers(200),
            Step.Apply($"{Maps}/a?fieldManager=two", Map("""{"k":"2"}""")).Answers(409, """
                {"message":"Apply failed with 1 conflict: conflict with \"three\" using v1: .data.k"}
                """),
            Step.Apply($"{Maps}/a?fieldManager=two", Map("""{"k":"3"}""")).Answers(200, """{"data":{"k":"3"}}""")),
        new(
            "apply says what it needs",
            Step.Apply($"{Maps}/a", Map(null)).Answers(422, """
                {"reason":"Invalid","details":{"kind":"PatchOptions","causes":[{"reason":"FieldValueRequired","field":"fieldManager"}]}}
                """),
            Step.Apply($"{Maps}/a?fieldManager=one", """{"kind":"ConfigMap","metadata":{"name":"a"}}""").Answers(400),
            Step.Apply($"{Maps}/other?fieldManager=one", Map(null)).Answers(400, """{"reason":"BadRequest"}"""),
            Step.Apply($"{Maps}/a?fieldManager=one", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","managedFields":[]}}""")
                .Answers(400, """{"message":"metadata.managedFields must be nil"}"""),
            Step.Apply($"{Maps}/a?fieldManager=one", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: 'yes'\n")
                .Answers(201, """{"data":{"k":"yes"}}"""),
            Step.Apply(
                $"{Maps}/a?fieldManager=one",
                """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"1"}}""").Answers(409),
            Step.Merge($"{Maps}/a?force=true", "{}").Answers(422, """
                {"details":{"kind":"PatchOptions","causes":[{"reason":"FieldValueForbidden","field":"force"}]}}
                """)),
        new(
            "apply shares lists by their keys",
            Apply("one", """{"size":1,"parts":[{"name":"a","count":1},{"name":"b","count":1}],"tags":["x","y"],"steps":["1","2"]}""", 201),
            Apply("two", """{"parts":[{"name":"c","count":2},{"name":"a","color":"red"}],"tags":["z"]}""", 200, """
                {"spec":{"parts":[{"name":"c","count":2},{"name":"a","count":1,"color":"red"},{"name":"b","count":1}],"tags":["x","y","z"]}}
                """).On1_20(200, """
                {"spec":{"parts":[{"name":"a","count":1,"color":"red"},{"name":"b","count":1},{"name":"c","count":2}],"tags":["x","y","z"]}}
                """),
            Apply("two", """{"steps":["3"]}""", 409),
            Apply("one", """{"parts":[{"name":"b","count":7}],"tags":["x"],"steps":["1"]}""", 200, """
                {"spec":{"size":null,"steps":["1"],"tags":["x","z"],
                 "parts":[{"name":"c","count":2},{"name":"a","color":"red","count":null},{"name":"b","count":7}]}}
                """).On1_20(200, """
                {"spec":{"size":null,"steps":["1"],"tags":["x","z"],
                 "parts":[{"name":"a","color":"red","count":null},{"name":"b","count":7},{"name":"c","count":2}]}}
                """),
            Apply("two", "{}", 200, """{"spec":{"parts":[{"name":"b","count":7}],"tags":["x"]}}""")),
        new(
            "apply leaves finalizers of others",
            Step.Apply($"{Maps}/a?fieldManager=one", """
                {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","finalizers":["ovim.io/one"]}}
                """).Answers(201),
            Step.Apply($"{Maps}/a?fieldManager=two", """
                {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","finalizers":["ovim.io/two"]}}
                """).Answers(200, """{"metadata":{"finalizers":["ovim.io/one","ovim.io/two"]}}"""),
            Step.Apply($"{Maps}/a?fieldManager=one", Map(null)).Answers(200, """{"metadata":{"finalizers":["ovim.io/two"]}}"""),
            Step.Apply($"{Maps}/a?fieldManager=two", Map(null)).Answers(409, """
                {"message":"Apply failed with 2 conflicts: conflicts with \"one\":\n- .data\n- .metadata.labels"}
                """).On1_20(200, """{"metadata":{"finalizers":null}}"""),
            Step.Apply($"{Maps}/a?fieldManager=two&force=true", Map(null)).Answers(200, """{"metadata":{"finalizers":null}}""")),
        new(
            "an empty map has an owner",
            Step.Apply($"{Maps}/a?fieldManager=one", Map(null)).Answers(201, """
                {"data":null,"metadata":{"labels":null,"managedFields":[{"fieldsV1":{"f:data":{},"f:metadata":{"f:labels":{}}}}]}}
                """).On1_20(201, """{"data":null,"metadata":{"labels":null,"managedFields":null}}""")),
        new(
            "what is written without apply is owned too",
            Step.Post($"{Maps}?fieldManager=a-maker", """{"metadata":{"name":"a"},"data":{"k":"1"}}""")
                .Answers(201, """{"metadata":{"managedFields":[{"manager":"a-maker","operation":"Update","fieldsV1":{"f:data":{"f:k":{}}}}]}}"""),
            Step.Merge($"{Maps}/a", """{"data":{"l":"1"}}""").Answers(200, """
                {"metadata":{"managedFields":[{"manager":"a-maker"},{"manager":"conformance","operation":"Update","fieldsV1":{"f:data":{"f:l":{}}}}]}}
                """)),
        new(
            "a strategic merge patch merges lists by their keys",
            Step.Post(Pods, """
                {"metadata":{"name":"a","finalizers":["ovim.io/one"]},"spec":{"containers":[
                  {"name":"x","image":"x:1","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]},{"name":"y","image":"y:1"}]}}
                """).InTimeAnswers(201), // a real server first gives the namespace's service account a token
            Step.Strategic($"{Pods}/a", """
                {"metadata":{"finalizers":["ovim.io/two"],"labels":{"l":"1"}},
                 "spec":{"containers":[{"name":"y","image":"y:2"}]}}
                """).Answers(200, """
                {"metadata":{"finalizers":["ovim.io/two","ovim.io/one"],"labels":{"l":"1"}},
                 "spec":{"containers":[{"name":"x","image":"x:1","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]},{"name":"y","image":"y:2"}]}}
                """),
            Step.Strategic($"{Pods}/a", """
                {"metadata":{"$deleteFromPrimitiveList/finalizers":["ovim.io/one"],"labels":{"$patch":"replace","m":"2"}}}
                """).Answers(200, """{"metadata":{"finalizers":["ovim.io/two"],"labels":{"l":null,"m":"2"}}}"""),
            Step.Strategic($"{Pods}/a", """
                {"metadata":{"$setElementOrder/finalizers":["ovim.io/three","ovim.io/two"],"finalizers":["ovim.io/three"]}}
                """).Answers(200, """{"metadata":{"finalizers":["ovim.io/three","ovim.io/two"]}}"""),
            Step.Merge($"{Pods}/a", """{"metadata":{"finalizers":null}}""").Answers(200)),
        new(
            "a custom kind takes no strategic merge patch",
            Apply("one", "{}", 201),
            Step.Strategic($"{Widgets}/a", "{}").Answers(415, """
                {"reason":"UnsupportedMediaType","code":415}
                """)),
    ];

    private static string Map(string? data, string? labels = null) =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{{{labels ?? "{}"}}}},"data":{{{data ?? "{}"}}}}""";

    private static Step Apply(string manager, string spec, int status, string? answer = null) =>
        Step.Apply(
            $"{Widgets}/a?fieldManager={manager}",
            $$$"""{"apiVersion":"conformance.ovim.io/v1","kind":"Widget","metadata":{"name":"a"},"spec":{{{spec}}}}""").Answers(status, answer);
}
