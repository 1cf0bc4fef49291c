namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>Quotas: what is used, and what is refused.</summary>
internal static class QuotaScenarios
{
    private const string Core = "/api/v1/namespaces/{ns}";
    private const string Widgets = "/apis/conformance.ovim.io/v1/namespaces/{ns}/widgets";

    public static readonly Scenario[] All =
    [
        new(
            "a quota says what is used and lets no more in",
            Quota("""{"requests.cpu":"1","requests.memory":"1Gi","pods":"2"}"""),
            Used("""{"requests.cpu":"0","requests.memory":"0","pods":"0"}"""),
            Pod("a", "{}").InTimeAnswers(403, """
                {"reason":"Forbidden","message":"pods \"a\" is forbidden: failed quota: q: must specify requests.cpu for: x; requests.memory for: x",
                 "details":{"name":"a","kind":"pods"}}
                """).On1_20(403, """
                {"reason":"Forbidden","message":"pods \"a\" is forbidden: failed quota: q: must specify requests.cpu,requests.memory",
                 "details":{"name":"a","kind":"pods"}}
                """),
            Pod("a", """{"requests":{"cpu":"600m"},"limits":{"memory":"100Mi"}}""").InTimeAnswers(201),
            Used("""{"requests.cpu":"600m","requests.memory":"100Mi","pods":"1"}"""),
            Pod("b", """{"requests":{"cpu":"600m","memory":"2Gi"}}""").Answers(403, """
                {"message":"pods \"b\" is forbidden: exceeded quota: q, requested: requests.cpu=600m,requests.memory=2Gi, used: requests.cpu=600m,requests.memory=100Mi, limited: requests.cpu=1,requests.memory=1Gi"}
                """),
            Step.Delete($"{Core}/pods/a").Answers(200),
            Used("""{"requests.cpu":"0","requests.memory":"0","pods":"0"}"""),
            Pod("b", """{"requests":{"cpu":"600m","memory":"512Mi"}}""").Answers(201)),
        new(
            "objects are counted by kind",
            Quota("""{"count/widgets.conformance.ovim.io":"1"}"""),
            Used("""{"count/widgets.conformance.ovim.io":"0"}"""),
            Widget("a").Answers(201),
            Used("""{"count/widgets.conformance.ovim.io":"1"}"""),
            Widget("b").Answers(403, """
                {"reason":"Forbidden",
                 "message":"widgets.conformance.ovim.io \"b\" is forbidden: exceeded quota: q, requested: count/widgets.conformance.ovim.io=1, used: count/widgets.conformance.ovim.io=1, limited: count/widgets.conformance.ovim.io=1"}
                """),
            Step.Merge($"{Widgets}/a", """{"spec":{"size":2}}""").Answers(200),
            Step.Merge($"{Core}/resourcequotas/q", """{"spec":{"hard":{"count/widgets.conformance.ovim.io":"2"}}}""").Answers(200),
            Step.Get($"{Core}/resourcequotas/q").InTimeAnswers(200, """{"status":{"hard":{"count/widgets.conformance.ovim.io":"2"}}}"""),
            Widget("b").InTimeAnswers(201)),
        new(
            "claims take storage",
            Quota("""{"requests.storage":"10Gi","persistentvolumeclaims":"5"}"""),
            Used("""{"requests.storage":"0","persistentvolumeclaims":"0"}"""),
            Claim("a", "20Gi").Answers(403, """
                {"message":"persistentvolumeclaims \"a\" is forbidden: exceeded quota: q, requested: requests.storage=20Gi, used: requests.storage=0, limited: requests.storage=10Gi"}
                """),
            Claim("a", "2Gi").Answers(201),
            Used("""{"requests.storage":"2Gi","persistentvolumeclaims":"1"}"""),
            // A real server protects claims with a finalizer.
            Step.Merge($"{Core}/persistentvolumeclaims/a", """{"metadata":{"finalizers":null}}""").Answers(200)),
    ];

    private static Step Quota(string hard) =>
        Step.Post($"{Core}/resourcequotas", $$$"""{"metadata":{"name":"q"},"spec":{"hard":{{{hard}}}}}""").Answers(201);

    private static Step Used(string used) =>
        Step.Get($"{Core}/resourcequotas/q").InTimeAnswers(200, $$$"""{"status":{"used":{{{used}}}}}""");

    private static Step Pod(string name, string resources) => Step.Post(
        $"{Core}/pods",
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"x","image":"x","resources":{{{resources}}}}]}}""");

    private static Step Widget(string name) => Step.Post(
        Widgets, $$$"""{"apiVersion":"conformance.ovim.io/v1","kind":"Widget","metadata":{"name":"{{{name}}}"}}""");

    private static Step Claim(string name, string size) => Step.Post(
        $"{Core}/persistentvolumeclaims",
        $$$$$"""{"metadata":{"name":"{{{{{name}}}}}"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"{{{{{size}}}}}"}}}}""");
}
