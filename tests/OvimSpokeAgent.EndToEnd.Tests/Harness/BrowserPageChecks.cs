using System.Text.Json;

namespace OvimSpokeAgent.EndToEnd.Tests.Harness;

/// <summary>What holds of every page: readable at each width, in light and dark, and with assistive technology.</summary>
internal static class BrowserPageChecks
{
    private const int Told = 20;

    // What is clipped to nothing is for screen readers.
    private const string IsSeen = """
        function isSeen(one) {
          if (!one.checkVisibility({ visibilityProperty: true })) return false;
          for (let at = one; at; at = at.parentElement) {
            if (getComputedStyle(at).overflowX === 'hidden' && at.getBoundingClientRect().width <= 1) return false;
          }
          return true;
        }
        """;

    // Each function returns what is wrong, as texts.
    private const string TooWide = """
        width => [...document.querySelectorAll('body *')]
          .filter(isSeen)
          .filter(one => one.getBoundingClientRect().right > width + 0.5)
          .map(one => `${one.tagName} ${one.id} ${one.className} ends at ${one.getBoundingClientRect().right}: ${one.textContent.slice(0, 60)}`)
          .concat(document.scrollingElement.scrollWidth > width ? [`the page is ${document.scrollingElement.scrollWidth} wide`] : [])
        """;

    // WCAG 2.2, 1.4.3: 4.5 to 1. An element's background is that of the first ancestor which has one.
    private const string TooPale = """
        () => {
          const channels = color => color.match(/[\d.]+/g).map(Number);
          const luminance = ([r, g, b]) => {
            const [x, y, z] = [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * x + 0.7152 * y + 0.0722 * z;
          };
          const background = one => {
            for (let at = one; at; at = at.parentElement) {
              const color = channels(getComputedStyle(at).backgroundColor);
              if (color.length < 4 || color[3] === 1) return color;
              if (color[3] > 0) return null; // a mixture
            }
            return [255, 255, 255];
          };
          const opacity = one => {
            let all = 1;
            for (let at = one; at; at = at.parentElement) all *= Number(getComputedStyle(at).opacity);
            return all;
          };
          const wrong = [];
          for (const one of document.querySelectorAll('body *')) {
            const text = one.matches('input, textarea, select') ? one.value : [...one.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
            if (!text || !isSeen(one) || one.closest(':disabled, option')) continue;
            const behind = background(one), style = getComputedStyle(one), share = opacity(one);
            const ink = channels(one.closest('svg') ? style.fill : style.color).slice(0, 3).map((c, i) => c * share + (behind?.[i] ?? c) * (1 - share));
            const [bright, dim] = behind ? [luminance(behind), luminance(ink)].sort((a, b) => b - a) : [0, 0];
            const ratio = (bright + 0.05) / (dim + 0.05);
            if (ratio < 4.5) wrong.push(`${one.tagName} "${text.slice(0, 40)}": ${ratio.toFixed(2)}, rgb(${ink.map(Math.round)}) on ${behind}`);
          }
          return wrong;
        }
        """;

    private const string Unlabelled = """
        () => {
          const wrong = [];
          const named = one => one.labels?.length || one.ariaLabel || one.getAttribute('aria-labelledby');
          for (const one of document.querySelectorAll('input, select, textarea')) if (!named(one)) wrong.push(`${one.tagName} ${one.id} has no label`);
          for (const one of document.querySelectorAll('button, a')) if (!one.textContent.trim() && !one.ariaLabel) wrong.push(`${one.tagName} ${one.id} says nothing`);
          for (const one of document.querySelectorAll('img, svg[role="img"]'))
            if (!one.getAttribute('alt') && !one.ariaLabel && !one.getAttribute('aria-labelledby') && !one.querySelector('title')) wrong.push(`${one.tagName} ${one.id} says nothing`);
          for (const table of document.querySelectorAll('table')) {
            const heads = table.querySelectorAll('th[scope]').length;
            if (!heads) wrong.push(`table ${table.id} has no headers`);
            if (!table.caption && !table.ariaLabel && !table.getAttribute('aria-labelledby')) wrong.push(`table ${table.id} has no name`);
            if (table.checkVisibility() && getComputedStyle(table).display !== 'table' && table.getAttribute('role') !== 'table') wrong.push(`table ${table.id} is none as it is shown, and has no role`);
          }
          const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
          ids.filter((id, i) => ids.indexOf(id) !== i).forEach(id => wrong.push(`the id ${id} is there twice`));
          for (const one of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
            for (const id of `${one.getAttribute('aria-labelledby') ?? ''} ${one.getAttribute('aria-describedby') ?? ''}`.split(' '))
              if (id && !document.getElementById(id)) wrong.push(`${one.tagName} ${one.id} refers to ${id}, which is not there`);
          if (!document.documentElement.lang) wrong.push('no language');
          if (!document.title) wrong.push('no title');
          for (const landmark of ['header', 'main', 'h1']) if (document.querySelectorAll(landmark).length < 1) wrong.push(`no ${landmark}`);
          if (document.querySelectorAll('[aria-live], [role="status"]').length < 1) wrong.push('nothing that tells of changes');
          let level = 0;
          for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
            if (!heading.checkVisibility()) continue;
            const own = Number(heading.tagName[1]);
            if (own > level + 1) wrong.push(`${heading.tagName} "${heading.textContent}" follows a heading of level ${level}`);
            level = own;
          }
          return wrong;
        }
        """;

    /// <summary>Tries all widths and schemes.</summary>
    public static async Task IsReadableByAllAsync(this BrowserPage page)
    {
        foreach (var width in BrowserPage.Widths)
        {
            foreach (var scheme in BrowserPage.Schemes)
            {
                await page.HasLookAsync(width, scheme);
                await FindsNothingAsync(page, $"{width} px, {scheme}", TooWide, width);
                await FindsNothingAsync(page, $"{width} px, {scheme}", TooPale);
                await FindsNothingAsync(page, $"{width} px, {scheme}", Unlabelled);
            }
        }
    }

    private static async Task FindsNothingAsync(BrowserPage page, string look, string function, params object[] arguments)
    {
        var wrong = await page.AskAsync<JsonElement>($"(...given) => {{ {IsSeen} return ({function})(...given); }}", arguments);
        Assert.True(wrong.GetArrayLength() == 0, $"{look}:\n{string.Join('\n', wrong.EnumerateArray().Take(Told))}");
    }
}
