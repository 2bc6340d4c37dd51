"""Gaps to the gold model beside the spread of gold models, in words, tables and curves."""

import shutil

import pytest
from sealed_run import reseal
from synthetic_run import change_rows, summarize, write_run

from lethebench.report import gaps
from lethebench.report.load import load_run
from lethebench.report.seeds import Group, group_runs
from lethebench.report.tables import comma_separated, markdown


def group_of(*folders) -> Group:
    (group,) = group_runs([load_run(folder) for folder in folders])
    return group


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with three gold models."""
    return write_run(tmp_path_factory.mktemp("gaps") / "run", tasks=2, gold_seeds=3)


@pytest.fixture(scope="module")
def group(run) -> Group:
    return group_of(run)


def test_gap_and_its_words_follow_from_the_summary(group):
    table = gaps.gaps(group)
    *methods, spreads = table.rows
    assert [row[0].text for row in methods] == ["ga", "npo"]
    summary = group.summaries("ga")[0]
    for column, name in enumerate(gaps.PARTS, start=1):
        spread = summary["gold_spread"][name]
        assert spreads[column].stat.value == spread
        for row in methods:
            gap = 1 - group.final(row[0].text, name).value
            assert row[column].stat.value == pytest.approx(gap)
            assert row[column].note == f"{'less' if gap <= spread else 'more'} than two gold models differ"
    assert methods[0][-1].stat.value == summary["final"]["exposure_excess"]
    bits = group.first.gold_exposures
    assert len(bits) == 3
    assert spreads[-1].stat.value == max(bits) - min(bits) > 0
    assert "gold models differ by" in markdown(table)
    assert comma_separated(table).splitlines()[0] == "model,forget_gap,indistinguishable_gap,keep_gap,exposure_excess"


@pytest.mark.parametrize(("gap", "spread", "words"), [
    (0.03, 0.04, "less than two gold models differ"),
    (-0.05, 0.04, "more than two gold models differ"),
    (0.0, 0.0, "less than two gold models differ"),
    (0.03, None, "one gold model"),
])  # fmt: skip
def test_gap_in_words(gap, spread, words):
    assert gaps.compared(gap, spread) == words


def test_scores_are_compared_from_the_best_down(group, monkeypatch):
    values = {"score": {"ga": 0.7, "npo": 0.75}}
    monkeypatch.setattr(Group, "final", lambda self, method, name: gaps.Stat(values[name][method]))
    for spread, words in (
        (None, "how far two gold models differ is unknown."),
        (0.1, "less than two gold models differ; take them as equal."),
        (0.01, "more than two gold models differ."),
    ):
        monkeypatch.setattr(gaps, "gold_spread", lambda group, name, spread=spread: gaps.Stat(spread))
        assert gaps.sentences(group) == [f"npo is 0.050 above ga in score: {words}"]


def test_band_of_gold_models(group, tmp_path):
    low, high = gaps.band(group, "forget")
    assert (low, high) == (pytest.approx(1 - gaps.gold_spread(group, "forget").value), 1.0)
    assert gaps.band(group, "exposure") == (min(group.first.gold_exposures), max(group.first.gold_exposures))
    assert gaps.band(group, "retain_knowledge") is None
    assert gaps.several(group)
    one = group_of(write_run(tmp_path / "one", tasks=2))
    assert gaps.band(one, "forget") is None
    assert not gaps.several(one)
    assert {row[1].note for row in gaps.gaps(one).rows[:-1]} == {"one gold model"}


def test_unfinished_gold_of_another_seed_is_not_counted(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    shutil.rmtree(copy / "gold-3")
    summarize(copy)
    assert len(group_of(copy).first.gold_exposures) == 2
    change_rows(copy / "gold-2/t002", lambda row: row.update(exposure=None))
    reseal(copy)
    summarize(copy)
    assert len(group_of(copy).first.gold_exposures) == 1


def test_run_killed_while_gold_seeds_are_raised_is_reported(run, tmp_path):
    """Gold models that were finished since the last summary enter no score until the next one."""
    copy = shutil.copytree(run, tmp_path / "run")
    shutil.move(copy / "gold-3", tmp_path / "gold-3")
    summarize(copy)
    assert load_run(copy).gold["seeds"] == 2
    shutil.move(tmp_path / "gold-3", copy / "gold-3")
    reseal(copy)
    for group in (group_of(copy), group_of(run)):
        assert [summary["gold_seeds"] for summary in group.summaries("ga")] == [group.first.gold["seeds"]]
    assert load_run(copy).gold["seeds"] == 2
    summarize(copy)
    assert load_run(copy).gold["seeds"] == 3
