using System.Text.Json.Nodes;

namespace KubernetesSandbox.Cluster;

/// <summary>Checks what makes kinds and APIs: CustomResourceDefinitions and APIServices.</summary>
internal static class RegistrationValidation
{
    public static void Check(ResourceKind kind, ObjectKey key, JsonObject content, List<InvalidField> problems)
    {
        if (kind.Resource == BuiltInKinds.CustomResourceDefinition.Resource) CheckDefinition(key.Name, content, problems);
        else if (kind.Resource == BuiltInKinds.ApiService.Resource) CheckApiService(key.Name, content, problems);
    }

    private static void CheckDefinition(string name, JsonObject content, List<InvalidField> problems)
    {
        if (name != $"{content.Text("spec", "names", "plural")}.{content.Text("spec", "group")}")
            problems.Add(InvalidField.Value("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
        Require(content, problems, "spec.group", "spec.names.plural", "spec.names.kind");
        if (content.Text("spec", "scope") is not ("Namespaced" or "Cluster"))
        {
            problems.Add(new(
                "FieldValueNotSupported",
                $"Unsupported value: {content.At("spec", "scope").ToText()}: supported values: \"Cluster\", \"Namespaced\"",
                "spec.scope"));
        }
        var versions = content.Items("spec", "versions") ?? [];
        foreach (var (i, version) in versions.Index())
        {
            if (version.Text("name") is not { Length: > 0 }) problems.Add(InvalidField.Required($"spec.versions[{i}].name"));
        }
        if (versions.Count(version => version.Flag("storage") is true) != 1)
        {
            problems.Add(new(
                "FieldValueInvalid",
                $"Invalid value: {content.At("spec", "versions").ToText()}: must have exactly one version marked as storage version",
                "spec.versions"));
        }
    }

    private static void CheckApiService(string name, JsonObject content, List<InvalidField> problems)
    {
        var expected = $"{content.Text("spec", "version")}.{content.Text("spec", "group")}";
        if (name != expected)
            problems.Add(InvalidField.Value("metadata.name", name, $"must be `spec.version+\".\"+spec.group`: \"{expected}\""));
        if (content.Map("spec", "service") is null) return;
        Require(content, problems, "spec.service.namespace", "spec.service.name");
        if (content.Number("spec", "service", "port") is < 1 or > 65535)
        {
            problems.Add(new(
                "FieldValueInvalid",
                $"Invalid value: {content.Number("spec", "service", "port")}: port is not valid: must be between 1 and 65535, inclusive",
                "spec.service.port"));
        }
        var (isUnchecked, caBundle) = (content.Flag("spec", "insecureSkipTLSVerify") is true, content.Text("spec", "caBundle"));
        if (isUnchecked && caBundle is { Length: > 0 })
            problems.Add(InvalidField.Value("spec.insecureSkipTLSVerify", "true", "may not be true if caBundle is present"));
        if (caBundle is not null && !Convert.TryFromBase64String(caBundle, new byte[caBundle.Length], out _))
            problems.Add(InvalidField.Value("spec.caBundle", caBundle, "unable to load root certificates"));
    }

    private static void Require(JsonObject content, List<InvalidField> problems, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            if (content.Text(field.Split('.')) is not { Length: > 0 }) problems.Add(InvalidField.Required(field));
        }
    }
}
