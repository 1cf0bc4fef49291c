using System.Text.Json.Nodes;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster;

/// <summary>A watch as a client sees it.</summary>
internal sealed class WatchConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private WatchConnection(HttpResponseMessage response, StreamReader reader) => (_response, _reader) = (response, reader);

    public static async Task<WatchConnection> OpenAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        return new(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    /// <summary>The next event; null when the server ended the watch.</summary>
    /// <exception cref="IOException">The connection was cut.</exception>
    /// <exception cref="OperationCanceledException">Nothing came in time.</exception>
    public async Task<JsonNode?> NextAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await _reader.ReadLineAsync(patience.Token) is { } line ? JsonNode.Parse(line) : null;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
