using System.Text.Json.Nodes;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>An operation that is cut off at each of its steps, and what there is before it.</summary>
/// <param name="Type">The operation's type.</param>
/// <param name="Payload">Its payload, but for the namespace.</param>
internal sealed record CrashCase(string Type, string Payload)
{
    /// <summary>What was done before: operation types with their payloads.</summary>
    public IReadOnlyList<(string Type, string Payload)> Before { get; init; } = [];

    /// <summary>The VM's run strategy before the operation; null: as the agent made it.</summary>
    public string? Strategy { get; init; }

    /// <summary>A PersistentVolumeClaim that is there before; null: none.</summary>
    public string? Claim { get; init; }

    /// <summary>Another tool has made the VM, halted, with a disk that it brings with it.</summary>
    public bool HasDisk { get; init; }

    /// <summary>Whether that disk is there in the end, and nobody's.</summary>
    public bool KeepsDisk { get; init; }

    /// <summary>
    /// The operation fails, and there is what it could not take back: a VM half made, a disk that is not filled, and a VM that is held for
    /// its disk. All of it is cleaned up in the end, at once.
    /// </summary>
    public bool LeavesOrphans { get; init; }

    /// <summary>A ResourceQuota lets no Secret in.</summary>
    public bool IsWithoutSecrets { get; init; }

    /// <summary>The <c>printableStatus</c> that the VM has before the operation; null: there is no VM.</summary>
    public string? StatusBefore { get; init; }

    /// <summary>The <c>printableStatus</c> that the VM has in the end; null: there is no VM.</summary>
    public string? StatusAfter { get; init; }

    /// <summary>How often a guest has booted in the end.</summary>
    public int Boots { get; init; }

    /// <summary>Whether the namespace is made by an operation; else an operator made it.</summary>
    public bool MakesNamespace => Before.Append((Type, Payload)).Any(step => step.Item1 == "create_vdc");

    /// <summary>The payload for a namespace.</summary>
    public static JsonObject PayloadFor(string ns, string type, string payload)
    {
        var complete = JsonNode.Parse(payload)!.AsObject();
        if (type.EndsWith("_vdc", StringComparison.Ordinal))
        {
            complete["vdc_name"] = ns;
            complete["target_namespace"] = ns;
            complete["organization"] = "acme";
        }
        else
        {
            complete["namespace"] = ns;
        }
        return complete;
    }
}

/// <summary>Every operation type that changes something.</summary>
internal static class CrashCases
{
    /// <summary>The case of an operation that is refused.</summary>
    public const string Refused = "what is refused";

    private const string Vm = """{"name":"web"}""";

    private const string NewVm = """
        {"name":"web","image_url":"quay.io/containerdisks/fedora:latest","cpu":1,"memory":1,"cloud_init":"#cloud-config\n","ssh_keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB a@b"]}
        """;

    // Its disks are imported and made, its Secrets come after it.
    private const string VmOfImport = """
        {"name":"web","image_url":"https://images.example.com/fedora.qcow2","storage":2,"secret_name":"login","cpu":1,"memory":1,
         "disks":[{"name":"data","size":1,"blank":true}],"sysprep":"<unattend/>","run_strategy":"RerunOnFailure"}
        """;

    private const string VmOfClone = """{"name":"web","image_url":"pvc:golden","storage":2,"cpu":1,"memory":1}""";

    private const string StoppedVm =
        """{"name":"web","image_url":"quay.io/containerdisks/fedora:latest","cpu":1,"memory":1,"run":false}""";

    private const string Templates = """
        {"templates":[{"name":"ubuntu","image_url":"quay.io/containerdisks/ubuntu:22.04","cpu":1,"memory":1,"cloud_init":"#cloud-config\n"},{"name":"old","image_url":"img"}]}
        """;

    private const string OtherTemplates =
        """{"templates":[{"name":"ubuntu","image_url":"quay.io/containerdisks/ubuntu:24.04"},{"name":"new","image_url":"img"},{"name":"old","cpu":"many"},5]}""";

    private const string VmOfTemplate =
        """{"name":"web","template_name":"ubuntu","memory":2,"ssh_keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB a@b"]}""";

    private const string NewVdc = """
        {"quota":{"cpu":8,"memory":16,"storage":100},"limit_range":{"max_cpu":4,"max_memory":8},"network_policy":"isolated","admin_groups":["acme-admins","acme-ops"]}
        """;

    private const string ChangedVdc = """
        {"quota":{"cpu":12},"limit_range":null,"network_policy":"custom","custom_network_config":{"deny_all_egress":true},"admin_groups":["acme-ops"]}
        """;

