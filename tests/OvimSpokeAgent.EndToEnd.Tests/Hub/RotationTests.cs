using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Sandbox.Hub;

namespace OvimSpokeAgent.EndToEnd.Tests.Hub;

/// <summary>Credentials change while operations come and go: none fails, no report is missed.</summary>
public sealed class RotationTests : IDisposable
{
    private readonly TestAuthority _old = TestAuthority.New("old CA");
    private readonly TestAuthority _new = TestAuthority.New("new CA");

    [Fact]
    public async Task Client_certificate_changes_under_load()
    {
        var (accepted, seen) = (new List<TestAuthority> { _old, _new }, new ConcurrentQueue<string>());
        var certificate = _old.Server().Load();
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions
        {
            Certificate = () => certificate,
            AcceptsClient = client =>
            {
                seen.Enqueue(client.Subject);
                return accepted.Exists(authority => authority.Issued(client));
            },
        });
        var (before, after) = (_old.Client("before"), _new.Client("after"));
        using var secret = new MountedSecret(("ca.crt", _old.Pem), ("tls.crt", before.CertificatePem), ("tls.key", before.KeyPem));

        await UnderLoadAsync(
            hub,
            [
                ("OVIM_HUB_CA_FILE", secret["ca.crt"]), ("OVIM_HUB_CERT_FILE", secret["tls.crt"]),
                ("OVIM_HUB_KEY_FILE", secret["tls.key"]),
            ],
            async side =>
            {
                secret.Write(("ca.crt", _old.Pem), ("tls.crt", after.CertificatePem), ("tls.key", after.KeyPem));
                await side.Intake.WaitForAsync(_ => seen.Contains("CN=after"));
                accepted.Remove(_old);
            });

        Assert.Contains("CN=before", seen);
    }

    [Fact]
    public async Task Ca_of_the_hub_changes_under_load()
    {
        var (served, shown) = (_old.Server().Load(), 0);
        var next = _new.Server().Load();
        var certificate = served;
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions
        {
            Certificate = () =>
            {
                if (ReferenceEquals(certificate, next)) Interlocked.Increment(ref shown);
                return certificate;
            },
        });
        using var secret = new MountedSecret(("ca.crt", _old.Pem));

        await UnderLoadAsync(hub, [("OVIM_HUB_CA_FILE", secret["ca.crt"])], async side =>
        {
            secret.Write(("ca.crt", _old.Pem + _new.Pem));
            await ConnectionsAreRenewedAsync(side);
            certificate = next;
            secret.Write(("ca.crt", _new.Pem));
            await side.Intake.WaitForAsync(_ => Volatile.Read(ref shown) > 0);
        });
    }

    [Fact]
    public async Task Token_changes_under_load()
    {
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions { Token = "first-token" });
        using var secret = new MountedSecret(("token", "first-token\n"));

        await UnderLoadAsync(hub, [("OVIM_HUB_TOKEN", ""), ("OVIM_HUB_TOKEN_FILE", secret["token"])], side =>
        {
            secret.Write(("token", "second-token\n"));
            hub.Token = "second-token";
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task File_that_cannot_be_used_changes_nothing_but_is_said()
    {
        var certificate = _old.Server().Load();
        await using var hub = await SandboxHub.StartAsync(
            new SandboxHubOptions { Certificate = () => certificate, AcceptsClient = _old.Issued });
        var (good, other) = (_old.Client("good"), _old.Client("other"));
        using var secret = new MountedSecret(("ca.crt", _old.Pem), ("tls.crt", good.CertificatePem), ("tls.key", good.KeyPem));

        await UnderLoadAsync(
            hub,
            [
                ("OVIM_HUB_CA_FILE", secret["ca.crt"]), ("OVIM_HUB_CERT_FILE", secret["tls.crt"]),
                ("OVIM_HUB_KEY_FILE", secret["tls.key"]),
            ],
            async side =>
            {
                secret.Write(("ca.crt", "half a file"), ("tls.crt", good.CertificatePem), ("tls.key", other.KeyPem));
                await side.Log.WaitForAsync("The new client certificate for the hub cannot be used");
                await side.Log.WaitForAsync("The new CA of the hub cannot be used");
                Assert.Contains(
                    "ovim_agent_credential_file_unusable{credential=\"client certificate for the hub\"} 1",
                    await side.MetricsAsync(),
                    StringComparison.Ordinal);
            });
    }

    [Fact]
    public async Task Intermediate_ca_is_trusted_as_it_is()
    {
        using var intermediate = _old.NewIntermediate();
        var certificate = intermediate.Server().Load();
        await using var hub = await SandboxHub.StartAsync(new SandboxHubOptions { Certificate = () => certificate });
        using var secret = new MountedSecret(("ca.crt", intermediate.Pem));
        await using var side = await HubSide.StartAsync(hub.Url, ("OVIM_HUB_CA_FILE", secret["ca.crt"]));

        await side.RegisteredAsync();
    }

    [Fact]
    public async Task Client_certificate_stands_without_a_token()
    {
        var certificate = _old.Server().Load();
        await using var hub = new RawHub(certificate);
        var client = _old.Client();
        using var secret = new MountedSecret(("ca.crt", _old.Pem), ("tls.crt", client.CertificatePem), ("tls.key", client.KeyPem));
        await using var side = await HubSide.StartAsync(
            hub.Url,
            ("OVIM_HUB_TOKEN", ""), ("OVIM_HUB_CA_FILE", secret["ca.crt"]), ("OVIM_HUB_CERT_PATH", secret["tls.crt"]),
            ("OVIM_HUB_KEY_PATH", secret["tls.key"]));

        await side.RegisteredAsync();

        Assert.DoesNotContain(hub.Requests, request => request.Head.Contains("Authorization", StringComparison.OrdinalIgnoreCase));
        Assert.All(hub.Requests, request => Assert.Contains("X-Agent-ID: spoke-agent-east-1", request.Head, StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _old.Dispose();
        _new.Dispose();
    }

    private static Task ConnectionsAreRenewedAsync(HubSide side) => side.Log.WaitForAsync("The CA of the hub changed and is in use");

    private static async Task UnderLoadAsync(SandboxHub hub, (string, string)[] variables, Func<HubSide, Task> change)
    {
        await using var side = await HubSide.StartAsync(hub.Url, variables);
        var missed = new ConcurrentQueue<string>();
        side.Connection.Changed += link =>
        {
            if (link.Problem is { } problem) missed.Enqueue(problem);
        };
        await side.RegisteredAsync();
        using var stop = new CancellationTokenSource();
        var load = LoadAsync(hub, stop.Token);
        await side.Intake.WaitForAsync(intake => intake.Delivered >= 20);

        await change(side);

        var then = side.Intake.Delivered;
        await side.Intake.WaitForAsync(intake => intake.Delivered >= then + 50);
        await stop.CancelAsync();
        var queued = await load;
        await side.Intake.WaitForAsync(intake => intake.Delivered == queued);
        Assert.Equal(queued, side.Intake.Taken.Distinct().Count());
        Assert.Empty(side.Intake.Losses);
        Assert.Empty(side.Intake.FailedDeliveries);
        Assert.Empty(missed);
        Assert.Equal(queued, hub.Results.Select(result => result.OperationId).Distinct().Count());
    }

    private static async Task<int> LoadAsync(SandboxHub hub, CancellationToken stop)
    {
        var count = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                hub.Queue(HubSide.AgentId, "get_health", new JsonObject(), $"op-{count++}");
        }
        catch (OperationCanceledException)
        {
            // The test has enough.
        }
        return count;
    }
}
