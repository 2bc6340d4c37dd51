"""Markdown of the repository as pages of the site: which file is which page, and links that fit."""

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = "https://github.com/lethebench/lethebench"
FILES = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "evaluation/ARCHITECTURES.md": "architectures.md",
    "evaluation/CHEATS.md": "cheats.md",
    "evaluation/CONVENTIONS.md": "conventions.md",
    "evaluation/VALIDITY.md": "validity.md",
    "evaluation/judges/README.md": "judges.md",
    "evaluation/judges/data/README.md": "judges-data.md",
    "lethebench/grid/README.md": "grid.md",
    "lethebench/reproduce/README.md": "reproduce.md",
    "baselines/examples/README.md": "large.md",
    **{
        path.relative_to(ROOT).as_posix(): f"results/{path.name}"
        for path in sorted((ROOT / "lethebench/reproduce/experiments").glob("*.md"))
    },
}
"""File of the repository -> its page. Pages of `docs/pages` and README files of metrics are added by `page_of`."""
_LINK = re.compile(r"(!?\[[^\]\n]*\]\()([^)\s#]*)(#[^)\s]*)?(\))")
_FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.M | re.S)


def page_of(path: str) -> str | None:
    """Return the page that a file of the repository becomes; None if it is none."""
    if path in FILES:
        return FILES[path]
    parts = PurePosixPath(path).parts
    if parts[:2] == ("docs", "pages"):
        return str(PurePosixPath(*parts[2:]))
    if parts[0] == "docs" and len(parts) == 2 and path.endswith(".md"):
        return f"guides/{parts[1]}"
    if parts[:2] == ("docs", "notebooks"):
        return str(PurePosixPath(*parts[1:]).with_suffix(".md"))
    if parts[:2] == ("docs", "pictures"):
        return str(PurePosixPath(*parts[1:]))
    if len(parts) in (2, 3) and parts[0] == "evaluation" and parts[2:] in ((), ("README.md",)):
        return f"metrics/{parts[1]}.md" if (ROOT / "evaluation" / parts[1] / f"{parts[1]}.py").is_file() else None
    return None


def for_site(text: str, file: str, page: str) -> str:
    """Return the Markdown of a file with its relative links as they are on the site.

    Args:
        text: the Markdown.
        file: path of the file in the repository, from which links count.
        page: path of its page on the site.

    Raises:
        ValueError: a link that leads to neither a page nor a file of the repository.
    """

    def replaced(match: re.Match[str]) -> str:
        before, target, anchor, after = match[1], match[2], match[3] or "", match[4]
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        return before + _target(target, file, page) + anchor + after

    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(replaced, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(replaced, text[end:])])


def _target(target: str, file: str, page: str) -> str:
    path = os.path.normpath(f"{PurePosixPath(file).parent}/{target}")
    other = page_of(path)
    if other is None and path.startswith("docs/") and not (ROOT / path).exists():
        other = path.removeprefix("docs/")  # a page that is made from a registry
    if other is not None:
        return os.path.relpath(other, PurePosixPath(page).parent)
    if path.startswith("..") or not (ROOT / path).exists():
        raise ValueError(f"{file}: the link to {target} leads nowhere")
    return f"{SOURCE}/{'tree' if (ROOT / path).is_dir() else 'blob'}/main/{path}"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table; what looks like a tag in a cell, other than `<br>`, stays text."""
    lines = [header, ["---"] * len(header), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def _cell(text: str) -> str:
    """Return a cell on one line, whose bars and, outside of code, tags are text."""
    line = text.replace("|", "\\|").replace("\n", " ")
    return re.sub(r"(`[^`]*`|<br>)|<", lambda match: match[1] or "&lt;", line)


def arxiv_link(text: str) -> str:
    """Return a text in which `arXiv NUMBER` and addresses of arXiv are links."""
    text = re.sub(r"arXiv (\d{4}\.\d{5})", r"[arXiv \1](https://arxiv.org/abs/\1)", text)
    return re.sub(r"(?<!\()https://arxiv\.org/abs/(\d{4}\.\d{5})", r"[arXiv \1](https://arxiv.org/abs/\1)", text)


def with_arxiv_links(text: str) -> str:
    """Return Markdown in which each `arXiv NUMBER` outside of code and links is a link."""
    parts = re.split(r"(^ *(`{3,}|~~~).*?^ *\2[ \t]*$|`[^`\n]*`|^    [^\n]*$)", text, flags=re.M | re.S)
    linked = [re.sub(r"(?<![\[/])\barXiv[:\s]\s*(\d{4}\.\d{5})(?!\])", _ARXIV, part or "") for part in parts[::3]]
    code = [*parts[1::3], ""]
    return "".join(text for pair in zip(linked, code, strict=True) for text in pair)


_ARXIV = r"[arXiv \1](https://arxiv.org/abs/\1)"


def toctree(names: Iterable[str], *, hidden: bool = True, caption: str = "", maxdepth: int = 1) -> str:
    """Return the directive that puts pages into the navigation."""
    options = [":hidden:"] * hidden + [f":caption: {caption}"] * bool(caption) + [f":maxdepth: {maxdepth}"]
    return "\n```{toctree}\n" + "\n".join([*options, "", *names]) + "\n```\n"
