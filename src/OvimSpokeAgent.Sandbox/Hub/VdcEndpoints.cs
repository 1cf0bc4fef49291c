using System.Globalization;
using System.Text.Json.Nodes;
using KubernetesSandbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.Sandbox.Hub;

/// <summary>The hub's own interface for VDCs, as its users see it.</summary>
internal static class VdcEndpoints
{
    public static void Map(WebApplication app, HubState state, VdcWork work)
    {
        app.MapGet("/sandbox/vdcs", context =>
            AgentEndpoints.AnswerAsync(context, 200, new JsonArray([.. state.Vdcs.All.Select(ToJson)])));
        app.MapGet("/sandbox/vdcs/{name}", context => state.Vdcs.Find(NameOf(context)) is { } vdc
            ? AgentEndpoints.AnswerAsync(context, 200, ToJson(vdc))
            : NoVdcAsync(context));
        app.MapPost("/sandbox/vdcs", context => CreateAsync(context, work));
        app.MapDelete("/sandbox/vdcs/{name}", context => DeleteAsync(context, state, work));
    }

    private static async Task CreateAsync(HttpContext context, VdcWork work)
    {
        var (_, asked) = await AgentEndpoints.ReadObjectAsync(context);
        if (asked.Text("name") is not { Length: > 0 } name || asked.Text("zone_id") is not { Length: > 0 })
        {
            await AgentEndpoints.ErrorAsync(
                context, 400, """expected {"name": "…", "zone_id": "…"}, with any other field of create_vdc's payload""");
            return;
        }
        await AnswerAsync(context, () => work.Create(name, asked!));
    }

    private static async Task DeleteAsync(HttpContext context, HubState state, VdcWork work)
    {
        var name = NameOf(context);
        var count = 0;
        if (context.Request.Query["vm_count"].ToString() is { Length: > 0 } text
            && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count))
        {
            await AgentEndpoints.ErrorAsync(context, 400, $"vm_count: \"{text}\" is no number of VMs");
        }
        else if (state.Vdcs.Find(name) is null)
        {
            await NoVdcAsync(context);
        }
        else
        {
            await AnswerAsync(context, () => work.Delete(name, count));
        }
    }

    private static async Task AnswerAsync(HttpContext context, Func<HubVdc> act)
    {
        try
        {
            await AgentEndpoints.AnswerAsync(context, 202, ToJson(act()));
        }
        catch (HubRefusedException e)
        {
            await AgentEndpoints.ErrorAsync(context, 409, e.Message);
        }
    }

    private static JsonObject ToJson(HubVdc vdc) => new()
    {
        ["name"] = vdc.Name,
        ["zone_id"] = vdc.ZoneId,
        ["phase"] = vdc.Phase.ToString().ToLowerInvariant(),
        ["operation_id"] = vdc.OperationId,
        ["problem"] = vdc.Problem,
        ["declared"] = vdc.Declared.DeepClone(),
    };

    private static Task NoVdcAsync(HttpContext context) =>
        AgentEndpoints.ErrorAsync(context, 404, $"there is no VDC {NameOf(context)}");

    private static string NameOf(HttpContext context) => (string)context.Request.RouteValues["name"]!;
}
