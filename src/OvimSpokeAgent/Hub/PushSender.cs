using System.Net;
using System.Security.Cryptography.X509Certificates;
using OvimSpokeAgent.Tls;

namespace OvimSpokeAgent.Hub;

/// <summary>By what a request may be known as the hub's.</summary>
/// <param name="Authorization">Its <c>Authorization</c> header, or null.</param>
/// <param name="Certificate">Its client certificate, or null.</param>
/// <param name="Sent">What came with the certificate.</param>
/// <param name="Address">Who sent it: the peer, or whom a trusted proxy names.</param>
internal readonly record struct PushSender(
    string? Authorization = null,
    X509Certificate2? Certificate = null,
    ClientIntermediates? Sent = null,
    IPAddress? Address = null);
