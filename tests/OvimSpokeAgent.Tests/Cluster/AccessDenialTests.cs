using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class AccessDenialTests
{
    [Theory]
    [InlineData(
        """virtualmachines.kubevirt.io is forbidden: User "system:serviceaccount:ovim-system:ovim-spoke-agent" cannot create resource "virtualmachines" in API group "kubevirt.io" in the namespace "acme" """,
        "create virtualmachines.kubevirt.io in acme")]
    [InlineData(
        """namespaces "acme" is forbidden: User "system:serviceaccount:a:b" cannot get resource "namespaces" in API group "" in the namespace "acme": RBAC: clusterrole.rbac.authorization.k8s.io "ovim-spoke-agent" not found""",
        "get namespaces web in acme")]
    [InlineData(
        """namespaces is forbidden: User "x" cannot list resource "namespaces" in API group "" at the cluster scope""",
        "list namespaces web")]
    [InlineData(
        """virtualmachines.subresources.kubevirt.io "web" is forbidden: User "x" cannot update resource "virtualmachines/start" in API group "subresources.kubevirt.io" in the namespace "acme" """,
        "update virtualmachines/start.subresources.kubevirt.io web in acme")]
    [InlineData(
        "rolebindings.rbac.authorization.k8s.io \"vdc-admin-a\" is forbidden: user \"x\" (groups=[\"a\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}",
        "bind clusterroles.rbac.authorization.k8s.io")]
    public void Denial_of_rbac_is_known_with_what_it_denies(string message, string permission) =>
        Assert.StartsWith(permission.Replace(" web", "", StringComparison.Ordinal), AccessDenial.Read(message, "")!.ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("""pods "x" is forbidden: exceeded quota: vdc-quota, requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1""")]
    [InlineData("""pods "x" is forbidden: failed quota: vdc-quota: must specify cpu,memory""")]
    [InlineData("""secrets "x" is forbidden: unable to create new content in namespace acme because it is being terminated""")]
    [InlineData("""admission webhook "guard.example.com" denied the request: User cannot create VMs on Sundays""")]
    [InlineData("""pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces""")]
    [InlineData("")]
    public void Refusal_of_admission_is_none(string message) => Assert.Null(AccessDenial.Read(message, "web"));
}
