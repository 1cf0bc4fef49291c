using System.Net;
using Microsoft.Extensions.Http.Resilience;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Supervision;
using Polly;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Builds the hub's HTTP pipelines, one an endpoint: retries of reports, a limit for each attempt. The limit of the whole
/// call, body included, is <see cref="HubCaller"/>'s. When an endpoint is asked next is not decided here, so that no two waits
/// stack: for reports and polls it is <see cref="HubSchedule"/>, for results <see cref="DeliveryPace"/>.
/// </summary>
internal static class HubResilience
{
    private const int Retries = 2;

    // What a wait that the hub asks for may be to be spent inside a call; a longer one ends it.
    private static readonly TimeSpan WaitWithinCall = TimeSpan.FromSeconds(2);

    public static IServiceCollection AddHubClient(this IServiceCollection services)
    {
        services.AddSingleton<RetryAfterGate>();
        services.AddSingleton<HubPresence>();
        services.AddSingleton<HubCapabilities>();
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
        client.AddHttpMessageHandler(() => new ProgressHandler());
        client.SetHandlerLifetime(Timeout.InfiniteTimeSpan); // HubTransport renews its connections itself
        return services;
    }

    private static void Configure(
        ResiliencePipelineBuilder<HttpResponseMessage> pipeline, HubEndpoint endpoint, IServiceProvider provider)
    {
        pipeline.TimeProvider = provider.GetRequiredService<TimeProvider>();
        if (endpoint is HubEndpoint.Status or HubEndpoint.Health) pipeline.AddRetry(Retry(provider));
        if (endpoint is not HubEndpoint.Operations)
            pipeline.AddTimeout(provider.GetRequiredService<AgentSettings>().Hub.Timeout / Retries);
    }

    // A hub that is away or overwhelmed is not asked three times: the heartbeat loop's own pace is enough.
    private static HttpRetryStrategyOptions Retry(IServiceProvider provider)
    {
        var gate = provider.GetRequiredService<RetryAfterGate>();
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
                && !(args.Outcome.Result is { } answer && gate.WaitAskedBy(answer) > WaitWithinCall)),
            DelayGenerator = args => ValueTask.FromResult(
                args.Outcome.Result is { } answer && gate.WaitAskedBy(answer) is { } wait
                    ? wait + TimeSpan.FromSeconds(jitter())
                    : (TimeSpan?)null),
        };
    }

    private static Uri BaseAddress(Uri endpoint) =>
        endpoint.AbsoluteUri.EndsWith('/') ? endpoint : new Uri(endpoint.AbsoluteUri + "/");
}
