using System.Diagnostics;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>
/// The place that a pod gives a process: file systems that nobody can write to, <c>/tmp</c> included, no capabilities, and, if it
/// is asked for, a service account's files where Kubernetes mounts them. Made of a user and a mount namespace of its own (Linux),
/// which need no rights.
/// </summary>
internal static class PodPlace
{
    // $1: the folder with the service account's files, or nothing. What cannot be made read-only must at least not be written to.
    private const string Enter = """
        set -e
        if [ -n "$1" ]; then
          mount -t tmpfs tmpfs /run
          mkdir -p /run/secrets/kubernetes.io/serviceaccount
          mount --bind "$1" /run/secrets/kubernetes.io/serviceaccount
        fi
        shift
        while read -r _ place _ options _; do
          case $place in /proc | /proc/* | /sys | /sys/*) continue ;; esac
          kept=$(printf %s "$options" | tr , '\n' | grep -xE 'nosuid|nodev|noexec|noatime|nodiratime|relatime' | tr '\n' ,)
          mount -o "remount,bind,${kept}ro" "$(printf %b "$place")" 2>/dev/null || true
        done </proc/self/mounts
        for folder in / /tmp /var/tmp /dev/shm /run "$HOME" "$PWD"; do
          [ ! -w "$folder" ] || { echo "$folder can be written to" >&2; exit 1; }
        done
        exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
        """;

    private static readonly Lazy<string?> Problem = new(Try);

    /// <summary>Why there is none here; null: there is.</summary>
    public static string? WhyNot => Problem.Value;

    /// <summary>The command that runs another one there, as the same process.</summary>
    /// <param name="serviceAccount">The folder with the service account's files; null: there are none.</param>
    public static IReadOnlyList<string> Command(string? serviceAccount = null) =>
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", Enter, "sh", serviceAccount ?? ""];

    private static string? Try()
    {
        try
        {
            var command = Command();
            using var trial = Process.Start(new ProcessStartInfo(command[0], [.. command.Skip(1), "true"]) { RedirectStandardError = true })!;
            var errors = trial.StandardError.ReadToEnd();
            trial.WaitForExit();
            return trial.ExitCode == 0 ? null : $"needs Linux namespaces of its own: {errors.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return $"needs Linux namespaces of its own: {e.Message}";
        }
    }
}
