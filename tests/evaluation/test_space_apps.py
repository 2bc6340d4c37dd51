"""The web pages of the metrics: what is pasted is read, computed and explained; each page works in a real browser."""

import html
import importlib.util
import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from browser import Browser

import lethebench
from lethebench.evaluation.registry import METRICS
from lethebench.evaluation.space_app.form import Field

ROOT = Path(__file__).parents[2]
NAMES = [entry.name for entry in METRICS.values() if entry.module]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
README_RESULTS = {
    "correctness": {"correctness": 0.5, "share_2": 0.3333, "failed": 0},
    "factuality": {"factuality": 5.3333, "n": 3},
    "fluency": {"fluency": 6.75, "fluent": 0.75},
    "rejection": {"rejection": 0.5, "share_2": 0.3333, "failed": 0},
    "exposure": {"exposure": 1.0, "exposure_normalised": 0.5, "exposure_gold": 0.5, "exposure_excess": 0.5},
    "forget": {"forget": 0.875, "forget_worst": 0.5, "ks": 0.3333},
    "leak_at_k": {"leak_at_1": 0.5, "leak_at_2": 0.6111, "leak_at_4": 0.6667},
    "memorization": {"text_exact_match": 1.0, "image_text_exact_match": 0.5, "multi_hop_gap": 1.0},
    "privacy_leakage": {"auc": 0.75, "auc_gold": 0.5, "privacy_leakage": 50.0, "privleak_muse": -50.0},
    "robustness": {"worst_case_recovery": 0.5, "ci_high": 1.0},
    "stability": {"forget_now": 0.875, "worst_relapse": 0.5, "stability": 0.75},
    "unlearning": {"forget": 1.0, "keep": 0.8913, "indistinguishable": 0.8, "score": 0.9105},
    "utility": {"retain_rouge_l_recall": 0.75, "retain_probability": 0.4},
}


@pytest.fixture(scope="module")
def apps(tmp_path_factory):
    """Name -> its app, each from a copy of its folder alone, called `app` as on a Space."""
    pytest.importorskip("gradio") if os.environ.get("CI") != "true" else __import__("gradio")
    modules = {}
    for name in NAMES:
        folder = tmp_path_factory.mktemp(name) / "app"
        shutil.copytree(ROOT / "evaluation" / name, folder)
        (folder / "form.py").unlink()  # not part of a Space: the installed package has it
        spec = importlib.util.spec_from_file_location(f"app_of_{name}", folder / "app.py")
        modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(modules[name])
    return modules


def examples(app) -> list[str]:
    return [field.example for field in app.page.form.fields]


@pytest.mark.parametrize("name", NAMES)
def test_example_gives_the_readmes_numbers(apps, name):
    """The words and the table show the numbers of the README's worked example, and every result has a meaning.

    The button is called through gradio's own function table, as its server calls it.
    """
    (button,) = (block for block in apps[name].demo.fns.values() if block.api_name == "compute")
    assert len(button.inputs) == len(apps[name].page.form.fields)
    words, table, result = button.fn(*examples(apps[name]))
    expected = README_RESULTS[name]
    assert {key: result[key] for key in expected} == pytest.approx(expected, abs=5e-4)
    assert "**" in words
    assert "nan" not in words.lower()
    for key, value in expected.items():
        assert f"<code>{key}</code>" in table
        assert f"{value:.3g}"[:4] in table
    meanings = re.findall(r"<code>(\w+)</code></td><td class='value'>[^<]*</td><td>([^<]*)</td>", table)
    assert [key for key, meaning in meanings if not meaning] == []


@pytest.mark.parametrize("name", NAMES)
def test_error_is_one_line(apps, name):
    page = apps[name].page
    count = len(page.form.fields)
    for texts in ([""] * count, [examples(apps[name])[0], "1", *[""] * (count - 2)]):
        words, table, result = page.answer(*texts)
        assert words.startswith("**This cannot be computed.** ")
        assert len(words.splitlines()) == 1
        assert (table, result) == ("", {})


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("forget", {"predictions": "0.5 x"}, "Knowledge after unlearning: 'x' is not a number"),
        ("forget", {"predictions": "0.5 nan 0 0"}, "knowledge after[1] is nan"),
        ("forget", {"predictions": "[0.5, 0"}, "is not a JSON list"),
        ("forget", {"references": "0.04 0.2 0 0"}, "not memorized beyond gold"),
        ("exposure", {"references": "0 7"}, "row 1: the true value's index 7 is not among the 4"),
        ("stability", {"predictions": "1 1\n0.25\n0.5 0"}, "stage 1 has 1 task scores where 2"),
        ("unlearning", {"role": "forget\nretain"}, "role has 2 rows where 12"),
        ("privacy_leakage", {"references": "1 1 1 1"}, "all 4 rows are members"),
        ("utility", {"before": "1 2"}, "Utility before unlearning takes one number"),
    ],
)
def test_bad_input_names_field_and_row(apps, name, changes, expected):
    page = apps[name].page
    words, _, _ = page.answer(*(changes.get(field.name, field.example) for field in page.form.fields))
    assert expected in words


