using System.Text.Json;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>An operation that can be executed again and again, as after a crash: what it fixed stays.</summary>
internal sealed class Execution(string type, OperationPlan plan, string payload, string key, string? checkpoint = null)
{
    private readonly Operation _operation = new()
    {
        Id = "op-1",
        Type = type,
        Key = new OperationKey(key),
        Timestamp = DateTimeOffset.UnixEpoch,
        Payload = JsonElement.Parse(payload),
    };

    /// <summary>What was fixed durably.</summary>
    public string? Checkpoint { get; private set; } = checkpoint;

    /// <summary>Whether it waits for others: reads of the target need not wait for it.</summary>
    public bool WaitsForOthers { get; private set; }

    public OperationPlan Plan => plan;

    /// <summary>One execution, with no retry.</summary>
    public Task<OperationOutcome> RunAsync() => RunAsync(Limits.Token());

    /// <summary>One execution, until it is ended, as the operation's timeout does.</summary>
    public Task<OperationOutcome> RunAsync(CancellationToken ended) => plan.Execute(Context(), ended);

    /// <summary>Executions until one ends, as the agent repeats them for transient errors and conflicts.</summary>
    public async Task<OperationOutcome> RunUntilDoneAsync(int executions = 20)
    {
        for (var i = 1; ; i++)
        {
            try
            {
                return await RunAsync();
            }
            catch (KubernetesApiException e) when (i < executions && (e.IsTransient || e.Reason is ApiErrorReason.Conflict))
            {
                // again
            }
        }
    }

    /// <summary>What is done after it failed for good; what is left all the same.</summary>
    public Task<string?> GiveUpAsync() => plan.GiveUp!(Context(), Limits.Token());

    public Task<OperationOutcome?> ReadBackAsync() => plan.ReadBack!(Context(), Limits.Token());

    private OperationContext Context() => new(
        _operation,
        Checkpoint,
        (checkpoint, _) =>
        {
            Checkpoint = checkpoint;
            return Task.CompletedTask;
        },
        new ExecutionSlot(new FairSlots(1, TimeProvider.System), "acme", waits => WaitsForOthers = waits));
}

internal static class OutcomeAssertions
{
    /// <summary>The VM status that a completed operation has as its result.</summary>
    public static VirtualMachineStatus VmStatus(this OperationOutcome outcome)
    {
        Assert.Null(outcome.Error);
        return outcome.Result!.Value.Deserialize(ContractJson.Default.VirtualMachineStatus)!;
    }

    public static string FailureOf(this OperationOutcome outcome)
    {
        Assert.False(outcome.IsCompleted);
        return outcome.Error!;
    }
}
