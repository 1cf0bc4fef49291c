using System.Globalization;
using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>
/// Reads the sizes of an object that others wrote. Nothing throws and no product wraps around: what is beyond counting counts as
/// the most that is counted, what is below nothing as nothing, and <see cref="Problem"/> tells of it.
/// </summary>
internal sealed class SizeReader
{
    /// <summary>The most vCPUs that a VM counts; bytes and cores have theirs in <see cref="Quantity"/>.</summary>
    public const long MaxVcpus = 1_000_000_000;

    private readonly List<string> _odd = [];

    /// <summary>Which sizes do not count as they are written, and why; null: all do.</summary>
    public string? Problem => _odd.Count == 0 ? null : $"its size does not count as it is written: {string.Join(", ", _odd)}";

    /// <summary>A quantity; null where there is none.</summary>
    /// <param name="field">Names it in <see cref="Problem"/>.</param>
    /// <param name="value">A string or a number, by the API's rules.</param>
    public Quantity? Read(string field, JsonElement? value)
    {
        if (value is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } written) return null;
        var text = written.ValueKind is JsonValueKind.Number ? written.GetRawText()
            : JsonText.TryGetString(written, out var found) ? found : null;
        if (!Quantity.TryRead(text, out var quantity))
        {
            Note($"{field} is no quantity");
            return null;
        }
        if (quantity.Value < 0)
        {
            Note($"{field} is negative");
            return Quantity.OfUnit(0, "");
        }
        return Noted(field, quantity);
    }

    /// <summary>The sum of quantities of bytes.</summary>
    public Quantity Sum(string field, IEnumerable<Quantity> quantities) =>
        Noted(field, Quantity.OfBytes(quantities.Sum(quantity => quantity.Value)));

    /// <summary>sockets × cores × threads, each 1 where absent; null where all are.</summary>
    public long? Vcpus(VirtualMachineCpu? cpu)
    {
        if ((cpu?.Sockets ?? cpu?.Cores ?? cpu?.Threads) is null) return null;
        return Vcpus("sockets × cores × threads", Saturating.Multiply(Math.Max(1, cpu!.Sockets ?? 1), cpu.VcpusOfSocket));
    }

    /// <summary>A number of vCPUs, at least 1.</summary>
    public long Vcpus(string field, long vcpus)
    {
        if (vcpus > MaxVcpus) Note($"{field} is beyond {MaxVcpus.ToString(CultureInfo.InvariantCulture)}");
        return Math.Clamp(vcpus, 1, MaxVcpus);
    }

    private Quantity Noted(string field, Quantity quantity)
    {
        if (quantity.IsSaturated) Note($"{field} is beyond {quantity.Text}");
        return quantity;
    }

    private void Note(string what)
    {
        if (!_odd.Contains(what)) _odd.Add(what);
    }
}
