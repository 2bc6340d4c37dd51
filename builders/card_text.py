"""Define what a benchmark's card and croissant.json say beside the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Paper:
    """The publication that a benchmark follows; `authors` as in BibTeX."""

    name: str
    title: str
    authors: str
    year: int
    arxiv: str

    @property
    def url(self) -> str:
        """Return the address of the paper."""
        return f"https://arxiv.org/abs/{self.arxiv}"

    @property
    def bibtex(self) -> str:
        """Return the BibTeX entry of the paper."""
        key = self.authors.split(",")[0].lower() + str(self.year) + self.name.split("-")[0].lower()
        return (
            f"@article{{{key},\n  title   = {{{{{self.title}}}}},\n  author  = {{{self.authors}}},\n"
            f"  journal = {{arXiv preprint arXiv:{self.arxiv}}},\n  year    = {{{self.year}}},\n"
            f"  url     = {{{self.url}}}\n}}"
        )


@dataclass(frozen=True)
class License:
    """The license of the data.

    Attributes:
        id: as the Hub knows it; `other` needs `name` and `link`.
        url: for croissant.json.
        text: how a sentence of the card names it.
    """

    id: str = "cc-by-4.0"
    url: str = "https://creativecommons.org/licenses/by/4.0/"
    name: str | None = None
    link: str | None = None
    text: str = ""


@dataclass(frozen=True)
class CardText:
    """The texts of a card. Markdown is allowed in the notes.

    Attributes:
        title: of the data set.
        description: one sentence for the Hub and croissant.json.
        released: date of the first release, YYYY-MM-DD.
        tags: keywords for the Hub.
        configs: config -> what it is for.
        splits: config -> split -> what it holds.
        columns: column -> addition to its meaning, with the punctuation before it.
        licenses: asset -> license.
        responsible_ai: field of Croissant's RAI vocabulary -> text.
        license: of the data as a whole.
        audit_notes: attribute -> why it is guessed better than by its commonest value; pair of roles (`forget/retain`)
            -> why they differ; `answers` -> why sentences are alike. At paper size, `verify` fails for a finding
            without a note.
        preview: the line under the title of the contact sheet.
    """

    title: str
    description: str
    released: str
    tags: Sequence[str]
    configs: Mapping[str, str]
    splits: Mapping[str, Mapping[str, str]]
    licenses: Mapping[str, str]
    responsible_ai: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)
    license: License = License()
    audit_notes: Mapping[str, str] = field(default_factory=dict)
    preview: str = ""
