using System.CommandLine;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.Sandbox.Tour;

/// <summary>The sandbox's command line.</summary>
internal static class SandboxCommand
{
    private const int DefaultHubPort = 8090;
    private const int DefaultClusterPort = 8091;
    private const int MaxPort = 65535;
    private const int MaxVms = 10_000;

    /// <summary>Runs the sandbox until it is done or <paramref name="stop"/> is cancelled.</summary>
    /// <returns>The exit code: 0 if all went as it should, <see cref="CommandLine.UsageError"/>, else 1.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter screen, TextWriter errors, CancellationToken stop) =>
        CommandLine.RunAsync("sandbox", Create(screen, errors), args, screen, errors, stop);

    private static RootCommand Create(TextWriter screen, TextWriter errors)
    {
        var exit = new Option<bool>("--exit") { Description = "End after the tour: exit code 0 if all went as it should" };
        var noAgent = new Option<bool>("--no-agent") { Description = "Start no agent (and so no tour): run your own against the sandbox" };
        var noTour = new Option<bool>("--no-tour") { Description = "Start everything and change nothing" };
        var hubKind = new Option<string>("--hub-kind")
        {
            HelpName = "KIND",
            Description = "Which hub it behaves as: today's, which pushes VDC work to the agent, or the one before (active), which queues it",
            DefaultValueFactory = _ => Word(new SandboxSettings().HubKind),
        };
        hubKind.AcceptOnlyFromAmong([.. Enum.GetValues<HubKind>().Select(Word)]);
        var hubPort = CommandOptions.Number("--hub-port", "PORT", "Port of the hub; 0 takes any free one", DefaultHubPort, 0, MaxPort);
        var clusterPort = CommandOptions.Number(
            "--cluster-port", "PORT", "Port of the Kubernetes API; 0 takes any free one", DefaultClusterPort, 0, MaxPort);
        var vms = CommandOptions.Number("--vms", "N", "How many VMs there are from the start", 0, 0, MaxVms);
        var command = new RootCommand(
            "Starts a hub, a Kubernetes API and KubeVirt, all small stand-ins in one process, and the OVIM spoke agent between "
            + "them; then shows the main job in a short tour, and stays up until Ctrl+C.")
        {
            exit, noAgent, noTour, hubKind, hubPort, clusterPort, vms,
        };
        command.SetAction((result, stop) => SandboxRun.RunAsync(
            new SandboxSettings
            {
                Exit = result.GetValue(exit),
                HasAgent = !result.GetValue(noAgent),
                HasTour = !result.GetValue(noTour) && !result.GetValue(noAgent),
                HubKind = Enum.Parse<HubKind>(result.GetValue(hubKind)!, ignoreCase: true),
                HubPort = result.GetValue(hubPort),
                ClusterPort = result.GetValue(clusterPort),
                Vms = result.GetValue(vms),
            },
            screen,
            errors,
            stop));
        return command;
    }

    private static string Word(HubKind kind) => kind.ToString().ToLowerInvariant();
}
