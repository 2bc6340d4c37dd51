"""The documentation as a reader uses it: the site builds without a warning, code blocks and notebooks run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from accessibility import faults, press_tab, show
from browser import Browser
from command_line import lethe

from lethe_docs.links import ROOT
from lethe_docs.notebooks import NOTEBOOKS, run
from lethebench.builders.registry import listed_benchmarks

nbformat = pytest.importorskip("nbformat", reason="the extra `docs` is not installed")
pytestmark = pytest.mark.slow
BLOCK = re.compile(r"^ *```(?P<language>bash|python)(?: file=(?P<file>\S+))?\n(?P<code>.*?)^ *```$", re.M | re.S)
ORDER = ["start", "guides/extend", "guides/attacks", "guides/python", "faq"]
"""The pages with code that runs, each in the folder that the ones before it leave."""


def blocks(page: str) -> list[re.Match[str]]:
    return list(BLOCK.finditer((ROOT / "docs" / "pages" / f"{page}.md").read_text("utf-8")))


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> Path:
    """The site, built without a warning or broken link."""
    pytest.importorskip("furo")
    out = tmp_path_factory.mktemp("site")
    words = [sys.executable, ROOT / "docs" / "make.py", "--out", out]
    done = subprocess.run(words, capture_output=True, text=True, cwd=out)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return out / "html"


def test_site_shows_pictures_of_every_benchmark(html):
    for name in listed_benchmarks():
        assert f"{name}-sheet.webp" in (html / "benchmarks" / f"{name}.html").read_text("utf-8")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (375, False)])
def test_every_visitor_can_use_the_pages(html, tmp_path, width, dark):
    """Contrast, names of pictures and controls, the width of a phone; nothing is requested from elsewhere."""
    program = shutil.which("chromium") or pytest.skip("no browser: install Chromium")
    with Browser(program, tmp_path) as browser:
        show(browser, width, dark)
        for page in sorted(html.rglob("*.html")):
            browser.open(page.as_uri())
            browser.wait("document.readyState == 'complete' && document.body")
            assert faults(browser) == [], page.relative_to(html)
        assert press_tab(browser)[0] == "Skip to content"
        assert browser.problems == []
        assert {urlsplit(address).scheme for address in browser.requests} <= {"file", "data"}


def test_every_page_with_code_that_runs_is_run():
    folder = ROOT / "docs" / "pages"
    pages = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md")}
    assert {page for page in pages if blocks(page)} == set(ORDER)


@pytest.mark.timeout(1800)  # it trains a dozen models
def test_code_of_the_pages_runs(tmp_path, monkeypatch):
    """One folder and one Python session for all, as for a reader who follows them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "evaluation").symlink_to(ROOT / "evaluation")  # blocks that load metrics start at the repository's root
    session: dict = {}
    for page in ORDER:
        if page == "guides/python":  # which builds the data again, after the method of the page before has used them
            words = ["--method", "bounded:BoundedTrainer", "--from", "runs/first", "--out", "runs/bounded"]
            done = lethe("run", "build/icu", *words)
            assert done.status == 0, done.error
        for block in blocks(page):
            if block["file"]:
                Path(block["file"]).write_text(block["code"])
            elif block["language"] == "python":
                exec(compile(block["code"], f"{page}.md", "exec"), session)
            else:
                for line in block["code"].splitlines():
                    done = lethe(*line.split()[1:])
                    assert done.status == 0, (line, done.error)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_what_is_saved(path, tmp_path):
    """Figures may differ from the saved ones between machines."""
    pytest.importorskip("ipykernel")
    now, saved = run(path, tmp_path), nbformat.read(path, as_version=4)
    assert [shown(cell) for cell in now.cells] == [shown(cell) for cell in saved.cells]


def shown(cell) -> list[list[str]]:
    """Return the kinds of what a cell shows beside its printed lines."""
    shown = [output.data for output in cell.get("outputs", ()) if output.output_type == "execute_result"]
    return [sorted({"text/html", "image/png", "text/plain"} & data.keys()) for data in shown]
