"""Puts the page together: everything in one file, nothing that a browser would have to fetch."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lethebench.report import details, headline, repeat
from lethebench.report.examples import Section
from lethebench.report.pictures import Picture
from lethebench.report.seeds import Group
from lethebench.report.tables import Table, visible

LONGEST = 320
TITLE = 2_000


@dataclass(frozen=True)
class Drawn:
    """A figure as it goes into the page and into a file.

    Attributes:
        name: of its file, without the ending.
        alt: what it shows, in words.
        png: its bytes.
        width, height: in CSS pixels, at which its text has its natural size.
    """

    name: str
    alt: str
    png: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True)
class Chapter:
    """All that the page shows of one group of runs.

    Attributes:
        group: the runs.
        prefix: of the group's files; "" where there is one group.
        tables: by name.
        matrices: a heat map per finished method.
        curves: panels over stages.
        sections: example questions.
        pictures: of the questions, by row id.
        no_pictures: why pictures are missing; "" where none is.
    """

    group: Group
    prefix: str
    tables: dict[str, Table]
    matrices: Sequence[Drawn]
    curves: Sequence[Drawn]
    sections: Sequence[Section]
    pictures: dict[str, list[Picture]]
    no_pictures: str


def page(chapters: Sequence[Chapter], *, version: str) -> str:
    """The whole HTML page.

    Args:
        chapters: one per configuration.
        version: of this package.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "short": short, "whole": whole}
    template = environment.get_template("page.html.j2")
    return template.render(chapters=chapters, version=version, headline=headline, details=details, repeat=repeat)


def short(text: str) -> str:
    """Text that fits a card: cut where it is too long, control characters shown by their code."""
    text = visible(text)
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"


def whole(text: str) -> str:
    """The text behind a cut one, for its title; "" where nothing was cut."""
    text = visible(text)
    if len(text) <= LONGEST:
        return ""
    return text if len(text) <= TITLE else f"{text[:TITLE]} … ({len(text):,} characters)"
