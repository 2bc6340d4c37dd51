"""Texts of a stranger's run in a report: in HTML, Markdown, CSV, figures and the terminal they stay texts."""

import csv
import json
import shutil
import unicodedata
import warnings

import pytest
from command_line import lethe
from html_page import HtmlPage
from markdown_it import MarkdownIt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sealed_run import reseal, reseal_data
from synthetic_run import change_rows, write_run

from lethebench.contract.escaping import FORMULA, HIDDEN
from lethebench.report import load, write_report
from lethebench.report.figures import curves, heat_map, short_name
from lethebench.report.seeds import Stat
from lethebench.runs.folder import write_json
from lethebench.runs.records import new_record

TEXTS = {
    "formula": "=cmd|' /C calc'!A0",
    "formula after blanks": "  @SUM(A1)",
    "script": '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "template": "{{ 7 * 7 }}{% raw %}</style></title>",
    "direction": "abc\u202egnol\u2066x\u2069",
    "invisible": "a\u200bb\ufeff\u2028c",
    "picture in Markdown": "![x](http://evil.example/t.png) [y](javascript:alert(1)) <http://evil.example>",
    "Markdown": "a | b `c` **d** _e_ ~~f~~\\| # g",
    "mathematics": r"$\frac{1}{2}$ \input{/etc/passwd}",
    "shell": "$(touch /tmp/owned); `id` 'x\"",
    "accents": "a" + "\u0301" * 200,
    "long": "word" * 900,
}
METHODS = ("méthode", "n名前", "m_تجربة", "_hidden_", "a" * 200, "my_package.my_module.MyTrainer", "CON", "Ga", "ga")
PLAIN = {"text", "text_special", "softbreak"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("whole") / "run", tasks=2, per_task=1, retain=3, methods=("ga", "npo"))


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def fill(run, text):
    """Put a text in every place of a run that a stranger can fill."""
    words = {"question": text, "answer": text, "generated": text, "attribute": text, "id": text}
    for stage in ("learnt", "ga/t002", "npo/t002", "gold/t002"):
        change_rows(run / stage, lambda row: row.update(words | {"id": f"{row['id']} {text}"}))
    done = json.loads((run / "npo/t001/done.json").read_text())
    write_json(run / "npo/t001/done.json", done | {"settings": {text: text, "beta": [text]}})
    machine, versions = {"processor": text, "accelerator": text}, {"torch": text, text: "1"}
    reseal(run, machine=machine, versions=versions, name=text, created=text, trained=text, version=text)
    reseal_data(
        run, benchmark=text, version=text, size=text[:40], path=text, imported_from=text, options={text: [text]}
    )
    summary = json.loads((run / "ga/summary.json").read_text())
    summary["final"]["flags"], summary["not_measured"] = ["collapsed", text], [text]
    write_json(run / "ga/summary.json", new_record(summary))


def assert_shown(content: str) -> None:
    letters = set(content.replace(":\u200b//", "://")) - {"\n", "\t"}  # so that no viewer of Markdown makes a link
    assert not {letter for letter in letters if unicodedata.category(letter) in HIDDEN}


def assert_harmless(out, texts=()) -> HtmlPage:
    """Assert that nothing in a report acts, and that its page holds the texts."""
    content = (out / "report.html").read_text("utf-8")
    page = HtmlPage(content)
    assert_shown(content)
    assert not {"script", "iframe", "object", "form", "base", "svg"} & set(page.tags)
    assert page.tags.count("title") == page.tags.count("style") == 1
    assert all(address.startswith(("data:image/", "data:,", "#")) for address in page.addresses), page.addresses
    for text in texts:
        assert " ".join(text.split())[:300] in page.text
    assert len(list((out / "tables").iterdir())) >= 14
    for path in (out / "tables").glob("*.md"):
        assert_shown(path.read_text("utf-8"))
        for token in MarkdownIt("gfm-like", {"linkify": False}).parse(path.read_text("utf-8")):
            assert token.type not in ("html_block", "fence", "heading_open"), path
            assert {child.type for child in token.children or []} <= PLAIN, (path, token.content)
    for path in (out / "tables").glob("*.csv"):
        assert_shown(path.read_text("utf-8"))
        rows = list(csv.reader(path.open(encoding="utf-8", newline="")))
        assert len({len(row) for row in rows}) == 1, path
        for cell in (cell for row in rows for cell in row if cell.lstrip(" ").startswith(FORMULA)):
            float(cell)
    return page


@pytest.mark.parametrize("name", TEXTS)
def test_texts_of_a_run_stay_texts(name, run, tmp_path, monkeypatch):
    text = TEXTS[name]
    fill(run, text)
    monkeypatch.setattr(load, "_check_figures", lambda path, record: None)  # as without scipy: flags are not compared
    monkeypatch.setattr("lethebench.report.figures.png", lambda figure: b"\x89PNG")
    done = lethe("report", run, "--out", tmp_path / "out")
    assert done.status == 0, done.error
    assert_shown(done.out + done.error)
    printed = text if name not in ("direction", "invisible", "accents", "formula after blanks") else ""
    assert_harmless(tmp_path / "out", [printed])


def test_names_of_methods_name_files_and_curves(tmp_path):
    run = write_run(tmp_path / "run", tasks=2, per_task=1, retain=2, methods=METHODS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_report([run], tmp_path / "out")
    assert_harmless(tmp_path / "out", METHODS[:5])
    names = [path.name for path in (tmp_path / "out/figures").glob("matrix-*")]
    assert len({name.casefold() for name in names}) == len(METHODS)


@pytest.mark.parametrize("bad", ["=cmd", "-x", "a/../../b", "a b", "a\u202eb", "<b>", "", "a" * 300, ".."])
def test_name_that_no_method_can_have_is_refused(bad, run, tmp_path):
    record = json.loads((run / "run.json").read_text())
    write_json(run / "run.json", new_record(record | {"methods": ["ga", bad]}))
    done = lethe("report", run, "--out", tmp_path / "out")
    assert done.status == 2
    assert "run.json: methods" in done.line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("method", METHODS)
def test_names_fit_the_figures(method):
    matrix = [[1.0] * 4 for _ in range(5)]
    lines = {name: {0: Stat(0.0), 4: Stat(1.0)} for name in (method, "npo")}
    references = {"gold": 0.5, "chance": 0.1, "before unlearning": 0.2, "collapse threshold": None}
    panel = curves(lines, title="t", tasks=4, top=1.06, references=references, styles=list(lines))
    for figure in (heat_map(matrix, [1.0] * 5, [0.0] * 4, 1.0, title=f"{short_name(method)}, mean of 3 seeds"), panel):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")
            FigureCanvasAgg(figure).draw()
            boxes = [text.get_window_extent() for text in figure.texts]
            boxes += [text.get_window_extent() for legend in figure.legends for text in legend.get_texts()]
        assert all(figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1 for box in boxes)
    assert len(panel.legends[0].get_texts()) == 5
