using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Answers what creates, changes and deletes objects.</summary>
internal sealed class WriteEndpoint(ObjectStore store, ObjectWriter writer, AdmittedWriter admitted)
{
    public async Task CreateAsync(ApiCall call)
    {
        var body = WordsOf(call, await RequestBody.ReadObjectAsync(call));
        await Answers.ObjectAsync(call, 201, await admitted.CreateAsync(call, body, OptionsOf(call)));
    }

    public async Task ReplaceAsync(ApiCall call)
    {
        var body = WordsOf(call, await RequestBody.ReadObjectAsync(call));
        var options = OptionsOf(call) with { IsReplacement = true };
        if (call.Kind.CreatesOnUpdate && store.Get(KindRegistry.StoredAs(call.Kind), call.Key) is null)
        {
            if (body.Text("metadata", "name") != call.Name)
                throw ApiErrors.BadRequest($"the name of the object does not match the name on the URL ({call.Name})");
            await Answers.ObjectAsync(call, 201, await admitted.CreateAsync(call, body, options));
            return;
        }
        await Answers.ObjectAsync(call, 200, await admitted.UpdateAsync(call, _ => body.Copy(), options));
    }

    public async Task PatchAsync(ApiCall call)
    {
        var type = RequestBody.MediaType(call.Http.Request);
        var accepted = Patches.AcceptedFor(call.Kind);
        if (!accepted.Contains(type)) throw ApiErrors.UnsupportedMediaType(accepted);
        var text = await RequestBody.ReadTextAsync(call.Http.Request, call.Http.RequestAborted);
        if (type == Patches.ApplyType)
        {
            await ApplyAsync(call, text);
            return;
        }
        if (call.Query("force").Length > 0)
            throw Patches.InvalidOptions(InvalidField.Forbidden("force", "may not be specified for non-apply patch"));
        var patch = Patches.Parse(text, type);
        var updated = await admitted.UpdateAsync(
            call, current => Patches.Apply(call.Kind, current, patch, type), OptionsOf(call));
        await Answers.ObjectAsync(call, 200, updated);
    }

    private async Task ApplyAsync(ApiCall call, string text)
    {
        if (call.Query("fieldManager").Length == 0)
            throw Patches.InvalidOptions(InvalidField.Required("fieldManager", "is required for apply patch"));
        var applied = Patches.ParseApplied(call, text);
        var options = OptionsOf(call) with { IsApply = true };
        var (schema, manager, isForced) =
            (FieldSchema.Of(call.Kind), writer.Manager(call.Kind, options), ApiCall.IsTrue(call.Query("force")));
        if (store.Get(KindRegistry.StoredAs(call.Kind), call.Key) is null && call.Path.Subresource is null)
        {
            var made = await admitted.CreateAsync(call, ServerSideApply.Apply([], applied, schema, manager, isForced), options);
            await Answers.ObjectAsync(call, 201, made);
            return;
        }
        var updated = await admitted.UpdateAsync(
            call, current => ServerSideApply.Apply(current.Content, applied, schema, manager, isForced), options);
        await Answers.ObjectAsync(call, 200, updated);
    }

    public async Task DeleteAsync(ApiCall call)
    {
        var deletion = await admitted.DeleteAsync(call, call.Key, await ReadDeleteRequestAsync(call));
        if (!deletion.IsGone || AnswersWithObject(call.Kind))
        {
            await Answers.ObjectAsync(call, 200, deletion.Object);
            return;
        }
        var details = new JsonObject { ["name"] = call.Name };
        if (call.Kind.Group.Length > 0) details["group"] = call.Kind.Group;
        details["kind"] = call.Kind.Plural;
        details["uid"] = deletion.Object.Uid;
        await Answers.JsonAsync(call.Http, 200, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        });
    }

    public async Task DeleteCollectionAsync(ApiCall call)
    {
        var isSelected = call.Selection();
        var request = await ReadDeleteRequestAsync(call);
        var snapshot = store.Read(KindRegistry.StoredAs(call.Kind));
        var selected = snapshot.Objects.Values.Where(isSelected).ToList();
        foreach (var one in selected)
        {
            // One that someone else deleted meanwhile is as it should be.
            if (store.Get(one.Resource, one.Key) is not null) await admitted.DeleteAsync(call, one.Key, request);
        }
        var meta = new JsonObject { ["resourceVersion"] = $"{store.Version}" };
        if (AcceptedViews.Of(call.Http.Request, isList: true) is AcceptedView.Metadata)
        {
            await Answers.JsonAsync(call.Http, 200, MetadataView.ListOf(selected, meta));
            return;
        }
        await Answers.JsonAsync(call.Http, 200, new JsonObject
        {
            ["kind"] = call.Kind.ListKind,
            ["apiVersion"] = call.Kind.ApiVersion,
            ["metadata"] = meta,
            ["items"] = new JsonArray([.. selected.Select(one => one.Content.DeepClone())]),
        });
    }

    private static WriteOptions OptionsOf(ApiCall call) => new()
    {
        DryRun = call.IsDryRun,
        Subresource = call.Path.Subresource,
        Manager = ManagerOf(call),
    };

    /// <summary>The field manager: as the query says, else the first word of the user agent.</summary>
    private static string ManagerOf(ApiCall call)
    {
        var named = call.Query("fieldManager");
        return named.Length > 0 ? named : call.Http.Request.Headers.UserAgent.ToString().Split('/')[0] is { Length: > 0 } agent ? agent : "unknown";
    }

    private static JsonObject WordsOf(ApiCall call, JsonObject body) =>
        EventWords.IsSpokenBy(call.Kind) ? EventWords.ToCore(body) : body;

    // As the real server: these answer with what they deleted, the others with a Status.
    private static bool AnswersWithObject(ResourceKind kind) =>
        kind.Resource is ("", "pods" or "services" or "persistentvolumeclaims" or "persistentvolumes" or "serviceaccounts"
            or "resourcequotas" or "namespaces");

    private static async Task<DeleteRequest> ReadDeleteRequestAsync(ApiCall call)
    {
        var body = await RequestBody.ReadAsync(call.Http.Request, "DeleteOptions") ?? [];
        var propagation = body.Text("propagationPolicy") ?? call.Query("propagationPolicy");
        var orphan = body.Flag("orphanDependents") ?? (call.Query("orphanDependents") is { Length: > 0 } flag && ApiCall.IsTrue(flag));
        return new DeleteRequest
        {
            Uid = body.Text("preconditions", "uid"),
            ResourceVersion = body.Text("preconditions", "resourceVersion"),
            GraceSeconds = body.Number("gracePeriodSeconds") ?? call.Number("gracePeriodSeconds"),
            DryRun = call.IsDryRun || body.Items("dryRun").Texts().Contains("All"),
            Propagation = propagation switch
            {
                "Foreground" => Propagation.Foreground,
                "Orphan" => Propagation.Orphan,
                "Background" => Propagation.Background,
                "" => orphan ? Propagation.Orphan : Propagation.Background,
                _ => throw InvalidPropagation(propagation),
            },
        };
    }

    private static ApiException InvalidPropagation(string text)
    {
        const string Problem = "must be one of: Foreground, Background, Orphan, \"\"";
        return new(422, "Invalid", $"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"{text}\": {Problem}");
    }
}
