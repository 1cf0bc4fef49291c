using System.Globalization;
using Microsoft.AspNetCore.Http;
using OvimSpokeAgent.Configuration;

namespace OvimSpokeAgent.LocalApi;

/// <summary><c>/debug/report</c>: one file with all that an agent can tell of itself, for a ticket.</summary>
internal sealed class ReportFile(DocumentSource documents, AgentSettings settings, TimeProvider time)
{
    public Task WriteAsync(HttpContext context)
    {
        // An agent id has no character that a file's name or a header could not.
        context.Response.Headers.ContentDisposition = string.Create(
            CultureInfo.InvariantCulture, $"attachment; filename=\"ovim-{settings.AgentId}-{time.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}.json\"");
        return LocalApiRoutes.WriteAsync(context, documents.ReadReport(), LocalApiJson.Default.ReportDocument);
    }
}
