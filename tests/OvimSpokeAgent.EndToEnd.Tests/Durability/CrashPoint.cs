using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.EndToEnd.Tests.Durability;

/// <summary>
/// Ends the agent right after its nth step took effect, before it can know. A step is a request that changes the cluster
/// or brings a result to the hub: between two of them a crash leaves the same behind, whenever it comes.
/// </summary>
internal sealed class CrashPoint(Func<Task> crash)
{
    private readonly Lock _lock = new();

    private int _stepsLeft;
    private Task _crash = Task.CompletedTask;
    private TaskCompletionSource? _due;

    /// <summary>Lets the agent crash after this many steps from now; 0 for not at all.</summary>
    public void Arm(int steps)
    {
        lock (_lock) (_stepsLeft, _due) = (steps, null);
    }

    /// <summary>Whether it was the crash's turn since it was armed; waits until the agent is back.</summary>
    public async Task<bool> HasCrashedAsync()
    {
        Task due;
        lock (_lock)
        {
            _stepsLeft = 0;
            if (_due is null) return false;
            due = _due.Task;
        }
        await due;
        await _crash;
        return true;
    }

    /// <summary>Whether this request is the last that the agent is to make.</summary>
    public bool IsLast(HttpRequest request)
    {
        if (!IsStep(request)) return false;
        lock (_lock)
        {
            if (_stepsLeft == 0 || --_stepsLeft > 0) return false;
            _due = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return true;
        }
    }

    /// <summary>The last request took effect.</summary>
    public void Strike()
    {
        _crash = crash();
        _due!.SetResult();
    }

    // Leases, events, questions about rights and reports belong to no operation; a dry run changes nothing.
    private static bool IsStep(HttpRequest request)
    {
        var path = request.Path.Value!;
        return !HttpMethods.IsGet(request.Method)
            && !path.Contains("/leases", StringComparison.Ordinal)
            && !path.EndsWith("/events", StringComparison.Ordinal)
            && !path.Contains("/authorization.k8s.io/", StringComparison.Ordinal)
            && !path.EndsWith("/spoke/status", StringComparison.Ordinal)
            && !request.Query.ContainsKey("dryRun");
    }
}
