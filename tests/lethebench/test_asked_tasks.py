"""`lethe evaluate --task N`: rows of tasks that were not yet asked count as retained."""

import random
from pathlib import Path

import pytest
from initial_run import rows_of
from small_build import shared_stand_in_build
from synthetic_run import write_run
from tiny_models import save_llava

from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.sequence import in_order
from lethebench.scoring.asked import Asked, asked_tasks, other_gold
from lethebench.scoring.command import evaluate_command
from lethebench.scoring.options import EvaluateOptions, reference_folder


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run over the two tasks of the stand-in build."""
    root = tmp_path_factory.mktemp("runs")
    return write_run(root / "run", tasks=2, per_task=2, retain=4, data=shared_stand_in_build())


def asked(model: Path | str = "elsewhere/model", **options) -> Asked:
    build = open_build(shared_stand_in_build())
    return asked_tasks(EvaluateOptions(target=build.path, model=str(model), **options), build)


def test_tasks_of_options_and_of_a_stage(run):
    assert asked(task=1) == Asked([0], "task ids 0 of 2 count as asked, by --task; the others count as retained")
    assert asked(task=2) == Asked([0, 1])
    seed = next(seed for seed in range(99) if in_order(2, seed) == [1, 0])
    assert asked(task=1, order_seed=seed).tasks == [1]
    assert asked(run / "npo/t001").tasks == [0]
    assert "npo/t001; the others count as retained" in asked(run / "npo/t001").note
    assert asked(run / "npo/t002") == Asked([0, 1])
    assert asked(run / "npo/t001", task=2).tasks == [0, 1]
    for model in (run / "learnt", "elsewhere/model", "openai:gpt"):
        assert asked(model) == Asked(
            [0, 1], "all 2 tasks count as asked; pass --task N for a checkpoint after N of them"
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": 3}, r"--task 3: .*icu has 2 tasks; pass 1 to 2"),
        ({"order_seed": 0}, "--order-seed 0: pass the number of tasks asked so far too, by --task"),
    ],
    ids=["task", "order without task"],
)
def test_tasks_that_do_not_fit_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        asked(**options)


@pytest.mark.parametrize("words", [{"task": 1}, {"order_seed": 0}], ids=["task", "order"])
def test_run_is_scored_with_its_own_tasks(run, words):
    with pytest.raises(UserError, match=rf"--{next(iter(words)).replace('_', '-')}: .* is a run"):
        evaluate_command(EvaluateOptions(target=run, **words))


def test_gold_model_of_the_asked_tasks_is_chosen(run):
    folder = reference_folder(str(run), "gold", [0])
    assert folder == run / "gold/t002"
    assert other_gold(folder, Asked([0])) == (
        f"gold: {folder} was retrained without task ids 0, 1; `lethe run --gold all` retrains one per task"
    )
    assert other_gold(folder, Asked([1, 0])) is None
    assert other_gold(run / "learnt", Asked([0])) is None


def test_only_later_tasks_are_relabeled():
    draw = random.Random(0)
    rows = [
        {"id": str(number), "task_id": draw.choice([-1, 0, 1, 2]), "role": role, "split": split}
        for number, (role, split) in enumerate(
            [("forget", "forget"), ("forget", "test"), ("retain", "retain"), ("neighbour", "neighbour")] * 20
        )
    ]
    for before, after in zip(rows, Asked([2, 0]).relabel(rows), strict=True):
        changed = before["task_id"] == 1 and before["role"] == "forget"
        assert after["role"] == ("retain" if changed else before["role"])
        assert after["split"] == ("retain" if changed and before["split"] == "forget" else before["split"])
    assert Asked(None).relabel(rows) == rows


def test_later_tasks_enter_the_retained_rows_of_an_evaluation(tmp_path):
    options = EvaluateOptions(
        target=shared_stand_in_build(), model=str(save_llava(tmp_path / "model")), metrics=("memorization",),
        splits=("forget", "retain"), sample=12, task=1, out=tmp_path / "scores",
    )  # fmt: skip
    scores, text = evaluate_command(options)
    rows = rows_of(options.out)
    later = [row for row in rows if row["task_id"] == 1]
    assert later
    assert all(row["split"] == row["role"] == "retain" for row in later)
    assert scores["metrics"]["memorization"]["retain/exact_match"]["n"] == 12 + len(later)
    assert scores["asked_tasks"] == [0]
    assert scores["data"]["splits"] == {"forget": 12, "retain": 12}
    assert "by --task; the others count as retained" in text
