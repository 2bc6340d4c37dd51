"""Reads an HTML page as a test needs it: its tables, its pictures, its text, and everything that it would fetch."""

import re
from html.parser import HTMLParser

FETCHING = {"src", "href", "srcset", "poster", "data", "action", "background", "xlink:href", "formaction", "ping"}


class HtmlPage(HTMLParser):
    """A parsed page.

    Attributes:
        tables: id -> rows of cells, each a dict of text and, where there is one, the exact figure.
        images: attributes of every picture.
        addresses: every address that a browser would go to.
        tags: every tag that was opened.
        texts: what stands between the tags, style left out.
        titles: every title attribute.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[dict]]] = {}
        self.images: list[dict] = []
        self.addresses: list[str] = re.findall(r"url\(\s*['\"]?([^'\")]*)", text) + re.findall(r"@import[^;]*", text)
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.titles: list[str] = []
        self._rows: list[list[dict]] | None = None
        self._cell: dict | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in FETCHING and value is not None]
        if "title" in found:
            self.titles.append(found["title"])
        if tag == "img":
            self.images.append(found)
        elif tag == "table":
            self._rows = self.tables.setdefault(found["id"], [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = {"text": ""}
            self._rows[-1].append(self._cell)
        elif self._cell is not None and "data-value" in found:
            self._cell["value"] = float(found["data-value"])

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell["text"] += data
        if self.tags and self.tags[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def row(self, table: str, name: str) -> list[dict]:
        """The cells of a table's row after the one that names it."""
        (found,) = (row for row in self.tables[table][1:] if row[0]["text"].split()[0] == name)
        return found[1:]
