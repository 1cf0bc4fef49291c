namespace OvimSpokeAgent.VirtualDataCenters;

internal sealed record RoleBindingObject : OwnedObject;
