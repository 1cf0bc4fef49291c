namespace OvimSpokeAgent.Tests;

/// <summary>The files beside the code.</summary>
internal static class Repository
{
    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "OvimSpokeAgent.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
