using System.Net;
using OvimSpokeAgent.Cluster;
using OvimSpokeAgent.Operations;
using OvimSpokeAgent.Validation;

namespace OvimSpokeAgent.VirtualMachines;

/// <summary>Reads the field <c>image_url</c> of a VM or of a disk.</summary>
/// <param name="payload">Whose field it is.</param>
/// <param name="vm">The VM.</param>
internal sealed class ImageUrl(PayloadReader payload, NamespacedName vm)
{
    private const string Field = "image_url";
    private const string ClaimScheme = "pvc:";
    private const int MaxUrlLength = 2048;

    /// <summary>What it can be, for messages.</summary>
    public const string Rule =
        "a container disk (\"registry/image:tag\", the image in lower case), an existing disk (\"pvc:NAME\", \"pvc:NAMESPACE/NAME\") or an "
        + "image to import (\"http(s)://…\", \"docker://…\")";

    /// <summary>Where the disk comes from; anything if the field was rejected.</summary>
    /// <param name="url">The field's value.</param>
    /// <param name="size">The size that the disk is to have: what has one is a disk of its own.</param>
    public DiskSource Read(string url, Quantity? size)
    {
        if (url.StartsWith(ClaimScheme, StringComparison.Ordinal)) return ReadClaim(url, size);
        if (url.Contains("://", StringComparison.Ordinal) && !url.StartsWith(DiskSource.Import.RegistryScheme, StringComparison.Ordinal))
            return ReadHttp(url);
        return ReadImage(url, size);
    }

    private DiskSource ReadImage(string url, Quantity? size)
    {
        var isUrl = url.StartsWith(DiskSource.Import.RegistryScheme, StringComparison.Ordinal);
        var image = isUrl ? url[DiskSource.Import.RegistryScheme.Length..] : url;
        if (!ImageReference.IsValid(image))
            payload.Reject(Field, url, Rule);
        // The node that runs a container disk has a registry of its own now and then; the importer is a pod.
        else if ((isUrl || size is not null) && IsLoopback(RegistryOf(image)))
            RejectLoopback(url);
        return size is null ? new DiskSource.Container(image) : new DiskSource.Import(DiskSource.Import.RegistryScheme + image);
    }

    private DiskSource.Import ReadHttp(string url)
    {
        if (url.Length > MaxUrlLength || url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
        {
            payload.Reject(Field, url, Rule);
        }
        else if (uri.UserInfo.Length > 0)
        {
            payload.Reject(Field, url, "a URL without credentials: a login is in a Secret that secret_name names");
        }
        else if (IsLoopback(uri.IdnHost))
        {
            RejectLoopback(url);
        }
        return new DiskSource.Import(url);
    }

    private DiskSource ReadClaim(string url, Quantity? size)
    {
        var parts = url[ClaimScheme.Length..].Split('/');
        var (ns, claim) = parts.Length > 1 ? (parts[0], parts[^1]) : (vm.Namespace, parts[0]);
        if (parts.Length > 2 || !KubernetesNames.IsDnsSubdomain(claim) || (parts.Length == 2 && !KubernetesNames.IsDnsLabel(ns)))
            payload.Reject(Field, url, "\"pvc:NAME\" or \"pvc:NAMESPACE/NAME\" of a PersistentVolumeClaim");
        return ns == vm.Namespace && size is null ? new DiskSource.Claim(claim) : new DiskSource.Copy(ns, claim);
    }

    private void RejectLoopback(string url) =>
        payload.Reject(Field, url, "reachable: the importer is a pod, to which this host is the pod itself");

    // github.com/distribution/reference: without a dot, a colon or this name it is a part of the path.
    private static string? RegistryOf(string image)
    {
        if (image.IndexOf('/', StringComparison.Ordinal) is not (> 0 and var end)) return null;
        var host = image[..end];
        if (host.StartsWith('[')) return host[1..host.IndexOf(']', StringComparison.Ordinal)];
        if (!host.AsSpan().ContainsAny('.', ':') && !host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return null;
        return host.Split(':')[0];
    }

    private static bool IsLoopback(string? host)
    {
        if (host is null) return false;
        host = host.Trim('[', ']').TrimEnd('.');
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)) // RFC 6761, 6.3
        {
            return true;
        }
        if (!IPAddress.TryParse(host, out var address)) return false;
        address = address.Unmapped();
        return IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
    }
}
