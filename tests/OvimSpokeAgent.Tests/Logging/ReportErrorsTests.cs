using OvimSpokeAgent.Logging;

namespace OvimSpokeAgent.Tests.Logging;

public sealed class ReportErrorsTests
{
    private readonly ReportErrors _errors = new();

    [Fact]
    public void Equal_lines_are_one_with_its_number_where_it_came_last()
    {
        _errors.Add("disk", "disk web is gone");
        _errors.Add("disk", "disk db is gone");
        for (var i = 0; i < 11; i++) _errors.Add("disk", "disk web is gone");

        Assert.Equal(["disk db is gone", "disk web is gone (12 times since the last report)"], _errors.Pending());
    }

    [Fact]
    public void Newest_twenty_are_kept_and_the_others_counted()
    {
        _errors.Add("vm", "vm 0");
        for (var i = 0; i < 25; i++) _errors.Add("vm", $"vm {i}");

        Assert.Equal(
            Enumerable.Range(5, 20).Select(i => $"vm {i}").Prepend("6 more since the last report"), _errors.Pending());
    }

    [Fact]
    public void Flood_of_one_kind_leaves_the_others_in()
    {
        _errors.Add("loss", "operations may be lost");
        for (var i = 0; i < 1000; i++) _errors.Add("tenant", $"odd object {i}");
        _errors.Add("permission", "no right to list nodes");

        var lines = _errors.Pending();
        Assert.Equal(ReportErrors.Capacity + 1, lines.Count);
        Assert.Equal(["982 more since the last report", "operations may be lost"], lines.Take(2));
        Assert.Equal(["odd object 999", "no right to list nodes"], lines.TakeLast(2));
    }

    [Fact]
    public void Line_has_a_bound_and_no_control_characters()
    {
        _errors.Add("odd", new string('x', 100_000));
        _errors.Add("odd", "two\r\nlines");

        var lines = _errors.Pending();
        Assert.Equal(new string('x', ReportErrors.MaxLength) + "…", lines[0]);
        Assert.Equal("two��lines", lines[1]);
    }

    [Fact]
    public void Lines_stay_until_a_report_with_them_was_taken()
    {
        _errors.Add("vm", "a");
        _ = _errors.Pending();

        Assert.Equal(["a"], _errors.Pending());

        _errors.Sent(_errors.Pending());
        Assert.Empty(_errors.Pending());
    }

    [Fact]
    public void What_came_while_the_report_was_on_its_way_stays()
    {
        for (var i = 0; i < 22; i++) _errors.Add("vm", $"vm {i}");
        _errors.Add("vm", "vm 21");
        var sent = _errors.Pending();
        _errors.Add("vm", "vm 21");
        _errors.Add("vm", "vm 22");

        _errors.Sent(sent);

        // One was left out for the new one, and was in the report that was taken.
        Assert.Equal(["1 more since the last report", "vm 21", "vm 22"], _errors.Pending());
    }

    [Fact]
    public void Older_answer_of_two_takes_only_what_it_had()
    {
        _errors.Add("vm", "a");
        var (one, two) = (_errors.Pending(), _errors.Pending());

        _errors.Sent(one);
        _errors.Add("vm", "a");
        _errors.Sent(two);

        Assert.Equal(["a"], _errors.Pending());
    }
}
