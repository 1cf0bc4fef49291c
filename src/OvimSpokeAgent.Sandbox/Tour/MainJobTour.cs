using System.Text.Json.Nodes;
using KubernetesSandbox;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tour;

/// <summary>The main job, shown through the hub alone: what is queued there, its results, and the agent's reports.</summary>
/// <param name="world">Where it happens.</param>
/// <param name="screen">What is told.</param>
/// <param name="patience">How long each thing may take; null: long enough.</param>
internal sealed class MainJobTour(SandboxWorld world, TextWriter screen, TimeSpan? patience = null)
{
    private const string Vm = "demo";
    private const string Template = "fedora";
    private const string Vdc = "team";
    private const string VdcNamespace = $"vdc-sandbox-{Vdc}";

    private readonly TimeSpan _patience = patience ?? TimeSpan.FromSeconds(60);
    private int _steps;
    private int _operations;

    /// <returns>What went wrong, or null.</returns>
    public async Task<string?> RunAsync(CancellationToken stop)
    {
        try
        {
            await RegistersAsync(stop);
            await CreatesAsync(stop);
            await StopsAsync(stop);
            await StartsAsync(stop);
            await RefusesAsync(stop);
            await DeletesAsync(stop);
            await SendsTemplateAsync(stop);
            await CreatesByTemplateAsync(stop);
            await KeepsDiskAsync(stop);
            await MakesVdcAsync(stop);
            await DeletesVdcAsync(stop);
            await screen.WriteLineAsync("\nThat was the main job, and all went as it should.");
            return null;
        }
        catch (TourException e)
        {
            return e.Message;
        }
    }

    private async Task RegistersAsync(CancellationToken stop)
    {
        await StepAsync("The agent registers: its first report is the registration.");
        var report = await ReportAsync("reports that it is healthy", report => report.Text("status") == world.HealthyWord, stop);
        await TellAsync($"The hub knows agent {report.Text("agent_id")} of cluster {report.Text("cluster_id")}; it says it is {report.Text("status")}.");
        var measured = await ReportAsync("reports what the nodes use", report => Resources(report).Number("cpu_used") is not null, stop);
        var cluster = Resources(measured);
        await TellAsync(
            $"The cluster has {cluster.Number("node_count")} nodes, {cluster.Number("cpu_capacity") / 1000} CPUs and {cluster.Number("memory_capacity") >> 30}Gi; "
            + $"{cluster.Number("cpu_used") / 1000} CPUs and {cluster.Number("memory_used") >> 30}Gi are used.");

        static JsonObject? Resources(JsonObject report) => report.Map("metrics", "resources");
    }

    private async Task CreatesAsync(CancellationToken stop)
    {
        await StepAsync($"The hub queues create_vm for a VM \"{Vm}\" with 2 CPUs and 2Gi of memory; the agent polls and carries it out.");
        await CompletesAsync(
            "create_vm", stop, ("image_url", "quay.io/containerdisks/fedora:41"), ("cpu", 2), ("memory", "2Gi"));
        await TellAsync("The result at the hub: completed. The API server has taken the VM; how far it is shows in the reports:");
        var vm = await BecomesAsync("running", stop);
        await TellAsync($"It runs on {vm.Text("node_name")} and has the address {vm.Text("ip_address")}.");
    }

    private async Task StopsAsync(CancellationToken stop)
    {
        await StepAsync("The hub queues stop_vm; the guest shuts down.");
        await CompletesAsync("stop_vm", stop);
        await BecomesAsync("stopped", stop);
    }

    private async Task StartsAsync(CancellationToken stop)
    {
        await StepAsync("The hub queues start_vm; the VM comes up again.");
        await CompletesAsync("start_vm", stop);
        await BecomesAsync("running", stop);
    }

    private async Task RefusesAsync(CancellationToken stop)
    {
        await StepAsync("The hub queues an operation that is wrong: create_vm with \"lots\" of memory.");
        var result = await RunAsync(
            "create_vm", stop, ("name", "wrong"), ("image_url", "quay.io/containerdisks/fedora:41"), ("cpu", 2), ("memory", "lots"));
        var error = result.Text("error") ?? "";
        if (result.Text("status") != "failed" || !error.Contains("memory", StringComparison.Ordinal))
            throw new TourException($"create_vm with \"lots\" of memory should have failed and named the field; its result is {result.ToText()}");
        await TellAsync($"The result at the hub: failed, \"{error}\"");
    }

