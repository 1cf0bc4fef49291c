namespace OvimSpokeAgent.Supervision;

/// <summary>Errors after which the process cannot be trusted: nobody handles them, they end it.</summary>
internal static class FatalErrors
{
    /// <summary>Whether the exception is one of them, or came of one.</summary>
    public static bool IsFatal(this Exception exception) => exception switch
    {
        OutOfMemoryException => true,
        AggregateException several => several.InnerExceptions.Any(IsFatal),
        _ => exception.InnerException?.IsFatal() is true,
    };
}
