using System.Text.Json;

namespace OvimSpokeAgent.Operations;

/// <summary>Operations as JSON: deeper than the hub's answers are read, so that whatever was taken can be read again.</summary>
internal static class OperationJson
{
    private const int MaxDepth = 1000;

    public static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth };

    public static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    public static JsonElement Parse(ReadOnlySpan<byte> json) => JsonElement.Parse(json, DocumentOptions);
}
