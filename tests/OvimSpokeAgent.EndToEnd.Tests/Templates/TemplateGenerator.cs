using System.Globalization;
using System.Text.Json.Nodes;

namespace OvimSpokeAgent.EndToEnd.Tests.Templates;

/// <summary>
/// Makes templates and payloads of <c>create_vm</c> by chance: every field that the contract names, each absent, usual, at its
/// bounds or wrong, in every combination.
/// </summary>
internal sealed class TemplateGenerator(Random random)
{
    private static readonly Dictionary<string, string[]> Values = new()
    {
        ["cpu"] = ["1", "2", "512", "\"2\"", "\"1\"", "0.5", "513", "\"many\"", "-1"],
        ["memory"] = ["1", "\"4Gi\"", "\"1Mi\"", "\"1048577\"", "0.5", "\"1500M\"", "\"1e3Mi\"", "\"-1Gi\"", "\"0\"", "1e400"],
        ["storage"] = ["20", "\"4Gi\"", "\"100M\"", "\"x\""],
        ["disk_size"] = ["5", "\"1Ti\""],
        ["image_url"] =
        [
            "\"quay.io/containerdisks/fedora:latest\"", "\"registry:5000/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"",
            "\"pvc:disk\"", "\"pvc:a.b-c\"", "\"docker://quay.io/containerdisks/fedora\"", "\"https://example.com/disk.qcow2\"", "\"pvc:golden/fedora\"",
            "\"UPPER/case\"", "\"a b\"", "\"pvc:\"", "\"https://\"",
        ],
        ["secret_name"] = ["\"login\"", "\"Not A Name\""],
        ["instancetype"] = ["\"virtualmachineinstancetype/u1\"", "\"virtualmachineinstancetype/u1\"", "\"x/y/z\""],
        ["preference"] = ["\"no such thing/x\""],
        ["cloud_init"] = ["\"#cloud-config\\n\"", "\"#cloud-config\\npackages: [\\u00e4, '\\\"']\\n\"", "LONG", "\"{\\\"ignition\\\":{\\\"version\\\":\\\"3.3.0\\\"}}\""],
        ["cloud_init_type"] = ["\"nocloud\"", "\"configdrive\"", "\"floppy\""],
        ["network_data"] = ["\"version: 2\\n\"", "LONG"],
        ["sysprep"] = ["\"<unattend/>\"", "LONG"],
        ["ssh_keys"] = ["[\"ssh-ed25519 AAAA\"]", "[\"ssh-ed25519 AAAA a@b\",\"ssh-rsa BBBB\"]", "[\"one\"]", "\"ssh-rsa A\""],
        ["labels"] = ["{\"tier\":\"web\"}", "{\"example.com/a\":\"\"}", "{\"app.kubernetes.io/name\":\"x\"}", "{\"ovim.io/vdc\":\"x\"}", "{\"a\":\"no value\"}"],
        ["annotations"] = ["{\"example.com/owner\":\"Alice \\u00e4\"}", "{\"a\":\"\"}", "{\"kubevirt.io/x\":\"y\"}"],
        ["network_name"] = ["\"default\"", "\"pod\"", "\"lan\"", "\"a.b\"", "\"NS/lan\"", "\"other/lan\""],
        ["networks"] = ["[\"pod\"]", "[\"lan\"]", "[\"pod\",\"lan\",\"dmz\"]", "[\"lan\",\"lan\"]", "[5]"],
        ["disks"] =
        [
            "[{\"name\":\"data\",\"size\":\"5Gi\",\"blank\":true}]", "[{\"name\":\"data\",\"size\":5,\"image_url\":\"quay.io/a/b:1\",\"boot_order\":1}]",
            "[{\"name\":\"a\",\"size\":1,\"blank\":true,\"storage_class\":\"fast\",\"access_mode\":\"ReadWriteMany\"},{\"name\":\"b\",\"image_url\":\"pvc:x\"}]",
            "[{\"name\":\"data\"}]", "[{}]", "[7]",
        ],
        ["storage_class"] = ["\"fast\"", "\"Not A Class\""],
        ["access_mode"] = ["\"ReadWriteOnce\"", "\"ReadWriteMany\"", "\"Sometimes\""],
        ["firmware"] = ["\"bios\"", "\"efi\"", "\"efi-secure\"", "\"openfirmware\""],
        ["machine_type"] = ["\"q35\"", "\"\""],
        ["architecture"] = ["\"amd64\"", "\"pdp11\""],
        ["eviction_strategy"] = ["\"LiveMigrate\"", "\"None\"", "\"Never\""],
        ["run_strategy"] = ["\"Always\"", "\"Halted\"", "\"Manual\"", "\"RerunOnFailure\"", "\"Sometimes\""],
        ["run"] = ["true", "false", "\"yes\""],
        ["termination_grace_period_seconds"] = ["0", "30", "3600", "-1"],
    };

    /// <summary>A template.</summary>
    public JsonObject Template(string name)
    {
        var template = Fields(likelihood: 0.3);
        template["name"] = name;
        template["display_name"] = "Ubuntu \u00e4";
        template["metadata"] = new JsonObject { ["a"] = random.Next() };
        return template;
    }

    /// <summary>A payload that names the template.</summary>
    public JsonObject Payload(string vm, string ns, string template)
    {
        var payload = Fields(likelihood: 0.12);
        payload["name"] = vm;
        payload["namespace"] = ns;
        payload[random.Next(2) == 0 ? "template" : "template_name"] = template;
        if (payload["network_name"] is JsonValue network && (string?)network == "NS/lan") payload["network_name"] = $"{ns}/lan";
        return payload;
    }

    private JsonObject Fields(double likelihood)
    {
        var fields = new JsonObject();
        foreach (var (field, values) in Values)
        {
            if (random.NextDouble() >= likelihood) continue;
            // What is usual more often than what is at a bound or wrong: else no combination would be accepted.
            var value = values[random.NextDouble() < 0.6 ? 0 : random.Next(values.Length)];
            fields[field] = value == "LONG"
                ? JsonValue.Create("#cloud-config\n" + new string('#', random.Next(1900, 4000)))
                : JsonNode.Parse(value);
        }
        if (!fields.ContainsKey("image_url") && random.NextDouble() < 0.8) fields["image_url"] = JsonNode.Parse(Values["image_url"][0]);
        if (fields.ContainsKey("instancetype")) return fields;
        if (random.NextDouble() < 0.8) fields.TryAdd("cpu", JsonValue.Create(random.Next(1, 5)));
        if (random.NextDouble() < 0.8) fields.TryAdd("memory", JsonValue.Create(string.Create(CultureInfo.InvariantCulture, $"{random.Next(1, 9)}Gi")));
        return fields;
    }
}
