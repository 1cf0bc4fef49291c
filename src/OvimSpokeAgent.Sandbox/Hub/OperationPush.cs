using System.Net;
using System.Net.Mime;
using System.Text;
using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>Sends operations to agents, without credentials, as both hubs do.</summary>
internal sealed class OperationPush : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Patience };

    /// <summary>An endpoint below the base of an agent's.</summary>
    public static Uri EndpointOf(Uri agent, string path) => new($"{agent.ToString().TrimEnd('/')}/{path}");

    /// <summary>Sends one operation.</summary>
    /// <returns>The answer's status; null with the problem where none came in time.</returns>
    public async Task<(HttpStatusCode? Status, string Problem)> SendAsync(
        Uri agent, JsonObject operation, string? operationIdHeader, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, EndpointOf(agent, "operations"))
        {
            Content = new StringContent(operation.ToText(), Encoding.UTF8, MediaTypeNames.Application.Json),
        };
        if (operationIdHeader is not null) request.Headers.Add("X-Operation-ID", operationIdHeader);
        try
        {
            using var answer = await _http.SendAsync(request, cancellationToken);
            return (answer.StatusCode, $"POST {request.RequestUri} was answered {(int)answer.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (null, $"POST {request.RequestUri}: {e.Message}");
        }
    }

    public void Dispose() => _http.Dispose();
}
