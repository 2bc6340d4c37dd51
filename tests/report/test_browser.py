"""The page in a real browser: figures decode, tables are complete, nothing is fetched and no script runs."""

import html
import json
import os
import re
import shutil
import subprocess

import pytest
from browser import FLAGS
from html_page import HtmlPage
from synthetic_run import say, write_run

from lethebench.report import write_report
from lethebench.report.examples import examples
from lethebench.report.load import load_run
from lethebench.report.seeds import group_runs

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OWN = "not an origin"
"""Initiator of the browser's own requests in the network log; requests of a page carry its origin."""
FRAMED = """<iframe width="{width}" height="900" srcdoc="{page}"></iframe><pre id="probe"></pre><script>
addEventListener("load", () => {{
  const {{contentDocument: page, contentWindow: view}} = document.querySelector("iframe");
  document.getElementById("probe").textContent = JSON.stringify({{
    images: Array.from(page.images, image => [image.naturalWidth, image.naturalHeight, image.clientWidth]),
    rows: Array.from(page.querySelectorAll("table"), table => [table.id, table.tBodies[0].rows.length]),
    window: view.innerWidth,
    needed: page.documentElement.scrollWidth,
    scripts: page.scripts.length,
    broken: view.broken || 0,
  }});
}});
</script>"""
"""A page in a frame of any width (a browser window has a minimum), which its parent inspects once it has loaded."""


@pytest.fixture(scope="session")
def chromium() -> str:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        reason = f"no browser: install Chromium (looked for {', '.join(NAMES)})"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return path


@pytest.fixture
def browse(chromium, tmp_path):
    """Return a function that opens a file and returns the DOM after loading and the URLs that the page requested."""

    def browse(path):
        log = tmp_path / "network.json"
        options = [
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--log-net-log={log}",
            "--window-size=1280,1200",
            "--dump-dom",
        ]
        process = subprocess.run(
            [chromium, *FLAGS, *options, path.as_uri()], capture_output=True, text=True, timeout=120, check=True
        )
        events = json.loads(log.read_text(encoding="utf-8"))["events"]
        requests = [event["params"] for event in events if "initiator" in event.get("params", {})]
        return process.stdout, [params["url"] for params in requests if params["initiator"] != OWN]

    return browse


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    run = write_run(folder / "demo")
    (group,) = group_runs([load_run(run)])
    row = examples(group)[0].examples[0]
    say(
        run,
        "npo/t004",
        row.id,
        '<script>window.broken = 1</script><img src="http://x.invalid/" onerror="window.broken = 1">',
    )
    return write_report([run], folder / "report")


@pytest.fixture
def bare(report) -> str:
    """The page without the policy that forbids fetching and scripts, so that the test does not depend on it."""
    text, policies = re.subn(
        r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report.read_text(encoding="utf-8")
    )
    assert policies == 1
    return text


def test_network_log_shows_requests(browse, tmp_path):
    path = tmp_path / "canary.html"
    path.write_text(
        '<link rel="stylesheet" href="https://fonts.googleapis.com/css"><img src="http://canary.invalid/x.png">'
    )
    assert set(browse(path)[1]) == {"https://fonts.googleapis.com/css", "http://canary.invalid/x.png"}


@pytest.mark.parametrize("width", [1280, 390])
def test_page_is_complete_and_fits_the_width(browse, bare, tmp_path, width):
    path = tmp_path / "framed.html"
    path.write_text(FRAMED.format(width=width, page=html.escape(bare)), encoding="utf-8")
    dom, urls = browse(path)
    probe = json.loads(html.unescape(re.search(r'<pre id="probe">(.+?)</pre>', dom, re.DOTALL)[1]))
    assert urls == []
    assert len(probe["images"]) == 2 + 6 + 3 + 6
    assert all(min(sizes) > 100 for sizes in probe["images"])
    rows = dict(probe["rows"])
    assert rows["demo-headline"] == 4
    assert rows["demo-behind"] == 5
    assert rows["demo-gate"] == 2
    assert rows["demo-matrix-ga"] == rows["demo-matrix-npo"] == 5
    assert probe["needed"] <= probe["window"] == width
    assert (probe["scripts"], probe["broken"]) == (0, 0)


def test_page_fetches_nothing(browse, report):
    dom, urls = browse(report)
    assert urls == []
    assert dom.count("<article") == 1
    page = HtmlPage(report.read_text(encoding="utf-8"))
    assert page.addresses
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert "script" not in page.tags
