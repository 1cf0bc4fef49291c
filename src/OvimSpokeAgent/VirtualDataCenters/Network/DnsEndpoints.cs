using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.VirtualDataCenters;

/// <summary>
/// Whom a Service of DNS leads to: policies see the pods and their own ports, not the Service's. What the endpoints said last
/// holds while they cannot be read, and while there are none.
/// </summary>
internal sealed class DnsEndpoints(IKubernetesApi api)
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    // Of one Service; DNS has one port for each protocol, and a handful of addresses.
    private const int MaxPorts = 8;
    private const int MaxAddresses = 32;

    private readonly ConcurrentDictionary<NamespacedName, IReadOnlyList<EndpointSliceObject>> _last = [];

    public async Task<IReadOnlyList<DnsRule>> OfAsync(DnsService service, CancellationToken cancellationToken)
    {
        var slices = await SlicesAsync(service.Name, cancellationToken);
        var ports = service.Ports
            .SelectMany(port => PortsOf(port, slices).Select(number => (port.Protocol, Port: number)))
            .Distinct().Take(MaxPorts).ToList();
        if (service.Selector is { Count: > 0 } selector)
            return [.. ports.Select(port => DnsRule.OfPods(service.Name.Namespace, selector, port.Protocol, port.Port))];
        // Without a selector somebody wrote the addresses, of what is no pod.
        var addresses = slices.SelectMany(slice => slice.Endpoints ?? [])
            .Where(endpoint => endpoint.TargetRef is null)
            .SelectMany(endpoint => endpoint.Addresses ?? [])
            .Select(text => IPAddress.TryParse(text, out var address) && DnsTarget.IsPossible(address) ? address : null)
            .OfType<IPAddress>().Distinct().OrderBy(address => address.ToString(), StringComparer.Ordinal).Take(MaxAddresses);
        return
        [
            .. from address in addresses
               from port in ports
               where int.TryParse(port.Port, NumberStyles.None, CultureInfo.InvariantCulture, out _)
               select DnsRule.OfAddress(address, port.Protocol, int.Parse(port.Port, CultureInfo.InvariantCulture)),
        ];
    }

    private async Task<IReadOnlyList<EndpointSliceObject>> SlicesAsync(NamespacedName service, CancellationToken cancellationToken)
    {
        try
        {
            var found = await api.ListAllAsync(
                PlatformKinds.EndpointSlice, service.Namespace, PlatformJson.Default.EndpointSliceObject, cancellationToken,
                $"{ServiceNameLabel}={service.Name}");
            if (found.Any(slice => slice.Ports is { Count: > 0 })) return _last[service] = found;
        }
        catch (KubernetesApiException)
        {
            // The cluster's health and the permission check say what it is.
        }
        return _last.GetValueOrDefault(service, []);
    }

    private static List<string> PortsOf(ServicePort port, IReadOnlyList<EndpointSliceObject> slices)
    {
        var found = slices.SelectMany(slice => slice.Ports ?? [])
            .Where(slice => slice.Name == port.Name && slice.Protocol == port.Protocol)
            .Select(slice => slice.Port).OfType<int>().Distinct().Order()
            .Select(number => number.ToString(CultureInfo.InvariantCulture))
            .ToList();
        return found.Count > 0 ? found : [Written(port)];
    }

    private static string Written(ServicePort port) => port.TargetPort switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        { ValueKind: JsonValueKind.String } name => name.GetString()!,
        _ => port.Port.ToString(CultureInfo.InvariantCulture),
    };
}