    private static readonly (string Type, string Payload)[] VmIsThere = [("create_vm", NewVm)];
    private static readonly (string Type, string Payload)[] StoppedVmIsThere = [("create_vm", StoppedVm)];
    private static readonly (string Type, string Payload)[] VdcIsThere = [("create_vdc", NewVdc)];

    /// <summary>Names of some of them, for where all take too long.</summary>
    public static IReadOnlyList<string> Sample { get; } =
        ["create_vm", "create_vm by template", "sync_templates", "restart_vm", "delete_vm", "delete_vm without its disk", "create_vdc"];

    public static IReadOnlyDictionary<string, CrashCase> All { get; } = new Dictionary<string, CrashCase>
    {
        ["create_vm"] = new("create_vm", NewVm) { StatusAfter = "Running", Boots = 1 },
        ["create_vm whose Secret is refused"] = new("create_vm", NewVm) { IsWithoutSecrets = true },
        ["create_vm with an import"] = new("create_vm", VmOfImport) { StatusAfter = "Running", Boots = 1 },
        ["create_vm with a clone"] = new("create_vm", VmOfClone) { Claim = "golden", StatusAfter = "Running", Boots = 1 },
        ["create_vm by template"] = new("create_vm", VmOfTemplate)
        {
            Before = [("sync_templates", Templates)],
            StatusAfter = "Running",
            Boots = 1,
        },
        ["sync_templates"] = new("sync_templates", OtherTemplates) { Before = [("sync_templates", Templates)] },
        ["sync_templates of none"] = new("sync_templates", """{"templates":[]}""") { Before = [("sync_templates", Templates)] },
        ["start_vm"] = new("start_vm", Vm)
        {
            Before = StoppedVmIsThere,
            StatusBefore = "Stopped",
            StatusAfter = "Running",
            Boots = 1,
        },
        ["start_vm of strategy Manual"] = new("start_vm", Vm)
        {
            Before = StoppedVmIsThere,
            Strategy = "Manual",
            StatusBefore = "Stopped",
            StatusAfter = "Running",
            Boots = 1,
        },
        ["stop_vm"] = new("stop_vm", Vm) { Before = VmIsThere, StatusBefore = "Running", StatusAfter = "Stopped", Boots = 1 },
        ["restart_vm"] = new("restart_vm", Vm) { Before = VmIsThere, StatusBefore = "Running", StatusAfter = "Running", Boots = 2 },
        ["restart_vm of strategy Manual"] = new("restart_vm", Vm)
        {
            Before = VmIsThere,
            Strategy = "Manual",
            StatusBefore = "Running",
            StatusAfter = "Running",
            Boots = 2,
        },
        ["update_vm"] = new("update_vm", """{"name":"web","cpu":2,"labels":{"tier":"web"},"annotations":{"example.com/owner":"alice"}}""")
        {
            Before = VmIsThere,
            StatusBefore = "Running",
            StatusAfter = "Running",
            Boots = 1,
        },
        ["delete_vm"] = new("delete_vm", Vm) { Before = VmIsThere, StatusBefore = "Running", Boots = 1 },
        ["delete_vm with its disk"] = new("delete_vm", Vm) { HasDisk = true, StatusBefore = "Stopped" },
        ["delete_vm without its disk"] = new("delete_vm", """{"name":"web","keep_disks":true}""") { HasDisk = true, KeepsDisk = true, StatusBefore = "Stopped" },
        ["create_vm that leaves orphans"] = new("create_vm", """{"name":"web","image_url":"pvc:nothing","cpu":1,"memory":1}""") { LeavesOrphans = true },
        ["create_vdc"] = new("create_vdc", NewVdc),
        ["update_vdc"] = new("update_vdc", ChangedVdc) { Before = VdcIsThere },
        ["delete_vdc"] = new("delete_vdc", """{"cascade":true}""")
        {
            Before = [.. VdcIsThere, .. VmIsThere],
            StatusBefore = "Running",
            Boots = 1,
        },
        ["create_resource_quota"] = new("create_resource_quota", """{"quota":{"cpu":2,"memory":"4Gi"}}"""),
        ["create_limit_range"] = new("create_limit_range", """{"limit_range":{"maxCpu":2000,"maxMemory":4096}}"""),
        [Refused] = new("create_vm", """{"name":"web","image_url":"quay.io/containerdisks/fedora:latest","cpu":"many","memory":1}"""),
    };
}
