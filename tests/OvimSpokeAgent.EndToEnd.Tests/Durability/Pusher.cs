using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OvimSpokeAgent.EndToEnd.Tests.Harness;
using OvimSpokeAgent.EndToEnd.Tests.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>How the hub hands out operations.</summary>
public enum Way
{
    /// <summary>The agent asks.</summary>
    Poll,

    /// <summary>The hub pushes, and queues what was not accepted.</summary>
    Push,

    /// <summary>The agent asks, and gets another operation with it: they are stored together.</summary>
    Together,
}

/// <summary>The hub's side of a push.</summary>
internal sealed class Pusher : IDisposable
{
    private const string Token = "push-token";

    // Where the hub would find the agent; here it knows.
    private const string Callback = "https://agent.example.com";

    private readonly HttpClient _http = new() { Timeout = JsonApi.Patience };
    private readonly MountedSecret _secret = new(("token", Token));

    /// <summary>Lets an agent take pushes.</summary>
    public void AddTo(Dictionary<string, string> variables) =>
        (variables["OVIM_CALLBACK_URL"], variables["OVIM_PUSH_TOKEN_FILE"]) = (Callback, _secret["token"]);

    /// <summary>Pushes once, as hubs do; says whether the agent took it.</summary>
    public async Task<bool> IsAcceptedAsync(Uri agent, JsonObject operation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(agent, "operations"))
        {
            Content = new StringContent(operation.ToJsonString(), Encoding.UTF8, "application/json"),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", Token) },
        };
        try
        {
            using var answer = await _http.SendAsync(request);
            return answer.StatusCode is HttpStatusCode.Accepted;
        }
        catch (HttpRequestException)
        {
            return false; // it went away before it answered
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _secret.Dispose();
    }
}
