"""The board in a headless Chromium: 10,000 results load and filter in time, and every visitor can use the page."""

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from accessibility import faults, press_tab, show
from browser import Browser
from many_results import write_many

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOADED = "document.querySelectorAll('#board-table tbody tr').length"
SCRIPT = "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
DETAIL = {
    "title": f"npo {SCRIPT}",
    "path": "t2.json",
    "link": "javascript:window.broken=1",
    "scores": [["Score", "0.770", "± 0.010"]],
    "flags": [["collapsed", SCRIPT]],
    "tasks": [0, 1],
    "knowledge": [[1.0, 0.9], [0.02, None], [0.0, 0.1]],
    "retained": [1.0, 0.95, 0.9],
    "gold": [0.02, 0.04],
    "series": [["Forget", [0.9, None]]],
    "seeds": [[0, "0.770"]],
    "attacks": [[f"relearn {SCRIPT}", [["forget", "0.250"]]]],
    "examples": [
        {
            "section": "To be forgotten",
            "modality": "text",
            "question": SCRIPT,
            "truth": SCRIPT,
            "answers": [["npo", SCRIPT, "forgotten", "good"], ["gold", "", SCRIPT, SCRIPT]],
        }
    ],
    "facts": [["Model", SCRIPT]],
    "commands": [f"lethe run {SCRIPT}"],
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    pytest.importorskip("gradio") if os.environ.get("CI") != "true" else __import__("gradio")
    from lethebench.board.app import open_board

    folder = tmp_path_factory.mktemp("many")
    write_many(folder, 10_000, DETAIL)
    return open_board(folder)


@pytest.fixture(scope="module")
def address(blocks):
    from lethebench.board.app import show_board

    _, address, _ = show_board(blocks, prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", share=False)
    yield address
    blocks.close()


@contextmanager
def opened(folder: Path, address: str, *, width: int = 1280, dark: bool = False):
    """Open the board in a window; afterwards check its requests and its scripts."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        reason = f"no browser: install Chromium (looked for {', '.join(BROWSERS)})"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with Browser(program, folder / "profile") as window:
        show(window, width, dark)
        window.open(address)
        window.wait(LOADED)
        yield window
        if pictures := os.environ.get("LETHE_PICTURES"):
            window.picture(Path(pictures) / f"board-{width}{'-dark' if dark else ''}.png")
        foreign = [url for url in window.requests if not url.startswith((address, "data:", "blob:", "about:"))]
        assert foreign == []
        assert window.problems == []


def choose(window, name, value) -> float:
    """Choose a value of a filter; return the seconds until the page is laid out."""
    return window.read(
        f"""(() => {{
          const select = document.querySelector("#board-{name}"), start = performance.now();
          select.value = {json.dumps(value)};
          select.dispatchEvent(new Event("change"));
          document.body.offsetHeight;
          return (performance.now() - start) / 1000;
        }})()"""
    )


def count_of(window) -> str:
    return window.read("document.querySelector('.count').textContent")


def test_ten_thousand_results_load_and_filter_in_time(address, tmp_path):
    """The best of five, since other processes share the machine."""
    loads, filters = [], []
    with opened(tmp_path, address) as window:
        for _ in range(5):
            window.open("about:blank")
            window.open(address)
            window.wait(LOADED)
            loads.append(window.read("performance.getEntriesByName('board')[0].startTime") / 1000)
        assert count_of(window) == "10,000 results"
        for name, value in (("method", "npo"), ("benchmark", "icu"), ("tasks", "10"), ("method", ""), ("tasks", "")):
            times = []
            for _ in range(3):
                choose(window, name, "")
                times.append(choose(window, name, value))
            filters.append(min(times))
    print(f"loads {sorted(loads)} s, filters {sorted(filters)} s")
    assert min(loads) < 3
    assert max(filters) < 0.2


def test_filters_are_exact_and_in_the_address(address, blocks, tmp_path):
    with opened(tmp_path, address) as window:
        choose(window, "method", "npo")
        choose(window, "tasks", "10")
        shown = window.read("[...document.querySelectorAll('#board-table tbody th a')].map(a => a.textContent)")
        assert set(shown) == {"npo"}
        window.wait("location.hash === '#method=npo&tasks=10'")
        few = count_of(window)
        window.open("about:blank")
        window.open(f"{address}#method=npo&tasks=10")
        window.wait(LOADED)
        assert count_of(window) == few != "10,000 results"
        window.click("#board-clear")
        assert count_of(window) == "10,000 results"
        window.click('[data-sort="keep"]')
        cells = window.read(
            "[...document.querySelectorAll('#board-table tbody tr')].map(r => r.cells[7].firstChild.data)"
        )
        assert [float(cell) for cell in cells] == sorted(map(float, cells), reverse=True)
        assert window.read("document.querySelector('th[aria-sort=descending]').innerText").startswith("Keep")
        window.click("#board-next")
        assert window.read("document.querySelector('.pages span').textContent") == "26 to 50 of 10,000"


def test_plot_zooms_by_buttons_keys_and_rectangle(address, tmp_path):
    label = "Number(document.querySelector('#board-plot').getAttribute('aria-label').match(/(\\d+) points/)[1])"
    with opened(tmp_path, address) as window:
        assert window.read(label) == 10_000
        window.click('[data-zoom="0.5"]')
        middle = window.read(label)
        assert 0 < middle < 10_000
        window.click('[data-zoom="0"]')
        assert window.read(label) == 10_000
        window.read("document.querySelector('#board-plot').focus()")
        for key in ("+", "+", "ArrowRight"):
            window._call("Input.dispatchKeyEvent", type="keyDown", key=key)
        assert window.read(label) < middle
        window._call("Input.dispatchKeyEvent", type="keyDown", key="0")
        box = window.read(
            "(b => [b.x, b.y, b.width, b.height])(document.querySelector('#board-plot').getBoundingClientRect())"
        )
        start = (box[0] + box[2] * 0.6, box[1] + box[3] * 0.1)
        end = (box[0] + box[2] * 0.65, box[1] + box[3] * 0.3)
        for kind, (x, y) in (("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end)):
            window._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
        assert 0 < window.read(label) < 1000
        assert window.read("location.hash") == ""


def test_page_of_a_result_is_text_alone(address, tmp_path):
    with opened(tmp_path, address) as window:
        window.click("#board-table tbody a")
        window.wait("document.querySelector('#board-run pre')")
        assert window.read("window.broken || 0") == 0
        assert window.read("document.querySelectorAll('#board-run script, #board-run img').length") == 0
        assert window.read("[...document.querySelectorAll('#board-run a')].map(a => a.getAttribute('href'))") == ["#"]
        text = window.read("document.querySelector('#board-run').innerText")
        assert text.count(SCRIPT) == 9
        assert window.read("document.activeElement.tagName") == "H1"
        assert window.read("document.querySelectorAll('.matrix tbody tr').length") == 4
        cells = "[...document.querySelectorAll('.matrix tbody td')]"
        assert window.read(f"{cells}.filter(cell => !cell.innerText.trim()).length") == 0
        marks = f"{cells}.flatMap(cell => [...cell.querySelectorAll('abbr')].map(mark => mark.ariaLabel))"
        assert window.read(marks) == ["not measured", "not in the result"]
        assert "a dash: not measured" in text
        window.click("#board-run a")
        window.wait("!document.querySelector('#board-list').hidden")
        window.open(f"{address}#run=results/none.json")
        window.wait("document.querySelector('#board-run').innerText.includes('There is no result')")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_text_has_contrast_and_fits_the_width(address, tmp_path, width, dark):
    with opened(tmp_path, address, width=width, dark=dark) as window:
        for open_run in (False, True):
            if open_run:
                window.read("location.hash = document.querySelector('#board-table tbody a').getAttribute('href')")
                window.wait("document.querySelector('#board-run pre')")
            assert faults(window, ".board") == []
            assert window.read("window.innerWidth") == width


def test_keyboard_reaches_every_control(address, tmp_path):
    """Tab goes through filters, plot and table in the order of the page, and the focus is visible."""
    with opened(tmp_path, address) as window:
        reached = []
        for _ in range(60):
            name, mark = press_tab(window)
            reached.append(name)
            assert mark > 0
            if reached[-1] == "board-next":
                break
        names = ["board-benchmark", "board-tasks", "board-clear", "board-x", "board-y", "board-plot", "board-next"]
        assert [name for name in reached if name in names] == names
