using System.Security.Cryptography;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Validation;
using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Templates;

/// <summary>What is kept of a Template of OpenShift that is about VMs: what it is called, and whether a VM can be made of it.</summary>
/// <param name="Name">Its name.</param>
internal sealed record OpenShiftTemplateItem(string Name)
{
    /// <summary>
    /// Where those are that count: the cluster's own catalogue, which its administrators write and everybody may read (Role
    /// <c>shared-resource-viewer</c> of OpenShift). Those of other namespaces are tenants', and are not read.
    /// </summary>
    public const string Namespace = "openshift";

    /// <summary>So many are listed; of more, others can be named all the same.</summary>
    public const int MaxItems = 500;

    private const int MaxProblemLength = 500;
    private const int MaxNameLength = 100;

    public static WatchSpec<OpenShiftTemplateObject, OpenShiftTemplateItem> Watch { get; } = new()
    {
        Kind = OfferedKinds.OpenShiftTemplate,
        Namespace = Namespace,
        Type = TemplateJson.Default.OpenShiftTemplateObject,
        Project = (template, _) => OpenShiftTemplate.HasMachine(template) ? Of(template) : null,
        MaxItems = MaxItems,
        IsOptional = true,
        AsksWhetherServed = true,
    };

    /// <summary>For people.</summary>
    public string? DisplayName { get; private init; }

    /// <summary>Why no VM can be made of it, whatever the payload gives; null: one can.</summary>
    public string? Problem { get; private init; }

    /// <summary>The parameters that a payload has to give.</summary>
    public IReadOnlyList<string> Required { get; private init; } = [];

    /// <summary>What it needs of the cluster, as far as it does not depend on parameters that are missing.</summary>
    public TemplateNeeds Needs { get; private init; } = new();

    /// <summary>Cryptographic: there are passwords among what is made.</summary>
    public static ParameterExpression Expression { get; } = new(RandomNumberGenerator.GetInt32);

    public static OpenShiftTemplateItem Of(OpenShiftTemplateObject template)
    {
        var item = new OpenShiftTemplateItem(template.Metadata.Name)
        {
            DisplayName = template.Metadata.Annotation("openshift.io/display-name") is { Length: > 0 } text ? JsonText.Shorten(text, MaxNameLength) : null,
        };
        var (read, problem) = OpenShiftTemplate.Of(template, JsonText.EmptyObject, "vm", Expression, mayLack: true);
        if (read is null) return item with { Problem = Shortened(problem!) };
        if (read.Values.Missing.Count > 0) return item with { Required = [.. read.Values.Missing] };
        // Which disk a DataSource stands for is known when a VM is made.
        var (parts, why) = read.Read(source => $"pvc:{source}");
        if (parts is null) return item with { Problem = Hidden(why!) };
        return TemplateCheck.Problems(parts.Content) is { Count: > 0 } problems
            ? item with { Problem = Hidden(string.Join("; ", problems)) }
            : item with { Needs = TemplateNeeds.Of(parts.Content) };

        // A place's name may have a value in it.
        string Hidden(string text) => Shortened(SecretParameters.Hide(text, read.Values.Secret.Select(pair => pair.Value)));
    }

    private static string Shortened(string problem) => JsonText.Shorten(problem, MaxProblemLength);
}
