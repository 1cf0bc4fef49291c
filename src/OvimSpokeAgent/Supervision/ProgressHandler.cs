namespace OvimSpokeAgent.Supervision;

/// <summary>Each request, and each answer to one, is progress of the loop that asks: requests have limits of their own.</summary>
internal sealed class ProgressHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        LoopTurn.Progress();
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        finally
        {
            LoopTurn.Progress();
        }
    }
}
