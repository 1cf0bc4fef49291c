using System.Net;
using Microsoft.Extensions.Http.Resilience;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using Polly;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Builds the hub's HTTP pipelines, one an endpoint, so that one that fails silences no other: retries of what is safe to
/// repeat, a circuit breaker, a limit for each attempt. The limit of the whole call, body included, is
/// <see cref="HubCaller"/>'s.
/// </summary>
internal static class HubResilience
{
    private const int Retries = 2;

    // What a wait that the hub asks for may be to be spent inside a call; a longer one ends it.
    private static readonly TimeSpan WaitWithinCall = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan FirstBreak = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestBreak = TimeSpan.FromSeconds(30);

    public static IServiceCollection AddHubClient(this IServiceCollection services)
    {
        services.AddSingleton<HubPacing>();
        services.AddSingleton<HubAbilities>();
        services.AddTransient<HubIdentityHandler>();
        services.AddTransient<HubTransport>();
        services.AddTransient<HubClient>();
        var client = services.AddHttpClient<HubCaller>((provider, http) =>
        {
            http.BaseAddress = BaseAddress(provider.GetRequiredService<AgentSettings>().Hub.Endpoint);
            http.Timeout = Timeout.InfiniteTimeSpan; // HubCaller sets the limits
            http.DefaultRequestVersion = HttpVersion.Version20;
            http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower; // HTTP/2 where TLS offers it
        });
        client.ConfigurePrimaryHttpMessageHandler<HubTransport>();
        client.AddResilienceHandler("hub", (pipeline, context) =>
            Configure(pipeline, Enum.Parse<HubEndpoint>(context.InstanceName), context.ServiceProvider))
            .SelectPipelineBy(_ => request => HubPaths.EndpointOf(request.RequestUri!).ToString());
        client.AddHttpMessageHandler<HubIdentityHandler>();
        client.SetHandlerLifetime(Timeout.InfiniteTimeSpan); // HubTransport renews its connections itself
        return services;
    }

    private static void Configure(
        ResiliencePipelineBuilder<HttpResponseMessage> pipeline, HubEndpoint endpoint, IServiceProvider provider)
    {
        pipeline.TimeProvider = provider.GetRequiredService<TimeProvider>();
        if (endpoint is not HubEndpoint.Operations) pipeline.AddRetry(Retry(provider));
        pipeline.AddCircuitBreaker(Breaker(endpoint, provider.GetRequiredService<Jitter>()));
        if (endpoint is not HubEndpoint.Operations)
            pipeline.AddTimeout(provider.GetRequiredService<AgentSettings>().Hub.Timeout / Retries);
    }

    // A hub that is away or overwhelmed is not asked three times: the heartbeat loop's own pace is enough.
    private static HttpRetryStrategyOptions Retry(IServiceProvider provider)
    {
        var pacing = provider.GetRequiredService<HubPacing>();
        var connection = provider.GetRequiredService<HubConnection>();
        var jitter = provider.GetRequiredService<Jitter>();
        return new HttpRetryStrategyOptions
        {
            MaxRetryAttempts = Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true, // decorrelated
            Delay = TimeSpan.FromMilliseconds(500),
            ShouldRetryAfterHeader = false, // its delay has no jitter
            ShouldHandle = args => ValueTask.FromResult(
                HttpClientResiliencePredicates.IsTransient(args.Outcome)
                && connection.Link.IsRegistered
                && !(args.Outcome.Result is { } answer && pacing.WaitAskedBy(answer) > WaitWithinCall)),
            DelayGenerator = args => ValueTask.FromResult(
                args.Outcome.Result is { } answer && pacing.WaitAskedBy(answer) is { } wait
                    ? wait + TimeSpan.FromSeconds(jitter())
                    : (TimeSpan?)null),
        };
    }

    // While a hub that is away is probed, the probes' own pace stays below what opens the breaker.
    private static HttpCircuitBreakerStrategyOptions Breaker(HubEndpoint endpoint, Jitter jitter) => new()
    {
        FailureRatio = 0.8,
        MinimumThroughput = endpoint is HubEndpoint.Status or HubEndpoint.Health ? 10 : 5,
        SamplingDuration = TimeSpan.FromSeconds(endpoint is HubEndpoint.Status or HubEndpoint.Health ? 30 : 60),
        BreakDurationGenerator = args =>
        {
            var grown = FirstBreak * Math.Pow(2, Math.Min(args.HalfOpenAttempts, 8));
            return ValueTask.FromResult((grown < LongestBreak ? grown : LongestBreak) + TimeSpan.FromSeconds(jitter()));
        },
    };

    private static Uri BaseAddress(Uri endpoint) =>
        endpoint.AbsoluteUri.EndsWith('/') ? endpoint : new Uri(endpoint.AbsoluteUri + "/");
}
