namespace OvimSpokeAgent.Leadership;

internal static class LeadershipExtensions
{
    /// <summary>Does something in each term in which this agent leads, from its beginning; until cancelled, or until it fails.</summary>
    /// <param name="leadership">Tells the terms.</param>
    /// <param name="work">The work; its token is cancelled when the term ends, or all of it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task WhileLeadingAsync(
        this ILeadership leadership, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        while (true)
        {
            var term = await leadership.WaitUntilLeadingAsync(cancellationToken);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, term.Ended);
            try
            {
                await work(either.Token);
            }
            catch (OperationCanceledException) when (term.IsOver && !cancellationToken.IsCancellationRequested)
            {
                // Another agent may lead now, and do it.
            }
        }
    }
}
