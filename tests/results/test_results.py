"""`lethe submit` and `lethe check-results`: what is written, and that both refuse the same faults in one line."""

import hashlib
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from command_line import lethe
from results_folder import edit, honest_run, honest_runs
from sealed_run import reseal

from lethebench import __version__
from lethebench.results import record
from lethebench.results.check import check_repository
from lethebench.results.record import SCHEMA, read_result, schema


@pytest.fixture
def both(submitted, tmp_path):
    return shutil.copytree(submitted, tmp_path / "repository")


@pytest.fixture
def repository(both):
    """A repository with one result."""
    shutil.rmtree(result_of(both, "ga").parent)
    return both


def result_of(repository, method="npo"):
    (path,) = repository.glob(f"results/icu/1.0.0/tiny/{method}/*.json")
    return path


def edit_rows(path, change) -> None:
    """Change the rows of a result, and state the hash of the new file."""
    rows_file = path.with_suffix(".parquet")
    file = pq.ParquetFile(rows_file)
    with pq.ParquetWriter(rows_file.with_suffix(".new"), file.schema_arrow) as writer:
        for group in range(file.num_row_groups):
            rows = change(file.read_row_group(group).to_pylist())
            if rows:
                writer.write_table(pa.Table.from_pylist(rows, schema=file.schema_arrow))
    shutil.move(rows_file.with_suffix(".new"), rows_file)
    digest = hashlib.sha256(rows_file.read_bytes()).hexdigest()
    edit(path, lambda content: content["rows"].update(sha256=digest))


def test_new_repository_passes_its_own_check(both):
    done = lethe("check-results", both)
    assert (done.status, done.error) == (0, "")
    assert "2 results are right" in done.out
    names = {path.relative_to(both).as_posix() for path in both.rglob("*") if path.is_file()}
    assert {"README.md", "rules.json", "result.schema.json", ".github/workflows/check-results.yml"} <= names


def test_result_states_seeds_scores_and_no_path_of_this_machine(repository, runs):
    text = result_of(repository).read_text("utf-8")
    result = json.loads(text)
    assert [seed["seed"] for seed in result["seeds"]] == [0, 1, 2]
    finals = [json.loads((run / "npo/summary.json").read_text())["final"]["score"] for run in runs]
    assert result["scores"]["score"]["value"] == pytest.approx(sum(finals) / 3)
    assert result["scores"]["score"]["n"] == 3
    assert str(runs[0].parent) not in text


def test_shipped_schema_is_that_of_the_record():
    assert json.loads(SCHEMA.read_text("utf-8")) == schema()


