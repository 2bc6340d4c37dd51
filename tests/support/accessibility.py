"""What every visitor needs of a page in a browser: contrast, names, visible focus, a page as wide as a phone."""

import json
from typing import Any

CONTRAST = """(root => {
  const linear = c => c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const low = [];
  for (const node of document.querySelectorAll(root + " *")) {
    if (node.closest("svg, script, style, noscript")) continue;
    const words = [...node.childNodes].filter(child => child.nodeType === 3).map(child => child.data).join("").trim();
    if (!words || node.disabled || !node.getClientRects().length) continue;
    if (getComputedStyle(node).visibility === "hidden") continue;
    const layers = [];
    for (let under = node; under && (layers.at(-1)?.[3] ?? 0) < 1; under = under.parentElement) {
      const [r, g, b, alpha = 1] = parse(getComputedStyle(under).backgroundColor);
      layers.push([r, g, b, alpha]);
    }
    const mix = (back, [r, g, b, alpha]) => back.map((value, i) => value * (1 - alpha) + [r, g, b][i] * alpha);
    const back = layers.reduceRight(mix, [255, 255, 255]);
    const [one, other] = [light(parse(getComputedStyle(node).color)), light(back)].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) low.push([words.slice(0, 30), node.className, Math.round(ratio * 100) / 100]);
  }
  return JSON.stringify(low);
})"""
"""Texts whose contrast with their background is below 4.5, which WCAG AA asks for."""
NAMELESS = """(root => JSON.stringify(
  [...document.querySelectorAll(`${root} :is(img, select, input, textarea, button, a[href], canvas[role])`)]
    .filter(e => e.getClientRects().length && e.type !== "hidden" && e.type !== "checkbox")
    .filter(e => !(e.alt || e.labels?.[0]?.innerText || e.getAttribute("aria-label") || e.innerText?.trim() || e.title
                   || e.placeholder || e.querySelector("img[alt], svg, [aria-label]")))
    .map(e => e.outerHTML.slice(0, 200))))"""
"""Pictures without a text, and controls and links without a name."""


def low_contrast(window: Any, root: str = "body") -> list:
    """Return [text, class, ratio] of each text with too little contrast, below an element of the page."""
    return json.loads(window.read(f"{CONTRAST}({json.dumps(root)})"))


def nameless(window: Any, root: str = "body") -> list[str]:
    """Return the elements that a screen reader cannot name."""
    return json.loads(window.read(f"{NAMELESS}({json.dumps(root)})"))


def show(window: Any, width: int, dark: bool) -> None:
    """Set the width of the window, a phone's if it is narrow, and the color scheme that the visitor prefers."""
    phone = width < 700
    window._call(
        "Emulation.setDeviceMetricsOverride", width=width, height=850, deviceScaleFactor=1 + phone, mobile=phone
    )
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    window._call("Emulation.setEmulatedMedia", features=scheme)


def faults(window: Any, root: str = "body") -> list:
    """Return what keeps a visitor from using the page that is shown: texts, names, language, title, width."""
    messages = [*low_contrast(window, root), *nameless(window, root)]
    page, inner, language, title = window.read(
        "[document.documentElement.scrollWidth, window.innerWidth, document.documentElement.lang, document.title]"
    )
    messages += [f"{page} wide in a window of {inner}"] if page > inner else []
    return messages + [name for name, value in (("no language", language), ("no title", title)) if not value]


def press_tab(window: Any) -> tuple[str, float]:
    """Press Tab and return the element that has the focus, and the width of the mark that shows it."""
    for kind in ("keyDown", "keyUp"):
        window._call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    return tuple(
        window.read(
            "[document.activeElement.id || document.activeElement.textContent.trim(),"
            " parseFloat(getComputedStyle(document.activeElement).outlineWidth)]"
        )
    )
