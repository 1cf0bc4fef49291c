namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>What the control plane does over time: kinds that come and go, namespaces that wait, aggregated APIs.</summary>
internal static class LifecycleScenarios
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    private const string ApiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
    private const string Pods = "/api/v1/namespaces/{ns}/pods";
    private const string Widgets = "/apis/conformance.ovim.io/v1/namespaces/{ns}/widgets";

    public static readonly Scenario[] All =
    [
        new(
            "a definition makes a kind and takes it along",
            Step.Post(Definitions, """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"gears.{ns}.ovim.io"},
                 "spec":{"group":"{ns}.ovim.io","scope":"Namespaced","names":{"plural":"gears","kind":"Gear"},
                  "versions":[
                   {"name":"v1beta1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}},
                   {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
                """).Answers(201, """{"spec":{"names":{"plural":"gears","singular":"gear","kind":"Gear","listKind":"GearList"}}}"""),
            Step.Get($"{Definitions}/gears.{{ns}}.ovim.io").InTimeAnswers(200, """
                {"status":{"storedVersions":["v1"],"conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}
                """),
            Step.Get("/apis/{ns}.ovim.io/v1/gears").InTimeAnswers(200, """{"kind":"GearList","items":[]}"""),
            Step.Get("/apis/{ns}.ovim.io").InTimeAnswers(200, """{"kind":"APIGroup","preferredVersion":{"version":"v1"}}"""),
            Step.Get("/apis/{ns}.ovim.io/v1").Answers(200, """
                {"kind":"APIResourceList","groupVersion":"{ns}.ovim.io/v1","resources":[{"name":"gears","namespaced":true,"kind":"Gear"}]}
                """),
            Step.Post("/apis/{ns}.ovim.io/v1/namespaces/{ns}/gears", """
                {"apiVersion":"{ns}.ovim.io/v1","kind":"Gear","metadata":{"name":"a","finalizers":["ovim.io/test"]},"spec":{"teeth":9}}
                """).InTimeAnswers(201, """{"metadata":{"generation":1}}"""),
            Step.Get("/apis/{ns}.ovim.io/v1beta1/namespaces/{ns}/gears/a")
                .Answers(200, """{"apiVersion":"{ns}.ovim.io/v1beta1","kind":"Gear","spec":{"teeth":9}}"""),
            Step.Delete($"{Definitions}/gears.{{ns}}.ovim.io").Answers(200, """{"kind":"CustomResourceDefinition"}"""),
            Step.Get("/apis/{ns}.ovim.io/v1/namespaces/{ns}/gears/a")
                .InTimeAnswers(200, """{"metadata":{"deletionGracePeriodSeconds":0,"generation":2}}"""),
            Step.Post("/apis/{ns}.ovim.io/v1/namespaces/{ns}/gears", """{"apiVersion":"{ns}.ovim.io/v1","kind":"Gear","metadata":{"name":"b"}}""")
                .Answers(403, """
                {"reason":"Forbidden",
                 "message":"gears.{ns}.ovim.io \"b\" is forbidden: create not allowed while custom resource definition is terminating"}
                """).On1_20(405, """
                {"reason":"MethodNotAllowed","message":"create not allowed while custom resource definition is terminating"}
                """),
            Step.Get($"{Definitions}/gears.{{ns}}.ovim.io").Answers(200),
            Step.Merge("/apis/{ns}.ovim.io/v1/namespaces/{ns}/gears/a", """{"metadata":{"finalizers":null}}""").Answers(200),
            Step.Get($"{Definitions}/gears.{{ns}}.ovim.io").InTimeAnswers(404),
            Step.Get("/apis/{ns}.ovim.io/v1/gears").InTimeAnswers(404)),
        new(
            "a definition that makes no sense is refused",
            Step.Post(Definitions, """
                {"metadata":{"name":"gears"},"spec":{"group":"{ns}.ovim.io","scope":"Namespaced","names":{"plural":"gears","kind":"Gear"},
                 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}
                """).Answers(422, """
                {"reason":"Invalid","details":{"causes":[{"reason":"FieldValueInvalid","field":"metadata.name",
                  "message":"Invalid value: \"gears\": must be spec.names.plural+\".\"+spec.group"}]}}
                """),
            Step.Post(Definitions, """
                {"metadata":{"name":"gears.{ns}.ovim.io"},"spec":{"group":"{ns}.ovim.io","scope":"Namespaced","names":{"plural":"gears","kind":"Gear"},
                 "versions":[{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}
                """).Answers(422) with
            {
                Holds = "must have exactly one version marked as storage version",
            },
            Step.Post(ApiServices, """
                {"metadata":{"name":"v1.{ns}.ovim.io"},"spec":{"group":"{ns}.ovim.io","version":"v1","groupPriorityMinimum":1000,
                 "versionPriority":15,"insecureSkipTLSVerify":true,"service":{}}}
                """).Answers(422, """
                {"details":{"causes":[{"reason":"FieldValueRequired","field":"spec.service.namespace"},
                  {"reason":"FieldValueRequired","field":"spec.service.name"}]}}
                """)),
        new(
            "a namespace says what keeps it",
            Step.Post("/api/v1/namespaces", """{"metadata":{"name":"{ns}-3"}}""").Answers(201),
            Step.Post("/api/v1/namespaces/{ns}-3/configmaps", """{"metadata":{"name":"a","finalizers":["ovim.io/test"]}}""").Answers(201),
            Step.Delete("/api/v1/namespaces/{ns}-3").Answers(200),
            Step.Get("/api/v1/namespaces/{ns}-3?why").InTimeAnswers(200, """{"status":{"phase":"Terminating"}}""") with
            {
                Holds = "ovim.io/test in 1 resource instances",
            },
            Step.Merge("/api/v1/namespaces/{ns}-3/configmaps/a", """{"metadata":{"finalizers":null}}""").Answers(200),
            Step.Get("/api/v1/namespaces/{ns}-3").InTimeAnswers(404)),
        new(
            "an aggregated API without a server is unavailable",
            Step.Post("/api/v1/namespaces/{ns}/services", """{"metadata":{"name":"extra"},"spec":{"type":"ExternalName","externalName":"localhost"}}""")
                .Answers(201),
            Step.Post(ApiServices, """
                {"metadata":{"name":"v1.{ns}.ovim.io"},"spec":{"group":"{ns}.ovim.io","version":"v1","groupPriorityMinimum":1000,
                 "versionPriority":15,"insecureSkipTLSVerify":true,"service":{"namespace":"{ns}","name":"extra","port":1}}}
                """).Answers(201),
            Step.Get($"{ApiServices}/v1.{{ns}}.ovim.io").InTimeAnswers(200, """
                {"status":{"conditions":[{"type":"Available","status":"False","reason":"FailedDiscoveryCheck"}]}}
                """),
            Step.Get("/apis/{ns}.ovim.io/v1/things").InTimeAnswers(503),
            Step.Delete("/api/v1/namespaces/{ns}/services/extra").Answers(200),
            Step.Get($"{ApiServices}/v1.{{ns}}.ovim.io").InTimeAnswers(200, """
                {"status":{"conditions":[{"status":"False","reason":"ServiceNotFound","message":"service/extra in \"{ns}\" is not present"}]}}
                """),
            Step.Get("/apis/{ns}.ovim.io/v1/things").Answers(503),
            Step.Delete($"{ApiServices}/v1.{{ns}}.ovim.io").Answers(200),
            Step.Get("/apis/{ns}.ovim.io/v1/things").InTimeAnswers(404)),
        new(
            "a webhook that cannot be asked refuses, unless it may be passed over",
            Step.Merge("/api/v1/namespaces/{ns}", """{"metadata":{"labels":{"asked":"{ns}"}}}""").Answers(200),
            Step.Post(Webhooks, Webhook("Fail")).Answers(201, """{"metadata":{"generation":1}}"""),
            Step.Post("/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"generateName":"a-"}}""")
                .InTimeAnswers(500, """{"reason":"InternalError","code":500}""") with
            {
                Holds = "failed calling webhook",
            },
            Step.Post("/api/v1/namespaces/{ns}/secrets", """{"metadata":{"generateName":"a-"}}""").Answers(201),
            Step.Merge($"{Webhooks}/{{ns}}", Webhook("Ignore")).Answers(200, """{"metadata":{"generation":2}}"""),
            Step.Post("/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"generateName":"a-"}}""").InTimeAnswers(201),
            Step.Delete($"{Webhooks}/{{ns}}").Answers(200)),
        new(
            "a pod on a node gets time to end",
            Step.Post(Pods, """{"metadata":{"name":"a"},"spec":{"nodeName":"nowhere","containers":[{"name":"x","image":"x"}]}}""")
                .InTimeAnswers(201, """{"status":{"phase":"Pending"}}"""),
            Step.Get($"{Pods}?fieldSelector=spec.nodeName%3Dnowhere,status.phase%3DPending").Answers(200, """{"items":[{"metadata":{"name":"a"}}]}"""),
            Step.Get($"{Pods}?fieldSelector=spec.nodeName%3Delsewhere").Answers(200, """{"items":[]}"""),
            Step.Delete($"{Pods}/a", """{"gracePeriodSeconds":60}""").Answers(200, """{"kind":"Pod","metadata":{"deletionGracePeriodSeconds":60}}"""),
            Step.Delete($"{Pods}/a", """{"gracePeriodSeconds":0}""").Answers(200),
            Step.Get($"{Pods}/a").Answers(404)),
        new(
            "a deletion counts as a change of generation",
            Step.Post(Widgets, """{"apiVersion":"conformance.ovim.io/v1","kind":"Widget","metadata":{"name":"a","finalizers":["ovim.io/test"]}}""")
                .Answers(201, """{"metadata":{"generation":1}}"""),
            Step.Delete($"{Widgets}/a").Answers(200, """{"kind":"Widget","metadata":{"generation":2,"deletionGracePeriodSeconds":0}}"""),
            Step.JsonPatch($"{Widgets}/a", """[{"op":"remove","path":"/metadata/finalizers/0"}]""").Answers(200),
            Step.Get($"{Widgets}/a").Answers(404)),
        new(
            "the status is applied apart",
            Step.Apply($"{Widgets}/a?fieldManager=one", """
                {"apiVersion":"conformance.ovim.io/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1}}
                """).Answers(201),
            Step.Apply($"{Widgets}/a/status?fieldManager=two", """
                {"apiVersion":"conformance.ovim.io/v1","kind":"Widget","metadata":{"name":"a"},"status":{"phase":"Done"}}
                """).Answers(200, """{"spec":{"size":1},"status":{"phase":"Done"}}"""),
            Step.Apply($"{Widgets}/a?fieldManager=one", """
                {"apiVersion":"conformance.ovim.io/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":2}}
                """).Answers(200, """{"spec":{"size":2},"status":{"phase":"Done"}}""")),
        new(
            "the server says what it is and has",
            Step.Get("/readyz").Answers(200, "ok"),
            Step.Get("/version").Answers(200, """{"major":"1"}"""),
            Step.Get("/api").Answers(200, """{"kind":"APIVersions","versions":["v1"]}"""),
            Step.Get("/apis").Answers(200, """{"kind":"APIGroupList"}"""),
            Step.Get("/api/v1").Answers(200, """{"kind":"APIResourceList","groupVersion":"v1"}""")),
    ];

    /// <summary>A webhook for new ConfigMaps of the scenario's namespace, at a Service that is not there.</summary>
    private static string Webhook(string failurePolicy) => $$$"""
        {"metadata":{"name":"{ns}"},"webhooks":[{
          "name":"maps.ovim.io","failurePolicy":"{{{failurePolicy}}}","sideEffects":"None","admissionReviewVersions":["v1"],"timeoutSeconds":2,
          "clientConfig":{"service":{"namespace":"{ns}","name":"none"}},
          "namespaceSelector":{"matchLabels":{"asked":"{ns}"}},
          "rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}
        """;
}
