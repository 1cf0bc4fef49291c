namespace OvimSpokeAgent.LocalApi;

/// <summary>The answer to an action.</summary>
/// <param name="Action">Its name.</param>
/// <param name="Message">What was done and what came of it, for people.</param>
internal sealed record ActionDocument(string Action, string Message);

/// <summary>Why a request is not done.</summary>
/// <param name="Error">Which field, which value, what was expected.</param>
internal sealed record ErrorDocument(string Error);
