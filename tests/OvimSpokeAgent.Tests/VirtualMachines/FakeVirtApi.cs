using System.Text.Json.Nodes;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Tests.Cluster;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>
/// The subresources start, stop and restart on <see cref="FakeKubernetesApi"/>, by virt-api's rules (KubeVirt,
/// pkg/virt-api/rest/lifecycle.go): what they leave is a change of the VM; nobody carries it out.
/// </summary>
internal static class FakeVirtApi
{
    public static void ServesKubeVirt(this FakeKubernetesApi cluster) => cluster.Subresource = (name, subresource, body) =>
    {
        var vm = cluster.Find(KubeVirtKinds.VirtualMachine, name)
            ?? throw FakeKubernetesApi.NotFound(KubeVirtKinds.VirtualMachine, name);
        var request = new Request(cluster, name, vm, cluster.Find(KubeVirtKinds.VirtualMachineInstance, name));
        switch (subresource)
        {
            case "start":
                Start(request);
                break;
            case "stop":
                Stop(request, (long?)body["gracePeriod"]);
                break;
            case "restart":
                Restart(request, (long?)body["gracePeriodSeconds"]);
                break;
            default:
                throw FakeKubernetesApi.Error(ApiErrorReason.NoKindMatch);
        }
    };

    private static void Start(Request request)
    {
        if (request.IsUp && request.Phase is not ("Unknown" or "")) throw request.Refused("VM is already running");
        switch (request.Strategy)
        {
            case "Halted":
                request.Change(vm => vm["spec"]!["runStrategy"] = "Always");
                break;
            case "RerunOnFailure" when request.Phase == "Failed":
                throw request.Refused("RerunOnFailure does not support starting VM from failed state");
            case "Manual" or "RerunOnFailure":
                request.Ask(request.Phase is null ? ["Start"] : ["Stop", "Start"]);
                break;
            default:
                throw request.Refused($"{request.Strategy} does not support manual start requests");
        }
    }

    private static void Stop(Request request, long? grace)
    {
        if (request.Strategy is "Always" or "Once")
        {
            request.Change(vm => vm["spec"]!["runStrategy"] = "Halted");
            return;
        }
        if (!request.IsUp) throw request.Refused("VM is not running");
        if (request.Strategy == "Halted" && (grace is null || grace >= request.Grace))
            throw request.Refused("Halted only supports manual stop requests with a shorter graceperiod");
        if (grace is not null) request.ChangeInstance(vmi => vmi["spec"]!["terminationGracePeriodSeconds"] = grace);
        request.Ask(["Stop"]);
    }

    private static void Restart(Request request, long? grace)
    {
        if (grace > 0) throw FakeKubernetesApi.Error(ApiErrorReason.Invalid, "only gracePeriod=0 is supported for now");
        if (request.Strategy is "Halted" or "Once")
            throw request.Refused($"RunStategy {request.Strategy} does not support manual restart requests");
        if (request.Phase is null) throw request.Refused("VM is not running");
        request.Ask(["Stop", "Start"]);
    }

    private sealed class Request(FakeKubernetesApi cluster, NamespacedName name, JsonObject vm, JsonObject? vmi)
    {
        public string Strategy { get; } =
            (string?)vm["spec"]!["runStrategy"] ?? ((bool?)vm["spec"]!["running"] is true ? "Always" : "Halted");

        /// <summary>Null: there is no VMI.</summary>
        public string? Phase { get; } = vmi is null ? null : (string?)vmi["status"]?["phase"] ?? "";

        public bool IsUp => Phase is not (null or "Succeeded" or "Failed");

        public long? Grace { get; } = (long?)vmi?["spec"]?["terminationGracePeriodSeconds"];

        public KubernetesApiException Refused(string why) =>
            FakeKubernetesApi.Conflict(KubeVirtKinds.VirtualMachine, name, why);

        public void Change(Action<JsonObject> change) => cluster.Change(KubeVirtKinds.VirtualMachine, name, change);

        public void ChangeInstance(Action<JsonObject> change) =>
            cluster.Change(KubeVirtKinds.VirtualMachineInstance, name, change);

        // A single stop replaces what waits; anything else beside waiting requests is an internal error there.
        public void Ask(string[] actions)
        {
            var waiting = vm["status"]?["stateChangeRequests"] as JsonArray;
            if (waiting is { Count: > 0 } && actions is not ["Stop"])
                throw FakeKubernetesApi.Error(ApiErrorReason.Unavailable, "unable to complete request: stop/start already underway");
            Change(item =>
            {
                var status = item["status"] as JsonObject ?? [];
                item["status"] = status;
                status["stateChangeRequests"] = new JsonArray(
                    [.. actions.Select(action => new JsonObject { ["action"] = action })]);
            });
        }
    }
}
