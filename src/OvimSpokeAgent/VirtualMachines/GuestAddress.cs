using System.Net;
using System.Net.Sockets;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// The address under which a guest can be reached: the first of the interfaces that its VM names, and only where these have
/// none, of those that the guest agent alone knows (KubeVirt, <c>status.interfaces[]</c>): bridges inside of the guest are among
/// them, and cards that are passed through. Pure.
/// </summary>
internal static class GuestAddress
{
    /// <summary>The address, or null: there is none that others can use.</summary>
    public static string? Of(IReadOnlyList<VirtualMachineInterface>? interfaces) => (interfaces ?? [])
        .OrderBy(item => string.IsNullOrEmpty(item.Name))
        .SelectMany(item => (item.IpAddresses ?? []).Prepend(item.IpAddress))
        .FirstOrDefault(IsReachable);

    private static bool IsReachable(string? text)
    {
        if (!IPAddress.TryParse(text, out var address)) return false;
        address = address.Unmapped();
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) return false;
        return address.AddressFamily is AddressFamily.InterNetworkV6
            ? address is { IsIPv6LinkLocal: false, IsIPv6Multicast: false }
            : address.GetAddressBytes() is not ([169, 254, ..] or [0 or >= 224, ..]);
    }
}
