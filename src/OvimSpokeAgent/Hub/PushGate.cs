using System.Security.Cryptography.X509Certificates;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Tls;

namespace OvimSpokeAgent.Hub;

/// <summary>What became of a request that the hub made.</summary>
internal enum PushOutcome
{
    /// <summary>The operation is stored.</summary>
    Accepted,

    /// <summary>The status was asked for and told.</summary>
    Asked,

    /// <summary>What came is no operation that could be answered.</summary>
    Refused,

    /// <summary>The operation cannot be stored now: the hub keeps it.</summary>
    NotNow,

    /// <summary>It did not prove that it comes from the hub.</summary>
    Unauthorized,

    /// <summary>Too many came.</summary>
    Limited,
}

/// <summary>
/// Lets in what proves itself, up to a rate. Those that do not have a rate of their own: they cannot keep the hub out, and
/// cannot try tokens quickly.
/// </summary>
internal sealed class PushGate(PushCredentials credentials, HubMetrics metrics, TimeProvider time)
{
    /// <summary>What the bodies of all pushes that are not answered yet may take.</summary>
    private const int MaxBytes = 32 << 20;

    private readonly Lock _lock = new();
    private readonly TokenBucket _proven = new(200, TimeSpan.FromMilliseconds(20), time);
    private readonly TokenBucket _unproven = new(20, TimeSpan.FromSeconds(1), time);
    private int _bytes;

    /// <summary>Whether a request goes on (<see cref="PushOutcome.Accepted"/>) or how it ends.</summary>
    public PushOutcome Judge(string? authorization, X509Certificate2? certificate, ClientIntermediates? sent)
    {
        var isProven = credentials.Accept(authorization, certificate, sent);
        lock (_lock)
        {
            if (!(isProven ? _proven : _unproven).TryTake()) return PushOutcome.Limited;
        }
        return isProven ? PushOutcome.Accepted : PushOutcome.Unauthorized;
    }

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

    public void Count(PushOutcome outcome) => metrics.Pushed(outcome);
}
