using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>The kinds that KubeVirt and CDI bring, as CustomResourceDefinitions without their schemas.</summary>
internal static class KubeVirtKinds
{
    private const string KubeVirt = "kubevirt.io";
    private const string Instancetype = "instancetype.kubevirt.io";

    private const string ReadyPath = ".status.conditions[?(@.type=='Ready')].status";

    public static readonly IReadOnlyList<ResourceKind> All =
    [
        Custom(KubeVirt, "v1", "virtualmachines", "VirtualMachine") with
        {
            ShortNames = ["vm", "vms"],
            HasStatus = true,
            Columns = [new("Status", "string", ".status.printableStatus"), new("Ready", "string", ReadyPath)],
        },
        // KubeVirt gives VMIs no status subresource.
        Custom(KubeVirt, "v1", "virtualmachineinstances", "VirtualMachineInstance") with
        {
            ShortNames = ["vmi", "vmis"],
            Columns =
            [
                new("Phase", "string", ".status.phase"), new("IP", "string", ".status.interfaces[0].ipAddress"),
                new("NodeName", "string", ".status.nodeName"), new("Ready", "string", ReadyPath),
            ],
        },
        Custom(KubeVirt, "v1", "virtualmachineinstancemigrations", "VirtualMachineInstanceMigration") with
        {
            ShortNames = ["vmim", "vmims"],
            HasStatus = true,
            Columns = [new("Phase", "string", ".status.phase"), new("VMI", "string", ".spec.vmiName")],
        },
        Custom(KubeVirt, "v1", "kubevirts", "KubeVirt") with
        {
            ShortNames = ["kv", "kvs"],
            HasStatus = true,
            Columns = [new("Phase", "string", ".status.phase")],
        },
        Custom(Instancetype, "v1beta1", "virtualmachineinstancetypes", "VirtualMachineInstancetype"),
        Custom(Instancetype, "v1beta1", "virtualmachineclusterinstancetypes", "VirtualMachineClusterInstancetype") with { Namespaced = false },
        Custom(Instancetype, "v1beta1", "virtualmachinepreferences", "VirtualMachinePreference"),
        Custom(Instancetype, "v1beta1", "virtualmachineclusterpreferences", "VirtualMachineClusterPreference") with { Namespaced = false },
        Custom("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume") with
        {
            ShortNames = ["dv", "dvs"],
            HasStatus = true,
            Columns = [new("Phase", "string", ".status.phase"), new("Progress", "string", ".status.progress")],
        },
    ];

    public static JsonObject Definition(ResourceKind kind)
    {
        var version = new JsonObject
        {
            ["name"] = kind.Version,
            ["served"] = true,
            ["storage"] = true,
            ["schema"] = new JsonObject
            {
                ["openAPIV3Schema"] = new JsonObject
                {
                    ["type"] = "object",
                    ["x-kubernetes-preserve-unknown-fields"] = true,
                },
            },
            ["additionalPrinterColumns"] = new JsonArray([.. kind.Columns.Append(TableView.AgeColumn).Select(column => new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = column.Type,
                ["jsonPath"] = column.JsonPath,
            })]),
        };
        if (kind.HasStatus) version["subresources"] = new JsonObject { ["status"] = new JsonObject() };
        return new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = kind.Resource.ToString() },
            ["spec"] = new JsonObject
            {
                ["group"] = kind.Group,
                ["scope"] = kind.Namespaced ? "Namespaced" : "Cluster",
                ["names"] = new JsonObject
                {
                    ["plural"] = kind.Plural,
                    ["singular"] = kind.Singular,
                    ["kind"] = kind.Kind,
                    ["listKind"] = kind.ListKind,
                    ["shortNames"] = new JsonArray([.. kind.ShortNames.Select(name => (JsonNode?)name)]),
                    ["categories"] = new JsonArray("all"),
                },
                ["versions"] = new JsonArray(version),
            },
        };
    }

    private static ResourceKind Custom(string group, string version, string plural, string kind) =>
        new() { Group = group, Version = version, Plural = plural, Kind = kind, IsCustom = true };
}
