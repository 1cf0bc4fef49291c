using Microsoft.Extensions.Logging;
using OvimSpokeAgent.Supervision;

namespace OvimSpokeAgent.Tests.Supervision;

/// <summary>Makes what remembers failing objects, and hears what it says of them.</summary>
internal static class TestFailures
{
    /// <param name="time">The clock.</param>
    /// <param name="onLine">Called with each of its log lines; null: they go nowhere.</param>
    public static ObjectFailures Create(TimeProvider time, Action<string, Exception?>? onLine = null) => new(
        Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry()), time, new Listener(onLine));

    private sealed class Listener(Action<string, Exception?>? onLine) : ILogger<ObjectFailures>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => onLine is not null;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            onLine?.Invoke(formatter(state, exception), exception);
    }
}
