"""The attack `who`: which rows it compares, and the AUC of models whose scores are known."""

import json
from collections import Counter

import numpy as np
import pytest
from attack_context import attack_context, untrained
from attacked_run import attacked_run, marked_scores
from command_line import lethe

from lethebench.attacks import who
from lethebench.attacks.context import NotApplicable
from lethebench.attacks.registry import NEEDS
from lethebench.evaluation.answers.row_scores import MEMBERSHIP_COLUMNS

VARIANTS = ["forget set, classifier", "forget set, loss", "retain set, loss"]


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return attack_context(tmp_path_factory.mktemp("scratch"))


def known_scores(patch, share_of) -> None:
    """Make scores of a set's rows higher than those of holdout rows by `share_of(model, set)`, in units of noise."""

    def scores(loaded, rows, context, name):
        part = name.removeprefix("who/")
        noise = np.random.default_rng(len(rows)).normal(size=(len(rows), len(MEMBERSHIP_COLUMNS)))
        shift = 0.0 if part == "holdout" else share_of(loaded.model, part)
        return who.Scored(rows["id"][:], rows["profile_id"][:], noise + shift)

    patch.setattr(who, "_scores", scores)


def test_sets_ask_the_same_and_no_row_twice(context):
    forget, holdout, retain = who.matched(context.rows, context)
    kinds = [Counter(zip(*(part[name] for name in who.KIND), strict=True)) for part in (forget, holdout, retain)]
    assert kinds[0] == kinds[1]
    assert not kinds[2] - kinds[1]
    assert len(forget) > 8
    assert set(forget["id"]) <= set(context.rows["id"])
    for part, role in ((holdout, "holdout"), (retain, "retain")):
        assert set(part["split"]) == {role}
        assert len(set(part["id"])) == len(part)


def test_untrained_model_is_scored_row_by_row(context):
    attempts = list(who.Who().run(untrained(), context.rows, context))
    assert [attempt.variant for attempt in attempts] == VARIANTS
    for attempt in attempts:
        low, high = attempt.interval
        assert low <= np.mean([row["knowledge"] for row in attempt.rows]) <= high


def test_scores_are_those_of_an_evaluation(context):
    """The scores that nothing is generated for equal those of `evaluate_rows`."""
    from lethebench.evaluation.answers.rows import evaluate_rows

    rows = context.rows.select(range(3))
    scored = who._scores(untrained(), rows, context, "")
    prepared = context.prepare(untrained(), rows, "")
    others = evaluate_rows(untrained().model, untrained().processor, prepared, membership=True)
    expected = [[row[name] for name in MEMBERSHIP_COLUMNS] for row in others]
    np.testing.assert_allclose(scored.values, expected, rtol=1e-5)
    assert scored.ids == [row["id"] for row in others]


@pytest.mark.parametrize(("shift", "classifier", "loss"), [(50.0, 1.0, 1.0), (-50.0, 1.0, 0.0)])
def test_avoided_rows_are_detected_though_their_loss_is_high(context, monkeypatch, shift, classifier, loss):
    known_scores(monkeypatch, lambda model, part: shift if part == "forget" else 0.0)
    values = {
        attempt.variant: np.mean([row["knowledge"] for row in attempt.rows])
        for attempt in who.Who().run(untrained(), context.rows, context)
    }
    assert values["forget set, classifier"] == pytest.approx(classifier)
    assert values["forget set, loss"] == pytest.approx(loss)
    assert 0.2 < values["retain set, loss"] < 0.8


def test_initial_model_has_share_one_and_gold_zero(tmp_path, monkeypatch):
    marked_scores(monkeypatch)
    marker = lambda model: model.get_input_embeddings().weight[0, 0].item()  # noqa: E731
    known_scores(monkeypatch, lambda model, part: 50 * round(marker(model)) if part == "forget" else 50.0)
    run = attacked_run(tmp_path)
    done = lethe("attack", run, "--attacks", "who")
    assert done.status == 0, done.error
    (stage,) = json.loads((run / "attacks/summary.json").read_text())["stages"].values()
    assert "who: forget set, loss" in done.out
    for variant in VARIANTS[:2]:
        measures = {model: of_model[f"who: {variant}"] for model, of_model in stage["measures"].items()}
        assert measures["learnt"]["share"] == pytest.approx(1.0)
        assert measures["gold"]["share"] == pytest.approx(0.0)
        assert measures["ga"]["ci_low"] <= measures["ga"]["value"] <= measures["ga"]["ci_high"]
        assert measures["ga"]["value"] == measures["gold"]["value"] < measures["learnt"]["value"] == 1.0
    retain = stage["measures"]["ga"]["who: retain set, loss"]
    assert retain["value"] == retain["gold"] == retain["initial"] == 1.0
    assert retain["share"] is None
    assert not any(name.startswith("who") for name in stage["models"]["ga"]["recovery"])


def test_too_few_profiles_are_refused(context, monkeypatch):
    with pytest.raises(NotApplicable, match="fewer than two"):
        who.matched(context.rows.select([0]), context)


def test_build_without_holdout_rows_is_named(tmp_path, monkeypatch):
    marked_scores(monkeypatch)
    run = attacked_run(tmp_path)
    from lethebench.attacks import command

    honest = command.build_of

    def without(*words):
        build = honest(*words)
        del build.manifest["splits"][build.config]["holdout"]
        return build

    monkeypatch.setattr(command, "build_of", without)
    done = lethe("attack", run, "--attacks", "who")
    assert f"left out: who: {run.parent / 'icu'} has no {NEEDS['holdout']}" in done.error
    (stage,) = json.loads((run / "attacks/summary.json").read_text())["stages"].values()
    assert stage["measures"] == {}
