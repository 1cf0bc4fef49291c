using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KubernetesSandbox.Cluster;

/// <summary>Checks what must hold for an object of any kind, and what a few kinds forbid to change.</summary>
internal static partial class ObjectValidation
{
    private const string NotASubdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + @"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string NotALabel =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string NotAQualifiedName =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    private const string NotALabelValue =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    private const int MaxAnnotationBytes = 256 << 10;

    /// <exception cref="ApiException">422, with every cause.</exception>
    public static void Check(ResourceKind kind, ObjectKey key, JsonObject content, JsonObject? current)
    {
        var problems = new List<InvalidField>();
        if (current is null) CheckName(kind, key.Name, problems);
        CheckLabels(content.Map("metadata", "labels"), problems);
        CheckAnnotations(content.Map("metadata", "annotations"), problems);
        CheckOwners(content.Items("metadata", "ownerReferences"), problems);
        RegistrationValidation.Check(kind, key, content, problems);
        if (current is not null)
        {
            CheckFinalizers(content, current, problems);
            CheckImmutable(kind, content, current, problems);
        }
        if (problems.Count > 0) throw ApiErrors.Invalid(kind, key.Name, problems);
    }

    private static void CheckName(ResourceKind kind, string name, List<InvalidField> problems)
    {
        const string Field = "metadata.name";
        if (name.Length == 0)
        {
            problems.Add(InvalidField.Required(Field, "name or generateName is required"));
            return;
        }
        var (pattern, limit, problem) = kind.Names switch
        {
            NameRule.DnsLabel => (DnsLabel(), 63, NotALabel),
            NameRule.PathSegment => (PathSegment(), int.MaxValue, "may not be '.' or '..' or contain '/' or '%'"),
            _ => (DnsSubdomain(), 253, NotASubdomain),
        };
        if (name.Length > limit) problems.Add(InvalidField.Value(Field, name, $"must be no more than {limit} characters"));
        if (!pattern.IsMatch(name)) problems.Add(InvalidField.Value(Field, name, problem));
    }

    private static void CheckLabels(JsonObject? labels, List<InvalidField> problems)
    {
        const string Field = "metadata.labels";
        foreach (var (name, value) in labels ?? [])
        {
            CheckQualifiedName(Field, name, problems);
            var text = value.Text();
            if (text is null)
                problems.Add(new("FieldValueTypeInvalid", $"Invalid value: {value.ToText()}: must be a string", Field));
            else if (text.Length > 63)
                problems.Add(InvalidField.Value(Field, text, "must be no more than 63 characters"));
            else if (!LabelValue().IsMatch(text))
                problems.Add(InvalidField.Value(Field, text, NotALabelValue));
        }
    }

    private static void CheckAnnotations(JsonObject? annotations, List<InvalidField> problems)
    {
        const string Field = "metadata.annotations";
        var bytes = 0L;
        foreach (var (name, value) in annotations ?? [])
        {
            CheckQualifiedName(Field, name.ToLowerInvariant(), problems);
            if (value.Text() is not { } text)
                problems.Add(new("FieldValueTypeInvalid", $"Invalid value: {value.ToText()}: must be a string", Field));
            else
                bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(text);
        }
        if (bytes > MaxAnnotationBytes)
            problems.Add(new("FieldValueTooLong", $"Too long: must have at most {MaxAnnotationBytes} bytes", Field));
    }

    private static void CheckQualifiedName(string field, string name, List<InvalidField> problems)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var (prefix, local) = slash < 0 ? (null, name) : (name[..slash], name[(slash + 1)..]);
        if (prefix is not null && !DnsSubdomain().IsMatch(prefix))
            problems.Add(InvalidField.Value(field, name, $"prefix part {NotASubdomain}"));
        if (local.Length > 63) problems.Add(InvalidField.Value(field, name, "name part must be no more than 63 characters"));
        if (!QualifiedName().IsMatch(local)) problems.Add(InvalidField.Value(field, name, NotAQualifiedName));
    }

    private static void CheckOwners(JsonArray? owners, List<InvalidField> problems)
    {
        foreach (var (i, owner) in (owners ?? []).Index())
        {
            foreach (var field in (string[])["apiVersion", "kind", "name", "uid"])
            {
                if (owner.Text(field) is not { Length: > 0 })
                    problems.Add(InvalidField.Value($"metadata.ownerReferences[{i}].{field}", "", $"{field} must not be empty"));
            }
        }
    }

    private static void CheckFinalizers(JsonObject content, JsonObject current, List<InvalidField> problems)
    {
        if (current.At("metadata", "deletionTimestamp") is null) return;
        var added = content.Items("metadata", "finalizers").Texts()
            .Except(current.Items("metadata", "finalizers").Texts())
            .ToList();
        if (added.Count == 0) return;
        var list = string.Join(", ", added.Select(name => $"\"{name}\""));
        problems.Add(InvalidField.Forbidden(
            "metadata.finalizers",
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{" + list + "}"));
    }

    private static void CheckImmutable(ResourceKind kind, JsonObject content, JsonObject current, List<InvalidField> problems)
    {
        var field = kind.Resource switch
        {
            ("", "secrets") => "type",
            (_, "rolebindings" or "clusterrolebindings") => "roleRef",
            _ => null,
        };
        if (field is not null && !JsonNode.DeepEquals(content[field], current[field]))
        {
            var problem = field == "roleRef" ? "cannot change roleRef" : "field is immutable";
            problems.Add(new("FieldValueInvalid", $"Invalid value: {content[field].ToText()}: {problem}", field));
        }
        if (kind.Resource is ("", "secrets" or "configmaps") && current.Flag("immutable") is true
            && !JsonNode.DeepEquals(content["data"], current["data"]))
        {
            problems.Add(InvalidField.Forbidden("data", "field is immutable when `immutable` is set"));
        }
    }

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex DnsSubdomain();

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex DnsLabel();

    [GeneratedRegex(@"\A(?!\.{1,2}\z)[^/%]+\z")]
    private static partial Regex PathSegment();

    [GeneratedRegex(@"\A([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z", RegexOptions.ExplicitCapture)]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"\A(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex LabelValue();
}
