"""Looking at pages: on screens of two sizes, for what is wrong with them, and with pictures for people.

BELLRINGER_SCREENSHOTS names a folder that keeps a picture of each page.
"""

import os
from pathlib import Path

from playwright.sync_api import Page

SCREENS = {"desktop": (1280, 900), "telephone": (390, 844)}

COMPLAINTS = """() => {
    const found = [];
    const width = document.documentElement.clientWidth;
    const wide = document.documentElement.scrollWidth;
    if (wide > width + 1) found.push(`is ${wide} wide on a screen of ${width}`);
    const seen = (e) => e.getClientRects().length && getComputedStyle(e).visibility !== "hidden";
    const headings = [...document.querySelectorAll("h1")].filter(seen).length;
    if (headings !== 1) found.push(`has ${headings} first headings`);
    for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
        if (seen(e) && !e.labels?.length && !e.ariaLabel && !e.title) found.push(`${e.name} has no label`);
    }
    const icons = ".material-symbols-outlined";
    const words = (e) => {
        const copy = e.cloneNode(true);
        copy.querySelectorAll(icons).forEach((icon) => icon.remove());
        return copy.matches(icons) ? "" : copy.textContent.trim();
    };
    for (const e of document.querySelectorAll("a, button, [role=button]")) {
        const titled = e.title || e.querySelector("[title]");
        if (seen(e) && !words(e) && !e.ariaLabel && !titled) found.push(`no name: ${e.outerHTML}`);
    }
    for (const e of document.querySelectorAll(icons)) {
        if (seen(e) && e.ariaHidden !== "true" && !e.ariaLabel) found.push(`read as words: ${e.textContent}`);
    }
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
    if (twice.length) found.push(`used twice as id: ${twice}`);
    return found;
}"""

FAINT = """() => {
    const brush = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
        .getContext("2d", {willReadFrequently: true});
    const luminance = (colours) => {
        brush.clearRect(0, 0, 1, 1);
        for (const colour of colours) {
            brush.fillStyle = colour;
            brush.fillRect(0, 0, 1, 1);
        }
        const [r, g, b] = [...brush.getImageData(0, 0, 1, 1).data].map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const grounds = (e) => {
        const all = [];
        for (let one = e; one; one = one.parentElement) all.unshift(getComputedStyle(one).backgroundColor);
        return ["#fff", ...all];
    };
    const found = new Set();
    for (const e of document.querySelectorAll("[class*=br-], [class*=br-] *")) {
        const has_text = [...e.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
        const style = getComputedStyle(e);
        const is_seen = e.getClientRects().length && style.visibility !== "hidden";
        if (!has_text || !is_seen || e.matches(".material-symbols-outlined")) continue;
        const under = grounds(e);
        const [low, high] = [luminance(under), luminance([...under, style.color])].sort((a, b) => a - b);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast >= 4.5) continue;
        found.add(`${contrast.toFixed(2)} ${e.className}: ${e.textContent.trim().slice(0, 30)}`);
    }
    return [...found];
}"""
"""What of our own is written with less contrast than 4.5 to 1 (WCAG AA)."""


def keep(page: Page, folder: str, name: str) -> None:
    """Keep a picture, if anybody wants one."""
    kept = os.environ.get("BELLRINGER_SCREENSHOTS")
    if kept:
        path = Path(kept) / folder / f"{name.strip('/').replace('/', '-').replace('?', '-')}.png"
        page.screenshot(path=path, full_page=True)
