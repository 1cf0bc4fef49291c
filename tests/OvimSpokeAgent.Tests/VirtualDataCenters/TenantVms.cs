using System.Text.Json.Nodes;
using CsCheck;
using OvimSpokeAgent.VirtualDataCenters;

namespace OvimSpokeAgent.Tests.VirtualDataCenters;

/// <summary>What tenants may write as a VM's domain: every number and quantity that the API server takes, extremes included.</summary>
internal static class TenantVms
{
    private static readonly string[] Quantities =
    [
        "0", "1", "-1", "1n", "100m", "1.5", "128Mi", "-900Gi", "900Gi", "600Pi", "8Ei", "1e28", "9223372036854775807", "1073741824000000000",
        "134217728Gi", "0.000000001", "+3Gi", "1E",
    ];

    private static readonly Gen<string> Quantity = Gen.Frequency(
        (2, OneOf(Quantities)), (3, Gen.Int[1, 4096].Select(mib => $"{mib}Mi")), (1, Gen.Int[1, 64].Select(cores => $"{cores}")));

    private static readonly Gen<long> Count = Gen.Frequency(
        (4, Gen.Long[1, 8]), (1, OneOf([0L, -1L, 16383L, int.MaxValue, uint.MaxValue, long.MaxValue])));

    /// <summary>A domain as JSON, and whether its guest runs.</summary>
    public static Gen<(string Domain, bool IsUp)> Vm { get; } =
        from cpu in Gen.Select(Maybe(Count), Maybe(Count), Maybe(Count), Gen.Bool)
        from guest in Maybe(Quantity)
        from requests in Gen.Select(Maybe(Quantity), Maybe(Quantity))
        from limits in Gen.Select(Maybe(Quantity), Maybe(Quantity))
        from devices in Gen.Select(Gen.Bool, Gen.Bool)
        from isUp in Gen.Bool
        select (Domain(cpu, guest, requests, limits, devices).ToJsonString(), isUp);

    /// <summary>What can be declared: small and large, in part and whole.</summary>
    public static Gen<QuotaDeclaration> Declared { get; } =
        from cpu in Maybe(Gen.OneOf(Gen.Int[1, 64].Select(n => $"{n}"), Gen.Int[100, 9999].Select(n => $"{n}m"), Gen.Int[65, 1_000_000].Select(n => $"{n}")))
        from memory in Maybe(Gen.OneOf(Gen.Int[1, 256].Select(n => $"{n}Gi"), Gen.Int[1, 4096].Select(n => $"{n}Mi"), Gen.Int[1, 512].Select(n => $"{n}Pi")))
        from vms in Gen.OneOf(Gen.Const(0), Gen.Int[1, 50])
        select VirtualDataCenters.Declared.Parse(new JsonObject { ["quota"] = Quota(cpu, memory, vms) }.ToJsonString()).Quota;

    private static Gen<T> OneOf<T>(T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<T?> Maybe<T>(Gen<T> gen)
        where T : class => Gen.Frequency((1, Gen.Const((T?)null)), (3, gen.Select(value => (T?)value)));

    private static Gen<long?> Maybe(Gen<long> gen) => Gen.Frequency((1, Gen.Const((long?)null)), (3, gen.Select(value => (long?)value)));

    private static JsonObject Quota(string? cpu, string? memory, int vms)
    {
        var quota = new JsonObject { ["storage"] = "1Ti" };
        if (cpu is not null) quota["cpu"] = cpu;
        if (memory is not null) quota["memory"] = memory;
        if (vms > 0) quota["vms"] = vms;
        return quota;
    }

    private static JsonObject Domain(
        (long? Sockets, long? Cores, long? Threads, bool IsDedicated) cpu,
        string? guest,
        (string? Cpu, string? Memory) requests,
        (string? Cpu, string? Memory) limits,
        (bool HasTpm, bool HasGpus) devices)
    {
        var domain = new JsonObject
        {
            ["cpu"] = new JsonObject
            {
                ["sockets"] = cpu.Sockets,
                ["cores"] = cpu.Cores,
                ["threads"] = cpu.Threads,
                ["dedicatedCpuPlacement"] = cpu.IsDedicated,
            },
            ["resources"] = new JsonObject { ["requests"] = Map(requests), ["limits"] = Map(limits) },
            ["devices"] = new JsonObject
            {
                ["tpm"] = devices.HasTpm ? new JsonObject() : null,
                ["gpus"] = devices.HasGpus ? new JsonArray(new JsonObject { ["name"] = "gpu" }) : null,
            },
        };
        if (guest is not null) domain["memory"] = new JsonObject { ["guest"] = guest };
        return domain;
    }

    private static JsonObject Map((string? Cpu, string? Memory) values)
    {
        var map = new JsonObject();
        if (values.Cpu is not null) map["cpu"] = values.Cpu;
        if (values.Memory is not null) map["memory"] = values.Memory;
        return map;
    }
}
