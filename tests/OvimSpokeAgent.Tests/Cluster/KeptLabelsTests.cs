using System.Globalization;
using System.Text;
using CsCheck;
using OvimSpokeAgent.Cluster;

namespace OvimSpokeAgent.Tests.Cluster;

public sealed class KeptLabelsTests
{
    [Fact]
    public void Few_labels_are_kept_as_they_are()
    {
        var labels = Labels(32);

        var kept = KeptLabels.ForReport(labels);

        Assert.Equal(labels, kept.All);
        Assert.False(kept.AreTruncated);
        Assert.Equal(default, KeptLabels.ForReport(null));
    }

    [Fact]
    public void Of_many_the_first_by_key_are_kept()
    {
        var kept = KeptLabels.ForReport(Labels(20_000));

        Assert.True(kept.AreTruncated);
        Assert.Equal(Labels(32).Keys, kept.All!.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_long_ones_as_many_are_kept_as_fit()
    {
        var labels = Enumerable.Range(0, 30).ToDictionary(i => $"example.com/k{i:d5}", _ => new string('v', 200));

        var kept = KeptLabels.ForReport(labels);

        Assert.True(kept.AreTruncated);
        Assert.Equal(4096 / 218, kept.All!.Count);
    }

    [Fact]
    public void Labels_with_a_meaning_are_kept_whatever_is_beside_them()
    {
        var labels = Labels(20_000, prefix: "a");
        labels[WellKnownNames.ManagedByLabel] = WellKnownNames.Agent;
        labels[WellKnownNames.VdcLabel] = "dev";
        labels[WellKnownNames.Prefix + "made-up"] = "x"; // anyone can write these

        var kept = KeptLabels.ForReport(labels);

        Assert.Equal((WellKnownNames.Agent, "dev"), (kept.All![WellKnownNames.ManagedByLabel], kept.All[WellKnownNames.VdcLabel]));
        Assert.Equal(KeptLabels.ReportedCount + 2, kept.All.Count);
        Assert.False(kept.All.ContainsKey(WellKnownNames.Prefix + "made-up"));
    }

    [Fact]
    public void Any_labels_are_kept_within_bounds() =>
        Gen.Dictionary(Gen.String, Gen.String)[0, 60].Sample(labels =>
        {
            var kept = KeptLabels.ForReport(labels);
            Assert.Equal(kept.All!.Count < labels.Count, kept.AreTruncated);
            Assert.All(kept.All, label => Assert.Equal(labels[label.Key], label.Value));
            Assert.InRange(kept.All.Count, 0, KeptLabels.ReportedCount);
            Assert.InRange(kept.All.Sum(label => Encoding.UTF8.GetByteCount(label.Key + label.Value)), 0, KeptLabels.ReportedBytes);
        });

    private static Dictionary<string, string> Labels(int count, string prefix = "k") =>
        Enumerable.Range(0, count).ToDictionary(i => string.Create(CultureInfo.InvariantCulture, $"{prefix}{i:d6}"), _ => "v");
}
