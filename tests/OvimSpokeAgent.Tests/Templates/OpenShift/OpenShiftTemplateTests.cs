using System.Text.Json;
using System.Text.Json.Nodes;
using OvimSpokeAgent.Templates;

namespace OvimSpokeAgent.Tests.Templates;

public sealed class OpenShiftTemplateTests
{
    // The form of those that Red Hat ships, with every field that they have.
    internal const string Fedora = """
        {
          "apiVersion": "template.openshift.io/v1", "kind": "Template",
          "metadata": {"name": "fedora", "namespace": "openshift", "annotations": {"openshift.io/display-name": "Fedora VM", "tags": "hidden"}},
          "labels": {"team": "${TEAM}"},
          "parameters": [
            {"name": "NAME", "generate": "expression", "from": "fedora-[a-z0-9]{16}"},
            {"name": "DATA_SOURCE_NAME", "value": "fedora"},
            {"name": "DATA_SOURCE_NAMESPACE", "value": "images"},
            {"name": "CLOUD_USER_PASSWORD", "generate": "expression", "from": "[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}"},
            {"name": "CORES", "value": "2", "required": true},
            {"name": "TEAM", "value": "blue"}
          ],
          "objects": [{
            "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
            "metadata": {
              "name": "${NAME}",
              "labels": {"app": "${NAME}", "vm.kubevirt.io/template": "fedora"},
              "annotations": {"vm.kubevirt.io/validations": "[]", "example.com/note": "for ${NAME}"}
            },
            "spec": {
              "running": false,
              "dataVolumeTemplates": [{
                "apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume", "metadata": {"name": "${NAME}"},
                "spec": {
                  "storage": {"resources": {"requests": {"storage": "30Gi"}}},
                  "sourceRef": {"kind": "DataSource", "name": "${DATA_SOURCE_NAME}", "namespace": "${DATA_SOURCE_NAMESPACE}"}
                }
              }],
              "template": {
                "metadata": {
                  "annotations": {"vm.kubevirt.io/flavor": "small", "vm.kubevirt.io/os": "fedora"},
                  "labels": {"kubevirt.io/domain": "${NAME}", "size": "small"}
                },
                "spec": {
                  "architecture": "amd64",
                  "domain": {
                    "cpu": {"sockets": 1, "cores": "${{CORES}}", "threads": 1, "model": "host-model"},
                    "memory": {"guest": "2Gi"},
                    "machine": {"type": "q35"},
                    "features": {"acpi": {}, "smm": {"enabled": true}},
                    "firmware": {"bootloader": {"efi": {}}},
                    "devices": {
                      "rng": {}, "networkInterfaceMultiqueue": true,
                      "disks": [{"name": "rootdisk", "disk": {"bus": "virtio"}, "bootOrder": 1}, {"name": "cloudinitdisk", "disk": {"bus": "virtio"}}],
                      "interfaces": [{"masquerade": {}, "model": "virtio", "name": "default"}]
                    }
                  },
                  "evictionStrategy": "LiveMigrate",
                  "terminationGracePeriodSeconds": 180,
                  "networks": [{"name": "default", "pod": {}}],
                  "volumes": [
                    {"name": "rootdisk", "dataVolume": {"name": "${NAME}"}},
                    {"name": "cloudinitdisk", "cloudInitNoCloud": {"userData": "#cloud-config\nuser: fedora\npassword: ${CLOUD_USER_PASSWORD}\necho: ${HOME}\n"}}
                  ]
                }
              }
            }
          }]
        }
        """;

