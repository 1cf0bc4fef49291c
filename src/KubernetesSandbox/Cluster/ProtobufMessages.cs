namespace KubernetesSandbox.Cluster;

internal enum ProtobufForm
{
    Single,
    List,
    Map,
}

internal enum ProtobufValue
{
    Text,
    Bytes,
    Flag,
    Number,
    Quantity,
    Message,
}

/// <summary>A field of a message: how it is called in JSON and what is in it (of a map: its values).</summary>
internal sealed record ProtobufField(
    string Name, ProtobufValue Value = ProtobufValue.Text, ProtobufForm Form = ProtobufForm.Single, ProtobufMessage? Message = null);

/// <summary>The fields of a message by their numbers; others are passed over.</summary>
internal sealed record ProtobufMessage(IReadOnlyDictionary<int, ProtobufField> Fields);

/// <summary>
/// The messages of the kinds that <c>kubectl create</c> and <c>kubectl auth</c> send in protobuf, numbered as in Kubernetes'
/// <c>generated.proto</c> files.
/// </summary>
internal static class ProtobufMessages
{
    public static readonly ProtobufMessage Quantity = Of((1, new("string")));

    private static readonly ProtobufMessage ObjectMeta = Of(
        (1, new("name")),
        (2, new("generateName")),
        (3, new("namespace")),
        (11, new("labels", Form: ProtobufForm.Map)),
        (12, new("annotations", Form: ProtobufForm.Map)),
        (14, new("finalizers", Form: ProtobufForm.List)));

    private static readonly ProtobufMessage PolicyRule = Of(
        (1, new("verbs", Form: ProtobufForm.List)),
        (2, new("apiGroups", Form: ProtobufForm.List)),
        (3, new("resources", Form: ProtobufForm.List)),
        (4, new("resourceNames", Form: ProtobufForm.List)),
        (5, new("nonResourceURLs", Form: ProtobufForm.List)));

    private static readonly ProtobufMessage Subject = Of(
        (1, new("kind")), (2, new("apiGroup")), (3, new("name")), (4, new("namespace")));

    private static readonly ProtobufMessage RoleRef = Of((1, new("apiGroup")), (2, new("kind")), (3, new("name")));

    private static readonly ProtobufMessage ResourceAttributes = Of(
        (1, new("namespace")), (2, new("verb")), (3, new("group")), (4, new("version")), (5, new("resource")),
        (6, new("subresource")), (7, new("name")));

    private static readonly ProtobufMessage NonResourceAttributes = Of((1, new("path")), (2, new("verb")));

    private static readonly ProtobufMessage Role = Of(Metadata, (2, List("rules", PolicyRule)));

    private static readonly ProtobufMessage Binding =
        Of(Metadata, (2, List("subjects", Subject)), (3, Message("roleRef", RoleRef)));

    public static readonly IReadOnlyDictionary<string, ProtobufMessage> ByKind = new Dictionary<string, ProtobufMessage>
    {
        ["Namespace"] = Of(Metadata),
        ["ServiceAccount"] = Of(Metadata),
        ["Secret"] = Of(
            Metadata,
            (2, new("data", ProtobufValue.Bytes, ProtobufForm.Map)),
            (3, new("type")),
            (4, new("stringData", Form: ProtobufForm.Map)),
            (5, new("immutable", ProtobufValue.Flag))),
        ["ConfigMap"] = Of(
            Metadata,
            (2, new("data", Form: ProtobufForm.Map)),
            (3, new("binaryData", ProtobufValue.Bytes, ProtobufForm.Map)),
            (4, new("immutable", ProtobufValue.Flag))),
        ["ResourceQuota"] = Of(
            Metadata,
            (2, Message("spec", Of(
                (1, new("hard", ProtobufValue.Quantity, ProtobufForm.Map)),
                (2, new("scopes", Form: ProtobufForm.List)))))),
        ["Role"] = Role,
        ["ClusterRole"] = Role,
        ["RoleBinding"] = Binding,
        ["ClusterRoleBinding"] = Binding,
        ["SelfSubjectAccessReview"] = Of(
            Metadata,
            (2, Message("spec", Of(
                (1, Message("resourceAttributes", ResourceAttributes)),
                (2, Message("nonResourceAttributes", NonResourceAttributes)))))),
        ["SubjectAccessReview"] = Of(
            Metadata,
            (2, Message("spec", Of(
                (1, Message("resourceAttributes", ResourceAttributes)),
                (2, Message("nonResourceAttributes", NonResourceAttributes)),
                (3, new("user")),
                (4, new("groups", Form: ProtobufForm.List)))))),
        ["SelfSubjectRulesReview"] = Of(Metadata, (2, Message("spec", Of((1, new("namespace")))))),
        ["DeleteOptions"] = Of(
            (1, new("gracePeriodSeconds", ProtobufValue.Number)),
            (2, Message("preconditions", Of((1, new("uid")), (2, new("resourceVersion"))))),
            (3, new("orphanDependents", ProtobufValue.Flag)),
            (4, new("propagationPolicy")),
            (5, new("dryRun", Form: ProtobufForm.List))),
    };

    private static (int, ProtobufField) Metadata => (1, Message("metadata", ObjectMeta));

    private static ProtobufField Message(string name, ProtobufMessage message) => new(name, ProtobufValue.Message, Message: message);

    private static ProtobufField List(string name, ProtobufMessage message) =>
        new(name, ProtobufValue.Message, ProtobufForm.List, message);

    private static ProtobufMessage Of(params (int Number, ProtobufField Field)[] fields) =>
        new(fields.ToDictionary(field => field.Number, field => field.Field));
}
