"""The facts that attacks may train on: which a build marks, what `verify` finds, and that attacks keep to them."""

import shutil

import pytest
from attacked_run import attacked_run, marked_scores
from command_line import lethe
from datasets import load_dataset
from small_build import problems_by_check, rewrite, shared_stand_in_build, stand_in_build

from lethebench.attacks.context import Context
from lethebench.builders.registry import BENCHMARKS
from lethebench.runs.build import open_build

SHARD = "relearn/facts-00000-of-00001.parquet"


def marked_of(name: str, count: int, seed: int = 0):
    benchmark = BENCHMARKS[name]
    return benchmark.plan(count, seed=seed, options=benchmark.OPTIONS()).relearn


@pytest.mark.parametrize(("name", "count"), [("icu", 24), ("mllmu", 40)])
def test_half_of_the_facts_of_each_profile_to_forget_is_marked(name, count):
    marked = marked_of(name, count)
    benchmark = BENCHMARKS[name]
    plan = benchmark.plan(count, seed=0, options=benchmark.OPTIONS())
    forget = {profile.id for unit in plan.units if unit.role == "forget" for profile in unit.profiles}
    assert marked.keys() == forget
    for facts in marked.values():
        assert len(set(facts)) == len(facts) >= 3
        assert not {"name", "description"} & set(facts)
    assert marked == marked_of(name, count)
    assert marked != marked_of(name, count, seed=1)


def test_config_loads_and_every_marked_fact_is_asked():
    folder = shared_stand_in_build()
    rows = load_dataset(str(folder), "relearn", split="train")
    marked = list(zip(rows["profile_id"], rows["attribute"], strict=True))
    build = open_build(folder)
    assert build.relearn == set(marked)
    asked = set(zip(build.forget["profile_id"], build.forget["attribute"], strict=True))
    assert set(marked) < asked
    assert 0.3 < len(marked) / len(asked) < 0.5


def test_verify_finds_wrong_marks(tmp_path):
    folder = stand_in_build(tmp_path / "icu")
    retained = open_build(folder).retain[0]

    def change(rows):
        wrong = [{"attribute": "shoe_size"}, {"profile_id": "nobody"}, {"attribute": None}]
        wrong.append({name: retained[name] for name in rows[0]})
        return [*rows, rows[1], *({**rows[0], **one} for one in wrong)]

    rewrite(folder, SHARD, change)
    problems = problems_by_check(folder)
    assert [reason.split(" is marked for relearning ")[-1] for reason in problems["facts"]] == [
        "and is no fact of a profile"
    ] * 2
    assert problems["roles"] == [f"{retained['attribute']} is marked for relearning and is not to be forgotten"]
    assert [reason.split()[-1] for reason in problems["ids"]] == ["twice"]
    assert problems["nulls"] == ["null in attribute"]


def test_attacks_train_on_marked_facts_alone(tmp_path, monkeypatch):
    marked_scores(monkeypatch)
    run = attacked_run(tmp_path)
    seen = {}
    honest = Context.score

    def score(self, loaded, rows, name):
        seen["scored"] = {(row["profile_id"], row["attribute"]) for row in self.rows.remove_columns("images")}
        seen["trained"] = set(zip(self.trainable["profile_id"], self.trainable["attribute"], strict=True))
        return honest(self, loaded, rows, name)

    monkeypatch.setattr(Context, "score", score)
    assert lethe("attack", run, "--attacks", "none").status == 0
    marked = open_build(tmp_path / "icu").relearn
    assert seen["trained"] == marked
    assert not seen["scored"] & marked


def test_build_without_marks_draws_them(tmp_path):
    folder = shutil.copytree(shared_stand_in_build(), tmp_path / "icu")
    build = open_build(folder)
    del build.manifest["splits"]["relearn"]
    assert build.relearn is None
