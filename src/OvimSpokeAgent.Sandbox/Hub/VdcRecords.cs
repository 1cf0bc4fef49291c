using System.Text.Json.Nodes;
using KubernetesSandbox;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>
/// The hub's VDCs. Results move them on, and by the time a result comes the hub has forgotten what kind of operation it is of:
/// it knows a VDC by the id, of equal ids the one that was used last, and tells the kind by the keys of <c>result</c>.
/// </summary>
internal sealed class VdcRecords
{
    private static readonly string[] DeletedWords = ["deleted", "deleted_with_warnings"];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, HubVdc> _byName = [];
    private readonly Dictionary<string, string> _nameByOperation = [];

    public IReadOnlyList<HubVdc> All
    {
        get
        {
            lock (_lock) return [.. _byName.Values];
        }
    }

    public HubVdc? Find(string name)
    {
        lock (_lock) return _byName.GetValueOrDefault(name);
    }

    /// <summary>Adds a VDC.</summary>
    /// <returns>Whether there was none of its name.</returns>
    public bool TryAdd(HubVdc vdc)
    {
        lock (_lock)
        {
            if (!_byName.TryAdd(vdc.Name, vdc)) return false;
            _nameByOperation[vdc.OperationId] = vdc.Name;
            return true;
        }
    }

    /// <summary>A VDC is to go.</summary>
    /// <returns>The VDC as it is then; null where there is none.</returns>
    public HubVdc? Deletes(string name, string operationId)
    {
        lock (_lock)
        {
            if (!_byName.TryGetValue(name, out var vdc)) return null;
            _nameByOperation[operationId] = name;
            return _byName[name] = vdc with { Phase = HubVdcPhase.Deleting, OperationId = operationId, Problem = null };
        }
    }

    /// <summary>Does what a result says, if it is of a VDC.</summary>
    public void Take(string operationId, JsonObject result)
    {
        lock (_lock)
        {
            if (!_nameByOperation.TryGetValue(operationId, out var name) || !_byName.TryGetValue(name, out var vdc)) return;
            var failed = result.Text("status") == "failed";
            if (result.Map("result")?.ContainsKey("namespace") is true)
            {
                _byName[name] = failed
                    ? vdc with { Problem = result.Text("error") }
                    : vdc with { Phase = HubVdcPhase.Active, Problem = null };
            }
            else if (!failed && DeletedWords.Contains(result.Text("result", "status")))
            {
                _byName.Remove(name);
                _nameByOperation.Remove(operationId);
            }
        }
    }

    public void Forget()
    {
        lock (_lock)
        {
            _byName.Clear();
            _nameByOperation.Clear();
        }
    }
}
