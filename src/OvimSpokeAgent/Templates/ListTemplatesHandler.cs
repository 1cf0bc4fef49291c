using System.Text.Json;
using OvimSpokeAgent.Contract;
using OvimSpokeAgent.Operations;

namespace OvimSpokeAgent.Templates;

/// <summary><c>list_templates</c>: those of the hub, and those that the cluster has itself.</summary>
internal sealed class ListTemplatesHandler(TemplateSource source) : IOperationHandler
{
    // A result has at most 512 KiB.
    private const int MaxBytes = 384 << 10;
    private const int BytesBesideTexts = 160;

    public string Type => "list_templates";

    public IReadOnlyList<string> Aliases => ["TemplateList"];

    public OperationPlan Plan(PayloadReader payload) => new()
    {
        ReadOnly = true,
        Execute = async (_, token) => OperationOutcome.Completed(Listing(await source.ListAsync(token)), ContractJson.Default.TemplateListing),
    };

    internal static TemplateListing Listing(IReadOnlyList<ListedTemplate> all)
    {
        var (listed, bytes, names) = (new List<ListedTemplate>(), 0, new HashSet<string>(StringComparer.Ordinal));
        foreach (var template in all)
        {
            var (counts, size) = (names.Add(template.Name), SizeOf(template));
            if (bytes + size > MaxBytes) break;
            bytes += size;
            listed.Add(counts ? template : template with { Hidden = true });
        }
        return new TemplateListing { Templates = listed, Count = all.Count, Truncated = listed.Count < all.Count ? true : null };
    }

    private static int SizeOf(ListedTemplate template) => BytesBesideTexts
        + new[] { template.Name, template.DisplayName ?? "", template.Reason ?? "" }.Concat(template.Parameters ?? [])
            .Sum(text => JsonEncodedText.Encode(text).EncodedUtf8Bytes.Length + 4);
}
