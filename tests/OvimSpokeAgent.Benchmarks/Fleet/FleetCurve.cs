using OvimSpokeAgent.Tests.Hub;

namespace OvimSpokeAgent.Benchmarks.Fleet;

/// <summary>The requests that reach a hub in each second after its return, as a curve of text.</summary>
internal static class FleetCurve
{
    // Columns up to twice the even rate; what is beyond is cut off and marked.
    private const int EvenColumn = 30;
    private const int LastColumn = 2 * EvenColumn;

    public static void Print(FleetScenario scenario, TextWriter screen)
    {
        var (evenReports, even) = (FleetSimulation.EvenReports(scenario), FleetSimulation.EvenRequests(scenario));
        var seconds = FleetSimulation.Run(scenario);
        screen.WriteLine($"""
            {scenario.Agents} agents lose the hub for {scenario.Outage.TotalMinutes:0} minutes; a report every {scenario.Heartbeat.TotalSeconds:0} s, a poll every {scenario.Poll.TotalSeconds:0} s.
            The even rate, as of a fleet that lost nothing: {evenReports:0} reports, {even:0} requests a second.

            second  reports   polls  requests  of even rate  |{"even rate",EvenColumn - 1}|{"twice",EvenColumn - 1}|
            """);
        for (var i = 0; i < seconds.Count; i++)
        {
            var (reports, polls) = (seconds[i].Reports, seconds[i].Polls);
            var ofEven = (reports + polls) / even;
            screen.WriteLine($"{i + 1,6}  {reports,7}  {polls,6}  {reports + polls,8}  {ofEven,12:0.00}  |{Bar(ofEven)}");
        }
        var peak = seconds.Max(second => second.Reports + second.Polls);
        var reportPeak = seconds.Max(second => second.Reports);
        screen.WriteLine($"""

            peak: {peak} requests a second, {peak / even:0.00} of the even rate; {reportPeak} reports, {reportPeak / evenReports:0.00} of theirs (aim: at most 2.00)
            """);
    }

    private static string Bar(double ofEven)
    {
        var length = (int)Math.Round(ofEven * EvenColumn);
        return length <= LastColumn ? new string('#', length) : new string('#', LastColumn) + ">";
    }
}
