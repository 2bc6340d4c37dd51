"""The report in a headless Chromium: every visitor can read it, in light and dark, on a phone, and by keyboard."""

import os
import shutil

import pytest
from accessibility import faults, press_tab, show
from browser import Browser
from synthetic_run import write_run

from lethebench.report import write_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return write_report([write_run(folder / "demo")], folder / "report")


@pytest.fixture
def window(tmp_path):
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.fail("no browser") if os.environ.get("CI") == "true" else pytest.skip("no browser: install Chromium")
    with Browser(program, tmp_path / "profile") as browser:
        yield browser


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_report_can_be_read(window, report, width, dark):
    show(window, width, dark)
    window.open(report.as_uri())
    window.wait("document.readyState == 'complete' && document.querySelector('table')")
    window.read("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert faults(window) == []


def test_keyboard_reaches_the_contents(window, report):
    show(window, 1280, dark=False)
    window.open(report.as_uri())
    window.wait("document.querySelector('table')")
    reached = [press_tab(window) for _ in range(6)]
    assert all(mark > 0 for _, mark in reached), reached
    assert len({name for name, _ in reached}) > 3


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p style='color:#aaa; background:#fff'>pale</p>", "pale"),
        ("<div style='background:#222'><p style='color:#333'>dark</p></div>", "dark"),
        ("<img src='data:,' width='9' height='9'>", "<img"),
        ("<button></button>", "<button>"),
        ("<p style='width:2000px'>wide</p>", "wide in a window of"),
    ],
)
def test_faults_of_a_page_are_found(window, tmp_path, body, fault):
    page = "<!doctype html><html lang='en'><head><title>t</title></head>"
    (tmp_path / "page.html").write_text(f"{page}<body><p>fine</p>{body}</body></html>")
    show(window, 1280, dark=False)
    window.open((tmp_path / "page.html").as_uri())
    window.wait("document.readyState == 'complete' && document.body")
    messages = faults(window)
    assert len(messages) == 1, messages
    assert fault in str(messages)
