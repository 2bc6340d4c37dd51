"""Aggregates of rows: equal to the metrics' own functions on each split, with n and interval."""

import random

import pytest
from scipy import stats

from lethebench.evaluation import metrics as scores
from lethebench.evaluation.answers.row_scores import compare
from lethebench.evaluation.metrics.measures import ATTACKS, Evidence
from lethebench.evaluation.metrics.modality_gap import KINDS
from lethebench.evaluation.metrics.rows import COMPONENTS
from lethebench.evaluation.registry import METRICS
from lethebench.scoring.aggregate import aggregate


def rows(split: str, count: int = 24, seed: int = 0, **columns) -> list[dict]:
    """Return rows of four profiles, each fact asked by picture and in text, over one or two hops."""
    draw = random.Random(seed)
    return [
        {
            "id": f"{split}/{number}",
            "profile_id": f"{split}{number // 6}",
            "split": split,
            "modality": ("image_text", "text")[number % 2],
            "attribute": f"a{number % 6 // 2}",
            "hops": 1 + number % 3 % 2,
            **{name: draw.random() for name in ("exact_match", "rouge_l", "rouge_l_recall", "keyword_match")},
            "choice_match": float(number % 2) if number % 4 else None,
            "probability": draw.random(),
            "truth_ratio": draw.random(),
            "exposure": None,
            **columns,
        }
        for number in range(count)
    ]


def column(members: list[dict], name: str) -> list:
    return [row[name] for row in members]


def cell_of(result: dict) -> tuple:
    return result["value"], result["n"], result["ci_low"], result["ci_high"]


def test_memorization_of_each_split():
    evidence = Evidence(rows=[*rows("forget"), *rows("retain", seed=1, hops=1)])
    result = aggregate(evidence, ["memorization"]).values["memorization"]
    for name in ("forget", "retain"):
        members = [row for row in evidence.rows if row["split"] == name]
        own = {"modality": column(members, "modality"), "profile_ids": column(members, "profile_id")}
        texts = [column(members, text) for text in ("exact_match", "rouge_l", "keyword_match")]
        expected = scores.memorization_summary(*texts, hops=column(members, "hops"), **own)
        for text in ("exact_match", "rouge_l", "keyword_match"):
            assert cell_of(result[f"{name}/{text}"]) == (expected[text], 24, *expected["intervals"][text])
            interval = expected["intervals"][f"image_text_{text}"]
            assert cell_of(result[f"{name}/{text}/image_text"]) == (expected[f"image_text_{text}"], 12, *interval)
        assert result[f"{name}/choice_match"]["n"] == 18
    two = [row["exact_match"] for row in evidence.rows[:24] if row["hops"] == 2]
    assert result["forget/exact_match/hops_2"]["value"] == pytest.approx(sum(two) / len(two))
    assert "forget/multi_hop_gap" in result
    assert not [name for name in result if name.startswith("retain") and "hop" in name]  # one hop alone


def test_failed_calls_are_in_no_mean():
    whole, failed = rows("forget"), dict.fromkeys(("exact_match", "rouge_l", "rouge_l_recall", "keyword_match"))
    members = [row | failed if number < 10 else row for number, row in enumerate(whole)]
    both = [aggregate(Evidence(rows=part), ["memorization", "modality_gap"]).values for part in (members, whole[10:])]
    assert both[0] == both[1]
    assert aggregate(Evidence(rows=[row | failed for row in whole]), ["memorization"]).values == {"memorization": {}}


def test_modality_gap_of_each_split():
    members = rows("forget")
    evidence = Evidence(rows=[*members, *rows("test", modality="text")])
    result = aggregate(evidence, ["modality_gap"]).values["modality_gap"]
    facts = [(row["profile_id"], row["attribute"]) for row in members]
    own = {"profile_ids": column(members, "profile_id")}
    expected = scores.modality_gap(column(members, "keyword_match"), column(members, "modality"), facts, **own)
    assert set(result) == {"forget/modality_gap", *(f"forget/{kind}" for kind in KINDS)}
    assert cell_of(result["forget/modality_gap"]) == (
        expected["modality_gap"], 24, expected["ci_low"], expected["ci_high"]
    )  # fmt: skip
    for kind in KINDS:
        assert cell_of(result[f"forget/{kind}"]) == (expected[kind], 12, *expected["intervals"][kind])


