namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>What the server writes into objects by itself.</summary>
internal static class DefaultScenarios
{
    private const string Core = "/api/v1/namespaces/{ns}";

    public static readonly Scenario[] All =
    [
        new(
            "quantities are written back in their canonical form",
            Step.Post($"{Core}/resourcequotas", """
                {"metadata":{"name":"a"},"spec":{"hard":{"requests.cpu":"2000m","requests.memory":"1024Mi","pods":5,
                 "limits.cpu":"0.5","limits.memory":"1.5Gi","requests.storage":"1e3","count/secrets":"1000"}}}
                """).Answers(201, """
                {"spec":{"hard":{"requests.cpu":"2","requests.memory":"1Gi","pods":"5","limits.cpu":"500m","limits.memory":"1536Mi",
                 "requests.storage":"1e3","count/secrets":"1k"}}}
                """),
            Step.Post($"{Core}/resourcequotas", """{"metadata":{"name":"b"},"spec":{"hard":{"pods":"many"}}}""").Answers(400)),
        new(
            "limits of containers get defaults",
            Step.Post($"{Core}/limitranges", """
                {"metadata":{"name":"a"},"spec":{"limits":[
                  {"type":"Container","max":{"cpu":"2000m"},"min":{"cpu":"100m","memory":"64Mi"}},{"type":"Pod","max":{"cpu":4}}]}}
                """).Answers(201, """
                {"spec":{"limits":[
                  {"type":"Container","max":{"cpu":"2"},"min":{"cpu":"100m","memory":"64Mi"},"default":{"cpu":"2","memory":null},
                   "defaultRequest":{"cpu":"2","memory":"64Mi"}},
                  {"type":"Pod","max":{"cpu":"4"},"default":null}]}}
                """)),
        new(
            "network policies say which directions they are for",
            Policy("a", """{"podSelector":{}}""", """{"policyTypes":["Ingress"],"podSelector":{}}"""),
            Policy("b", """{"podSelector":{},"ingress":[],"egress":[],"policyTypes":["Ingress","Egress"]}""", """
                {"ingress":null,"egress":null,"policyTypes":["Ingress","Egress"]}
                """),
            Policy("c", """{"podSelector":{},"egress":[{"ports":[{"port":53}]}]}""", """
                {"egress":[{"ports":[{"protocol":"TCP","port":53}]}],"policyTypes":["Ingress","Egress"]}
                """)),
        new(
            "bindings name the group of their role and subjects",
            Step.Post("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", """
                {"metadata":{"name":"a"},"roleRef":{"kind":"ClusterRole","name":"x"},
                 "subjects":[{"kind":"Group","name":"g"},{"kind":"ServiceAccount","name":"s","namespace":"default"}]}
                """).Answers(201, """
                {"roleRef":{"apiGroup":"rbac.authorization.k8s.io"},
                 "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io"},{"kind":"ServiceAccount","apiGroup":null}]}
                """),
            Step.Merge("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings/a", """{"roleRef":{"name":"y"}}""")
                .Answers(422, """{"reason":"Invalid","details":{"causes":[{"reason":"FieldValueInvalid","field":"roleRef"}]}}""")),
        new(
            "services have a type",
            Step.Post($"{Core}/services", """{"metadata":{"name":"a"},"spec":{"type":"ExternalName","externalName":"localhost"}}""")
                .Answers(201, """{"spec":{"type":"ExternalName","sessionAffinity":"None"},"status":{"loadBalancer":{}}}""")),
        new(
            "what is empty is left out",
            Step.Post($"{Core}/configmaps", """{"metadata":{"name":"a","labels":{},"annotations":{},"finalizers":[],"ownerReferences":[]},"data":{}}""")
                .Answers(201, """{"metadata":{"labels":null,"annotations":null,"finalizers":null,"ownerReferences":null},"data":null}""")),
        new(
            "a secret holds bytes",
            Step.Post($"{Core}/secrets", """{"metadata":{"name":"a"},"data":{"k":"!!"}}""").Answers(400, """{"reason":"BadRequest"}""")),
        new(
            "events are the same in both groups",
            Step.Post($"{Core}/events", """
                {"metadata":{"name":"a"},"involvedObject":{"kind":"ConfigMap","namespace":"{ns}","name":"x"},"reason":"Tested",
                 "message":"all is well","type":"Normal","source":{"component":"test"},"count":3,
                 "firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:00:00Z"}
                """).Answers(201),
            Step.Get("/apis/events.k8s.io/v1/namespaces/{ns}/events/a").Answers(200, """
                {"kind":"Event","apiVersion":"events.k8s.io/v1","regarding":{"name":"x"},"note":"all is well","deprecatedCount":3,
                 "involvedObject":null,"message":null}
                """),
            Step.Get($"{Core}/events?fieldSelector=involvedObject.name%3Dx,reason%3DTested").Answers(200, """
                {"items":[{"message":"all is well","count":3}]}
                """),
            Step.Get($"{Core}/events?fieldSelector=involvedObject.name%3Dy").Answers(200, """{"items":[]}""")),
        new(
            "a series of events is the same in both groups",
            Step.Post("/apis/events.k8s.io/v1/namespaces/{ns}/events", """
                {"metadata":{"name":"b"},"regarding":{"kind":"ConfigMap","namespace":"{ns}","name":"x","uid":"u-1"},"type":"Warning",
                 "reason":"Tested","action":"Test","note":"all is well","reportingController":"test","reportingInstance":"test-0",
                 "eventTime":"2026-01-01T00:00:00.123456Z"}
                """).Answers(201, """{"apiVersion":"events.k8s.io/v1","note":"all is well"}"""),
            Step.Merge("/apis/events.k8s.io/v1/namespaces/{ns}/events/b", """
                {"series":{"count":2,"lastObservedTime":"2026-01-01T00:01:00.000000Z"}}
                """).Answers(200, """{"series":{"count":2}}"""),
            Step.Post("/apis/events.k8s.io/v1/namespaces/{ns}/events", """
                {"metadata":{"name":"c"},"regarding":{"kind":"Namespace","name":"{ns}"},"type":"Warning",
                 "reason":"Tested","action":"Test","note":"of no namespace","reportingController":"test","reportingInstance":"test-0",
                 "eventTime":"2026-01-01T00:00:00.123456Z"}
                """).Answers(422, """{"reason":"Invalid","details":{"causes":[{"field":"involvedObject.namespace"}]}}"""),
            Step.Post("/apis/events.k8s.io/v1/namespaces/{ns}/events", """
                {"metadata":{"name":"d"},"regarding":{"kind":"Namespace","name":"{ns}","namespace":"{ns}"},"type":"Odd","note":"x"}
                """).Answers(422, """{"reason":"Invalid"}"""),
            Step.Get($"{Core}/events?fieldSelector=involvedObject.uid%3Du-1").Answers(200, """
                {"items":[{"message":"all is well","type":"Warning","action":"Test","reportingComponent":"test","reportingInstance":"test-0",
                 "involvedObject":{"name":"x"},"series":{"count":2,"lastObservedTime":"2026-01-01T00:01:00.000000Z"}}]}
                """)),
        new(
            "a lease is made by an update too",
            Step.Put("/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/a", """{"metadata":{"name":"a"},"spec":{"holderIdentity":"x"}}""")
                .Answers(201, """{"spec":{"holderIdentity":"x"}}""")),
    ];

    private static Step Policy(string name, string spec, string expected) =>
        Step.Post(
            "/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies",
            $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{{{spec}}}}""").Answers(201, $$$"""{"spec":{{{expected}}}}""");
}
