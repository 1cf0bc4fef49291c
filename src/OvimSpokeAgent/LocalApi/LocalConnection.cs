namespace OvimSpokeAgent.LocalApi;

/// <summary>Marks a connection to the local API: a feature of the connection, which no request can claim.</summary>
internal sealed class LocalConnection
{
    public static readonly LocalConnection Mark = new();

    private LocalConnection()
    {
    }
}
