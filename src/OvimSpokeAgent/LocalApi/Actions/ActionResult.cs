using Microsoft.AspNetCore.Http;

namespace OvimSpokeAgent.LocalApi;

/// <summary>What came of an action.</summary>
/// <param name="Status">The answer's status.</param>
/// <param name="Message">For people: what was done, or why not.</param>
internal readonly record struct ActionResult(int Status, string Message)
{
    public bool IsDone => Status == StatusCodes.Status200OK;

    public static ActionResult Done(string message) => new(StatusCodes.Status200OK, message);

    /// <summary>What was asked for is wrong.</summary>
    public static ActionResult Invalid(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>It cannot be done as things are.</summary>
    public static ActionResult Impossible(string message) => new(StatusCodes.Status409Conflict, message);

    /// <summary>It was tried, and the hub or the API server did not do its part.</summary>
    public static ActionResult Failed(string message) => new(StatusCodes.Status502BadGateway, message);
}