    private async Task DeletesAsync(CancellationToken stop)
    {
        await StepAsync("The hub queues delete_vm; the result comes when the VM is gone.");
        await CompletesAsync("delete_vm", stop);
        await ReportAsync($"reports no {Vm} any more", report => Find(report) is null, stop);
        await TellAsync("It is gone, from the cluster and from the agent's reports.");
    }

    private async Task SendsTemplateAsync(CancellationToken stop)
    {
        await StepAsync($"The hub sends a template \"{Template}\" by sync_templates; the agent keeps it, and needs no hub for it any more.");
        var result = await ResultAsync("sync_templates", new JsonObject { ["templates"] = new JsonArray(FedoraTemplate()) }, stop);
        if (result.Number("result", "synced_templates") != 1)
            throw new TourException($"sync_templates should have stored one template; its result is {result.ToText()}");
    }

    private async Task CreatesByTemplateAsync(CancellationToken stop)
    {
        await StepAsync($"The hub queues create_vm with template_name \"{Template}\": its image is imported into a disk of 10Gi.");
        await CompletesAsync("create_vm", stop, ("template_name", Template), ("memory", "4Gi"));
        var vm = await BecomesAsync("running", stop);
        await TellAsync($"It has {vm.Text("cpu")} CPUs, as the template says, {vm.Text("memory")} of memory, as the operation does, and {vm.Text("storage")} of storage.");
    }

    private async Task KeepsDiskAsync(CancellationToken stop)
    {
        await StepAsync("The hub queues delete_vm with keep_disks.");
        var result = await CompletesAsync("delete_vm", stop, ("keep_disks", true));
        var disk = (string?)result.Items("result", "kept_disks")?.FirstOrDefault()
            ?? throw new TourException($"delete_vm should have kept a disk; its result is {result.ToText()}");
        if (world.Cluster.Objects("cdi.kubevirt.io/v1beta1", "datavolumes").Get(SandboxWorld.Namespace, disk) is null)
            throw new TourException($"DataVolume {disk} should be there; its VM's deletion says that it was kept: {result.ToText()}");
        await TellAsync($"The VM is gone. Its disk is there, as DataVolume {disk}.");
    }

    private static JsonObject FedoraTemplate() => new()
    {
        ["name"] = Template,
        ["display_name"] = "Fedora",
        ["os_type"] = "linux",
        ["image_url"] = "docker://quay.io/containerdisks/fedora:41",
        ["storage"] = "10Gi",
        ["cpu"] = 2,
        ["memory"] = "2Gi",
    };

    private async Task MakesVdcAsync(CancellationToken stop)
    {
        await StepAsync($"The hub makes a VDC \"{Vdc}\" with 4 CPUs and 8Gi for all its VMs; {HowVdcWorkComes}.");
        world.Hub.CreateVdc(Vdc, new JsonObject
        {
            ["zone_id"] = SandboxWorld.ZoneId,
            ["target_namespace"] = VdcNamespace,
            ["quota"] = new JsonObject { ["cpu"] = "4", ["memory"] = "8Gi" },
            ["network_policy"] = "isolated",
        });
        await VdcBecomesAsync(HubVdcPhase.Active, stop);
        var report = await ReportAsync($"reports {Vdc} as Active", report => FindVdc(report).Text("status") == "Active", stop);
        var memory = FindVdc(report).Number("resource_usage", "memory_capacity") >> 30;
        await TellAsync($"The hub has it as active. The agent reports its namespace {VdcNamespace} as Active, with {memory}Gi.");
    }

    private async Task DeletesVdcAsync(CancellationToken stop)
    {
        await StepAsync($"The hub deletes the VDC; {HowVdcWorkComes}.");
        world.Hub.DeleteVdc(Vdc);
        await VdcBecomesAsync(null, stop);
        await ReportAsync($"reports no {Vdc} any more", report => FindVdc(report) is null, stop);
        await TellAsync("It is gone, from the hub, the cluster and the agent's reports.");
    }

    private string HowVdcWorkComes =>
        world.HubKind is HubKind.Today ? "today's hub pushes it to the agent" : "this kind of hub queues it, and the agent polls";

