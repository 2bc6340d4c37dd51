"""The report: its numbers equal the run's files, missing parts are listed, generated text stays text."""

import csv
import json
import math
import shutil
import statistics
import subprocess
import sys

import pandas
import pytest
from datasets import load_dataset
from html_page import HtmlPage
from sealed_run import reseal, reseal_data
from synthetic_run import CHANCE, change_rows, say, summarize, write_run

from lethebench.report import ReportError, figures, headline, write, write_report
from lethebench.report.examples import examples
from lethebench.report.headline import FLAGS
from lethebench.report.load import load_run
from lethebench.report.seeds import group_runs
from lethebench.runs.folder import write_json
from lethebench.runs.proof import seal
from lethebench.runs.records import new_record

SCORES = tuple(column.key for column in headline.SCORES)
BEHIND = tuple(column.key for column in headline.BEHIND)
SCRIPT = '<script>window.broken = 1</script><img src="x" onerror="window.broken = 1">'


def read(folder):
    return HtmlPage((folder / "report.html").read_text(encoding="utf-8"))


def summary(run, method):
    return json.loads((run / method / "summary.json").read_text())


def edit(path, change, finish=dict):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(finish(value)))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "demo")


@pytest.fixture(scope="module")
def report(run, tmp_path_factory):
    ticks = []
    out = tmp_path_factory.mktemp("reports") / "one"
    path = write_report([run], out, progress=lambda done, total: ticks.append((done, total)))
    assert path == out / "report.html"
    assert ticks == [(done, ticks[-1][1]) for done in range(1, ticks[-1][1] + 1)]
    return out


@pytest.fixture
def quick(monkeypatch, report):
    """Figures are made but not painted, which takes most of the time; `report` painted them."""
    painted = (report / "figures/forget.png").read_bytes()
    monkeypatch.setattr(figures, "png", lambda figure: painted)


@pytest.fixture
def copy(run, quick, tmp_path):
    shutil.copytree(run, tmp_path / "demo")
    reseal_data(tmp_path / "demo", path=str(tmp_path / "demo/data"))
    return tmp_path / "demo"


def test_synthetic_build_loads_like_a_build(run):
    for split, count in (("forget", 72), ("retain", 72)):
        rows = load_dataset(str(run / "data"), "continual", split=split)
        assert len(rows) == count
        assert next(row["images"] for row in rows if row["modality"] == "image_text")


def test_headline_equals_summary(run, report):
    page = read(report)
    for method in ("ga", "npo"):
        cells = page.row("demo-headline", method)
        final = summary(run, method)["final"]
        assert [cell["value"] for cell in cells[: len(SCORES)]] == [final[name] for name in SCORES]
        behind = page.row("demo-behind", method)
        assert [cell["value"] for cell in behind[: len(BEHIND)]] == [final[name] for name in BEHIND]
        low, high = summary(run, method)["intervals"]["forget"]
        assert f"{low:.3f} to {high:.3f}" in cells[SCORES.index("forget")]["text"]
        assert cells[-1]["text"] == ", ".join(final["flags"])
    gold = json.loads((run / "gold/summary.json").read_text())["stages"]["4"]
    column = BEHIND.index("exposure")
    assert page.row("demo-behind", "gold")[column]["value"] == gold["exposure"]
    assert page.row("demo-behind", "chance")[column]["value"] == gold["exposure_chance"] == pytest.approx(CHANCE)
    assert page.row("demo-behind", "before")[column]["value"] == pytest.approx(4.148)
    assert page.row("demo-headline", "before")[SCORES.index("forget")]["value"] == 0.0
    assert "collapsed" in page.text
    assert FLAGS["collapsed"] in page.text


def test_other_tables_equal_run_files(run, report):
    page = read(report)
    parts = summary(run, "ga")["stability_parts"]
    for name in ("forget_now", "premature_forgetting", "utility_slope", "step_variation"):
        assert page.row("demo-stability", name)[1]["value"] == parts[name]
    assert page.row("demo-stability", "collapse_stage")[1]["value"] == parts["collapse_stage"]
    assert page.row("demo-stability", "collapse_stage")[2]["text"] == "never"
    knowledge = summary(run, "npo")["knowledge"]
    for task, cells in enumerate(page.tables["demo-matrix-npo"][1:5]):
        assert [cell["value"] for cell in cells[1:6]] == [stage[task] for stage in knowledge]
    gate = json.loads((run / "learnt/gate.json").read_text())
    seed, exact, threshold, verdict, held_out = page.row("demo-gate", "with")
    assert (seed["text"], exact["value"], threshold["value"]) == ("0", gate["image_text"], 0.9)
    assert (verdict["text"], held_out["value"]) == ("passed", gate["held_out"]["image_text"])
    assert page.row("demo-cost", "npo")[0]["value"] == pytest.approx(sum(summary(run, "npo")["seconds"]))