def test_answers_without_words_are_explained(apps):
    page = apps["utility"].page
    words, _, result = page.answer("👍", "👍", *[""] * (len(page.form.fields) - 2))
    assert "Utility is not measured" in words
    assert result["flags"] == ["not_measured", "rouge_not_measured"]


def test_field_reads_lists_and_json():
    numbers, texts = Field("n", "N", holes=True), Field("t", "T", kind="texts")
    rows, number = Field("r", "R", kind="rows", holes=True), Field("o", "O", kind="number")
    assert numbers.read("1, 2;3\n-4.5\tnone") == numbers.read("[1, 2, 3, -4.5, null]") == [1, 2, 3, -4.5, None]
    assert texts.read("a, b\n[c]\n\nd") == texts.read('["a, b", "[c]", "", "d"]') == ["a, b", "[c]", "", "d"]
    assert texts.read("[a] b\nc") == ["[a] b", "c"]
    assert rows.read("1 2\nnone\n3, 4") == rows.read("[[1, 2], null, [3, 4]]") == [[1, 2], None, [3, 4]]
    assert rows.read("[1, 2]\n[3, 4]") == [[1, 2], [3, 4]]
    assert number.read("0.75") == 0.75
    assert texts.read("half \ud83d\nन") == ["half \ufffd", "न"]


def test_table_escapes_html(apps):
    table = apps["forget"].page.table({"<b>": "<script>"})
    assert html.escape("<script>") in table
    assert "<script>" not in table


@pytest.mark.parametrize("name", NAMES)
def test_space_header_and_pinned_requirement(name):
    """The header that the Hub reads, and requirements that pin this version of the project by its tag."""
    folder = ROOT / "evaluation" / name
    header = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    assert (header["sdk"], header["app_file"], header["license"]) == ("gradio", "app.py", "apache-2.0")
    assert {"evaluate", "metric"} <= set(header["tags"])
    assert len(header["short_description"]) <= 60
    assert re.fullmatch(r"\d+\.\d+\.\d+", header["sdk_version"])
    pins = [line for line in (folder / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert pins == [f"lethebench[metrics] @ git+https://github.com/lethebench/lethebench@v{lethebench.__version__}"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One headless browser for every page."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        reason = f"no browser: install Chromium (looked for {', '.join(BROWSERS)})"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with Browser(program, tmp_path_factory.mktemp("browser") / "profile") as window:
        yield window


@contextmanager
def opened(app, browser):
    """Serve an app on this machine alone and open it; afterwards check its requests and its scripts."""
    from lethebench.evaluation.space_app.page import serve

    _, address, _ = serve(app.demo, prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", share=False)
    browser.requests.clear()
    try:
        browser.open(address)
        browser.wait("document.querySelector('#compute')")
        yield
        assert [url for url in browser.requests if not url.startswith((address, "data:", "blob:"))] == []
        assert browser.problems == []
    finally:
        browser.open("about:blank")
        app.demo.close()


def words_of(browser: Browser) -> str:
    return browser.read("document.querySelector('#words').innerText")


RESULTS_SHOWN = "document.querySelectorAll('#table tbody tr').length > 3"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_page_in_a_browser(apps, browser, name):
    app = apps[name]
    with opened(app, browser):
        browser.click("#compute")
        browser.wait(RESULTS_SHOWN)
        first_sentence = re.sub(r"[*`]", "", app.page.answer(*examples(app))[0].split("\n\n")[0])
        assert first_sentence in words_of(browser)
        first = app.page.form.fields[0].name
        browser.type(f"#field-{first} textarea", "")
        browser.click("#compute")
        browser.wait("document.querySelector('#words').innerText.includes('cannot be computed')")
        assert "is empty" in words_of(browser)
        assert browser.read("document.querySelectorAll('#table tbody tr').length") == 0
        browser.click("#example")
        browser.wait(f"document.querySelector('#field-{first} textarea').value == {json.dumps(examples(app)[0])}")
        page_width, window_width = browser.read("[document.documentElement.scrollWidth, window.innerWidth]")
        assert page_width <= window_width
        if folder := os.environ.get("LETHE_PICTURES"):
            browser.click("#compute")
            browser.wait(RESULTS_SHOWN)
            browser.picture(Path(folder) / f"{name}.png")


def test_typed_numbers_in_a_browser(apps, browser):
    """One page in the fast suite: typed numbers give the result that the function gives."""
    with opened(apps["forget"], browser):
        browser.type("#field-predictions textarea", "[0.25, 0.25]")
        browser.type("#field-references textarea", "1\n1")
        for name in ("gold", "truth_ratios", "gold_truth_ratios"):
            browser.type(f"#field-{name} textarea", "")
        browser.click("#compute")
        browser.wait(RESULTS_SHOWN)
        assert "forgetting is at 0.750" in words_of(browser)