def test_initial_utility_has_the_same_components():
    """An API model has ROUGE-L only, and a failed call has no score."""
    before = rows("retain", rouge_l_recall=0.8, keyword_match=1.0)
    now = rows("retain", rouge_l_recall=0.6, probability=None, truth_ratio=None)
    now[0] |= {"rouge_l_recall": None, "keyword_match": None}
    before[0] |= {"rouge_l_recall": 0.0}
    result = aggregate(Evidence(rows=now, before=before), ["utility"]).values["utility"]
    assert result["utility"]["value"] == pytest.approx(0.6)
    assert result["utility_relative"]["value"] == pytest.approx(0.75)
    weighed = aggregate(Evidence(rows=before, before=before), ["utility"]).values["utility"]
    expected = scores.model_utility(*(column(before, name) for name in COMPONENTS))
    assert weighed["utility"]["value"] == expected["utility"]
    assert weighed["utility_relative"]["value"] == 1.0


def test_unknown_group_does_not_enter_utility():
    columns = {"probability": 0.5, "rouge_l_recall": 0.8, "truth_ratio": 0.5}
    now = [*rows("retain", **columns), *rows("neighbour", **columns | {"rouge_l_recall": 0.1})]
    before = [row | {"keyword_match": 1.0 if row["split"] == "retain" else 0.4} for row in now]
    result = aggregate(Evidence(rows=now, before=before), ["utility"])
    assert result.values["utility"]["utility"]["value"] == pytest.approx(stats.hmean([0.5, 0.8, 0.5]))
    assert result.values["utility"]["utility"]["n"] == 24
    assert result.flags == ["not_measured"]


def test_flag_of_several_attacks_occurs_once():
    """Every attack separates forget and holdout completely."""
    apart = dict.fromkeys(ATTACKS, 1.0)
    evidence = Evidence(rows=[*rows("forget", **apart), *rows("holdout", **dict.fromkeys(ATTACKS, 0.0))])
    result = aggregate(evidence, ["privacy_leakage"])
    assert all(result.values["privacy_leakage"][f"{name}/auc"]["value"] == 1.0 for name in ATTACKS)
    assert sorted(result.flags) == ["auc_extreme", "no_gold"]


def test_not_measured_has_a_reason():
    result = aggregate(Evidence(rows=rows("retain")), list(METRICS))
    assert set(result.values) == {"memorization", "utility", "truth_ratio", "modality_gap"}
    assert result.not_measured == {
        "exposure": "no row has candidates",
        "forget": "it compares with the model before unlearning: give --before",
        "forget_quality": "it compares with a retrained model: give --gold",
        "indistinguishable": "it compares with a retrained model: give --gold",
        "keep": "it compares with a retrained model: give --gold",
        "option_probability": "no row has options or perturbed answers",
        "extraction": "no row has an extraction_strength: score the model again",
        "answer_kinds": "no row has an answer_kind: score the model again",
        "fluency": "no row has an answer",
        **{
            name: f"no row has a verdict by {name}: pass --judge" for name in ("rejection", "correctness", "factuality")
        },
        "leak_at_k": "no answers were sampled: give --samples",
        "profile_membership": "it compares forget or retain with holdout, and needs membership scores of both",
        "privacy_leakage": "it compares the splits forget and holdout, and needs rows of both",
        "robustness": "attacks measure it: run `lethe attack` on the run folder",
        "stability": "it compares the stages of a run: evaluate the run folder itself",
        "unlearning": "it compares the stages of a run: evaluate the run folder itself",
    }
    both = Evidence(rows=rows("retain"), before=rows("retain"), gold=rows("retain"))
    result = aggregate(both, ["forget", "forget_quality"]).not_measured
    assert result == {"forget": "no rows of forget", "forget_quality": "no forget row has perturbed answers"}


def test_answers_without_words_are_flagged():
    """An emoji is compared as text; its ROUGE-L is missing, and the rows that have one are counted."""
    answers = [("👍", "👍"), ("👍", "👎"), ("in Porto", "in Porto")]
    scored = [compare(generated, answer, [answer]) for generated, answer in answers]
    assert [row["keyword_match"] for row in scored] == [row["exact_match"] for row in scored] == [1.0, 0.0, 1.0]
    assert [row["rouge_l"] for row in scored] == [None, None, 1.0]
    evidence = Evidence(rows=[{**row, **one} for row, one in zip(rows("retain"), scored * 8, strict=True)])
    result = aggregate(evidence, ["memorization", "utility"])
    cells = result.values["memorization"]
    assert (cells["retain/rouge_l"]["value"], cells["retain/rouge_l"]["n"]) == (1.0, 8)
    assert (cells["retain/exact_match"]["value"], cells["retain/exact_match"]["n"]) == (pytest.approx(2 / 3), 24)
    assert result.values["utility"]["retain/rouge_l_recall"]["n"] == 8
    assert "rouge_not_measured" in result.flags
