using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Http.Resilience;
using OvimSpokeAgent.Configuration;
using Polly;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Builds the hub's HTTP pipeline. Each endpoint has its own circuit breaker, so that one that fails silences no other.
/// Taking operations is never retried.
/// </summary>
internal static class HubResilience
{
    private const int Retries = 2;

    public static IServiceCollection AddHubClient(this IServiceCollection services)
    {
        services.AddSingleton<HubToken>();
        services.AddTransient<HubIdentityHandler>();
        var client = services.AddHttpClient<HubClient>((provider, http) =>
        {
            http.BaseAddress = BaseAddress(provider.GetRequiredService<AgentSettings>().Hub.Endpoint);
            http.Timeout = Timeout.InfiniteTimeSpan; // the pipelines below set the limits
        });
        client.ConfigurePrimaryHttpMessageHandler(provider =>
            CreateHandler(provider.GetRequiredService<AgentSettings>().Hub));
        client.AddResilienceHandler("hub", (pipeline, context) =>
        {
            var provider = context.ServiceProvider;
            Configure(
                pipeline,
                provider.GetRequiredService<AgentSettings>().Hub.Timeout,
                provider.GetRequiredService<TimeProvider>());
        }).SelectPipelineBy(_ => request => EndpointOf(request));
        client.AddHttpMessageHandler<HubIdentityHandler>();
        client.SetHandlerLifetime(Timeout.InfiniteTimeSpan); // SocketsHttpHandler renews its connections itself
        return services;
    }

    private static void Configure(
        ResiliencePipelineBuilder<HttpResponseMessage> pipeline, TimeSpan wholeCall, TimeProvider time)
    {
        pipeline.TimeProvider = time;
        pipeline.AddTimeout(wholeCall);
        pipeline.AddRetry(new HttpRetryStrategyOptions
        {
            MaxRetryAttempts = Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(500),
            ShouldHandle = args => ValueTask.FromResult(
                HttpClientResiliencePredicates.IsTransient(args.Outcome)
                && args.Context.GetRequestMessage()?.RequestUri is { } uri && !HubPaths.IsPoll(uri)),
        });
        pipeline.AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
        {
            FailureRatio = 0.9,
            MinimumThroughput = 10,
            SamplingDuration = TimeSpan.FromMinutes(1),
            BreakDuration = TimeSpan.FromSeconds(5),
        });
        pipeline.AddTimeout(wholeCall / Retries);
    }

    private static string EndpointOf(HttpRequestMessage request)
    {
        var path = request.RequestUri!.AbsolutePath;
        if (HubPaths.IsPoll(request.RequestUri)) return "operations";
        return path.EndsWith("/result", StringComparison.Ordinal) ? "result"
            : path.EndsWith("/status", StringComparison.Ordinal) ? "status" : "health";
    }

    private static Uri BaseAddress(Uri endpoint) =>
        endpoint.AbsoluteUri.EndsWith('/') ? endpoint : new Uri(endpoint.AbsoluteUri + "/");

    private static SocketsHttpHandler CreateHandler(HubSettings hub)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // the token must not follow to another host
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // follows DNS changes
            ConnectTimeout = TimeSpan.FromSeconds(10),
        };
        if (hub.TlsInsecure)
        {
#pragma warning disable CA5359 // asked for by OVIM_HUB_TLS_INSECURE, and shown in health
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (hub.CaFile is { } file)
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                IsTrusted(certificate, chain, errors, authorities);
        }
        return handler;
    }

    // The system's CAs were asked already; the file's are in addition to them.
    private static bool IsTrusted(
        X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (errors is SslPolicyErrors.None) return true;
        if (errors is not SslPolicyErrors.RemoteCertificateChainErrors || certificate is null || chain is null) return false;
        using var custom = new X509Chain();
        custom.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        custom.ChainPolicy.CustomTrustStore.AddRange(authorities);
        custom.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in chain.ChainElements.Skip(1)) custom.ChainPolicy.ExtraStore.Add(element.Certificate);
        using var leaf = X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert));
        return custom.Build(leaf);
    }
}
