using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Configuration;

return await AgentCommand.RunAsync(args, Console.Out, Console.Error, RunAsync);

static async Task<int> RunAsync()
{
    FatalExit.Arm();
    try
    {
        using var second = new ForcedExit();
        await using var agent = AgentHost.Build(ProcessEnvironment.Variables);
        return await FatalExit.RunAsync(agent);
    }
    catch (ConfigurationException e)
    {
        await Console.Error.WriteAsync(e.Message);
        return SettingsResult.ExitCode;
    }
#pragma warning disable CA1031 // the end of the process, whatever it is by
    catch (Exception e)
#pragma warning restore CA1031
    {
        return FatalExit.Report("start", e); // before there was a host
    }
}
