using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Tests.VirtualMachines;

namespace OvimSpokeAgent.Tests.Operations;

public sealed class FairSlotsTests
{
    private readonly TestTime _time = new();
    private readonly List<ExecutionSlot> _begun = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Namespace_alone_gets_all_slots(int count)
    {
        var slots = new FairSlots(count, _time);

        Begin(slots, "acme", 20);

        Assert.Equal(count, _begun.Count);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(8, 4)]
    public void Namespace_gets_at_most_half_of_the_slots_while_others_wait(int count, int most)
    {
        var slots = new FairSlots(count, _time);
        Begin(slots, "before", count);
        Begin(slots, "acme", 20);
        Begin(slots, "globex", 20);

        foreach (var slot in _begun.ToList()) slot.Release();

        Assert.Equal(count, Begun("acme") + Begun("globex"));
        Assert.InRange(Begun("acme"), count - most, most);
    }

    [Fact]
    public void Namespaces_take_turns()
    {
        var slots = new FairSlots(1, _time);
        Begin(slots, "acme", 3);
        Begin(slots, "globex", 2);
        Begin(slots, "initech", 1);

        for (var i = 0; i < 6; i++) _begun[i].Release();

        Assert.Equal(["acme", "acme", "globex", "initech", "acme", "globex"], _begun.Select(slot => slot.Namespace));
    }

    [Fact]
    public void Slot_that_was_held_for_a_second_goes_to_the_next()
    {
        var slots = new FairSlots(1, _time);
        Begin(slots, "acme", 1);
        Begin(slots, "globex", 1);

        _time.Advance(FairSlots.Quantum - TimeSpan.FromTicks(1));
        Assert.Equal(0, Begun("globex"));
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(1, Begun("globex"));
    }

    [Fact]
    public void Of_a_namespace_whose_calls_hang_no_more_act_than_there_are_slots()
    {
        var slots = new FairSlots(2, _time);
        Begin(slots, "acme", 20);

        for (var i = 0; i < 10; i++) _time.Advance(FairSlots.Quantum);
        Assert.Equal(2, Begun("acme"));
        Begin(slots, "globex", 2);
        Assert.Equal(2, Begun("globex"));
        _begun[0].Release();

        _time.Advance(FairSlots.Quantum);
        Assert.Equal(3, Begun("acme"));
    }

    [Fact]
    public async Task Execution_that_goes_on_comes_before_those_of_its_namespace_that_have_not_begun()
    {
        var slots = new FairSlots(1, _time);
        Begin(slots, "acme", 2);
        var first = _begun[0];
        first.Release();
        Begin(slots, "acme", 5);

        var goesOn = first.AcquireAsync(Limits.Token());
        Assert.False(goesOn.IsCompleted);
        _begun[1].Release();

        await goesOn;
        Assert.Equal(2, Begun("acme"));
    }

    [Fact]
    public async Task Slot_that_is_held_is_not_asked_for_again()
    {
        var slots = new FairSlots(1, _time);
        Begin(slots, "acme", 2);

        await _begun[0].AcquireAsync(Limits.Token());
        _begun[0].Release();
        _begun[0].Release();

        Assert.Equal(2, Begun("acme"));
        Begin(slots, "globex", 1);
        Assert.Equal(0, Begun("globex")); // giving back twice made no second slot
    }

    [Fact]
    public async Task Wait_that_is_given_up_costs_nobody_a_slot()
    {
        var slots = new FairSlots(1, _time);
        Begin(slots, "acme", 2);
        var first = _begun[0];
        first.Release();
        using var giveUp = new CancellationTokenSource();

        var goesOn = first.AcquireAsync(giveUp.Token);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => goesOn);
        _begun[1].Release();
        Begin(slots, "globex", 1);

        Assert.Equal(1, Begun("globex"));
    }

    [Fact]
    public void What_is_forgotten_does_not_begin()
    {
        var slots = new FairSlots(1, _time);
        Begin(slots, "acme", 5);

        slots.Clear();
        _begun[0].Release();
        Begin(slots, "globex", 1);

        Assert.Equal(["acme", "globex"], _begun.Select(slot => slot.Namespace));
    }

    private void Begin(FairSlots slots, string ns, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var slot = new ExecutionSlot(slots, ns);
            slots.Begin(slot, () => _begun.Add(slot));
        }
    }

    private int Begun(string ns) => _begun.Count(slot => slot.Namespace == ns);
}
