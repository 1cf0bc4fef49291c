using System.Collections;
using OvimSpokeAgent.Agent;
using OvimSpokeAgent.Configuration;

return await AgentCommand.RunAsync(args, Console.Out, Console.Error, RunAsync);

static async Task<int> RunAsync()
{
    var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "");
    try
    {
        using var second = new SecondSignal();
        await using var agent = AgentHost.Build(environment);
        await agent.RunAsync();
        return 0;
    }
    catch (ConfigurationException e)
    {
        await Console.Error.WriteAsync(e.Message);
        return SettingsResult.ExitCode;
    }
}
