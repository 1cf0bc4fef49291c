namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>The test looks at a page in a real browser, where there is one: see <see cref="Browser"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class InBrowserFactAttribute : FactAttribute
{
    public InBrowserFactAttribute() => Skip = Browser.WhyNot;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class InBrowserTheoryAttribute : TheoryAttribute
{
    public InBrowserTheoryAttribute() => Skip = Browser.WhyNot;
}
