using System.Security.Authentication;

namespace OvimSpokeAgent.Hub;

/// <summary>The hub's certificate is not accepted; the message says why and where to look.</summary>
internal sealed class HubCertificateException(string message) : AuthenticationException(message);
