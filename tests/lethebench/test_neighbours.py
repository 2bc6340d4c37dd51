"""Neighbour rows: trained on only on demand, scored, never unlearned."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_build import real_build

from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.evaluation.metrics.rows import never_forgotten, utility_of
from lethebench.runs.build import open_build
from lethebench.runs.checks import check_build
from lethebench.runs.folder import HELD_OUT
from lethebench.runs.gate import gate
from lethebench.runs.options import RunOptions
from lethebench.runs.stage import Run
from lethebench.runs.summary import ROWS


def run_of(name: str, tmp_path, **options) -> Run:
    build = open_build(real_build(name))
    return Run(build, RunOptions(data=build.path, out=tmp_path, **options), tmp_path, Console(phases=1))


@pytest.mark.parametrize("learn_neighbour", [False, True])
def test_neighbours_are_trained_on_demand_and_never_retained(tmp_path, learn_neighbour):
    run = run_of("mllmu", tmp_path, learn_neighbour=learn_neighbour)
    neighbours = set(run.build.neighbour["profile_id"])
    assert neighbours
    assert neighbours.isdisjoint([*run.build.forget["profile_id"], *run.build.retain["profile_id"]])
    assert (neighbours <= set(run.rows["profile_id"])) is learn_neighbour
    assert len(run.rows) == len(run.build.split("train")) + learn_neighbour * len(run.build.neighbour)
    assert len(run.scored) == len(run.build.forget) + len(run.build.retain) + len(run.build.neighbour)
    for stage in range(1, run.build.tasks + 1):
        assert neighbours.isdisjoint(run.not_asked(stage)["profile_id"])
        assert neighbours.isdisjoint(run.task(stage)["profile_id"])


def test_learn_neighbour_needs_neighbour_rows(tmp_path):
    run = run_of("icu", tmp_path, learn_neighbour=True)
    with pytest.raises(UserError, match=r"--learn-neighbour: .* has no neighbour rows"):
        check_build(run.options, run.build)


def test_gate_reports_neighbours_without_counting_them(tmp_path):
    def row(role: str, modality: str, hit: float) -> dict:
        return {"role": role, "modality": modality, "exact_match": hit, "exposure_normalised": hit}

    scored = [row("forget", "image_text", 1.0), row("retain", "text", 1.0), row("neighbour", "text", 0.0)]
    for name, rows in ((ROWS, scored), (HELD_OUT, scored[:2])):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    verdict = gate(tmp_path, {"parameters": 1, "steps": 1, "seconds": 1.0}, threshold=0.9)
    assert verdict["passed"] is True
    assert (verdict["image_text"], verdict["text"], verdict["rows"]) == (1.0, 1.0, 2)
    assert verdict["exposure_normalised"] == 1.0
    assert verdict["neighbour"] == {"image_text": None, "text": 0.0}


def test_damage_to_neighbours_lowers_utility():
    def rows(neighbour: float) -> list[dict]:
        scores = {"probability": 1.0, "rouge_l_recall": 1.0, "truth_ratio": 0.5}
        retain = {"role": "retain", "task_id": -1, "profile_id": "a", **scores}
        other = {**retain, "role": "neighbour", "profile_id": "b", "probability": neighbour}
        forget = {**retain, "role": "forget", "task_id": 0, "profile_id": "c", "probability": 0.0}
        return [retain, other, forget]

    initial = {"retain": 1.0, "neighbour": 1.0}
    whole, damaged = (utility_of(never_forgotten(rows(share)), initial, None) for share in (1.0, 0.25))
    assert whole["utility"] == pytest.approx(6 / (4 + 2 / 0.5))
    assert damaged["utility"] == pytest.approx(6 / (3 + 1 / 0.25 + 2 / 0.5))
    unknown = utility_of(never_forgotten(rows(0.25)), {"retain": 1.0, "neighbour": 0.0}, None)
    assert unknown["utility"] == pytest.approx(3 / (2 + 1 / 0.5))
    assert "neighbour" in unknown["not_measured"]