def test_failed_gate_is_shown(copy, tmp_path):
    change_rows(copy / "learnt", lambda row: row.update(exact_match=float(row["modality"] != "text")))
    summarize(copy)
    write_report([copy], tmp_path / "out")
    page = read(tmp_path / "out")
    assert [page.row("demo-gate", name)[3]["text"] for name in ("with", "text")] == ["passed", "failed"]


def test_csv_and_markdown_equal_summary(run, report):
    with (report / "tables/headline.csv").open(newline="") as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    final = summary(run, "npo")["final"]
    assert {name: float(rows["npo"][name]) for name in SCORES} == {name: final[name] for name in SCORES}
    assert float(rows["npo"]["forget_low"]) == summary(run, "npo")["intervals"]["forget"][0]
    with (report / "tables/behind.csv").open(newline="") as file:
        behind = {row["model"]: row for row in csv.DictReader(file)}["npo"]
    assert {name: float(behind[name]) for name in BEHIND} == {name: final[name] for name in BEHIND}
    lines = (report / "tables/headline.md").read_text().splitlines()
    assert len({line.count("|") for line in lines[2:]}) == 1
    assert any(line.startswith("| npo |") and f"{final['keep']:.3f}" in line for line in lines)
    assert {path.stem for path in (report / "tables").glob("*.csv")} == {
        path.stem for path in (report / "tables").glob("*.md")
    }


