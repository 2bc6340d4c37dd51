"""Parse an HTML page into tables, pictures, text and the addresses that a browser would fetch."""

import re
from html.parser import HTMLParser

FETCHING = {"src", "href", "srcset", "poster", "data", "action", "background", "xlink:href", "formaction", "ping"}


class HtmlPage(HTMLParser):
    """A parsed page.

    Attributes:
        tables: Id -> rows of cells, each a dict of text and, for numbers, the exact value.
        images: Attributes of every picture.
        addresses: Every address that a browser would fetch.
        tags: Every opening tag.
        texts: Text between the tags, without styles.
        titles: Every title attribute.
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
        attributes = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in FETCHING and value is not None]
        if "title" in attributes:
            self.titles.append(attributes["title"])
        if tag == "img":
            self.images.append(attributes)
        elif tag == "table":
            self._rows = self.tables.setdefault(attributes["id"], [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = {"text": ""}
            self._rows[-1].append(self._cell)
        elif self._cell is not None and "data-value" in attributes:
            self._cell["value"] = float(attributes["data-value"])

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
        """Return the cells of a table row after the one that names it."""
        (cells,) = (row for row in self.tables[table][1:] if row[0]["text"].split()[0] == name)
        return cells[1:]
