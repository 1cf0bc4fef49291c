using System.Text;
using System.Text.Json;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Reads what a guest is given at its start. Nothing of it is ever in a message: it may hold secrets.</summary>
/// <param name="payload">The payload.</param>
/// <param name="notes">Takes what the hub's user should know.</param>
internal sealed class GuestDataReader(PayloadReader payload, RequestNotes notes)
{
    private const int MaxDataBytes = 256 << 10;
    private const string ConfigDrive = "configdrive";
    private const string NoCloud = "nocloud";
    private const string UnattendFile = "Unattend.xml";

    // Windows Setup and Sysprep look for these, in any case (KubeVirt, pkg/config/sysprep.go: validateUnattendPresence).
    private static readonly string[] AnswerFiles = ["autounattend.xml", "unattend.xml"];

    /// <summary>The data; what is wrong is in the payload's errors.</summary>
    public GuestData Read()
    {
        var userData = ReadText("cloud_init", "user data");
        return new GuestData
        {
            UserData = userData,
            NetworkData = ReadText("network_data", "network data"),
            IsConfigDrive = ReadType(userData),
            SshKeys = ReadSshKeys(),
            Sysprep = ReadSysprep(),
            Secrets = SecretParameters.In(payload.Json),
        };
    }

    private bool ReadType(string? userData)
    {
        var isIgnition = userData is not null && IsIgnition(userData);
        if (payload.OptionalChoice("cloud_init_type", NoCloud, ConfigDrive) is not { } type) return isIgnition;
        if (isIgnition && type == NoCloud)
            notes.Warn($"cloud_init_type ({NoCloud}): cloud_init is an Ignition configuration, which is read from a config drive alone");
        return type == ConfigDrive;
    }

    /// <summary>Whether a text is an Ignition configuration: JSON with <c>ignition.version</c> (coreos.github.io/ignition).</summary>
    internal static bool IsIgnition(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith('{')) return false;
        try
        {
            using var document = JsonDocument.Parse(text);
            return JsonText.TryGetProperty(document.RootElement, "ignition", out var ignition)
                && ignition.ValueKind is JsonValueKind.Object
                && JsonText.TryGetProperty(ignition, "version", out var version)
                && version.ValueKind is JsonValueKind.String;
        }
        catch (JsonException)
        {
            return false; // user data of another format that begins like JSON; there is no way to ask first
        }
    }

    private string? ReadText(string field, string what)
    {
        var data = payload.OptionalString(field);
        if (data is not null && Encoding.UTF8.GetByteCount(data) > MaxDataBytes)
            payload.Reject(field, data, $"at most {MaxDataBytes >> 10} KiB of {what}");
        return data;
    }

    private IReadOnlyList<string> ReadSshKeys()
    {
        IReadOnlyList<string> keys = [.. payload.StringList("ssh_keys").Select(key => key.Trim())];
        foreach (var (index, key) in keys.Index())
        {
            if (key.Split(' ', 3) is not [{ Length: > 0 }, { Length: > 0 }, ..] || key.Any(char.IsControl))
                payload.Reject($"ssh_keys[{index}]", key, "a public key in one line, such as \"ssh-ed25519 AAAA… name\"");
        }
        return keys;
    }

    // The text of the answer file, or an object of file names and texts.
    private Dictionary<string, string> ReadSysprep()
    {
        const string Field = "sysprep";
        var files = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, text) in payload.TextOrTexts(Field, UnattendFile))
        {
            if (!IsFileName(name) || !files.TryAdd(name, text))
                payload.RejectBecause(Field, "a file name is not usable, expected different ones of letters, digits, '-', '_' and '.'");
        }
        if (files.Count == 0) return files;
        if (files.Keys.All(name => !AnswerFiles.Contains(name, StringComparer.OrdinalIgnoreCase)))
            payload.RejectBecause(Field, $"it has no answer file, expected one of {string.Join(", ", AnswerFiles)} (in any case)");
        foreach (var (name, text) in files)
        {
            if (AnswerFiles.Contains(name, StringComparer.OrdinalIgnoreCase) && !text.AsSpan().TrimStart('\uFEFF').TrimStart().StartsWith('<'))
                payload.Reject(Field, text, "an answer file in XML");
        }
        if (files.Values.Sum(Encoding.UTF8.GetByteCount) > MaxDataBytes)
            payload.RejectBecause(Field, $"it is too large, expected at most {MaxDataBytes >> 10} KiB");
        return files;
    }

    private static bool IsFileName(string name) =>
        name.Length is > 0 and <= 253 && name != "." && !name.StartsWith("..", StringComparison.Ordinal) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
