using CsCheck;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Configuration;

public sealed class SettingsSecrecyTests
{
    private const string Secret = "s3cr3t";

    [Theory]
    [InlineData("OVIM_HUB_TOKEN", "s3cr3t with spaces")]
    [InlineData("OVIM_HUB_TOKEN", "s3cr3t\nX: y")]
    [InlineData("OVIM_HUB_TOKEN_FILE", "s3cr3t")]
    [InlineData("OVIM_PUSH_TOKEN_FILE", "s3cr3t")]
    [InlineData("OVIM_HUB_KEY_FILE", "-----BEGIN PRIVATE KEY-----\ns3cr3t")]
    [InlineData("OVIM_HUB_KEY_PATH", "s3cr3tInBase64==")]
    [InlineData("OVIM_HTTP_KEY_FILE", "-----BEGIN EC PRIVATE KEY-----\ns3cr3t")]
    [InlineData("OVIM_KUBECONFIG", "apiVersion: v1\nusers: [{user: {token: s3cr3t}}]")]
    [InlineData("OVIM_HUB_TOKENS", "s3cr3t")]
    [InlineData("OVIM_HUB_ENDPOINT", "https://user:s3cr3t@hub.example.com")]
    [InlineData("OVIM_HUB_ENDPOINT", "user:s3cr3t@hub.example.com")]
    [InlineData("OVIM_HUB_ENDPOINT", "https://user:p@s3cr3t@hub.example.com")]
    [InlineData("OVIM_HUB_ENDPOINT", "https://hub.example.com/?token=s3cr3t")]
    [InlineData("OVIM_HUB_ENDPOINT", "https://hub.example.com/#s3cr3t")]
    public void Value_that_may_be_a_secret_is_not_shown(string name, string value)
    {
        var environment = new TestEnvironment().With(name, value);
        if (name == "OVIM_HUB_TOKEN_FILE") environment.Without("OVIM_HUB_TOKEN");

        var result = environment.Load();

        string[] messages = [.. result.Errors, .. result.Warnings];
        Assert.Contains(messages, message => message.Contains(name, StringComparison.Ordinal));
        Assert.DoesNotContain(messages, message => message.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public void Rejected_url_still_shows_its_host() => Assert.Contains(
        "\"https://…@hub.example.com\"",
        new TestEnvironment().With("OVIM_HUB_ENDPOINT", "https://user:s3cr3t@hub.example.com").LoadError(),
        StringComparison.Ordinal);

    [Fact]
    public void Settings_as_text_hold_no_token() => Assert.DoesNotContain(
        Secret, new TestEnvironment().With("OVIM_HUB_TOKEN", Secret).LoadClean().ToString(), StringComparison.Ordinal);

    [Fact]
    public void No_value_whatever_breaks_the_loader_or_shows_the_token()
    {
        var names = SettingsTable.All.SelectMany(row => row.Aliases.Prepend(row.Name)).Where(name => name != "OVIM_HUB_TOKEN");
        var pairs = Gen.Select(Gen.OneOf([.. names.Select(Gen.Const)]), Gen.String).Array[0, 8];

        pairs.Sample(chosen =>
        {
            var environment = new TestEnvironment().With("OVIM_HUB_TOKEN", Secret);
            foreach (var (name, value) in chosen)
            {
                if (!value.Contains(Secret, StringComparison.Ordinal)) environment.With(name, value);
            }
            var result = environment.Load();
            return result.Settings is null == result.Errors.Count > 0
                && !result.Errors.Concat(result.Warnings).Any(m => m.Contains(Secret, StringComparison.Ordinal) || m.Contains('\n'));
        });
    }
}
