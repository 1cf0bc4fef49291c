using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.LocalApi;

/// <summary>The status page's files, which are part of the program.</summary>
internal static class PageFile
{
    /// <summary>Serves one of them.</summary>
    /// <param name="name">Its name in the folder <c>Page</c>.</param>
    /// <param name="type">Its content type.</param>
    public static RequestDelegate Load(string name, string type)
    {
        using var resource = typeof(PageFile).Assembly.GetManifestResourceStream($"LocalApi.Page.{name}")
            ?? throw new InvalidOperationException($"the program lacks its file {name}");
        var content = new byte[resource.Length];
        resource.ReadExactly(content);
        return context => LocalApiRoutes.SendAsync(context, content, type);
    }
}