def test_stages_table_equals_summary_series(run, report):
    with (report / "tables/stages.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == "ga"]
    series = summary(run, "ga")
    assert [float(row["in_sample_utility"]) for row in rows] == series["in_sample_utility"]
    for name in ("forget", "indistinguishable", "keep"):
        assert [float(row[name]) for row in rows[1:]] == series[name]
    assert rows[0]["forget"] == ""


def test_examples_show_picture_question_and_answers(run, report):
    page, (group,) = read(report), group_runs([load_run(run)])
    sections = examples(group)
    assert [section.title for section in sections] == [
        "To be forgotten at stage 1 of 4",
        "To be forgotten at stage 3 of 4",
        "To be retained",
    ]
    all_examples = [example for section in sections for example in section.examples]
    assert [example.modality for example in all_examples] == ["image_text", "image_text", "text"] * 3
    for example in all_examples:
        assert example.question in page.text
        assert [answer.model for answer in example.answers] == ["before", "ga", "npo", "gold"]
    assert sum(image["src"].startswith("data:image/jpeg") for image in page.images) == 6
    verdicts = {
        answer.verdict for example in sections[0].examples for answer in example.answers if answer.model == "npo"
    }
    assert verdicts <= {"forgotten", "still known"}
    assert {
        answer.verdict for example in sections[2].examples for answer in example.answers if answer.model == "ga"
    } == {"lost"}
    assert "lost with everything else" in page.text


def test_generated_text_is_escaped_and_cut(copy, tmp_path):
    (group,) = group_runs([load_run(copy)])
    first, second, third = examples(group)[0].examples
    say(copy, "npo/t004", first.id, SCRIPT)
    say(copy, "npo/t004", second.id, "bell\x07 null\x00 turn\u202egnol")
    say(copy, "npo/t004", third.id, "the " * 5_000)
    write_report([copy], tmp_path / "out")
    page = read(tmp_path / "out")
    assert "script" not in page.tags
    assert SCRIPT in page.text
    assert "bell⟨U+0007⟩ null⟨U+0000⟩ turn⟨U+202E⟩gnol" in page.text
    assert page.text.count("the the the") < 200
    assert any(title.startswith("the the") and title.endswith("(20,000 characters)") for title in page.titles)


def test_unfinished_run_lists_missing_parts(copy, tmp_path):
    (copy / "npo/summary.json").unlink()
    shutil.rmtree(copy / "npo/t004")
    shutil.rmtree(copy / "gold")
    shutil.rmtree(copy / "data")
    write_report([copy], tmp_path / "out")
    page = read(tmp_path / "out")
    assert "npo is not finished, 3 of 4 stages done" in page.text
    assert "no gold model was retrained" in page.text
    assert "Pictures are missing" in page.text
    assert page.row("demo-headline", "npo")[-1]["text"] == "not_finished"
    assert "value" not in page.row("demo-headline", "gold")[SCORES.index("forget")]
    assert not (tmp_path / "out/figures/matrix-npo.png").exists()
    assert (tmp_path / "out/figures/matrix-ga.png").exists()


def test_run_without_stages_gives_a_page(copy, tmp_path):
    for name in ("learnt", "gold", "ga", "npo"):
        shutil.rmtree(copy / name)
    write_report([copy], tmp_path / "out")
    page = read(tmp_path / "out")
    assert "stage 1 is not finished" in page.text
    assert "ga is not finished, 0 of 4 stages done" in page.text


def test_pictures_of_another_build_are_left_out(copy, tmp_path):
    edit(copy / "data/manifest.json", lambda manifest: manifest.update(seed=1))
    write_report([copy], tmp_path / "out")
    page = read(tmp_path / "out")
    assert "no longer the build of this run" in page.text
    assert not [image for image in page.images if image["src"].startswith("data:image/jpeg")]


def test_seeds_are_averaged(run, quick, tmp_path):
    runs = [run, *(write_run(tmp_path / f"seed{seed}", seed=seed, data=run / "data") for seed in (1, 2))]
    write_report([*runs, run], tmp_path / "out")
    page = read(tmp_path / "out")
    values = [summary(path, "npo")["final"]["keep"] for path in runs]
    cell = page.row("demo-headline", "npo")[SCORES.index("keep")]
    assert cell["value"] == statistics.fmean(values)
    assert f"± {statistics.stdev(values):.3f}" in cell["text"]
    assert len(page.tables["demo-seeds"]) == 1 + 2 * 3
    assert "seeds 0, 1, 2" in page.text
    assert page.tags.count("article") == 1


def test_different_runs_get_separate_sections(run, quick, tmp_path):
    other = write_run(tmp_path / "other", seed=1, tasks=2, methods=("npo",))
    write_report([run, other], tmp_path / "out")
    page = read(tmp_path / "out")
    assert page.tags.count("article") == 2
    assert {"1-demo-headline", "2-other-headline"} <= set(page.tables)
    assert {"1-demo-matrix-npo.png", "2-other-matrix-npo.png"} <= {
        path.name for path in (tmp_path / "out/figures").iterdir()
    }


def test_csv_columns_are_numbers_and_equal_for_any_number_of_seeds(run, report, quick, tmp_path):
    runs = [run, write_run(tmp_path / "seed1", seed=1, data=run / "data")]
    write_report(runs, tmp_path / "out")
    texts = {"model", "method", "part", "task", "modality", "better", "verdict", "flags", "trained"}
    paths = sorted((report / "tables").glob("*.csv"))
    assert len(paths) == 14
    for path in paths:
        one, two = pandas.read_csv(path), pandas.read_csv(tmp_path / "out/tables" / path.name)
        assert list(one.columns) == list(two.columns)
        for table in (one, two):
            strings = {name for name in table.columns if not pandas.api.types.is_numeric_dtype(table[name])}
            assert strings <= texts, path.name
    collapse = pandas.read_csv(tmp_path / "out/tables/stability.csv", index_col="part").loc["collapse_stage"]
    assert collapse["ga"] == 1
    assert math.isnan(collapse["npo"])


def test_repeated_seed_starts_a_new_group(run):
    again = load_run(run)
    assert [len(group.runs) for group in group_runs([load_run(run), again])] == [1, 1]


def test_page_shows_commands_and_facts(copy, tmp_path):
    reseal_data(copy, path="build/my data")
    write_report([copy], tmp_path / "out")
    text = read(tmp_path / "out").text
    assert "lethe build icu --size small --seed 0 --out 'build/my data'" in text
    command = "lethe run 'build/my data' --method ga,npo --model tiny --tasks 4 --retain rest --gold last"
    sequence = "--tasks-per-request 1 --sequence continue --adapter shared --replay none"
    assert f"{command} --gold-seeds 1 --score-rows 2000 --rank-rows 400 {sequence} --seed 0" in text
    assert json.loads((copy / "run.json").read_text())["data"]["manifest_sha256"] in text
    assert "has left its weights" in text
    assert "24 fictitious people" in text
    assert "tokenizer" in text


def test_every_machine_and_version_is_shown(copy, tmp_path):
    record = json.loads((copy / "run.json").read_text())
    for stage, threads, torch in (("ga/t004", 7, "2.13.0"), ("npo/t004", 1, "2.12.1"), ("gold/t004", 7, "2.13.0")):
        done = json.loads((copy / stage / "done.json").read_text())
        made_by = {
            "machine": record["machine"] | {"threads": threads},
            "versions": record["versions"] | {"torch": torch},
        }
        seal(copy, record, stage, copy / stage, done, made_by)
        write_json(copy / stage / "done.json", done)
    write_report([copy], tmp_path / "out")
    text = read(tmp_path / "out").text
    assert "cores 2, threads 2; threads 7 in ga/t004, gold/t004; threads 1 in npo/t004" in text
    assert "; torch 2.12.1 in npo/t004" in text


def test_report_is_deterministic(run, report, tmp_path):
    write_report([run], tmp_path / "again")
    for path in sorted(report.rglob("*.*")):
        assert (tmp_path / "again" / path.relative_to(report)).read_bytes() == path.read_bytes(), path.name


def test_earlier_report_is_replaced_atomically(run, quick, tmp_path, monkeypatch):
    out = tmp_path / "out"
    other = write_run(tmp_path / "other", tasks=2, methods=("npo",))
    write_report([run], out)
    before = (out / "report.html").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(write, "comma_separated", lambda table: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_report([other], out)
    assert (out / "report.html").read_bytes() == before
    assert (out / "figures/matrix-ga.png").exists()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ReportError, match=r"also holds notes\.txt, which would be lost"):
        write_report([other], out)
    assert (out / "report.html").read_bytes() == before
    assert (out / "notes.txt").read_text() == "mine"
    (out / "notes.txt").unlink()
    write_report([other], out)
    assert not (out / "figures/matrix-ga.png").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]


