"""`lethe report --paper`: LaTeX that compiles and has the numbers of the page, and figures as vectors."""

import csv
import re
import shutil
import subprocess

import pytest
from html_page import HtmlPage
from synthetic_run import write_run

from lethebench.report import write_report
from lethebench.report.paper import latex, latex_text
from lethebench.report.seeds import Stat
from lethebench.report.tables import Cell, Column, Table

HOSTILE = r"\input{/etc/passwd} 100% of $x_1$ & {a} #2 ~ ^ \\ ± −1 – ↑"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_report([write_run(folder / "demo")], folder / "report", paper=True)
    return folder / "report"


def test_texts_keep_no_command_of_latex():
    text = latex_text(HOSTILE)
    left = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum)\{\}|\\[{}$&#_%]|\$(-|\\pm|\\uparrow)\$", "", text)
    assert not set(left) & set("\\{}$&#_%~^")


def test_table_has_its_cells_in_order():
    columns = [Column("model", "Model"), Column("score", "Score", "higher"), Column("flags", "Flags")]
    cells = [Cell("a_b"), Cell("0.500", "± 0.100", Stat(0.5, sd=0.1)), Cell("collapsed")]
    text = latex(Table("t", "100 %", columns, [cells]), "t")
    assert r"\begin{tabular}{lr}" in text
    assert r"Model & Score $\uparrow$ \\" in text
    assert r"a\_b & 0.500 {\scriptsize $\pm$ 0.100} \\" in text
    assert r"\caption{100 \%}" in text
    assert "collapsed" not in text


def test_latex_and_csv_have_the_same_numbers(report):
    for path in (report / "tables").glob("*.csv"):
        text = (report / "paper" / f"{path.stem}.tex").read_text()
        lines = text.partition("\\midrule\n")[2].partition("\\bottomrule")[0].split("\n")
        rows = list(csv.reader(path.open(newline="")))[1:]
        assert len([line for line in lines if line.endswith(r"\\")]) == len(rows), path
    headline = (report / "paper/headline.tex").read_text()
    with (report / "tables/headline.csv").open(newline="") as file:
        scores = [row["score"] for row in csv.DictReader(file) if row["score"]]
    assert scores
    assert all(f"& {float(score):.3f}" in headline for score in scores)


def test_figures_are_vectors_with_their_texts(report):
    figures = {path.stem for path in (report / "figures").iterdir()}
    for kind in ("pdf", "svg"):
        assert {path.stem for path in (report / "paper").glob(f"*.{kind}")} == figures
    drawing = (report / "paper/matrix-npo.svg").read_text()
    assert "after stage" in drawing
    assert "<script" not in drawing
    assert not re.search(r"\d{4}-\d\d-\d\dT", drawing)  # the same bytes tomorrow


def test_contents_lead_to_the_sections(report):
    content = (report / "report.html").read_text()
    links = [address.removeprefix("#") for address in HtmlPage(content).addresses if address.startswith("#")]
    headings = re.findall(r'<h3 id="([^"]+)">', content)
    assert links == headings
    assert len(headings) == len(set(headings)) == content.count("<h3") >= 8


@pytest.mark.slow
def test_latex_compiles(report, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed (Debian's texlive-latex-recommended)")
    hostile = Table("x", HOSTILE, [Column("a", HOSTILE)], [[Cell(HOSTILE, HOSTILE)]])
    (tmp_path / "hostile.tex").write_text(latex(hostile, "x"))
    for path in (report / "paper").iterdir():
        shutil.copy(path, tmp_path)
    inputs = "\n".join(rf"\input{{{path.stem}}}" for path in sorted(tmp_path.glob("*.tex")))
    figures = "\n".join(rf"\includegraphics[width=3cm]{{{path.name}}}" for path in sorted(tmp_path.glob("*.pdf")))
    packages = r"\usepackage{booktabs}\usepackage{graphicx}\usepackage[T1]{fontenc}"
    (tmp_path / "main.tex").write_text(
        f"\\documentclass{{article}}{packages}\\begin{{document}}\n{inputs}\n{figures}\n\\end{{document}}\n"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
