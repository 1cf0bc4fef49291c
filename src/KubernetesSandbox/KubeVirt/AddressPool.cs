using System.Text.Json.Nodes;

namespace KubernetesSandbox.KubeVirt;

/// <summary>Gives each VMI an address of its own in 10.244.0.0/16, for its life.</summary>
internal sealed class AddressPool
{
    private const int Size = 0xFFFF;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _byUid = [];
    private readonly HashSet<string> _taken = [];
    private int _last;

    /// <summary>The VMI's address: the one in its status, the one it was given, or a new one.</summary>
    public string Of(JsonObject vmi)
    {
        var known = vmi.Objects("status", "interfaces").Select(nic => nic.Text("ipAddress")).FirstOrDefault(ip => ip is not null);
        lock (_lock)
        {
            if (_byUid.TryGetValue(vmi.UidOf(), out var address)) return address;
            address = known;
            while (address is null || (known is null && _taken.Contains(address)))
            {
                _last = (_last % Size) + 1;
                address = $"10.244.{_last >> 8}.{_last & 0xFF}";
            }
            _taken.Add(address);
            return _byUid[vmi.UidOf()] = address;
        }
    }

    public void Release(string uid)
    {
        lock (_lock)
        {
            if (_byUid.Remove(uid, out var address)) _taken.Remove(address);
        }
    }
}