def test_workflow_pins_this_version_and_gives_no_token_to_the_check(repository):
    workflow = yaml.safe_load((repository / ".github/workflows/check-results.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow["jobs"]["check"]
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert any(f"@v{__version__}" in step for step in steps)
    assert not any("${{" in step for step in steps)


def drop_rows(part):
    return lambda rows: [] if (rows[0]["seed"], rows[0]["stage"]) == part else rows


def forget_all(rows):
    """Return rows that know nothing, their texts included."""
    return [row | {"generated": "", "exact_match": 0.0, "rouge_l": 0.0, "rouge_l_recall": 0.0} for row in rows]


CONTENT = {
    "number of a seed": (
        lambda result: result["seeds"][1]["summary"]["final"].update(forget=0.5),
        "summary.final.forget of seed 1 does not follow from the rows (0.5 is stated",
    ),
    "interval": (
        lambda result: result["seeds"][0]["summary"]["intervals"]["score"].__setitem__(0, 0.0),
        "summary.intervals.score.0 of seed 0 does not follow",
    ),
    "mean over seeds": (
        lambda result: result["scores"]["score"].update(value=1.0),
        "scores.score.value does not follow from its seeds",
    ),
    "knowledge of gold": (
        lambda result: result["seeds"][0]["gold"]["knowledge"].__setitem__(0, 0.9),
        "gold.knowledge.0 of seed 0 does not follow",
    ),
    "hash of the rows": (lambda result: result["rows"].update(sha256="0" * 64), "not 000000000000"),
    "other data version": (lambda result: result["data"].update(version="2.0.0"), "measured on icu 2.0.0"),
    "hash of the questions": (
        lambda result: result["data"]["questions"].update(rows="0" * 64),
        "the questions of seed 0 do not have the hash",
    ),
    "seed without rows": (
        lambda result: result["seeds"].append(result["seeds"][0] | {"seed": 7}),
        "its rows lack the seed 7",
    ),
    "seed twice": (lambda result: result["seeds"][1].update(seed=0), "0, 0, 2 are the same"),
    "too few seeds": (lambda result: result["seeds"].pop(), "it has 2 of at least 3 seeds"),
    "no seeds": (lambda result: result.update(seeds=[]), "seeds: List should have at least 1 item"),
    "failed gate": (
        lambda result: result["seeds"][2]["gate"].update(passed=False),
        "seed 2 did not pass the memorization gate",
    ),
    "no gate": (lambda result: result["seeds"][0].pop("gate"), "seeds.0.gate is missing"),
    "no budget": (lambda result: result.pop("tuning"), "tuning is missing"),
    "undeclared trials": (lambda result: result["settings"].update(beta=9.0), "tuning.trials is 0"),
    "other build": (
        lambda result: result["seeds"][0].update(manifest_sha256="0" * 64),
        "seed 0 was measured on another build",
    ),
    "other method": (lambda result: result.update(method="simnpo"), "it belongs at results/icu/1.0.0/tiny/simnpo/"),
    "infinity": (lambda result: result["scores"]["score"].update(value=float("inf")), "not a finite number"),
}
ROWS = {
    "scores of texts": (
        lambda rows: [row | {"exact_match": 1.0 - row["exact_match"]} for row in rows],
        "exact_match of row icu/",
    ),
    "answers and their scores": (forget_all, "gate.image_text of seed 0 does not follow from the rows"),
    "stage": (drop_rows((1, "npo/t002")), "its rows have no stage npo/t002 of seed 1"),
    "seed": (lambda rows: [] if rows[0]["seed"] == 2 else rows, "its rows lack the seed 2"),
    "questions": (
        lambda rows: [row | {"question": row["question"] + "?"} for row in rows],
        "the questions of seed 0 do not have the hash",
    ),
    "questions of a stage": (
        lambda rows: [row | ({"answer": "x"} if row["stage"] == "gold/t002" else {}) for row in rows],
        "gold/t002 of seed 0 has another question",
    ),
}


@pytest.mark.parametrize("fault", CONTENT)
def test_edited_result_is_refused_in_one_line(repository, fault):
    change, reason = CONTENT[fault]
    edit(result_of(repository), change)
    done = lethe("check-results", repository)
    assert done.status == 1
    assert reason in done.line
    assert len(done.error.splitlines()) == 1


@pytest.mark.parametrize("fault", ROWS)
def test_edited_rows_are_refused_in_one_line(repository, fault):
    change, reason = ROWS[fault]
    edit_rows(result_of(repository), change)
    done = lethe("check-results", repository)
    assert done.status == 1
    assert reason in done.line


@pytest.mark.parametrize("damage", ["empty", "text", "cut"])
def test_damaged_rows_are_refused(repository, damage):
    path = result_of(repository)
    rows = path.with_suffix(".parquet")
    rows.write_bytes({"empty": b"", "text": b"PAR1?", "cut": rows.read_bytes()[:-40]}[damage])
    digest = hashlib.sha256(rows.read_bytes()).hexdigest()
    edit(path, lambda content: content["rows"].update(sha256=digest))
    assert "cannot be read as Parquet" in lethe("check-results", repository).line


def test_foreign_files_and_links_are_refused(repository, tmp_path):
    path = result_of(repository)
    path.with_name("run.sh").write_text("true")
    assert "neither a result nor its rows" in lethe("check-results", repository).line
    path.with_name("run.sh").unlink()
    secret = path.rename(tmp_path / "secret.json")
    path.symlink_to(secret)
    assert "is a link" in lethe("check-results", repository).line
    assert "no folder results" in lethe("check-results", tmp_path / "nothing").line


def test_only_new_results_are_computed_beside_a_base(both, submitted, monkeypatch):
    """A change of an earlier result and its removal are refused."""
    monkeypatch.setattr("lethebench.results.check.check_result", None)  # nothing is new
    assert "0 results are right" in lethe("check-results", both, "--base", submitted).out
    edit(result_of(both), lambda content: content.update(link="https://example.org"))
    shutil.rmtree(result_of(both, "ga").parent)
    done = lethe("check-results", both, "--base", submitted)
    assert done.status == 1
    assert "is changed; submit another result" in done.error
    assert "is removed" in done.error


def test_comment_compares_with_earlier_results_and_escapes(both, tmp_path):
    base = shutil.copytree(both, tmp_path / "base")
    shutil.rmtree(result_of(base, "ga").parent)
    bad = result_of(both, "ga").with_name("`<b>.json")
    shutil.copy(result_of(both, "ga"), bad)
    done = lethe("check-results", both, "--base", base, "--comment", tmp_path / "comment.md")
    assert done.status == 1
    text = (tmp_path / "comment.md").read_text("utf-8")
    assert "<b>" not in text
    assert "icu 1.0.0, size small, 2 tasks, tiny" in text
    assert [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")][2:] == [
        "npo",
        "ga (new)",
    ]


def test_same_runs_and_unequal_budgets_are_refused(runs, tmp_path):
    repository = tmp_path / "repository"
    assert lethe("submit", *runs, "--to", repository, "--method", "npo").status == 0
    assert "these runs are submitted already" in lethe("submit", *runs, "--to", repository, "--method", "npo").line
    assert lethe("submit", *runs, "--to", repository, "--method", "ga", "--trials", 5).status == 0
    refused = check_repository(repository).refused
    assert [reason.partition(": ")[2] for reason in refused.values()] == [
        "npo was tuned with 0 trials, and with 5 the method of results/icu/1.0.0/tiny/ga/"
        f"{result_of(repository).name}, of the same run; tune with equal --budget"
    ]


def test_other_questions_of_one_data_version_are_refused(repository, tmp_path):
    base = shutil.copytree(repository, tmp_path / "base")
    others = honest_runs(tmp_path / "other", seeds=(3, 4, 5), tasks=1)
    assert lethe("submit", *others, "--to", repository).status == 0
    (reason,) = check_repository(repository, base).refused.values()
    assert "it has other questions than" in reason


REFUSED = {
    "one seed": ([0], [], "it has 1 of at least 3 seeds"),
    "unknown method": ([0, 1, 2], ["--method", "dpo"], "dpo is not finished; the finished methods are npo, ga"),
    "trials below 0": ([0, 1, 2], ["--trials", "-1"], None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_submit_refuses_before_it_writes(runs, tmp_path, case):
    seeds, options, reason = REFUSED[case]
    done = lethe("submit", *(runs[seed] for seed in seeds), "--to", tmp_path / "repository", *options)
    assert done.status == 2
    assert reason is None or reason in done.line
    assert not (tmp_path / "repository").exists()


def test_submit_refuses_a_run_without_gate(tmp_path, monkeypatch):
    def failed(content):
        content["passed"] = False

    run = honest_run(tmp_path / "run")
    path = run / "learnt/gate.json"
    edit(path, failed)
    done = lethe("submit", run, "--to", tmp_path / "repository")
    assert done.status == 2
    assert "gate.json" in done.line


def test_dry_run_writes_nothing_and_prints_files(runs, tmp_path):
    done = lethe("submit", *runs, "--to", tmp_path / "repository", "--dry-run")
    assert done.status == 0
    assert "would write" in done.out
    assert ".parquet (" in done.out
    assert not (tmp_path / "repository").exists()


def test_result_keeps_unknown_entries_and_refuses_a_huge_file(repository, monkeypatch):
    path = result_of(repository)
    edit(path, lambda content: content.update(note="later versions may add this"))
    assert read_result(path)["note"]
    monkeypatch.setattr("lethebench.contract.records.MAX_BYTES", 1000)
    with pytest.raises(record.UserError, match="larger than 0 MiB"):
        read_result(path)


def test_recovery_by_attacks_is_the_mean_over_attacked_seeds(runs, tmp_path, monkeypatch):
    series = [{"name": f"relearn: {point}", "attack": "relearn", "variant": "", "point": point} for point in (1, 2)]

    def attacks_of(run, stage):
        worst = {"s0": 0.5, "s1": 0.1}.get(run.name)
        model = {"recovery": {"relearn: 1": 0.0, "relearn: 2": worst}, "worst_case_recovery": worst}
        return None if worst is None else {"series": series, "models": {"npo": model}, "budget": "small"}

    monkeypatch.setattr("lethebench.results.make.read_attacks", attacks_of)
    assert lethe("submit", *runs, "--to", tmp_path / "repository", "--method", "npo").status == 0
    assert json.loads(result_of(tmp_path / "repository").read_text())["attacks"] == {
        "relearn": {"recovery": pytest.approx(0.3), "seeds": 2},
        "worst case, budget small": {"recovery": pytest.approx(0.3), "seeds": 2},
    }


def test_settings_and_foreign_checkpoints_need_a_declared_budget(runs, tmp_path):
    """Of tuned.json, settings and build must be those of the runs."""
    own = [shutil.copytree(run, tmp_path / run.name) for run in runs]
    for run in own:
        reseal(run, settings={"npo": {"learning_rate": 0.001}})
    submit = ("submit", *own, "--method", "npo", "--to", tmp_path / "repository")
    assert "npo has learning_rate set by hand: pass --tuned" in lethe(*submit).line
    manifest = json.loads((own[0] / "run.json").read_text())["data"]["manifest_sha256"]
    tuned = {"method": "npo", "settings": {"learning_rate": 0.001}, "trials": 20, "failed": 2}
    path = tmp_path / "tuned.json"
    path.write_text(json.dumps(tuned | {"search": {"data": manifest, "utility": 0.9}}))
    faults = (
        ({"settings": {"learning_rate": 0.5}}, "it chose learning_rate 0.5"),
        ({"search": {"data": "0" * 64}}, "on another build"),
    )
    for change, reason in faults:
        (tmp_path / "other.json").write_text(json.dumps(json.loads(path.read_text()) | change))
        assert reason in lethe(*submit, "--tuned", tmp_path / "other.json").line
    assert lethe(*submit, "--tuned", path).status == 0
    tuning = json.loads(result_of(tmp_path / "repository").read_text())["tuning"]
    assert {**tuning, "tuned_sha256": None} == {"trials": 20, "failed": 2, "utility": 0.9, "tuned_sha256": None}


def test_checkpoints_from_elsewhere_are_submitted_without_their_paths(runs, tmp_path):
    own = [shutil.copytree(run, tmp_path / run.name) for run in runs]
    for run in own:
        reseal(run, methods=["npo"], checkpoints=["1=/home/margarethe/t1", "2=/home/margarethe/t2"])
    submit = ("submit", *own, "--to", tmp_path / "repository")
    assert "npo was trained elsewhere: pass --tuned" in lethe(*submit).line
    done = lethe(*submit, "--trials", 7)
    assert done.status == 0, done.error
    text = result_of(tmp_path / "repository").read_text()
    result = json.loads(text)
    assert (result["elsewhere"], result["tuning"]["trials"]) == (True, 7)
    assert "margarethe" not in text
    assert lethe("check-results", tmp_path / "repository").status == 0
