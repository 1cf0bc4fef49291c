namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>Creating, reading and replacing.</summary>
internal static class ObjectScenarios
{
    private const string Secrets = "/api/v1/namespaces/{ns}/secrets";
    private const string Widgets = "/apis/conformance.ovim.io/v1/namespaces/{ns}/widgets";
    private const string Widget = "\"apiVersion\":\"conformance.ovim.io/v1\",\"kind\":\"Widget\"";

    public static readonly Scenario[] All =
    [
        new(
            "a secret is created once",
            Step.Post(Secrets, """{"metadata":{"name":"a"},"stringData":{"k":"v"}}""").Answers(201, """
                {"kind":"Secret","apiVersion":"v1","type":"Opaque","data":{"k":"dg=="},"stringData":null,
                 "metadata":{"name":"a","namespace":"{ns}","generation":null}}
                """),
            Step.Post(Secrets, """{"metadata":{"name":"a"}}""").Answers(409, """
                {"kind":"Status","apiVersion":"v1","status":"Failure","reason":"AlreadyExists","code":409,
                 "message":"secrets \"a\" already exists","details":{"name":"a","kind":"secrets","group":null}}
                """),
            Step.Get($"{Secrets}/a").Answers(200, """{"kind":"Secret","data":{"k":"dg=="}}""")),
        new(
            "what is missing is not found",
            Step.Get($"{Secrets}/none").Answers(404, """
                {"kind":"Status","status":"Failure","reason":"NotFound","code":404,"message":"secrets \"none\" not found",
                 "details":{"name":"none","kind":"secrets"}}
                """),
            Step.Get($"{Widgets}/none").Answers(404, """
                {"reason":"NotFound","message":"widgets.conformance.ovim.io \"none\" not found",
                 "details":{"name":"none","group":"conformance.ovim.io","kind":"widgets"}}
                """),
            Step.Get("/apis/nope.io/v1/foos").Answers(404, "404 page not found"),
            Step.Get("/api/v1/foos").Answers(404, """
                {"reason":"NotFound","message":"the server could not find the requested resource"}
                """),
            Step.Post("/api/v1/namespaces/no-such-namespace/secrets", """{"metadata":{"name":"a"}}""").Answers(404, """
                {"reason":"NotFound","message":"namespaces \"no-such-namespace\" not found",
                 "details":{"name":"no-such-namespace","kind":"namespaces"}}
                """),
            Step.Merge($"{Secrets}/none", "{}").Answers(404),
            Step.Put($"{Secrets}/none", """{"metadata":{"name":"none"}}""").Answers(404),
            Step.Delete($"{Secrets}/none").Answers(404, """{"reason":"NotFound","details":{"name":"none","kind":"secrets"}}""")),
        new(
            "a method that makes no sense is refused",
            Step.Post($"{Secrets}/a", "{}").Answers(405, """{"reason":"MethodNotAllowed"}"""),
            Step.Put(Secrets, "{}").Answers(405, """{"reason":"MethodNotAllowed"}""")),
        new(
            "names are checked",
            Step.Post("/api/v1/namespaces", """{"metadata":{"name":"Bad_Name"}}""").Answers(422, """
                {"reason":"Invalid","code":422,"details":{"name":"Bad_Name","kind":"Namespace","causes":[
                  {"reason":"FieldValueInvalid","field":"metadata.name"}]}}
                """),
            Step.Post(Secrets, "{}").Answers(422, """
                {"reason":"Invalid","message":"Secret \"\" is invalid: metadata.name: Required value: name or generateName is required",
                 "details":{"name":null,"kind":"Secret","causes":[
                  {"reason":"FieldValueRequired","message":"Required value: name or generateName is required","field":"metadata.name"}]}}
                """),
            Step.Post(Secrets, """{"metadata":{"name":"ab","labels":{"x y":"1"}}}""").Answers(422, """
                {"details":{"name":"ab","kind":"Secret","causes":[{"reason":"FieldValueInvalid","field":"metadata.labels"}]}}
                """),
            Step.Post(Secrets, """{"metadata":{"name":"ab","labels":{"x":"1 2"}}}""").Answers(422, """
                {"details":{"causes":[{"reason":"FieldValueInvalid","field":"metadata.labels"}]}}
                """),
            Step.Post(Widgets, $$$"""{{{{Widget}}},"metadata":{"name":"Bad"}}""").Answers(422, """
                {"details":{"name":"Bad","group":"conformance.ovim.io","kind":"Widget","causes":[
                  {"reason":"FieldValueInvalid","field":"metadata.name"}]}}
                """)),
        new(
            "a generated name starts as asked",
            Step.Post(Secrets, """{"metadata":{"generateName":"gen-"}}""").Answers(201, """{"metadata":{"generateName":"gen-"}}""")
                .Keeps("name", "metadata.name"),
            Step.Get($"{Secrets}/{{name}}").Answers(200)),
        new(
            "a body must be what the path says",
            Step.Post(Secrets, "{").Answers(400, """{"reason":"BadRequest","code":400}"""),
            Step.Post(Secrets, """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, """{"kind":"Secret","apiVersion":"v2","metadata":{"name":"a"}}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, """{"metadata":{"name":"a","namespace":"other"}}""").Answers(400, """
                {"reason":"BadRequest","message":"the namespace of the provided object does not match the namespace sent on the request"}
                """),
            Step.Post(Widgets, """{"metadata":{"name":"a"}}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, """{"metadata":{"name":"a","resourceVersion":"5"}}""").Answers(500, """
                {"message":"resourceVersion should not be set on objects to be created"}
                """)),
        new(
            "a field of another type is refused",
            Step.Post(Secrets, """{"metadata":"a"}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, """{"metadata":{"name":5}}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, """{"metadata":{"name":"a","labels":{"l":1}}}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, """{"metadata":{"name":"a","ownerReferences":[1]}}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, """{"metadata":{"name":"a"},"data":5}""").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, "[]").Answers(400, """{"reason":"BadRequest"}"""),
            Step.Post(Secrets, """{"metadata":null}""").Answers(422, """{"reason":"Invalid"}"""),
            Step.Post(Widgets, $$$"""{{{{Widget}}},"metadata":{"name":"a","finalizers":"x"}}""").Answers(400, """{"reason":"BadRequest"}""")),
        new(
            "an object is replaced only at its version",
            Step.Post(Secrets, """{"metadata":{"name":"a"}}""").Answers(201).Keeps("rv", "metadata.resourceVersion").Keeps("uid", "metadata.uid"),
            Step.Put($"{Secrets}/a", """{"metadata":{"name":"a","resourceVersion":"{rv}"},"data":{"k":"dg=="}}""")
                .Answers(200, """{"data":{"k":"dg=="},"metadata":{"uid":"{uid}"}}""").Keeps("newer", "metadata.resourceVersion"),
            Step.Put($"{Secrets}/a", """{"metadata":{"name":"a","resourceVersion":"{rv}"}}""").Answers(409, """
                {"reason":"Conflict","details":{"name":"a","kind":"secrets"},
                 "message":"Operation cannot be fulfilled on secrets \"a\": the object has been modified; please apply your changes to the latest version and try again"}
                """),
            Step.Put($"{Secrets}/a", """{"metadata":{"name":"a","resourceVersion":"{newer}"},"data":{"k":"dg=="}}""")
                .Answers(200, """{"metadata":{"resourceVersion":"{newer}"}}"""),
            Step.Put($"{Secrets}/a", """{"metadata":{"name":"a","uid":"other"}}""").Answers(409, """{"reason":"Conflict"}"""),
            Step.Put($"{Secrets}/a", """{"metadata":{"name":"b"}}""").Answers(400, """
                {"reason":"BadRequest","message":"the name of the object (b) does not match the name on the URL (a)"}
                """),
            Step.Put($"{Secrets}/a", """{"metadata":{"name":"a"},"type":"other"}""").Answers(422, """
                {"reason":"Invalid","details":{"causes":[{"reason":"FieldValueInvalid","field":"type"}]}}
                """)),
        new(
            "a custom object is not replaced without a version",
            Step.Post(Widgets, $$$"""{{{{Widget}}},"metadata":{"name":"a"}}""").Answers(201, """{"metadata":{"generation":1}}"""),
            Step.Put($"{Widgets}/a", $$$"""{{{{Widget}}},"metadata":{"name":"a"}}""").Answers(422, """
                {"reason":"Invalid","details":{"causes":[{"reason":"FieldValueInvalid","field":"metadata.resourceVersion"}]}}
                """)),
        new(
            "the status is apart from the rest",
            Step.Post(Widgets, $$$"""{{{{Widget}}},"metadata":{"name":"a"},"spec":{"size":1},"status":{"x":1}}""")
                .Answers(201, """{"metadata":{"generation":1},"spec":{"size":1},"status":null}""").Keeps("rv", "metadata.resourceVersion"),
            Step.Put($"{Widgets}/a/status", $$$"""
                {{{{Widget}}},"metadata":{"name":"a","resourceVersion":"{rv}","labels":{"l":"1"}},"spec":{"size":9},"status":{"x":2}}
                """).Answers(200, """{"metadata":{"generation":1,"labels":null},"spec":{"size":1},"status":{"x":2}}"""),
            Step.Merge($"{Widgets}/a", """{"spec":{"size":2},"status":{"x":7}}""")
                .Answers(200, """{"metadata":{"generation":2},"spec":{"size":2},"status":{"x":2}}"""),
            Step.Merge($"{Widgets}/a", """{"metadata":{"labels":{"l":"1"}}}""")
                .Answers(200, """{"metadata":{"generation":2,"labels":{"l":"1"}}}"""),
            Step.Merge($"{Widgets}/a/status", """{"status":{"y":3}}""")
                .Answers(200, """{"metadata":{"generation":2},"status":{"x":2,"y":3}}"""),
            Step.Get($"{Widgets}/a/status").Answers(200, """{"spec":{"size":2},"status":{"x":2,"y":3}}"""),
            Step.Get($"{Widgets}/a/other").Answers(404)),
        new(
            "a dry run changes nothing",
            Step.Post($"{Secrets}?dryRun=All", """{"metadata":{"name":"dry"}}""").Answers(201, """{"metadata":{"name":"dry"}}"""),
            Step.Get($"{Secrets}/dry").Answers(404),
            Step.Post(Secrets, """{"metadata":{"name":"wet"}}""").Answers(201).Keeps("rv", "metadata.resourceVersion"),
            Step.Merge($"{Secrets}/wet?dryRun=All", """{"metadata":{"labels":{"a":"b"}}}""")
                .Answers(200, """{"metadata":{"labels":{"a":"b"}}}"""),
            Step.Delete($"{Secrets}/wet?dryRun=All").Answers(200),
            Step.Get($"{Secrets}/wet").Answers(200, """{"metadata":{"labels":null,"resourceVersion":"{rv}"}}""")),
        new(
            "access reviews are answered",
            Step.Post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """
                {"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview",
                 "spec":{"resourceAttributes":{"verb":"list","resource":"secrets","namespace":"{ns}"}}}
                """).Answers(201, """
                {"kind":"SelfSubjectAccessReview","status":{"allowed":true},"spec":{"resourceAttributes":{"verb":"list"}}}
                """)),
        new(
            "an access review of a ServiceAccount without a binding says no",
            Step.Post("/apis/authorization.k8s.io/v1/subjectaccessreviews", """
                {"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview",
                 "spec":{"user":"system:serviceaccount:{ns}:default","groups":["system:authenticated"],
                 "resourceAttributes":{"verb":"create","group":"cdi.kubevirt.io","resource":"datavolumes","subresource":"source","namespace":"{ns}"}}}
                """).Answers(201, """{"kind":"SubjectAccessReview","status":{"allowed":false}}""")),
    ];
}
