using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestCaseOrderer("OvimSpokeAgent.EndToEnd.Tests.Harness.SandboxFirst", "OvimSpokeAgent.EndToEnd.Tests")]

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>Of a class, what needs the real API server comes last: until then the class leaves it to others.</summary>
public sealed class SandboxFirst : ITestCaseOrderer
{
    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase =>
        testCases.OrderBy(test => test.TestMethodArguments?.Contains(ClusterKind.RealApiServer) is true).ThenBy(test => test.UniqueID, StringComparer.Ordinal);
}
