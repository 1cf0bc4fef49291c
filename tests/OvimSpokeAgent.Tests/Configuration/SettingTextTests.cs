using System.Globalization;
using CsCheck;
using OvimSpokeAgent.Configuration;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Tests.Configuration;

public sealed class SettingTextTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1h2m3s4ms", 3_723_004)]
    [InlineData("1.5s", 1500)]
    [InlineData("0s", 0)]
    public void Duration_is_read(string text, int milliseconds)
    {
        Assert.True(SettingText.TryDuration(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("1x")]
    [InlineData("1d")]
    [InlineData("1 s")]
    [InlineData(" 1s")]
    [InlineData("-1s")]
    [InlineData("1s1")]
    [InlineData("1..5s")]
    [InlineData("1e3s")]
    [InlineData("1,5s")]
    [InlineData("99999999999999999999h")]
    public void Anything_else_is_no_duration(string text) => Assert.False(SettingText.TryDuration(text, out _));

    [Fact]
    public void Duration_that_adds_up_to_centuries_is_none() =>
        Assert.False(SettingText.TryDuration(string.Concat(Enumerable.Repeat("87600h", 5000)), out _));

    [Fact]
    public void Duration_of_any_parts_is_their_sum() =>
        Gen.Select(Gen.Int[0, 99], Gen.Int[0, 5999], Gen.Int[0, 5999], Gen.Int[0, 99_999]).Sample((h, m, s, ms) =>
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{h}h{m}m{s}s{ms}ms");
            return SettingText.TryDuration(text, out var duration)
                && duration == new TimeSpan(0, h, m, s, ms);
        });

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1048576", 1 << 20)]
    [InlineData("512Ki", 512 << 10)]
    [InlineData("64Mi", 64 << 20)]
    [InlineData("1Gi", 1 << 30)]
    public void Size_is_read(string text, long bytes)
    {
        Assert.True(SettingText.TryBytes(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mi")]
    [InlineData("64M")]
    [InlineData("64 Mi")]
    [InlineData("-1Mi")]
    [InlineData("1.5Gi")]
    [InlineData("9999999999999Gi")]
    public void Anything_else_is_no_size(string text) => Assert.False(SettingText.TryBytes(text, out _));

    [Fact]
    public void No_text_breaks_the_parsers() => Gen.String.Sample(text =>
    {
        SettingText.TryBytes(text, out _);
        SettingText.TryDuration(text, out _);
        SettingText.TryUrl(text, out _);
        SettingText.TryInt(text, out _);
        SettingText.TryBool(text, out _);
        _ = IPAddresses.TryParse(text, out _);
        SettingText.ShowUrl(text);
    });
}
