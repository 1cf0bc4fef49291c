using System.Net.Http.Headers;

namespace OvimSpokeAgent.Sandbox.Tests.Cluster.Conformance;

/// <summary>
/// Requests in order, each with the answer that a current Kubernetes API server gives, and where it differs that of 1.20, the
/// oldest one that was measured; of versions between nothing is said. In paths and bodies <c>{ns}</c> stands for
/// a namespace of the scenario's own, and <c>{word}</c> for what a step before kept under that word.
/// </summary>
public sealed record Scenario(string Name, params Step[] Steps)
{
    public override string ToString() => Name;
}

/// <summary>What a server's answers are held to: the minor version of Kubernetes that was measured.</summary>
public enum ServerVersion
{
    Legacy = 20,
    Current = 36,
}

/// <summary>A request and what must come back.</summary>
public sealed record Step
{
    public required HttpMethod Method { get; init; }

    public required string Path { get; init; }

    public string? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public string Accept { get; init; } = "application/json";

    public int Status { get; init; }

    /// <summary>
    /// What the answer must have: a value, an object with at least these members (null: the member must be missing), an
    /// array of just these items. For a watch: the events, in order.
    /// </summary>
    public string? Answer { get; init; }

    /// <summary>What Kubernetes 1.20 answers in place of <see cref="Status"/> and <see cref="Answer"/>; null: the same.</summary>
    public (int Status, string? Answer)? Legacy { get; init; }

    /// <summary>A text that the answer must have somewhere.</summary>
    public string? Holds { get; init; }

    /// <summary>Goes on asking until the answer is as expected: for what a controller does in its own time.</summary>
    public bool IsEventual { get; init; }

    /// <summary>Values of the answer to remember: word → path with dots.</summary>
    public IReadOnlyDictionary<string, string> Kept { get; init; } = new Dictionary<string, string>();

    public static Step Get(string path) => new() { Method = HttpMethod.Get, Path = path };

    public static Step Post(string path, string body) => new() { Method = HttpMethod.Post, Path = path, Body = body };

    public static Step Put(string path, string body) => new() { Method = HttpMethod.Put, Path = path, Body = body };

    public static Step Delete(string path, string? body = null) => new() { Method = HttpMethod.Delete, Path = path, Body = body };

    public static Step Merge(string path, string body) => Patch(path, body, "application/merge-patch+json");

    public static Step JsonPatch(string path, string body) => Patch(path, body, "application/json-patch+json");

    public static Step Strategic(string path, string body) => Patch(path, body, "application/strategic-merge-patch+json");

    public static Step Apply(string path, string body) => Patch(path, body, "application/apply-patch+yaml");

    /// <summary>The same, asking for metadata alone.</summary>
    public Step AsMetadata(string kind) => this with { Accept = $"application/json;as={kind};g=meta.k8s.io;v=v1" };

    public Step Answers(int status, string? answer = null) => this with { Status = status, Answer = answer };

    /// <summary>As <see cref="Answers"/>, after any number of other answers within two minutes.</summary>
    public Step InTimeAnswers(int status, string? answer = null) =>
        this with { Status = status, Answer = answer, IsEventual = true };

    /// <summary>What Kubernetes 1.20 answers instead.</summary>
    public Step On1_20(int status, string? answer = null) => this with { Legacy = (status, answer) };

    /// <summary>The step as a server of a version answers it.</summary>
    public Step For(ServerVersion version) =>
        version == ServerVersion.Legacy && Legacy is var (status, answer) ? Answers(status, answer) : this;

    public Step Keeps(string word, string path) =>
        this with { Kept = new Dictionary<string, string>(Kept) { [word] = path } };

    public HttpRequestMessage ToRequest(Func<string, string> fill)
    {
        var request = new HttpRequestMessage(Method, fill(Path).TrimStart('/'));
        request.Headers.TryAddWithoutValidation("Accept", Accept);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("conformance", "1"));
        if (Body is null) return request;
        request.Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(fill(Body)));
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(ContentType);
        return request;
    }

    public override string ToString() => $"{Method} {Path}";

    private static Step Patch(string path, string body, string type) =>
        new() { Method = HttpMethod.Patch, Path = path, Body = body, ContentType = type };
}
