using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.Tests.Configuration;

public sealed class SettingsFilesTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ovim-settings-");

    [Fact]
    public void File_is_read_whole() => Assert.Equal(new FileText("text\n", null), SettingsFiles.Read(Write("text\n")));

    [Fact]
    public void Absent_file_is_a_problem() => Assert.Equal(
        new FileText(null, "it does not exist"), SettingsFiles.Read(Path.Combine(_directory.FullName, "absent")));

    [Fact]
    public void Directory_is_a_problem() =>
        Assert.Equal(new FileText(null, "it is a directory"), SettingsFiles.Read(_directory.FullName));

    [Fact]
    public void Huge_file_is_a_problem() => Assert.Equal(
        new FileText(null, "it is larger than 1 MiB"), SettingsFiles.Read(Write(new string('x', 1024 * 1024 + 1))));

    [Fact]
    public void Largest_file_is_read_whole()
    {
        var text = new string('x', 1024 * 1024);

        Assert.Equal(text, SettingsFiles.Read(Write(text)).Text);
    }

    [Fact]
    public void Small_file_costs_little_memory()
    {
        var path = Write("token\n");
        SettingsFiles.Read(path);
        var before = GC.GetAllocatedBytesForCurrentThread();

        SettingsFiles.Read(path);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("a:b")]
    public void Path_that_names_no_file_is_a_problem(string path) => Assert.Null(SettingsFiles.Read(path).Text);

    public void Dispose() => _directory.Delete(recursive: true);

    private string Write(string text)
    {
        var path = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(path, text);
        return path;
    }
}
