"""All pages of the site, written into a folder for Sphinx."""

import re
from pathlib import Path, PurePosixPath

from lethe_docs import api, benchmarks, commands, methods, metrics, notebooks, references
from lethe_docs.links import DOCS, FILES, ROOT, for_site, page_of, toctree, with_arxiv_links

RECORDED = [page.removesuffix(".md") for page in FILES.values() if page.startswith("results/")]
NAVIGATION = {
    "Get started": ["start", "notebooks/first_run", "notebooks/own_data_and_method", "reading", "faq"],
    "Guides": [
        "guides/builds", "guides/runs", "guides/attacks", "guides/settings", "guides/models", "guides/own-data",
        "guides/extend", "grid", "large", "judges", "guides/texts-by-a-model", "guides/python", "guides/publish",
        "guides/promises",
        "guides/*",
    ],
    "Reference": ["benchmarks/index", "methods/index", "metrics/index", "commands/index", "api/index", "architectures"],
    "Background": ["results", *RECORDED, "reproduce", "validity", "cheats", "conventions", "papers", "*"],
    "Project": ["contributing", "changelog"],
}  # fmt: skip
"""Caption -> its pages in order; `*` takes the pages of a folder that no other entry names."""

HAND_WRITTEN = [*sorted((DOCS / "pages").rglob("*.md")), *sorted(DOCS.glob("*.md"))]


def pages(builds: Path | None) -> dict[str, str | bytes]:
    """Return path -> content of every file of the site's source.

    Args:
        builds: folder of small builds, whose cards and pictures the pages of benchmarks show; None leaves these out.
    """
    contents: dict[str, str | bytes] = {}
    for path in HAND_WRITTEN:
        file = path.relative_to(ROOT).as_posix()
        page = str(page_of(file))
        contents[page] = for_site(_filled(path.read_text("utf-8")), file, page)
    for file, page in FILES.items():
        contents[page] = for_site((ROOT / file).read_text("utf-8"), file, page)
    contents = {
        page: re.sub(r"^```(\w+) file=\S+.*$", r"```\1", str(text), flags=re.M) for page, text in contents.items()
    }
    for path in sorted((DOCS / "pictures").iterdir()):
        contents[f"pictures/{path.name}"] = path.read_bytes()
    for module in (methods, metrics, commands, api, notebooks):
        contents |= module.pages()
    contents |= benchmarks.pages(builds)
    contents["judges-data.md"] = str(contents["judges-data.md"]).replace("---\n", "---\norphan: true\n", 1)
    return {page: with_arxiv_links(text) if isinstance(text, str) else text for page, text in contents.items()}


def _filled(text: str) -> str:
    """Return the Markdown of a page with its generated parts."""
    parts = {
        "imports": benchmarks.imports_table,
        "papers": references.papers_table,
        "citation": references.citation,
        "toctree": _navigation,
        "benchmarks": benchmarks.index,
        "methods": methods.index,
        "metrics": metrics.index,
        "commands": commands.index,
    }
    return re.sub(r"^<!-- generated: (\w+) -->$", lambda match: parts[match[1]](), text, flags=re.M)


def _navigation() -> str:
    """Return the directives of the navigation."""
    named = {name for names in NAVIGATION.values() for name in names} | {"index", "judges-data"}
    own = [str(page_of(path.relative_to(ROOT).as_posix())).removesuffix(".md") for path in HAND_WRITTEN]
    parts = []
    for caption, names in NAVIGATION.items():
        listed = []
        for name in names:
            listed += (
                [
                    page
                    for page in own
                    if PurePosixPath(page).match(name) and page not in named and page.count("/") == name.count("/")
                ]
                if "*" in name
                else [name]
            )
        parts.append(toctree(listed, caption=caption))
    return "".join(parts)


def write(folder: Path, builds: Path | None) -> None:
    """Write the source of the site; files that are as they were keep their time, so that Sphinx skips them."""
    contents = pages(builds)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(folder).as_posix() not in contents:
            path.unlink()
    for name, content in contents.items():
        path, data = folder / name, content.encode() if isinstance(content, str) else content
        if not (path.is_file() and path.read_bytes() == data):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
