using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>The types of operations that the contract knows, each with a payload that works in the sandbox if they are sent in this order.</summary>
internal static class OperationExamples
{
    private const string Vm = """{"name": "mine", "namespace": "tour"}""";

    public static readonly IReadOnlyList<(string Type, string Payload)> All =
    [
        ("create_vm", """{"name": "mine", "namespace": "tour", "image_url": "quay.io/containerdisks/fedora:41", "cpu": 1, "memory": "1Gi"}"""),
        ("get_vm_status", Vm),
        ("list_vms", """{"namespace": "tour"}"""),
        ("update_vm", """{"name": "mine", "namespace": "tour", "cpu": 2, "labels": {"tier": "web"}}"""),
        ("restart_vm", Vm),
        ("stop_vm", """{"name": "mine", "namespace": "tour", "force": false}"""),
        ("start_vm", Vm),
        ("delete_vm", """{"name": "mine", "namespace": "tour", "keep_disks": false}"""),
        ("create_vdc", """
            {"vdc_name": "lab", "vdc_namespace": "org-sandbox", "target_namespace": "vdc-sandbox-lab", "organization": "sandbox",
             "quota": {"cpu": "4", "memory": "8Gi"}, "network_policy": "isolated"}
            """),
        ("update_vdc", """{"vdc_name": "lab", "target_namespace": "vdc-sandbox-lab", "quota": {"memory": "16Gi"}}"""),
        ("create_resource_quota", """{"namespace": "vdc-sandbox-lab", "quota": {"storage": "100Gi"}}"""),
        ("create_limit_range", """{"namespace": "vdc-sandbox-lab", "limit_range": {"max_cpu": 2000, "max_memory": 4096}}"""),
        ("delete_vdc", """{"vdc_name": "lab", "target_namespace": "vdc-sandbox-lab", "cascade": true}"""),
        ("sync_templates", """
            {"templates": [{"name": "fedora", "image_url": "docker://quay.io/containerdisks/fedora:41", "storage": "10Gi", "cpu": 2, "memory": "2Gi"}]}
            """),
        ("list_templates", "{}"),
        ("get_health", "{}"),
        ("get_metrics", "{}"),
    ];

    public static JsonArray ToJson() => new([.. All.Select(example => new JsonObject
    {
        ["type"] = example.Type,
        ["payload"] = JsonNode.Parse(example.Payload),
    })]);
}
