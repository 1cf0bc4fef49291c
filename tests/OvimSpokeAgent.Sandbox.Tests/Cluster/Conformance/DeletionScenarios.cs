namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>Deleting: preconditions, finalizers, owners, namespaces.</summary>
internal static class DeletionScenarios
{
    private const string Maps = "/api/v1/namespaces/{ns}/configmaps";
    private const string Other = "/api/v1/namespaces/{ns}-2";

    public static readonly Scenario[] All =
    [
        new(
            "a deletion names what it means",
            Step.Post(Maps, """{"metadata":{"name":"a"}}""").Answers(201).Keeps("uid", "metadata.uid"),
            Step.Delete($"{Maps}/a", """{"preconditions":{"uid":"other"}}""").Answers(409, """
                {"reason":"Conflict","details":{"name":"a","kind":"ConfigMap"},
                 "message":"Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (other) does not match the UID in record ({uid}). The object might have been deleted and then recreated"}
                """),
            Step.Delete($"{Maps}/a", """{"preconditions":{"resourceVersion":"1"}}""").Answers(409, """{"reason":"Conflict"}"""),
            Step.Delete($"{Maps}/a", """{"propagationPolicy":"Background","preconditions":{"uid":"{uid}"}}""").Answers(200, """
                {"kind":"Status","apiVersion":"v1","status":"Success","details":{"name":"a","kind":"configmaps","uid":"{uid}"}}
                """),
            Step.Get($"{Maps}/a").Answers(404)),
        new(
            "a finalizer keeps an object",
            Step.Post(Maps, """{"metadata":{"name":"a","finalizers":["ovim.io/test"]}}""").Answers(201),
            Step.Delete($"{Maps}/a").Answers(200, """
                {"kind":"ConfigMap","metadata":{"name":"a","deletionGracePeriodSeconds":0,"finalizers":["ovim.io/test"]}}
                """).Keeps("rv", "metadata.resourceVersion"),
            Step.Delete($"{Maps}/a").Answers(200, """{"kind":"ConfigMap","metadata":{"resourceVersion":"{rv}"}}"""),
            Step.Merge($"{Maps}/a", """{"metadata":{"finalizers":["ovim.io/test","ovim.io/new"]}}""").Answers(422, """
                {"reason":"Invalid","details":{"name":"a","kind":"ConfigMap"}}
                """),
            Step.Merge($"{Maps}/a", """{"metadata":{"labels":{"still":"there"}}}""").Answers(200, """{"metadata":{"labels":{"still":"there"}}}"""),
            Step.Merge($"{Maps}/a", """{"metadata":{"finalizers":null}}""").Answers(200, """{"metadata":{"finalizers":null}}"""),
            Step.Get($"{Maps}/a").Answers(404)),
        new(
            "a collection is deleted by selector",
            Step.Post(Maps, """{"metadata":{"name":"a","labels":{"own":"yes"}}}""").Answers(201),
            Step.Post(Maps, """{"metadata":{"name":"b","labels":{"own":"no"}}}""").Answers(201),
            Step.Delete($"{Maps}?labelSelector=own%3Dyes").Answers(200, """{"kind":"ConfigMapList","items":[{"metadata":{"name":"a"}}]}"""),
            Step.Get($"{Maps}/a").Answers(404),
            Step.Get($"{Maps}/b").Answers(200)),
        new(
            "what is owned goes with its owner",
            Owner("owner"),
            Dependent("child", "owner"),
            Step.Delete($"{Maps}/owner", """{"propagationPolicy":"Background"}""").Answers(200, """{"kind":"Status"}"""),
            Step.Get($"{Maps}/child").InTimeAnswers(404)),
        new(
            "in the foreground the owner goes last",
            Owner("owner"),
            Dependent("child", "owner", """["ovim.io/test"]"""),
            Step.Delete($"{Maps}/owner", """{"propagationPolicy":"Foreground"}""").Answers(200, """
                {"kind":"ConfigMap","metadata":{"finalizers":["foregroundDeletion"]}}
                """),
            Step.Get($"{Maps}/child?marked").InTimeAnswers(200, """{"metadata":{"deletionGracePeriodSeconds":0}}"""),
            Step.Get($"{Maps}/owner").Answers(200),
            Step.Merge($"{Maps}/child", """{"metadata":{"finalizers":null}}""").Answers(200),
            Step.Get($"{Maps}/owner").InTimeAnswers(404)),
        new(
            "an orphan stays",
            Owner("owner"),
            Dependent("child", "owner"),
            Step.Delete($"{Maps}/owner", """{"propagationPolicy":"Orphan"}""").Answers(200, """{"metadata":{"finalizers":["orphan"]}}"""),
            Step.Get($"{Maps}/owner").InTimeAnswers(404),
            Step.Get($"{Maps}/child").Answers(200, """{"metadata":{"ownerReferences":null}}""")),
        new(
            "a namespace ends when it is empty",
            Step.Post("/api/v1/namespaces", """{"metadata":{"name":"{ns}-2"}}""")
                .Answers(201, """{"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}}"""),
            Step.Post($"{Other}/configmaps", """{"metadata":{"name":"a","finalizers":["ovim.io/test"]}}""").Answers(201),
            Step.Post($"{Other}/configmaps", """{"metadata":{"name":"b"}}""").Answers(201),
            Step.Delete(Other).Answers(200, """{"kind":"Namespace","status":{"phase":"Terminating"}}"""),
            Step.Post($"{Other}/configmaps", """{"metadata":{"name":"c"}}""").Answers(403, """
                {"reason":"Forbidden","code":403,
                 "message":"configmaps \"c\" is forbidden: unable to create new content in namespace {ns}-2 because it is being terminated",
                 "details":{"name":"c","kind":"configmaps","causes":[
                   {"reason":"NamespaceTerminating","message":"namespace {ns}-2 is being terminated","field":"metadata.namespace"}]}}
                """),
            Step.Get($"{Other}/configmaps/b").InTimeAnswers(404),
            Step.Get(Other).Answers(200),
            Step.Merge($"{Other}/configmaps/a", """{"metadata":{"finalizers":null}}""").Answers(200),
            Step.Get(Other).InTimeAnswers(404)),
        new(
            "the first namespaces do not end",
            Step.Delete("/api/v1/namespaces/default").Answers(403, """
                {"reason":"Forbidden","message":"namespaces \"default\" is forbidden: this namespace may not be deleted"}
                """)),
    ];

    private static Step Owner(string name) =>
        Step.Post(Maps, $$$"""{"metadata":{"name":"{{{name}}}"}}""").Answers(201).Keeps("owner", "metadata.uid");

    private static Step Dependent(string name, string owner, string finalizers = "[]") => Step.Post(Maps, $$$"""
        {"metadata":{"name":"{{{name}}}","finalizers":{{{finalizers}}},"ownerReferences":[
          {"apiVersion":"v1","kind":"ConfigMap","name":"{{{owner}}}","uid":"{owner}","blockOwnerDeletion":true}]}}
        """).Answers(201);
}
