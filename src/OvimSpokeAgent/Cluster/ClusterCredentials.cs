using System.Buffers.Text;
using System.Text.Json;
using k8s;
using k8s.Authentication;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Cluster;

/// <summary>
/// What the agent shows to the API server. A token's file is read again every minute by the library; when the server refuses
/// what was shown, all of it is read anew at once (<see cref="Renew"/>).
/// </summary>
internal sealed class ClusterCredentials(ClusterClient client, AgentSettings settings, TimeProvider time)
{
    private static readonly TimeSpan MinAge = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private ServiceClientCredentials? _current = client.Credentials;
    private long? _renewedAt;
    private string? _token;
    private DateTimeOffset? _certificateEnd;

    /// <summary>Adds them to a request.</summary>
    public async Task ShowAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _current) is not { } current) return;
        await current.ProcessHttpRequestAsync(request, cancellationToken);
        Volatile.Write(ref _token, request.Headers.Authorization?.Parameter);
    }

    /// <summary>Which of what was shown last is over, in words; null: nothing, as far as one can see.</summary>
    public string? Expired()
    {
        var now = time.GetUtcNow();
        var where = settings.Kubeconfig ?? "the pod's service account";
        if (Volatile.Read(ref _token) is { } token && ExpiryOf(token) is { } end && end <= now) return $"the token of {where} expired on {end:u}";
        lock (_lock) return _certificateEnd <= now ? $"the client certificate of {where} expired on {_certificateEnd:u}" : null;
    }

    /// <summary>Reads them anew, for the requests from now on; at most once a second.</summary>
    public void Renew()
    {
        lock (_lock)
        {
            if (_renewedAt is { } last && time.GetElapsedTime(last) < MinAge) return;
            _renewedAt = time.GetTimestamp();
            try
            {
                var configuration = KubernetesConnection.ReadConfiguration(settings);
                _current = Kubernetes.CreateCredentials(configuration);
                using var certificate = ClusterTls.CertificateOf(configuration);
                _certificateEnd = certificate?.NotAfter;
            }
            catch (Exception e) when (KubernetesConnection.IsUnusable(e))
            {
                // As they are, they are refused: the request says so, and the next one reads again.
            }
        }
    }

    // The exp claim of a JSON Web Token (RFC 7519, 4.1.4), as service accounts and OpenID Connect have; null: it is another kind of token.
    private static DateTimeOffset? ExpiryOf(string token)
    {
        if (token.Split('.') is not [_, var payload, _]) return null;
        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
            return claims.RootElement.ValueKind is JsonValueKind.Object && claims.RootElement.TryGetProperty("exp", out var exp)
                && exp.ValueKind is JsonValueKind.Number && exp.TryGetInt64(out var seconds)
                    ? DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds()))
                    : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }
}