def test_foreign_files_are_not_overwritten(run, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/mine.png").write_bytes(b"mine")
    with pytest.raises(ReportError, match=r"is not a report \(e\.g\. figures/mine\.png\)"):
        write_report([run], tmp_path)
    assert (tmp_path / "figures/mine.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: shutil.rmtree(run), "does not exist"),
        (lambda run: (run / "run.json").unlink(), "not a run"),
        (lambda run: (run / "run.json").write_text("{"), "run.json: not valid JSON"),
        (lambda run: (run / "run.json").write_text("{}"), "run.json: version is missing"),
        (lambda run: (run / "learnt/rows.parquet").write_bytes(b"PAR1"), "rows.parquet has 4 bytes, and"),
        (
            lambda run: edit(run / "ga/summary.json", lambda content: content["knowledge"].pop(), new_record),
            "knowledge does not fit T = 4",
        ),
        (lambda run: edit(run / "ga/summary.json", lambda content: content.pop("final")), "json: final is missing"),
    ],
)
def test_invalid_run_is_refused_in_one_line(copy, tmp_path, damage, message):
    damage(copy)
    with pytest.raises(ReportError, match=message) as caught:
        write_report([copy], tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert str(copy) in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_empty_list_of_runs_is_refused(tmp_path):
    with pytest.raises(ReportError, match="no run was given"):
        write_report([], tmp_path / "out")


def test_import_loads_neither_matplotlib_nor_torch():
    code = "import sys, lethebench.report; assert not {'matplotlib', 'torch', 'datasets'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_training_curves_are_those_of_the_logs(run, report):
    table = pandas.read_csv(report / "tables/training.csv", index_col="trained")
    stages = ["learnt", "gold t004", *(f"{method} t{stage:03d}" for method in ("ga", "npo") for stage in range(1, 5))]
    assert list(table.index) == stages
    assert table.loc["ga t001", "first_loss"] == -2.5
    assert (table.loc["npo t003", ["steps", "last_loss", "largest_norm"]] == [20, 0.125, 3.0]).all()
    assert sorted(path.name for path in (report / "figures").glob("training*")) == [
        "training-ga.png",
        "training-npo.png",
        "training.png",
    ]


def test_run_without_logs_has_no_section_on_training(run, tmp_path):
    older = shutil.copytree(run, tmp_path / "older")
    for log in older.rglob("log.jsonl"):
        log.unlink()
    reseal(older)
    page = write_report([older], tmp_path / "out").read_text()
    assert "<h3>Training</h3>" not in page
    assert not (tmp_path / "out/tables/training.csv").exists()


def test_run_without_methods_has_a_report(tmp_path):
    page = write_report([write_run(tmp_path / "run", methods=())], tmp_path / "report")
    assert "no method has unlearned any of it; seed 0." in page.read_text("utf-8")