    /// <summary>Waits until the hub has the VDC in a phase; null: no longer.</summary>
    private async Task VdcBecomesAsync(HubVdcPhase? phase, CancellationToken stop) => await WithinAsync(
        async token =>
        {
            await world.Hub.WaitForAsync(hub => hub.Vdcs.FirstOrDefault(vdc => vdc.Name == Vdc)?.Phase == phase, token);
            return true;
        },
        () => $"the hub should have VDC {Vdc} as {phase?.ToString() ?? "gone"}, but has {Describe()}",
        stop);

    private string Describe() =>
        string.Join(", ", world.Hub.Vdcs.Select(vdc => $"{vdc.Name} {vdc.Phase} {vdc.Problem}").DefaultIfEmpty("none"))
        + string.Concat(world.Hub.Lost.Select(lost => $"; lost: {lost.Operation.Text("type")}, {lost.Why}"));

    private static JsonObject? FindVdc(JsonObject report) =>
        report.Objects("vdcs").FirstOrDefault(vdc => vdc.Text("namespace") == VdcNamespace);

    /// <summary>Queues an operation; its result must be a completion.</summary>
    private async Task<JsonObject> CompletesAsync(string type, CancellationToken stop, params (string Field, JsonNode Value)[] more)
    {
        var result = await RunAsync(type, stop, more);
        return result.Text("status") == "completed"
            ? result
            : throw new TourException($"{type} should have completed; its result is {result.ToText()}");
    }

    private Task<JsonObject> RunAsync(string type, CancellationToken stop, params (string Field, JsonNode Value)[] more)
    {
        var payload = new JsonObject { ["name"] = Vm, ["namespace"] = SandboxWorld.Namespace };
        foreach (var (field, value) in more) payload[field] = value;
        return ResultAsync(type, payload, stop);
    }

    private async Task<JsonObject> ResultAsync(string type, JsonObject payload, CancellationToken stop)
    {
        // A hub's own ids repeat within a second; the tour asks for each result by its id.
        var id = world.Hub.Queue(SandboxWorld.AgentId, type, payload, $"tour-{++_operations}");
        var result = await WithinAsync(
            token => world.Hub.ResultOfAsync(id, token), () => $"the hub has no result for {type} ({id})", stop);
        return result.Json;
    }

    /// <summary>Waits until the agent reports the VM in a state, and tells what it reports on the way.</summary>
    private async Task<JsonObject> BecomesAsync(string status, CancellationToken stop)
    {
        string? told = null;
        while (true)
        {
            var report = await ReportAsync(
                $"reports {Vm} as {status}", report => Find(report) is { } now && Describe(now) != told, stop);
            var vm = Find(report)!;
            told = Describe(vm);
            await TellAsync($"  reported as {told}");
            if (vm.Text("status") == status) return vm;
        }
    }

    private static string Describe(JsonNode vm) => vm.Text("status")
        + (vm.Text("phase") is { Length: > 0 } phase ? $" (KubeVirt: {phase})" : "")
        + (vm.Text("message") is { Length: > 0 } message ? $": {message}" : "");

    private async Task<JsonObject> ReportAsync(string what, Func<JsonObject, bool> isAsWanted, CancellationToken stop)
    {
        var report = await WithinAsync(
            token => world.Hub.ReportAsync(report => report == Latest && isAsWanted(report.Json), token),
            () => $"the agent should be one that {what}; its last report: {DescribeReport(Latest?.Json)}",
            stop);
        return report.Json;
    }

    private ReceivedReport? Latest => world.Hub.Reports.LastOrDefault(report => report.AgentId == SandboxWorld.AgentId);

    private static JsonObject? Find(JsonObject report) =>
        report.Objects("vms").FirstOrDefault(vm => vm.Text("name") == Vm && vm.Text("namespace") == SandboxWorld.Namespace);

    // A whole report can be long.
    private static string DescribeReport(JsonObject? report) => report is null
        ? "none"
        : $"status {report.Text("status")}, errors {report.At("errors").ToText()}, VM {Vm} {Find(report).ToText()}";

    private async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> wait, Func<string> problem, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_patience);
        try
        {
            return await wait(limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new TourException($"{problem()} (after {_patience.TotalSeconds} s)");
        }
    }

    private Task StepAsync(string text) => screen.WriteLineAsync($"{++_steps}. {text}");

    private Task TellAsync(string text) => screen.WriteLineAsync($"   {text}");

    private sealed class TourException(string message) : Exception(message);
}
