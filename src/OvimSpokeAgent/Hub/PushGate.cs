using System.Net;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Hub;

/// <summary>
/// Admits requests with valid credentials and, where that is configured, requests without from some addresses. Admitted and refused
/// callers are rate-limited separately: others cannot keep the hub out, and cannot try tokens quickly.
/// </summary>
internal sealed partial class PushGate(
    PushCredentials credentials,
    AgentSettings settings,
    HubConnection connection,
    HubMetrics metrics,
    TimeProvider time,
    ILogger<PushGate> logger)
{
    /// <summary>Limit of the bodies of all pushes that are not answered yet, in bytes.</summary>
    private const int MaxBytes = 32 << 20;

    private readonly Lock _lock = new();
    private readonly TokenBucket _allowed = new(200, TimeSpan.FromMilliseconds(20), time);
    private readonly TokenBucket _others = new(20, TimeSpan.FromSeconds(1), time);
    private readonly LogThrottle _takenThrottle = new(time);
    private readonly LogThrottle _refusedThrottle = new(time);
    private int _bytes;

    /// <summary>Whether an operation goes on (<see cref="PushOutcome.Accepted"/>) or how it ends.</summary>
    public PushOutcome CheckPush(PushSender sender)
    {
        var isAuthenticated = IsAuthenticated(sender);
        var isAllowedByAddress = !isAuthenticated && settings.Push.AllowsUnproven && IsAllowedAddress(sender.Address);
        var outcome = Decide(isAuthenticated || isAllowedByAddress);
        if (isAllowedByAddress && outcome is PushOutcome.Accepted)
            Log(_takenThrottle, () => LogTaken(sender.Address, SettingsTable.PushUnproven.Name));
        if (settings.Push.AllowsUnproven && outcome is PushOutcome.Unauthorized)
            Log(_refusedThrottle, () => LogRefused(sender.Address, SettingsTable.PushAllowedCidrs.Name));
        return outcome;
    }

    /// <summary>Whether the agent's status is told (<see cref="PushOutcome.Accepted"/>): only to who proves to be the hub.</summary>
    public PushOutcome CheckStatusRequest(PushSender sender) => Decide(IsAuthenticated(sender));

    /// <summary>Makes room for a body; false: those of others take it all.</summary>
    public bool TryHold(int bytes)
    {
        lock (_lock)
        {
            if (_bytes + bytes > MaxBytes) return false;
            _bytes += bytes;
            return true;
        }
    }

    /// <summary>The body is not needed any more.</summary>
    public void Release(int bytes)
    {
        lock (_lock) _bytes -= bytes;
    }

    public void Count(PushOutcome outcome)
    {
        metrics.Pushed(outcome);
        if (outcome is PushOutcome.Accepted) connection.PushAccepted();
    }

    private bool IsAuthenticated(PushSender sender) => credentials.Accept(sender.Authorization, sender.Certificate, sender.Sent);

    // A proxy's own address is none of the hub: either the header is missing, or it has no address that could be believed.
    private bool IsAllowedAddress(IPAddress? address) =>
        address is not null && !Contains(settings.Push.TrustedProxies, address) && Contains(settings.Push.UnprovenFrom, address);

    // Where both families are listened to, IPv4 addresses come as ::ffff:….
    private static bool Contains(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        address = address.Unmapped();
        return networks.Any(network => network.Contains(address));
    }

    private PushOutcome Decide(bool isAllowed)
    {
        lock (_lock)
        {
            if (!(isAllowed ? _allowed : _others).TryTake()) return PushOutcome.Limited;
        }
        return isAllowed ? PushOutcome.Accepted : PushOutcome.Unauthorized;
    }

    private void Log(LogThrottle throttle, Action log)
    {
        lock (_lock)
        {
            if (!throttle.IsDue) return;
            throttle.Logged();
        }
        log();
    }

    [LoggerMessage(3020, LogLevel.Warning, "Operations are pushed without credentials, now from {Address}: {Setting} allows it")]
    private partial void LogTaken(IPAddress? address, string setting);

    [LoggerMessage(3021, LogLevel.Warning, "A push without credentials from {Address} is refused: {Setting} does not name that address")]
    private partial void LogRefused(IPAddress? address, string setting);
}
