using System.Text.Json;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>Which policies of others weaken a VDC.</summary>
public sealed class IsolationAnalyzerTests
{
    private const string Isolated = """{"network_policy":"isolated"}""";
    private const string From =
        """{"network_policy":"custom","custom_network_config":{"allow_ingress_from_namespaces":["monitoring"]}}""";
    private const string DenyIn = """{"network_policy":"custom","custom_network_config":{"deny_all_ingress":true}}""";
    private const string Ports = """{"network_policy":"custom","custom_network_config":{"allow_egress_to_ports":[443]}}""";
    private const string DenyOut = """{"network_policy":"custom","custom_network_config":{"deny_all_egress":true}}""";

    private const string NoConfig = """{"network_policy":"custom"}""";
    private const string NoDns = """{"network_policy":"custom","custom_network_config":{"allow_dns":false}}""";
    private const string DenyOutButDns = """{"network_policy":"custom","custom_network_config":{"deny_all_egress":true,"allow_dns":true}}""";
    private const string ToDns =
        """{"podSelector":{},"egress":[{"to":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}}}],"ports":[{"port":53}]}]}""";

    [Theory]
    [InlineData("{}", """{"podSelector":{},"ingress":[{}],"egress":[{}],"policyTypes":["Ingress","Egress"]}""", null)]
    [InlineData(Isolated, """{"podSelector":{},"policyTypes":["Ingress","Egress"]}""", null)]
    [InlineData(Isolated, """{"podSelector":{},"ingress":[{}]}""", "ingress from everywhere")]
    [InlineData(Isolated, """{"podSelector":{"matchLabels":{"a":"b"}},"ingress":[{"ports":[{"port":22}]}]}""", "ingress from everywhere")]
    [InlineData(Isolated, """{"podSelector":{},"ingress":[{"from":[]}]}""", "ingress from everywhere")]
    [InlineData(Isolated, """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}""", null)]
    [InlineData(Isolated, """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{}}]}]}""", "ingress from all namespaces")]
    [InlineData(Isolated, """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"x"}}}]}]}""", "ingress from namespaces by label")]
    [InlineData(Isolated, """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"acme"}}}]}]}""", null)]
    [InlineData(Isolated, """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"globex"}}}]}]}""", "ingress from namespace globex")]
    [InlineData(Isolated, """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}},{"ipBlock":{"cidr":"10.0.0.0/8"}}]}]}""", "ingress from 10.0.0.0/8")]
    [InlineData(Isolated, """{"podSelector":{},"egress":[{}]}""", "egress to everywhere")]
    [InlineData(Isolated, """{"podSelector":{},"egress":[{}],"policyTypes":["Ingress"]}""", null)]
    [InlineData(Isolated, """{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"0.0.0.0/0"}}],"ports":[{"port":443}]}]}""", "egress to 0.0.0.0/0")]
    [InlineData(Isolated, """{"podSelector":{},"egress":[{"to":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}}}],"ports":[{"port":53,"protocol":"UDP"}]}]}""", null)]
    [InlineData(Isolated, """{"podSelector":{},"egress":[{"to":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}}}]}]}""", "egress to namespace kube-system")]
    [InlineData(Isolated, """{"podSelector":{},"egress":[{"to":[{"podSelector":{"matchLabels":{"a":"b"}}}]}]}""", null)]
    [InlineData(From, """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"In","values":["monitoring"]}]}}]}]}""", null)]
    [InlineData(From, """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"In","values":["monitoring","globex"]}]}}]}]}""", "ingress from namespace monitoring, globex")]
    [InlineData(From, """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"NotIn","values":["monitoring"]}]}}]}]}""", "ingress from namespaces by label")]
    [InlineData(From, """{"podSelector":{},"egress":[{}]}""", null)]
    [InlineData(DenyIn, """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}""", "ingress from namespace acme")]
    [InlineData(Ports, """{"podSelector":{},"egress":[{"ports":[{"port":443},{"port":443,"protocol":"UDP"}]}]}""", null)]
    [InlineData(Ports, """{"podSelector":{},"egress":[{"ports":[{"port":443},{"port":80}]}]}""", "egress to everywhere")]
    [InlineData(Ports, """{"podSelector":{},"egress":[{"ports":[{"port":443,"endPort":500}]}]}""", "egress to everywhere")]
    [InlineData(Ports, """{"podSelector":{},"egress":[{"ports":[{"port":"https"}]}]}""", "egress to everywhere")]
    [InlineData(DenyOut, """{"podSelector":{},"egress":[{"to":[{"podSelector":{}}]}]}""", "egress to namespace acme")]
    [InlineData(DenyOut, """{"podSelector":{},"ingress":[{}]}""", null)]
    [InlineData(NoConfig, """{"podSelector":{},"ingress":[{}]}""", "ingress from everywhere")]
    [InlineData(NoConfig, """{"podSelector":{},"egress":[{"to":[{"podSelector":{}}]}]}""", null)]
    [InlineData(NoConfig, ToDns, null)]
    [InlineData(NoDns, ToDns, "egress to namespace kube-system")]
    [InlineData(DenyOutButDns, ToDns, null)]
    [InlineData(DenyOutButDns, """{"podSelector":{},"egress":[{"to":[{"podSelector":{}}],"ports":[{"port":53}]}]}""", "egress to namespace acme")]
    public void Policy_weakens_exactly_what_is_declared_closed(string declared, string policy, string? opens) => Assert.Equal(
        opens,
        IsolationAnalyzer.Opens(
            "acme", Declared.Parse(declared).Network, ClusterNetwork.Usual(Declared.Settings), JsonSerializer.Deserialize(policy, VdcJson.Default.NetworkPolicySpec)!));
}
