using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Agent;

/// <summary>The agent's command line. It has no options of its own: settings are environment variables.</summary>
internal static class AgentCommand
{
    /// <summary>Runs the agent, unless the arguments ask for something else or are wrong.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="screen">Gets help and version.</param>
    /// <param name="errors">Gets what is wrong with the arguments.</param>
    /// <param name="run">Runs the agent; returns the exit code.</param>
    public static Task<int> RunAsync(string[] args, TextWriter screen, TextWriter errors, Func<Task<int>> run) =>
        // Parsing nothing would cost a pod with 50m of CPU more than a second of its start.
        args.Length == 0 ? run() : ParseAsync(args, screen, errors, run);

    private static Task<int> ParseAsync(string[] args, TextWriter screen, TextWriter errors, Func<Task<int>> run)
    {
        var command = new RootCommand(
            "The OVIM spoke agent: takes operations from an OVIM Hub and carries them out on the Kubernetes cluster it runs in.");
        var help = command.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithSettings((SynchronousCommandLineAction)help.Action!);
        command.SetAction((_, _) => run());
        return CommandLine.RunAsync(WellKnownNames.Agent, command, args, screen, errors, CancellationToken.None);
    }

    private sealed class HelpWithSettings(SynchronousCommandLineAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            parseResult.InvocationConfiguration.Output.Write(SettingsHelp.Text());
            return code;
        }
    }
}
