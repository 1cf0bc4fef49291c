using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Hub;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tls;

namespace OvimSpokeAgent.LocalApi;

/// <summary>Reads <see cref="HubDocument"/>.</summary>
internal sealed class HubSource(
    HubConnection hub,
    HubPresence presence,
    RetryAfterGate gate,
    ResultDelivery delivery,
    IEnumerable<IReloadableFileSource> credentials,
    AgentSettings settings,
    TimeProvider time)
{
    private static readonly HubEndpoint[] Endpoints = Enum.GetValues<HubEndpoint>();

    public HubDocument Read()
    {
        // A standby's are of the time before it became one.
        var link = hub.IsSilent ? hub.Link with { Problem = null, MissedReports = 0 } : hub.Link;
        var waits = Endpoints.Select(endpoint => (Name: endpoint.ToString().ToLowerInvariant(), Left: gate.Remaining(endpoint)))
            .Where(wait => wait.Left > TimeSpan.Zero)
            .ToDictionary(wait => wait.Name, wait => Math.Round(wait.Left.TotalSeconds, 1));
        return new HubDocument
        {
            Endpoint = settings.Hub.Endpoint,
            State = hub.IsSilent ? "silent" : link.IsRegistered ? "registered" : "connecting",
            LastContact = link.LastContact,
            Answers = presence.IsAnswering,
            MissedReports = link.MissedReports,
            Problem = link.Problem,
            PollProblem = hub.IsSilent ? null : hub.PollProblem,
            Pushes = hub.IsPushed,
            WaitSeconds = waits.Count > 0 ? waits : null,
            UndeliveredResults = delivery.Pending,
            OldestUndelivered = delivery.OldestFinishedAt,
            DeliveryProblem = delivery.Problem,
            Credentials =
            [
                .. credentials.SelectMany(owner => owner.ReloadableFiles).Select(file => new CredentialDocument(
                    file.What, file.Settings, CertificateExpiry.Of(file, time.GetUtcNow())?.At, file.Problem)),
            ],
        };
    }
}
