using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KubernetesSandbox.Cluster;

/// <summary>
/// An OpenAPI document without a single type: enough for clients that want one before they write. They then leave the
/// checking to the server.
/// </summary>
internal static class OpenApi
{
    // Older clients ask for "spec.v2@v1.0", which is no valid media type to answer with.
    private const string Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    private const string Title = "Kubernetes";
    private const string Version = KubernetesVersion.Git;

    public static async Task AnswerAsync(HttpContext http)
    {
        if (!http.Request.Headers.Accept.ToString().Contains("proto-openapi.spec.v2", StringComparison.Ordinal))
        {
            await Answers.JsonAsync(http, 200, new JsonObject
            {
                ["swagger"] = "2.0",
                ["info"] = new JsonObject { ["title"] = Title, ["version"] = Version },
                ["paths"] = new JsonObject(),
            });
            return;
        }
        http.Response.ContentType = Protobuf;
        await http.Response.Body.WriteAsync(Document(), http.RequestAborted);
    }

    // openapi.v2.Document of gnostic: 1 swagger, 2 info {1 title, 2 version}, 8 paths {}.
    private static byte[] Document() =>
        [.. Field(1, "2.0"u8), .. Field(2, [.. Field(1, Encoding.UTF8.GetBytes(Title)), .. Field(2, Encoding.UTF8.GetBytes(Version))]), .. Field(8, [])];

    private static byte[] Field(int number, ReadOnlySpan<byte> value) => [(byte)((number << 3) | 2), (byte)value.Length, .. value];
}
