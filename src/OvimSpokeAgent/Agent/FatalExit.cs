using System.Diagnostics;
using System.Globalization;
using System.Text;
using OvimSpokeAgent.Supervision;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.Agent;

/// <summary>
/// Ends the process by an error that nobody may go on after, with one line on stderr that names the component, and an exit code
/// that is not 0. Memory that is out ends it at once, wherever that happens: libraries would catch it, and what is left of the
/// agent would look alive. What was journaled is done by the next process.
/// </summary>
internal static partial class FatalExit
{
    /// <summary>sysexits.h, EX_SOFTWARE.</summary>
    public const int ExitCode = 70;

    private const int MessageLength = 500;
    private const string Start = "start";

#pragma warning disable RS0030 // told where no host is to log it
    private static readonly Stream Error = Console.OpenStandardError();
#pragma warning restore RS0030

    // When there is no memory left, none is asked for: what the line needs is here already.
    private static readonly byte[] Line = new byte[1024];
    private static readonly byte[] OutOfMemory = Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $": out of memory, the heap may have {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20} MiB: raise the container's memory limit\n"));

    private static byte[]? _reserve = new byte[1 << 20];
    private static ILogger? _logger;
    private static volatile bool _isStarted;
    private static int _isEnding;

    /// <summary>From now on such errors end the process.</summary>
    public static void Arm()
    {
        AppDomain.CurrentDomain.FirstChanceException += static (_, args) =>
        {
            if (args.Exception is OutOfMemoryException) EndByMemory();
        };
        AppDomain.CurrentDomain.UnhandledException += static (_, args) =>
        {
            if (Interlocked.Exchange(ref _isEnding, 1) != 0) return;
            Environment.Exit(Report(Component(), (Exception)args.ExceptionObject));
        };
    }

    /// <summary>Runs the agent to its end; returns the exit code.</summary>
    public static async Task<int> RunAsync(IHost agent)
    {
        _logger = agent.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(FatalExit).FullName!);
        var lifetime = agent.Services.GetRequiredService<IHostApplicationLifetime>();
        var services = agent.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        lifetime.ApplicationStarted.Register(static () => _isStarted = true);
        Exception? problem = null;
        try
        {
            await agent.RunAsync();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Asked to end before it had started.
        }
#pragma warning disable CA1031 // the end of the process, whatever it is by
        catch (Exception e)
#pragma warning restore CA1031
        {
            problem = e;
        }
        // A service that failed lets the host end as if it had been asked to.
        if (services.Find(service => service.ExecuteTask is { IsFaulted: true }) is { } failed)
            return Report((failed as ILoopStatus)?.Name ?? failed.GetType().Name, failed.ExecuteTask!.Exception!);
        return problem is null ? 0 : Report(_isStarted ? "stop" : Start, problem);
    }

    /// <summary>Tells of an error that ends the process; returns the exit code.</summary>
    public static int Report(string component, Exception exception)
    {
        var cause = exception is AggregateException ? exception.GetBaseException() : exception;
        var message = JsonText.Shorten(cause.Message, MessageLength);
        Error.Write(Encoding.UTF8.GetBytes($"fatal: {component}: {message}\n"));
        if (_logger is not null) LogFatal(_logger, exception, component);
        return ExitCode;
    }

    private static void EndByMemory()
    {
        if (Interlocked.Exchange(ref _isEnding, 1) != 0) return;
        _reserve = null;
        var component = Component();
        var length = Write("fatal: ", 0);
        length = Write(component.AsSpan(0, Math.Min(component.Length, MessageLength)), length);
        OutOfMemory.CopyTo(Line.AsSpan(length));
        Error.Write(Line.AsSpan(0, length + OutOfMemory.Length));
        try
        {
            if (_logger is not null) LogOutOfMemory(_logger, component);
        }
        catch (OutOfMemoryException)
        {
            // The line on stderr must do.
        }
        Environment.Exit(ExitCode);
    }

    private static int Write(ReadOnlySpan<char> text, int at) => at + Encoding.UTF8.GetBytes(text, Line.AsSpan(at));

    // Where nobody said whose work it is: whose code.
    private static string Component()
    {
        if (CurrentComponent.Name is { } name) return name;
        if (!_isStarted) return Start;

        try
        {
            return new StackTrace().GetFrames().Select(frame => DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName?.Split(',')[0])
                .FirstOrDefault(assembly => assembly is not (null or "System.Private.CoreLib" or "OvimSpokeAgent")) ?? "runtime";
        }
        catch (OutOfMemoryException)
        {
            return "runtime";
        }
    }

    [LoggerMessage(1111, LogLevel.Critical, "{Component} failed for good: the process ends")]
    private static partial void LogFatal(ILogger logger, Exception exception, string component);

    [LoggerMessage(1112, LogLevel.Critical, "{Component} is out of memory: the process ends")]
    private static partial void LogOutOfMemory(ILogger logger, string component);
}
