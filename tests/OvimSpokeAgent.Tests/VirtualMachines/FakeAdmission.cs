using OvimSpokeAgent.VirtualMachines;

namespace OvimSpokeAgent.Tests.VirtualMachines;

/// <summary>Lets every VM in, or none, and notes who asked.</summary>
internal sealed class FakeAdmission : IVirtualMachineAdmission
{
    /// <summary>Why nobody is let in; null: everyone is.</summary>
    public string? Refusal { get; set; }

    public List<VirtualMachineClaim> Asked { get; } = [];

    public List<VirtualMachineClaim> Withdrawn { get; } = [];

    public List<VirtualMachineClaim> Restored { get; } = [];

    public Task<string?> AdmitAsync(VirtualMachineClaim claim, CancellationToken cancellationToken)
    {
        Asked.Add(claim);
        return Task.FromResult(Refusal);
    }

    public void Restore(VirtualMachineClaim claim) => Restored.Add(claim);

    public void Withdraw(VirtualMachineClaim claim) => Withdrawn.Add(claim);
}