    [Fact]
    public void Template_becomes_fields_of_create_vm_and_the_rest_that_only_tunes_is_carried_over()
    {
        var (parts, problem) = Read(Fedora, """{"TEAM":"red","CORES":3}""");

        Assert.Null(problem);
        var fields = parts!.Content;
        var password = fields.GetProperty("secret_parameters").GetProperty("CLOUD_USER_PASSWORD").GetString();
        Assert.Matches("^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$", password);
        var expected = JsonNode.Parse("""
            {
              "labels": {"team": "red", "app": "web", "size": "small"}, "annotations": {"example.com/note": "for web"},
              "run": false, "architecture": "amd64", "eviction_strategy": "LiveMigrate", "termination_grace_period_seconds": 180,
              "cpu": 3, "memory": "2Gi", "firmware": "efi-secure", "machine_type": "q35", "boot_order": 1,
              "image_url": "pvc:images/fedora-1", "storage": "30Gi", "networks": ["pod"], "cloud_init_type": "nocloud", "name": "fedora"
            }
            """)!;
        expected["cloud_init"] = $"#cloud-config\nuser: fedora\npassword: {password}\necho: ${{HOME}}\n";
        expected["secret_parameters"] = new JsonObject { ["CLOUD_USER_PASSWORD"] = password }; // the VM's name is none
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(fields.GetRawText())), fields.GetRawText());
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""{"domain":{"cpu":{"model":"host-model"},"features":{"acpi":{},"smm":{"enabled":true}},"devices":{"rng":{},"networkInterfaceMultiqueue":true}}}"""),
                JsonNode.Parse(parts.Carried.GetRawText())),
            parts.Carried.GetRawText());
    }

    [Theory]
    [InlineData("""{"sockets":2,"cores":4}""", "{}", "8")]
    [InlineData("{}", """{"requests":{"cpu":"4"}}""", "\"4\"")]
    [InlineData("""{"cores":2}""", """{"requests":{"cpu":"200m","memory":"1Gi"}}""", "2")]
    public void Size_is_that_of_the_guest(string cpu, string resources, string expected)
    {
        var template = Changed(domain =>
        {
            domain["cpu"] = JsonNode.Parse(cpu);
            domain["resources"] = JsonNode.Parse(resources);
        });

        Assert.Equal(expected, Read(template).Parts!.Content.GetProperty("cpu").GetRawText());
    }

    [Fact]
    public void Disks_beside_the_first_to_boot_from_are_more_disks()
    {
        var template = Spec("""
            {"runStrategy":"Always","instancetype":{"kind":"VirtualMachineClusterInstancetype","name":"u1"},"preference":{"name":"p"},
             "dataVolumeTemplates":[
               {"metadata":{"name":"empty"},"spec":{"source":{"blank":{}},"storage":{"resources":{"requests":{"storage":"5Gi"}},"storageClassName":"fast","accessModes":["ReadWriteMany"]}}},
               {"metadata":{"name":"web"},"spec":{"source":{"http":{"url":"https://example.com/a.img","secretRef":"login"}},"pvc":{"resources":{"requests":{"storage":"9Gi"}}}}}],
             "template":{"spec":{"domain":{"firmware":{"bootloader":{"efi":{"secureBoot":false}}},"devices":{
               "disks":[{"name":"data","disk":{}},{"name":"os","disk":{},"bootOrder":2},{"name":"tools","disk":{}},{"name":"old","disk":{}}],
               "interfaces":[{"name":"lan","bridge":{}},{"name":"pod","masquerade":{}}]}},
               "networks":[{"name":"pod","pod":{}},{"name":"lan","multus":{"networkName":"acme/lan"}}],
               "volumes":[{"name":"tools","containerDisk":{"image":"quay.io/tools:1"}},{"name":"data","dataVolume":{"name":"empty"}},
                          {"name":"os","dataVolume":{"name":"web"}},{"name":"old","persistentVolumeClaim":{"claimName":"kept"}}]}}}
            """);

        var content = Read(template).Parts!.Content;

        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse("""
                    {"name":"t","run_strategy":"Always","instancetype":"virtualmachineclusterinstancetype/u1","preference":"p","firmware":"efi",
                     "image_url":"https://example.com/a.img","storage":"9Gi","secret_name":"login","boot_order":2,"networks":["acme/lan","pod"],
                     "disks":[{"name":"data","blank":true,"size":"5Gi","storage_class":"fast","access_mode":"ReadWriteMany"},
                              {"name":"tools","image_url":"quay.io/tools:1"},{"name":"old","image_url":"pvc:kept"}]}
                    """),
                JsonNode.Parse(content.GetRawText())),
            content.GetRawText());
    }

    [Theory]
    [InlineData("""[]""", "objects: 0 VirtualMachines, expected one")]
    [InlineData("""[{"apiVersion":"v1","kind":"Secret","stringData":{"a":"hidden-value"}}]""", "objects[0]: a Secret is not made: of a template one VirtualMachine is, and nothing else")]
    [InlineData("""[5]""", "objects[0]: a number of 1 bytes (not shown) is not made: of a template one VirtualMachine is, and nothing else")]
    [InlineData("""[null]""", "objects[0]: null is not made: of a template one VirtualMachine is, and nothing else")]
    [InlineData("""[{"kind":"VirtualMachine","apiVersion":"kubevirt.io/v1"},{"kind":"VirtualMachine","apiVersion":"kubevirt.io/v1"}]""", "objects: 2 VirtualMachines, expected one")]
    [InlineData("""[{"kind":"VirtualMachine","apiVersion":"kubevirt.io/v1"},{"kind":"Service","apiVersion":"v1"}]""", "objects[1]: a Service is not made: of a template one VirtualMachine is, and nothing else")]
    public void Template_of_anything_but_one_vm_is_refused(string objects, string problem) =>
        Assert.Equal((null, problem), Read($$"""{"metadata":{"name":"t"},"objects":{{objects}}}"""));

    [Theory]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"hostDevices":[{"name":"a"}]}}}}}""", "objects[0].spec.template.spec.domain.devices.hostDevices: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"domain":{"resources":{"limits":{"cpu":1}}}}}}""", "objects[0].spec.template.spec.domain.resources.limits.cpu: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"domain":{"cpu":{"dedicatedCpuPlacement":true}}}}}""", "objects[0].spec.template.spec.domain.cpu.dedicatedCpuPlacement: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"accessCredentials":[{}]}}}""", "objects[0].spec.template.spec.accessCredentials: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"nodeSelector":"x","priorityClassName":"x"}}}""", "objects[0].spec.template.spec.priorityClassName: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"tpm":{}}}}}}""", "objects[0].spec.template.spec.domain.devices.tpm: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"disks":[{"name":"a","cdrom":{}}]}},"volumes":[{"name":"a","containerDisk":{"image":"i"}}]}}}""", "objects[0].spec.template.spec.domain.devices.disks[0].cdrom: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"disks":[{"name":"a","lun":{}}]}},"volumes":[{"name":"a","containerDisk":{"image":"i"}}]}}}""", "objects[0].spec.template.spec.domain.devices.disks[0].lun: create_vm has no word for it")]
    [InlineData("""{"dataVolumeTemplates":[{"metadata":{"name":"d","annotations":{"example.com/a":"top-hidden"}},"spec":{"source":{"http":{"url":"u"}}}}],"template":{"spec":{"domain":{"devices":{"disks":[{"name":"a"}]}},"volumes":[{"name":"a","dataVolume":{"name":"d"}}]}}}""", "objects[0].spec.dataVolumeTemplates[0].metadata.annotations: create_vm has no word for it")]
    [InlineData("""{"template":5}""", "objects[0].spec.template: a number of 1 bytes (not shown) is not an object")]
    [InlineData("""{"running":"yes"}""", "objects[0].spec.running: a string of 5 bytes (not shown) is not true or false")]
    [InlineData("""{"updateVolumesStrategy":"Migration"}""", "objects[0].spec.updateVolumesStrategy: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"disks":[{"name":"a"}]}}}}}""", "objects[0].spec.template.spec.domain.devices.disks[0].name: there is no volume of this name")]
    [InlineData("""{"template":{"spec":{"volumes":[{"name":"a","emptyDisk":{"capacity":"1Gi"}}]}}}""", "objects[0].spec.template.spec.volumes[0]: it is on no disk")]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"disks":[{"name":"a","disk":{"bus":"sata"}}]}},"volumes":[{"name":"a","containerDisk":{"image":"i"}}]}}}""", "objects[0].spec.template.spec.domain.devices.disks[0].disk.bus: create_vm makes virtio disks alone")]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"disks":[{"name":"a","cdrom":{"bus":"sata"}}]}},"volumes":[{"name":"a","containerDisk":{"image":"i"}}]}}}""", "objects[0].spec.template.spec.domain.devices.disks[0].cdrom: create_vm has no word for it")]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"interfaces":[{"name":"a","sriov":{}}]}},"networks":[{"name":"a","multus":{"networkName":"n"}}]}}}""", "objects[0].spec.template.spec.domain.devices.interfaces[0]: create_vm connects networks of multus by a bridge alone")]
    [InlineData("""{"template":{"spec":{"domain":{"devices":{"disks":[{"name":"c"}]}},"volumes":[{"name":"c","cloudInitNoCloud":{"secretRef":{"name":"s"}}}]}}}""", "objects[0].spec.template.spec.volumes[0].cloudInitNoCloud.secretRef: create_vm has no word for it")]
    [InlineData("""{"dataVolumeTemplates":[{"metadata":{"name":"d"},"spec":{"source":{"blank":{}},"storage":{}}}]}""", "objects[0].spec.dataVolumeTemplates[0]: no volume names it")]
    [InlineData("""{"dataVolumeTemplates":{}}""", "objects[0].spec.dataVolumeTemplates: an object of 2 bytes (not shown) is not an array")]
    [InlineData("""{"instancetype":{"kind":"x"}}""", "objects[0].spec.instancetype.name: missing, expected its name")]
    public void What_create_vm_cannot_say_is_refused_by_its_place(string spec, string problem)
    {
        var problems = Read(Spec(spec)).Problem!.Split("; ");

        Assert.Equal([problem], problems);
    }

    [Theory]
    [InlineData("""{"template":{"spec":{"domain":{"cpu":{},"resources":{"limits":{},"requests":{}},"firmware":{},"devices":{}},"volumes":[],"dnsPolicy":"","accessCredentials":[]}}}""")]
    [InlineData("""{"template":{"metadata":{"annotations":{},"labels":{}},"spec":{"domain":{"devices":{"disks":[{"name":"c","cdrom":{}}]}},"volumes":[{"name":"c","cloudInitNoCloud":{"userData":"a"}}]}}}""")]
    [InlineData("""{"dataVolumeTemplates":[{"metadata":{"name":"d","annotations":{"cdi.kubevirt.io/storage.bind.immediate.requested":"true"}},"spec":{"source":{"http":{"url":"u"}},"storage":{"resources":{"limits":{},"requests":{}}}}}],"template":{"spec":{"domain":{"devices":{"disks":[{"name":"a","disk":{}}]}},"volumes":[{"name":"a","dataVolume":{"name":"d"}}]}}}""")]
    public void What_is_there_and_says_nothing_is_no_reason_to_refuse(string spec) => Assert.Null(Read(Spec(spec)).Problem);

    [Theory]
    [InlineData("""[{"name":"A","required":true}]""", "{}", "parameters.A: missing, expected a value")]
    [InlineData("""[{"name":"A","required":true}]""", """{"A":""}""", "parameters.A: missing, expected a value")]
    [InlineData("""[{"name":"A"}]""", """{"B":"top-hidden","A":"x"}""", "parameters: the template has no parameter \"B\"")]
    [InlineData("""[{"name":"A"}]""", """{"A":{"top-hidden":1}}""", "parameters.A: an object of 16 bytes (not shown) is not a string")]
    [InlineData("""[{"name":"A"}]""", """{"A":["top-hidden"]}""", "parameters.A: an array of 14 bytes (not shown) is not a string")]
    [InlineData("""[{"name":"A"},{"name":"A"}]""", "{}", "parameters[1]: its name is not one of letters, digits and '_' that no other has")]
    [InlineData("""[{"name":"A-B"}]""", "{}", "parameters[0]: its name is not one of letters, digits and '_' that no other has")]
    [InlineData("""[null]""", "{}", "parameters[0]: its name is not one of letters, digits and '_' that no other has")]
    [InlineData("""[{"name":"A","generate":"magic","from":"x"}]""", "{}", "parameters.A: \"magic\" is no generator, expected \"expression\"")]
    [InlineData("""[{"name":"A","required":true,"generate":"expression","from":"[a-z]{999}"}]""", "{}", "parameters.A: its expression has a length that is not from 1 to 255")]
    [InlineData("""[{"name":"CPUS","value":"top-hidden{"}]""", "{}", "objects[0].spec.template.spec.domain.cpu.cores: a string of 13 bytes (not shown) is not a whole number")]
    public void Parameters_that_are_wrong_are_named_and_never_shown(string parameters, string given, string problem)
    {
        var template = JsonNode.Parse(Spec("""{"template":{"spec":{"domain":{"cpu":{"cores":"${{CPUS}}"}}}}}"""))!;
        template["parameters"] = JsonNode.Parse(parameters);
        if (!parameters.Contains("CPUS", StringComparison.Ordinal)) template["objects"]![0]!["spec"] = new JsonObject();

        var (_, found) = Read(template.ToJsonString(), given);

        Assert.Equal(problem, found);
    }

    [Theory]
    [InlineData("""{"A":"given"}""", "given")]
    [InlineData("""{"A":5}""", "5")]
    [InlineData("""{"A":true}""", "true")]
    [InlineData("""{"A":null}""", "own")]
    [InlineData("{}", "own")]
    public void Given_value_wins_over_the_templates_own(string given, string expected)
    {
        var template = JsonNode.Parse(Spec("""{"template":{"spec":{"hostname":"${A}"}}}"""))!;
        template["parameters"] = JsonNode.Parse("""[{"name":"A","value":"own","generate":"expression","from":"[a-z]{9}"}]""");

        Assert.Equal(expected, Read(template.ToJsonString(), given).Parts!.Carried.GetProperty("hostname").GetString());
    }

    [Fact]
    public void Template_that_grows_by_its_parameters_is_bounded()
    {
        var template = JsonNode.Parse(Spec("{}"))!;
        template["parameters"] = new JsonArray(new JsonObject { ["name"] = "A", ["value"] = new string('x', 16_000) });
        template["objects"]![0]!["spec"]!["template"] = new JsonObject
        {
            ["spec"] = new JsonObject { ["hostname"] = string.Concat(Enumerable.Repeat("${A}", 1000)), ["subdomain"] = "${A}", ["nodeSelector"] = "${A}" },
        };

        Assert.Contains("over ", Read(template.ToJsonString()).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_would_grow_beyond_all_bounds_is_not_made()
    {
        var template = JsonNode.Parse(Spec("{}"))!;
        template["parameters"] = new JsonArray(new JsonObject { ["name"] = "A", ["value"] = new string('x', 16_000) });
        template["objects"]![0]!["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["a"] = string.Concat(Enumerable.Repeat("${A}", 200_000)) } };
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal("with its parameters the object is over 256 KiB", Read(template.ToJsonString()).Problem);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500 << 20);
    }

    [Theory]
    [InlineData("web-1", "\"web-1\"")]
    [InlineData("{\"a\":", "\"{\\\"a\\\":\"")]
    [InlineData("", "\"\"")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\"")]
    [InlineData("[1]", "[1]")]
    [InlineData("true", "true")]
    public void Value_for_any_type_that_is_no_json_of_a_few_levels_is_a_string(string value, string expected)
    {
        var template = JsonNode.Parse(Spec("""{"template":{"spec":{"hostname":"${{A}}"}}}"""))!;
        template["parameters"] = JsonNode.Parse("""[{"name":"A"}]""");

        var carried = Read(template.ToJsonString(), new JsonObject { ["A"] = value }.ToJsonString()).Parts!.Carried;

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(expected), carried.GetProperty("hostname")), carried.GetRawText());
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"t"},"objects":null,"parameters":null,"labels":5}""", "objects: 0")]
    [InlineData("""{"metadata":{"name":"t"}}""", "objects: 0")]
    public void Empty_template_is_no_vm(string json, string problem) => Assert.Contains(problem, Read(json).Problem, StringComparison.Ordinal);

    private static (TemplateContentParts? Parts, string? Problem) Read(string template, string given = "{}")
    {
        var (read, problem) = OpenShiftTemplate.Of(
            JsonSerializer.Deserialize(template, TemplateJson.Default.OpenShiftTemplateObject)!, JsonElement.Parse(given), "web", OpenShiftTemplateItem.Expression);
        return read is null ? (null, problem) : read.Read(source => $"pvc:{source}-1");
    }

    private static string Spec(string spec) =>
        $$"""{"metadata":{"name":"t"},"objects":[{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","spec":{{spec}}}]}""";

    private static string Changed(Action<JsonObject> change)
    {
        var template = JsonNode.Parse(Fedora)!;
        change(template["objects"]![0]!["spec"]!["template"]!["spec"]!["domain"]!.AsObject());
        return template.ToJsonString();
    }
}
