using k8s;
using k8s.Authentication;
using k8s.Exceptions;
using k8s.KubeConfigModels;
using YamlDotNet.RepresentationModel;

namespace OvimSpokeAgent.Cluster;

/// <summary>Reads a kubeconfig: what the library reads of it, and <c>tokenFile</c>, which it does not know.</summary>
internal static class Kubeconfig
{
    /// <summary>The current context's server and credentials, as the file says now.</summary>
    /// <exception cref="KubeConfigException">It does not say them; other errors as <see cref="KubernetesConnection.IsUnusable"/>.</exception>
    public static KubernetesClientConfiguration Read(string path)
    {
        try
        {
            return ReadContent(path);
        }
        catch (Exception e) when (e is InvalidCastException or NullReferenceException)
        {
            // The library's, for YAML of another shape.
            throw new KubeConfigException("its content does not have the shape of a kubeconfig", e);
        }
    }

    private static KubernetesClientConfiguration ReadContent(string path)
    {
        var content = KubernetesClientConfiguration.LoadKubeConfig(path);
        if (CurrentUser(content) is not { UserCredentials: { } credentials } user || TokenFileOf(path, user.Name) is not { } tokenFile)
            return KubernetesClientConfiguration.BuildConfigFromConfigObject(content);
        // As in kubectl: a file goes before a token beside it. Without any token the library takes the user for one without credentials.
        credentials.Token = tokenFile;
        var configuration = KubernetesClientConfiguration.BuildConfigFromConfigObject(content);
        configuration.AccessToken = null;
        // Read again every minute, and at once when it is refused.
        configuration.TokenProvider = new TokenFileAuth(Path.GetFullPath(tokenFile, Path.GetDirectoryName(Path.GetFullPath(path))!));
        return configuration;
    }

    private static User? CurrentUser(K8SConfiguration content)
    {
        var context = content.Contexts?.FirstOrDefault(context => context.Name == content.CurrentContext);
        return content.Users?.FirstOrDefault(user => user.Name == context?.ContextDetails?.User);
    }

    private static string? TokenFileOf(string path, string user)
    {
        using var reader = File.OpenText(path);
        var yaml = new YamlStream();
        yaml.Load(reader);
        var users = Child(yaml.Documents[0].RootNode, "users") as YamlSequenceNode;
        var found = users?.FirstOrDefault(item => (Child(item, "name") as YamlScalarNode)?.Value == user);
        return (Child(Child(found, "user"), "tokenFile") as YamlScalarNode)?.Value is { Length: > 0 } file ? file : null;
    }

    private static YamlNode? Child(YamlNode? node, string key) =>
        node is YamlMappingNode mapping && mapping.Children.TryGetValue(key, out var child) ? child : null;
}
