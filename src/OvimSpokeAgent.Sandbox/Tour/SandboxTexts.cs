using KubernetesSandbox.Cluster;
using KubernetesSandbox.KubeVirt;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tour;

/// <summary>What the sandbox says beside the tour.</summary>
internal static class SandboxTexts
{
    public static string Welcome(SandboxWorld world, SandboxSettings settings)
    {
        var agent = world.AgentUrl is { } url
            ? $"  agent        {world.AgentPage} is its status page\n               {url}health/status and {url}metrics\n               its log: {world.AgentLogPath}"
            : "  agent        none (--no-agent)";
        var vms = settings.Vms > 0 ? $"\n  VMs          {settings.Vms} run in namespace {SandboxWorld.Namespace}" : "";
        return $"""
            A hub, a Kubernetes API and KubeVirt, all small stand-ins in this process. No guest really runs.

              hub          {world.Hub.Url} opens in a browser: agents, VMs, VDCs, and a form for operations;
                           curl gets a list of what can be asked there
                           (kind: {settings.HubKind.ToString().ToLowerInvariant()}; its agents show the token {new SandboxHubOptions().Token})
              Kubernetes   {world.Cluster.Url} answers as {SandboxCluster.Version}, with KubeVirt {SandboxKubeVirt.Version}
                           kubeconfig: {world.KubeconfigPath}
            {agent}{vms}

            """;
    }

    /// <summary>What one can do while it stays up.</summary>
    public static string Hints(SandboxWorld world, SandboxSettings settings)
    {
        var payload = $$"""{"name":"mine","namespace":"{{SandboxWorld.Namespace}}","image_url":"quay.io/containerdisks/fedora:41","cpu":1,"memory":"1Gi"}""";
        var pace = world.HubKind is HubKind.Today ? " (where the hub has pushed, the agent polls every 30 s only)" : "";
        var text = $$"""

            Now you. Open {{world.Hub.Url}} in a browser, or queue an operation at the hub, then see its result{{pace}}
            and the agent's last report:

              curl {{world.Hub.Url}}sandbox/operations -d '{"agent_id":"{{SandboxWorld.AgentId}}","type":"create_vm","payload":{{payload}}}'
              curl {{world.Hub.Url}}sandbox/results
              curl {{world.Hub.Url}}sandbox/reports/{{SandboxWorld.AgentId}}

            Let the hub make a VDC, and delete it:

              curl {{world.Hub.Url}}sandbox/vdcs -d '{"name":"mine","zone_id":"{{SandboxWorld.ZoneId}}"}'
              curl {{world.Hub.Url}}sandbox/vdcs
              curl -X DELETE {{world.Hub.Url}}sandbox/vdcs/mine

            Look at the cluster:

              kubectl --kubeconfig {{world.KubeconfigPath}} -n {{SandboxWorld.Namespace}} get vm,vmi

            Let things go wrong: give the VM the annotation sandbox.ovim.io/fail (payload: "annotations"), with unschedulable,
            crash-loop, image-pull, quota, data-volume, import-stalls or guest-ignores-shutdown; or let the hub fail:

              curl {{world.Hub.Url}}sandbox/faults -d '{"kind":"Status","status_code":503,"times":10}'

            """;
        if (!settings.HasAgent)
        {
            text += $"""

                Start an agent of your own with these variables:

                {string.Join('\n', world.AgentVariables.Select(variable => $"  {variable.Key}={variable.Value}"))}

                """;
        }
        return text + "\nIt stays up until Ctrl+C.";
    }
}
