using static OvimSpokeAgent.Tests.VirtualMachines.Requests;

namespace OvimSpokeAgent.Tests.VirtualMachines;

public sealed class MachineOptionsTests
{
    [Theory]
    [InlineData("""{}""", null, null)]
    [InlineData("""{"firmware":"bios"}""", """{"bootloader":{"bios":{}}}""", null)]
    [InlineData("""{"firmware":"efi"}""", """{"bootloader":{"efi":{"secureBoot":false}}}""", null)]
    [InlineData("""{"firmware":"efi-secure"}""", """{"bootloader":{"efi":{"secureBoot":true}}}""", """{"smm":{"enabled":true}}""")]
    public void Firmware_is_as_kubevirt_wants_it(string fields, string? firmware, string? features)
    {
        var domain = TemplateOf(fields)["domain"]!;

        IsJson(firmware ?? "null", domain["firmware"]);
        IsJson(features ?? "null", domain["features"]);
    }

    [Fact]
    public void Machine_and_treatment_are_the_vms()
    {
        var spec = TemplateOf("""
            {"machine_type":"pc-q35-rhel9.6.0","architecture":"amd64","eviction_strategy":"LiveMigrateIfPossible","termination_grace_period_seconds":0}
            """);

        Assert.Equal("pc-q35-rhel9.6.0", (string?)spec["domain"]!["machine"]!["type"]);
        Assert.Equal("amd64", (string?)spec["architecture"]);
        Assert.Equal("LiveMigrateIfPossible", (string?)spec["evictionStrategy"]);
        Assert.Equal(0, (int?)spec["terminationGracePeriodSeconds"]);
    }

    [Fact]
    public void What_is_not_said_is_left_to_kubevirt() => Assert.Equal(
        ["domain", "networks", "volumes"], TemplateOf("{}").AsObject().Select(field => field.Key));

    [Theory]
    [InlineData("""{}""", "Always")]
    [InlineData("""{"run":false}""", "Halted")]
    [InlineData("""{"run":false,"run_strategy":"Halted"}""", "Halted")]
    [InlineData("""{"run_strategy":"Manual"}""", "Manual")]
    [InlineData("""{"run_strategy":"RerunOnFailure"}""", "RerunOnFailure")]
    [InlineData("""{"run":true,"run_strategy":"Once"}""", "Once")]
    public void Run_strategy_is_as_it_is_said_or_by_run(string fields, string strategy)
    {
        Assert.Equal(strategy, (string?)SpecOf(fields)["runStrategy"]);
        Assert.Empty(With(fields).Notes.IgnoredFields);
    }

    [Fact]
    public void Run_that_the_strategy_contradicts_is_told() => Assert.Equal(
        ["run (false): run_strategy (Always) says it"], With("""{"run":false,"run_strategy":"Always"}""").Notes.IgnoredFields);

    [Theory]
    [InlineData("""{"networks":["pod","blue","acme/green"]}""",
        """[{"name":"default","masquerade":{}},{"name":"network","bridge":{}},{"name":"network-2","bridge":{}}]""",
        """[{"name":"default","pod":{}},{"name":"network","multus":{"networkName":"blue"}},{"name":"network-2","multus":{"networkName":"green"}}]""")]
    [InlineData("""{"networks":["blue","pod"]}""",
        """[{"name":"network","bridge":{}},{"name":"default","masquerade":{}}]""",
        """[{"name":"network","multus":{"networkName":"blue"}},{"name":"default","pod":{}}]""")]
    [InlineData("""{"networks":["blue"],"network_name":"green"}""",
        """[{"name":"network","bridge":{}},{"name":"network-2","bridge":{}}]""",
        """[{"name":"network","multus":{"networkName":"blue"}},{"name":"network-2","multus":{"networkName":"green"}}]""")]
    [InlineData("""{"networks":["blue"],"network_name":"blue"}""",
        """[{"name":"network","bridge":{}}]""", """[{"name":"network","multus":{"networkName":"blue"}}]""")]
    public void Networks_are_in_their_order(string fields, string interfaces, string networks)
    {
        var spec = TemplateOf(fields);

        IsJson(interfaces, spec["domain"]!["devices"]!["interfaces"]);
        IsJson(networks, spec["networks"]);
    }

    [Theory]
    [InlineData("""{"firmware":"uefi"}""", "firmware: \"uefi\" is not one of bios, efi, efi-secure")]
    [InlineData("""{"machine_type":"q35; rm"}""", "machine_type: \"q35; rm\" is not a machine type of QEMU, such as \"q35\"")]
    [InlineData("""{"architecture":"x86"}""", "architecture: \"x86\" is not one of amd64, arm64, s390x")]
    [InlineData("""{"eviction_strategy":"Migrate"}""", "eviction_strategy: \"Migrate\" is not one of LiveMigrate, LiveMigrateIfPossible, None, External")]
    [InlineData("""{"run_strategy":"always"}""", "run_strategy: \"always\" is not one of Always, Halted, Manual, RerunOnFailure, Once")]
    [InlineData("""{"termination_grace_period_seconds":-1}""", "termination_grace_period_seconds: -1 is not a whole number from 0 to 86400")]
    [InlineData("""{"termination_grace_period_seconds":"30"}""", "termination_grace_period_seconds: \"30\" is not a whole number from 0 to 86400")]
    [InlineData("""{"networks":"blue"}""", "networks: \"blue\" is not an array of strings")]
    [InlineData("""{"networks":["Blue"]}""", "networks[0]: \"Blue\" is not the name of a NetworkAttachmentDefinition, or \"default\"")]
    [InlineData("""{"networks":["other/blue"]}""", "networks[0]: \"other/blue\" is not a network of the VM's own namespace, \"acme/NAME\"")]
    [InlineData("""{"networks":["pod","default"]}""", "networks[1]: \"default\" is not allowed twice: a VM has one pod network")]
    public void Bad_field_is_named_with_its_value_and_what_is_expected(string fields, string error) => Assert.Equal([error], ErrorsOf(fields));
}
