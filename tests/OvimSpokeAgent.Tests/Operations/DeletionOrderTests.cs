using System.Text;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Tests.Operations;

/// <summary>Of equal ids of VDC deletions the hub knows only the one queued last.</summary>
public sealed class DeletionOrderTests
{
    private const string Deleted = """{"operation_id":"op-1","status":"completed","result":{"status":"deleted"}}""";
    private const string WithWarnings = """{"operation_id":"op-1","status":"success","result":{"status":"deleted_with_warnings","warnings":["a"]}}""";
    private const string Failed = """{"operation_id":"op-1","status":"failed","error":"held by a finalizer"}""";

    private int _records;

    [Fact]
    public void Deletion_alone_is_sent() => Assert.Equal(DeletionVerdict.Send, Decide(Record(Deleted, 1)));

    [Fact]
    public void Deletion_waits_for_the_one_that_was_queued_last() =>
        Assert.Equal(DeletionVerdict.Wait, Decide(Record(Deleted, 1), Record(null, 2)));

    [Theory]
    [InlineData(Deleted)]
    [InlineData(WithWarnings)]
    public void Deletion_is_sent_when_the_last_is_gone_too(string last)
    {
        Assert.Equal(DeletionVerdict.Send, Decide(Record(Deleted, 1), Record(last, 2)));
        Assert.Equal(DeletionVerdict.Send, Decide(Record(WithWarnings, 1), Record(last, 2)));
    }

    [Fact]
    public void Deletion_is_never_sent_when_the_last_failed() =>
        Assert.Equal(DeletionVerdict.Withhold, Decide(Record(Deleted, 1), Record(Failed, 2)));

    [Fact]
    public void Last_one_waits_for_none_before_it() =>
        Assert.Equal(DeletionVerdict.Send, Decide(Record(Deleted, 2), Record(null, 1)));

    [Fact]
    public void One_that_arrived_later_but_was_queued_before_is_not_the_last()
    {
        var last = Record(Deleted, 2);

        Assert.Equal(DeletionVerdict.Send, Decide(last, Record(null, 1)));
    }

    [Fact]
    public void Failed_deletion_changes_nothing_on_the_hub_and_is_sent() =>
        Assert.Equal(DeletionVerdict.Send, Decide(Record(Failed, 1), Record(null, 2)));

    [Fact]
    public void Other_operations_with_the_id_are_none_of_its_business()
    {
        Assert.Equal(DeletionVerdict.Send, Decide(Record(Deleted, 1), Record(null, 2, "create_vm")));
        Assert.Equal(DeletionVerdict.Send, Decide(Record(Deleted, 1, "delete_vm"), Record(null, 2)));
    }

    private static DeletionVerdict Decide(JournalRecord record, params JournalRecord[] others) =>
        DeletionOrder.Decide(record, others.Append(record));

    private JournalRecord Record(string? result, int queuedAt, string type = "delete_vdc") => new()
    {
        Operation = new OperationHeader
        {
            Id = "op-1",
            Type = type,
            Key = new OperationKey($"key-{++_records}"),
            Timestamp = DateTimeOffset.UnixEpoch.AddSeconds(queuedAt),
        },
        State = result is null ? JournalState.Received : JournalState.Finished,
        Sequence = _records,
        ReceivedAt = DateTimeOffset.UnixEpoch,
        HasResult = result is not null,
        SaysDeleted = result is not null && VdcOperations.SaysDeleted(type, Encoding.UTF8.GetBytes(result)),
        BodyBytes = 2,
    };
}
