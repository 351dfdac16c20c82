// The contrast (WCAG 2.2 §1.4.3) of each visible text against the nearest opaque background behind it.
() => {
    const channels = (color) => color.match(/[\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const background = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const [r, g, b, alpha = 1] = channels(getComputedStyle(each).backgroundColor);
            if (alpha > 0.8 && getComputedStyle(each).backgroundColor.startsWith("rgb")) return [r, g, b];
        }
        return channels(getComputedStyle(document.documentElement).backgroundColor);
    };
    const result = {};
    for (const element of document.querySelectorAll("p, span, h1, h2, button, time, kbd")) {
        const text = [...element.childNodes]
            .filter((node) => node.nodeType === 3)
            .map((node) => node.textContent.trim())
            .join("");
        if (!text || !element.checkVisibility() || element.closest(".visually-hidden")) continue;
        const ink = luminance(channels(getComputedStyle(element).color));
        const [light, dark] = [ink, luminance(background(element))].sort((a, b) => b - a);
        result[text] = (light + 0.05) / (dark + 0.05);
    }
    return result;
}
