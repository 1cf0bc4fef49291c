namespace OvimSpokeAgent.VirtualDataCenters;

internal sealed record LimitRangeObject : OwnedObject;
