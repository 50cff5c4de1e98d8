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
    for (const e of document.querySelectorAll("a, button")) {
        if (seen(e) && !e.innerText.trim() && !e.ariaLabel && !e.title) found.push(`no name: ${e.outerHTML}`);
    }
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
    if (twice.length) found.push(`used twice as id: ${twice}`);
    return found;
}"""


def keep(page: Page, folder: str, name: str) -> None:
    """Keep a picture, if anybody wants one."""
    kept = os.environ.get("BELLRINGER_SCREENSHOTS")
    if kept:
        path = Path(kept) / folder / f"{name.strip('/').replace('/', '-').replace('?', '-')}.png"
        page.screenshot(path=path, full_page=True)
