using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>Records of the journal for tests that need no journal.</summary>
internal static class Records
{
    public static JournalRecord New(string id, DateTimeOffset receivedAt = default) => new()
    {
        Operation = new OperationHeader { Id = id, Type = "create_vm", Key = new OperationKey($"ovim-op-{id}"), Timestamp = receivedAt },
        State = JournalState.Received,
        Sequence = 1,
        ReceivedAt = receivedAt,
        BodyBytes = 0,
    };
}
