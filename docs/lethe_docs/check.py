"""Checks the HTML of the site: no link or picture is broken, nothing is loaded from elsewhere, no text became a tag."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}
"""Tag -> attribute whose address a browser loads."""
_TAG = re.compile(
    "a|abbr|article|aside|b|blockquote|body|br|button|caption|code|col|colgroup|dd|details|div|dl|dt|em|footer|form|"
    "h[1-6r]|head|header|html|i|img|input|kbd|label|li|link|main|meta|nav|noscript|ol|option|p|pre|script|section|select|small|"
    "span|strong|style|sub|summary|sup|table|tbody|td|template|title|tr|th|thead|u|ul|var|"
    "svg|circle|line|path|polygon|polyline|rect|symbol|use"
)
"""Tags of the theme and of Markdown; any other is a text such as <name>, which a browser does not show."""
_ELSEWHERE = re.compile(r"https://[\w-]+(\.[\w-]+)+(/[^\s<>\"{}|\\^`]*)?(?<![.,;:)])")


class _Page(HTMLParser):
    """Collects the ids, links and loaded files of a page, and pictures without a text."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.without_text: list[str] = []
        self.unknown: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if not _TAG.fullmatch(tag):
            self.unknown.append(tag)
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if (
            tag in LOADING
            and LOADING[tag] in values
            and values.get("rel") not in ("canonical", "search", "index", "next", "prev")
        ):
            self.loaded.append(values[LOADING[tag]])
        if tag == "img" and not values.get("alt"):
            self.without_text.append(values.get("src", ""))


def problems(site: Path) -> list[str]:
    """Return what is wrong with the pages of a site, one line each."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    faults = []
    for path, page in pages.items():
        name = path.relative_to(site)
        faults += [f"{name}: loads {address}" for address in page.loaded if urlsplit(address).netloc]
        faults += [f"{name}: {source} has no text" for source in page.without_text]
        faults += [f"{name}: <{tag}> is no tag of HTML; write it as code" for tag in page.unknown]
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.netloc and link in page.links and not _ELSEWHERE.fullmatch(link):
                faults.append(f"{name}: {link} is no address of another site")
            if parts.scheme or parts.netloc or not link:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                faults.append(f"{name}: {link} does not exist")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                faults.append(f"{name}: {link} names no part of the page")
    return faults


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page
