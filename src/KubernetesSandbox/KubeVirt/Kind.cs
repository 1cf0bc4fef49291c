namespace KubernetesSandbox.KubeVirt;

/// <summary>A kind of the Kubernetes API.</summary>
internal sealed record Kind(string Group, string Version, string Plural, string Name)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    private string Root => Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";

    /// <summary>Path of a collection; in all namespaces where <paramref name="ns"/> is empty.</summary>
    public string Path(string ns) => ns.Length == 0 ? $"{Root}/{Plural}" : $"{Root}/namespaces/{ns}/{Plural}";

    public string Path(ObjectName name) => $"{Path(name.Namespace)}/{name.Name}";

    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

/// <summary>The kinds that the controllers work on.</summary>
internal static class Kinds
{
    public static readonly Kind Vm = new("kubevirt.io", "v1", "virtualmachines", "VirtualMachine");
    public static readonly Kind Vmi = new("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance");
    public static readonly Kind KubeVirt = new("kubevirt.io", "v1", "kubevirts", "KubeVirt");
    public static readonly Kind DataVolume = new("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume");
    public static readonly Kind Claim = new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim");
    public static readonly Kind Namespace = new("", "v1", "namespaces", "Namespace");
    public static readonly Kind Node = new("", "v1", "nodes", "Node");
    public static readonly Kind AccessReview = new("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview");
    public static readonly Kind Service = new("", "v1", "services", "Service");
    public static readonly Kind ValidatingWebhook =
        new("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration");

    public static readonly Kind ControllerRevision = new("apps", "v1", "controllerrevisions", "ControllerRevision");
    public static readonly Kind ApiService = new("apiregistration.k8s.io", "v1", "apiservices", "APIService");

    /// <summary>Instancetypes and preferences by the <c>kind</c> that a VM names.</summary>
    public static readonly IReadOnlyDictionary<string, Kind> Types = new[]
    {
        new Kind("instancetype.kubevirt.io", "v1beta1", "virtualmachineinstancetypes", "VirtualMachineInstancetype"),
        new Kind("instancetype.kubevirt.io", "v1beta1", "virtualmachineclusterinstancetypes", "VirtualMachineClusterInstancetype"),
        new Kind("instancetype.kubevirt.io", "v1beta1", "virtualmachinepreferences", "VirtualMachinePreference"),
        new Kind("instancetype.kubevirt.io", "v1beta1", "virtualmachineclusterpreferences", "VirtualMachineClusterPreference"),
    }.ToDictionary(kind => kind.Name, StringComparer.OrdinalIgnoreCase);
}

/// <summary>KubeVirt's names on objects.</summary>
internal static class KubeVirtNames
{
    /// <summary>On a VM until its VMI is gone; on a VMI until the VM's status has taken its end in.</summary>
    public const string ControllerFinalizer = "kubevirt.io/virtualMachineControllerFinalize";

    /// <summary>On a VMI until its guest is down.</summary>
    public const string ForegroundFinalizer = "kubevirt.io/foregroundDeleteVirtualMachine";

    public const string GenerationAnnotation = "kubevirt.io/vm-generation";
    public const string NodeLabel = "kubevirt.io/nodeName";
    public const string CreatedByLabel = "kubevirt.io/created-by";
    public const string OrphanFinalizer = "orphan";
}
