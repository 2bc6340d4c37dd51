"""Render the HTML page: one file, nothing that a browser would have to fetch."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lethebench.contract.escaping import shown, visible
from lethebench.report import details, gaps, headline, judged, repeat, robustness
from lethebench.report.examples import Section
from lethebench.report.seeds import Group
from lethebench.report.tables import Table
from lethebench.report.thumbnails import Thumbnail

SHORT = 320
TITLE = 2_000


@dataclass(frozen=True)
class RenderedFigure:
    """A figure for the page and for a file.

    Attributes:
        name: File name without ending.
        alt: What it shows, in words.
        png: Its bytes.
        width, height: Size in CSS pixels at which its text has its natural size.
        vectors: Format -> its bytes, for papers.
    """

    name: str
    alt: str
    png: bytes
    width: int
    height: int
    vectors: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True)
class Chapter:
    """What the page shows of one group of runs.

    Attributes:
        group: The runs.
        prefix: Prefix of the group's files; "" for a single group.
        tables: Tables by name.
        matrices: A heat map per finished method.
        curves: Panels over stages.
        attacks: Panels over steps of relearning.
        layers: Panels over layers, of attacks that look inside.
        losses: Panels over training steps.
        sections: Example questions.
        pictures: Pictures of the questions, by row id.
        no_pictures: Why pictures are missing; "" if none is.
    """

    group: Group
    prefix: str
    tables: dict[str, Table]
    matrices: Sequence[RenderedFigure]
    curves: Sequence[RenderedFigure]
    attacks: Sequence[RenderedFigure]
    layers: Sequence[RenderedFigure]
    losses: Sequence[RenderedFigure]
    sections: Sequence[Section]
    pictures: dict[str, list[Thumbnail]]
    no_pictures: str


def page(chapters: Sequence[Chapter], *, version: str) -> str:
    """Return the HTML page.

    Args:
        chapters: One per configuration.
        version: Version of this package.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    environment.filters |= {"short": short, "whole": whole}
    template = environment.get_template("page.html.j2")
    modules = {"headline": headline, "gaps": gaps, "details": details, "repeat": repeat, "judged": judged}
    modules["robustness"] = robustness
    paper = any(rendered.vectors for chapter in chapters for rendered in chapter.matrices)
    return template.render(chapters=chapters, version=version, paper=paper, **modules)


def short(text: str) -> str:
    """Return text that fits a card: cut if it is long, control characters as code points."""
    text = visible(text)
    return text if len(text) <= SHORT else text[:SHORT].rstrip() + " …"


def whole(text: str) -> str:
    """Return the full text for the title of a cut one; "" if nothing was cut."""
    text = visible(text)
    if len(text) <= SHORT:
        return ""
    return text if len(text) <= TITLE else f"{text[:TITLE]} … ({len(text):,} characters)"
