using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Supervision;

public sealed class ObjectGuardTests
{
    private readonly TestTime _time = new();
    private readonly List<string> _log = [];
    private readonly ObjectFailures _failures;
    private readonly ObjectGuard _guard;

    public ObjectGuardTests()
    {
        _failures = TestFailures.Create(_time, (line, _) => _log.Add(line));
        _guard = _failures.At("widgets");
    }

    [Fact]
    public void Work_that_throws_costs_its_object_alone()
    {
        var done = new List<int>();

        for (var i = 0; i < 3; i++) _guard.Run(i, () => done.Add(i == 1 ? throw new OverflowException("too large") : i));

        Assert.Equal([0, 2], done);
        Assert.Equal([new ObjectFailure("1", "too large", _time.GetUtcNow())], _guard.Current.Failures);
    }

    [Fact]
    public void Result_of_work_that_throws_is_what_stands_in_for_it()
    {
        Assert.Equal("fine", _guard.Run("a", () => "fine", failure => failure.Message));
        Assert.Equal("too large", _guard.Run("b", () => throw new OverflowException("too large"), failure => failure.Message));
    }

    [Fact]
    public void All_pieces_of_an_objects_work_are_done_and_one_that_throws_makes_it_fail()
    {
        var done = 0;

        Assert.NotNull(_guard.RunAll("a", [() => done++, Fail, () => done++]));
        Assert.Equal((2, true), (done, _guard.IsFailing));

        Assert.Null(_guard.RunAll("a", [() => done++]));
        Assert.False(_guard.IsFailing);
    }

    [Fact]
    public void Object_fails_until_its_work_succeeds()
    {
        _guard.Run("a", Fail);
        _time.Advance(TimeSpan.FromMinutes(1));
        var failure = _guard.Run("a", Fail);
        Assert.Equal(_time.GetUtcNow() - TimeSpan.FromMinutes(1), failure?.Since);

        Assert.Null(_guard.Run("a", () => { }));

        Assert.False(_guard.IsFailing);
        Assert.Empty(_failures.FailingPlaces);
    }

    [Fact]
    public void Object_that_is_gone_fails_no_more()
    {
        foreach (var name in (string[])["a", "b", "c"]) _guard.Run(name, Fail);

        _guard.ClearFailure("a");
        _guard.RetainOnly(["c", "d"]);

        Assert.Equal(["c"], _guard.Current.Failures.Select(failure => failure.Name));
    }

    [Fact]
    public async Task Work_that_waits_is_guarded_too()
    {
        var failure = await _guard.RunAsync("a", () => Task.FromException(new TimeoutException("no answer")), default);

        Assert.Equal("no answer", failure?.Message);
        Assert.Null(await _guard.RunAsync("a", () => Task.CompletedTask, default));
    }

    [Fact]
    public async Task Cancellation_passes_and_a_time_limit_of_the_work_does_not()
    {
        using var cancelled = new CancellationTokenSource();
        Assert.NotNull(await _guard.RunAsync("a", () => Task.FromCanceled(new CancellationToken(true)), cancelled.Token));

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _guard.RunAsync("b", () => Task.FromCanceled(cancelled.Token), cancelled.Token));
        Assert.Equal(["a"], _guard.Current.Failures.Select(failure => failure.Name));
    }

    [Fact]
    public async Task Memory_that_is_out_is_no_objects_failure()
    {
        var wrapped = new InvalidOperationException("it failed", new AggregateException(new InsufficientMemoryException()));

        Assert.Throws<InsufficientMemoryException>(() => _guard.Run("a", () => throw new InsufficientMemoryException()));
        Assert.Same(wrapped, Assert.Throws<InvalidOperationException>(() => _guard.Run("a", () => throw wrapped)));
        await Assert.ThrowsAsync<InsufficientMemoryException>(() => _guard.RunAsync("a", () => throw new InsufficientMemoryException(), default));
        Assert.False(_guard.IsFailing);
    }

    [Fact]
    public void What_is_remembered_is_bounded_and_says_so()
    {
        for (var i = 0; i < ObjectGuard.Capacity; i++) _guard.Run(i, Fail);
        Assert.False(_guard.Current.MayBeMore);

        for (var i = 0; i < 1000; i++) _guard.Run($"more-{i}", Fail);

        Assert.Equal((ObjectGuard.Capacity, true), (_guard.Current.Failures.Count, _guard.Current.MayBeMore));
    }

    [Fact]
    public void Message_is_one_short_line()
    {
        var failure = _guard.Run("a", () => throw new FormatException("first\nsecond" + new string('x', 100_000)));

        Assert.StartsWith("first�second", failure?.Message, StringComparison.Ordinal);
        Assert.InRange(failure!.Message.Length, 100, 310);
    }

    [Fact]
    public void Log_tells_of_an_object_that_goes_on_failing_once_an_hour()
    {
        for (var minute = 0; minute < 180; minute++)
        {
            _guard.Run("a", Fail);
            _time.Advance(TimeSpan.FromMinutes(1));
        }
        _guard.Run("a", () => { });

        Assert.Equal(4, _log.Count);
        Assert.Equal("widgets: a failed, the others go on (0 failures before it were not logged)", _log[0]);
        Assert.Equal("widgets: a works again", _log[^1]);
    }

    [Fact]
    public void Log_is_not_flooded_by_many_objects()
    {
        for (var i = 0; i < 2000; i++) _guard.Run(i, Fail);
        Assert.Equal(10, _log.Count);

        _time.Advance(TimeSpan.FromMinutes(1));
        _guard.Run("last", Fail);

        Assert.Equal("widgets: last failed, the others go on (1990 failures before it were not logged)", _log[^1]);
    }

    [Fact]
    public void Health_names_the_objects_and_leaves_the_state_alone()
    {
        var check = new ObjectsCheck(_failures);
        Assert.Equal(HealthFinding.Healthy("none fails"), check.Check());

        _guard.Run("acme/web", Fail);
        for (var i = 0; i < 5; i++) _failures.At("gadgets").Run($"g{i}", Fail);

        var finding = check.Check();
        Assert.Equal(HealthStatus.Warning, finding.Status);
        Assert.Contains("widgets: acme/web fails since 2026-11-23T08:00:00", finding.Message, StringComparison.Ordinal);
        Assert.Contains("gadgets: g0 fails since", finding.Message, StringComparison.Ordinal);
        Assert.Contains("g2 fails since 2026-11-23T08:00:00.0000000+00:00: bad; and 2 others", finding.Message, StringComparison.Ordinal);
    }

    private static void Fail() => throw new InvalidDataException("bad");
}
