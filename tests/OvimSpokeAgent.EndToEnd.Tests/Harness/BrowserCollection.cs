namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>Tests with a browser, which is many processes: one at a time, beside the other tests.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection
{
    public const string Name = "browser";
}
