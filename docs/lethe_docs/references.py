"""The paper index and the citation of this project."""

import re

import yaml

from lethe_docs.links import ROOT, SOURCE, arxiv_link, table
from lethebench.attacks.registry import ATTACKS
from lethebench.baselines.registry import listed_methods
from lethebench.builders.entries import IMPORTS
from lethebench.builders.registry import listed_benchmarks
from lethebench.evaluation.registry import METRICS, folder_of


def papers_table() -> str:
    """Return arXiv number -> what follows it, as a table."""
    names: dict[str, str] = {}
    uses: dict[str, list[str]] = {}

    def add(text: str, use: str) -> None:
        for part in text.split("; "):
            if number := re.search(r"\d{4}\.\d{5}", part):
                names.setdefault(number[0], re.split(r", (?:arXiv|https)", part)[0])
                uses.setdefault(number[0], []).append(use)

    for name, entry in listed_benchmarks().items():
        add(entry.after, f"benchmark [`{name}`](benchmarks/{name}.md)")
    for name, imported in IMPORTS.items():
        add(imported.after, f"import `{name}`")
    for method in listed_methods():
        paper = getattr(method.load(), "_paper", None) or {}
        if paper.get("id") and paper["id"] in method.paper:
            names.setdefault(paper["id"], paper["title"])
        add(method.paper, f"method [`{method.name}`](methods/{method.name}.md)")
    for attack in ATTACKS.values():
        add(attack.paper, f"[attack](guides/attacks.md) `{attack.name}`")
    for metric in METRICS.values():
        text = (folder_of(metric) / "README.md").read_text("utf-8") if metric.module else ""
        for number in dict.fromkeys(re.findall(r"arXiv[:\s]\s*(\d{4}\.\d{5})", text)):
            uses.setdefault(number, []).append(f"metric [`{metric.name}`](metrics/{metric.name}.md)")
    for page, title in (("conventions", "conventions"), ("validity", "validity")):
        text = (ROOT / "evaluation" / f"{page.upper()}.md").read_text("utf-8")
        for number in dict.fromkeys(re.findall(r"arXiv (\d{4}\.\d{5})", text)):
            uses.setdefault(number, []).append(f"[{title}]({page}.md)")
    rows = [[arxiv_link(f"arXiv {number}"), names.get(number, ""), ", ".join(uses[number])] for number in sorted(uses)]
    return table(["paper", "called", "followed by"], rows)


def citation() -> str:
    """Return the BibTeX entry of this project, from CITATION.cff."""
    facts = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    authors = " and ".join("{" + author["name"] + "}" for author in facts["authors"])
    lines = [
        f"title = {{{facts['title']}}}",
        f"author = {{{authors}}}",
        f"version = {{{facts['version']}}}",
        f"url = {{{SOURCE}}}",
    ]
    return "```bibtex\n@software{lethebench,\n  " + ",\n  ".join(lines) + "\n}\n```\n"
