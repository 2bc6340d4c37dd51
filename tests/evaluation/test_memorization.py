"""Memorization, modality gap and hidden states: by hand, against pandas, and properties of any input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.evaluation import metrics as scores
from lethebench.evaluation.metrics.bootstrap import mean_difference

EXACT = [1, 1, 0, 1, 1, 0]
ROUGE = [1, 1, 0.5, 1, 1, 0.2]
KEYWORD = [1, 1, 0.5, 1, 1, 0]
KINDS = ["text", "text", "text", "image_text", "image_text", "image_text"]
HOPS = [1, 1, 2, 1, 1, 3]


def test_memorization_by_hand():
    result = scores.memorization_summary(
        EXACT, ROUGE, KEYWORD, modality=KINDS, hops=HOPS, min_k=[-0.1] * 5 + [-0.7], threshold=0.6
    )
    assert result["exact_match"] == pytest.approx(4 / 6)
    assert result["text_rouge_l"] == pytest.approx(2.5 / 3)
    assert result["image_text_keyword_match"] == pytest.approx(2 / 3)
    assert (result["hops_1_exact_match"], result["hops_2_keyword_match"], result["hops_3_rouge_l"]) == (1.0, 0.5, 0.2)
    assert result["multi_hop_gap"] == pytest.approx(1 - 0.25)
    assert result["min_k"] == pytest.approx(-0.2)
    assert (result["passed"], result["reason"], result["flags"]) == (True, None, [])
    assert result["rows"] == {"image_text": 3, "text": 3, "hops_1": 4, "hops_2": 1, "hops_3": 1}
    means = {name for name in result if name.endswith(("exact_match", "rouge_l", "keyword_match"))}
    assert set(result["intervals"]) == means | {"min_k", "multi_hop_gap"}
    assert result["intervals"]["exact_match"] == list(scores.bootstrap_mean(EXACT))
    assert result["intervals"]["text_rouge_l"] == list(scores.bootstrap_mean(ROUGE[:3]))
    assert result["intervals"]["hops_3_rouge_l"] == [None, None]  # one row
    first = [hop == 1 for hop in HOPS]
    assert result["intervals"]["multi_hop_gap"] == list(mean_difference(KEYWORD, first)[1:])


def test_gate_by_modality():
    low = scores.memorization_summary(
        [1, 1, 0, 1], [1] * 4, [1] * 4, modality=["text", "text", "image_text", "image_text"]
    )
    assert (low["passed"], low["flags"]) == (False, ["not_memorised"])
    assert low["reason"] == "exact match below 0.9: image_text 0.500"
    plain = scores.memorization_summary([1, 1], [1, 1], [1, 1])
    assert (plain["passed"], plain["multi_hop_gap"], plain["undefined"]) == (True, None, ["multi_hop_gap"])
    assert plain["rows"] == {}
    assert scores.memorization_summary([0], [0], [0])["reason"] == "exact match below 0.9: all rows 0.000"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["text", "image_text"]), st.integers(1, 3), st.floats(0, 1)), min_size=1))
def test_group_means_equal_pandas(rows):
    kinds, hops, values = zip(*rows, strict=True)
    result = scores.memorization_summary(values, values, values, modality=kinds, hops=hops)
    table = pd.DataFrame({"kind": kinds, "hops": hops, "value": values})
    for kind, mean in table.groupby("kind")["value"].mean().items():
        assert result[f"{kind}_rouge_l"] == pytest.approx(mean, abs=1e-12)
    for number, mean in table.groupby("hops")["value"].mean().items():
        assert result[f"hops_{number}_keyword_match"] == pytest.approx(mean, abs=1e-12)
    gap = table[table.hops == 1]["value"].mean() - table[table.hops > 1]["value"].mean()
    assert result["multi_hop_gap"] == (None if np.isnan(gap) else pytest.approx(gap, abs=1e-12))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exact_match": []}, "exact_match must be a list of at least one"),
        ({"rouge_l": [1, 1, 1]}, "rouge_l has 3 rows where 6"),
        ({"keyword_match": [1, 1, 1, 2, 1, 1]}, r"keyword_match\[3\] is 2.0"),
        ({"modality": ["text"]}, "modality has 1 rows where 6"),
        ({"hops": [1, 1, 1, 1, 0, 1]}, r"hops\[4\] is 0"),
        ({"hops": [1, 1, 1, 1, None, 1]}, r"hops\[4\] is None"),
        ({"min_k": [float("nan")] * 6}, r"min_k\[0\] is nan"),
        ({"threshold": 1.5}, "threshold is 1.5"),
        ({"profile_ids": ["a"]}, "profile_ids has 1 rows where 6"),
    ],
)
def test_invalid_memorization_names_the_row(changes, reason):
    columns = {"exact_match": EXACT, "rouge_l": ROUGE, "keyword_match": KEYWORD, "modality": KINDS} | changes
    with pytest.raises(ValueError, match=reason):
        scores.memorization_summary(**columns)


# --- the same fact asked both ways


def test_modality_gap_by_hand():
    knowledge = [1.0, 0.0, 0.4, 0.8, 0.1, 0.0, 1.0]
    kinds = ["image_text", "text", "image_text", "image_text", "text", "text", "image_text"]
    facts = ["a", "a", "b", "b", "b", "c", "d"]  # b: 0.6 by picture, 0.1 by text; c and d are asked one way only
    result = scores.modality_gap(knowledge, kinds, facts)
    assert result["modality_gap"] == pytest.approx(3.2 / 4 - 0.1 / 3)
    assert (result["image_text_only"], result["text_only"]) == (1.0, 0.0)
    assert (result["both_forgotten"], result["both_retained"], result["facts"]) == (0.0, 0.0, 2)
    assert result["ci_low"] <= result["modality_gap"] <= result["ci_high"]
    assert result["intervals"] == {
        name: [share, share] for name, share in (("both_forgotten", 0.0), ("both_retained", 0.0), ("text_only", 0.0))
    } | {"image_text_only": [1.0, 1.0]}
    without_facts = scores.modality_gap(knowledge, kinds)
    assert (without_facts["both_forgotten"], without_facts["intervals"]) == (None, {})
    assert without_facts["undefined"] == ["both_forgotten", "both_retained", "image_text_only", "text_only"]


def test_modality_shares_resample_profiles():
    knowledge, kinds = [1.0, 1.0, 0.0, 0.0] * 10, ["image_text", "text"] * 20
    facts, profiles = [row // 2 for row in range(40)], [f"p{row // 4}" for row in range(40)]
    by_fact = scores.modality_gap(knowledge, kinds, facts)["intervals"]["both_retained"]
    assert by_fact == list(scores.bootstrap_mean([1.0, 0.0] * 10))
    whole = scores.modality_gap(knowledge, kinds, facts, profile_ids=profiles)["intervals"]["both_retained"]
    assert whole == [0.5, 0.5]  # every profile has one fact of each


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20), st.randoms())
def test_modality_shares_add_up(pairs, random):
    rows = [
        (value, kind, fact)
        for fact, pair in enumerate(pairs)
        for value, kind in zip(pair, ("image_text", "text"), strict=True)
    ]
    result = scores.modality_gap(*zip(*rows, strict=True))
    shares = [result[name] for name in ("both_forgotten", "both_retained", "image_text_only", "text_only")]
    assert sum(shares) == pytest.approx(1)
    assert shares[0] == pytest.approx(sum(one < 0.5 and two < 0.5 for one, two in pairs) / len(pairs))
    assert -1 <= result["modality_gap"] <= 1
    moved = scores.modality_gap(*zip(*random.sample(rows, len(rows)), strict=True))
    assert moved["modality_gap"] == pytest.approx(result["modality_gap"], abs=1e-12)
    swapped = [(value, "text" if kind == "image_text" else "image_text", fact) for value, kind, fact in rows]
    assert scores.modality_gap(*zip(*swapped, strict=True))["modality_gap"] == pytest.approx(-result["modality_gap"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (([], []), "knowledge must be a list of at least one"),
        (([0.5], ["text", "text"]), "modality has 2 rows where 1"),
        (([0.5, 0.5], ["text", "audio"]), r"modality\[1\] is 'audio'"),
        (([0.5, 0.5], ["text", "text"]), "all 2 rows are text"),
        (([0.5, 1.5], ["text", "image_text"]), r"knowledge\[1\] is 1.5"),
        (([0.5, 0.5], ["text", "image_text"], ["a"]), "facts has 1 rows where 2"),
    ],
)
def test_bad_modality_rows(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        scores.modality_gap(*arguments)


# --- hidden states


def test_centroids_by_hand():
    picture, text = [[0.0, 0.0, 2.0], [2.0, 0.0, 2.0]], [[1.0, 3.0, -2.0]]
    assert scores.centroid_distance(picture, text) == 5.0
    assert scores.centroid_distance([1.0, 0.0, 2.0], text[0]) == 5.0
    assert scores.centroid_distance([1.0, 0.0], [0.0, 5.0], norm="cosine") == 1.0
    assert scores.centroid_distance([1.0, 0.0], [-3.0, 0.0], norm="cosine") == 2.0
    result = scores.representation_gap({0: (picture, text), 1: (text, text)}, {0: (text, text), 1: (picture, text)})
    assert result[0] == {"before": 5.0, "after": 0.0, "difference": -5.0}
    assert result[1]["difference"] == 5.0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_distance_ignores_shifts_and_token_order(seed):
    generator = np.random.default_rng(seed)
    picture, text, shift = generator.normal(size=(5, 8)), generator.normal(size=(3, 8)), generator.normal(size=8)
    result = scores.centroid_distance(picture, text)
    assert result == pytest.approx(scores.centroid_distance(picture[::-1] + shift, text + shift), abs=1e-9)
    assert result == pytest.approx(scores.centroid_distance(text, picture))
    assert result == pytest.approx(np.sqrt(((picture.mean(0) - text.mean(0)) ** 2).sum()), abs=1e-12)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({}, {}, "at least one"),
        ({0: ([1.0], [1.0])}, {1: ([1.0], [1.0])}, r"only one of them holds \['0', '1'\]"),
        ({3: ([1.0], [1.0, 2.0])}, {3: ([1.0], [1.0])}, "task 3: hidden states of pictures are 1 wide, of text 2"),
        ({3: ([], [1.0])}, {3: ([1.0], [1.0])}, "task 3: hidden states of picture have the shape"),
        ({3: ([1.0], [[1.0], [float("nan")]])}, {3: ([1.0], [1.0])}, r"task 3: hidden state \[1, 0\] of text is nan"),
    ],
)
def test_bad_hidden_states_name_the_task(before, after, reason):
    with pytest.raises(ValueError, match=reason):
        scores.representation_gap(before, after)


def test_no_direction():
    with pytest.raises(ValueError, match="length 0"):
        scores.centroid_distance([0.0], [1.0], norm="cosine")
    with pytest.raises(ValueError, match="norm is 'max'"):
        scores.centroid_distance([0.0], [1.0], norm="max")


def test_answers_without_rouge_tokens_are_left_out_and_flagged():
    result = scores.memorization_summary(
        [1, 1, 0], [0.5, None, float("nan")], [1, 1, 0], modality=["a", "a", "b"], threshold=0
    )
    assert (result["rouge_l"], result["a_rouge_l"], result["b_rouge_l"]) == (0.5, 0.5, None)
    assert result["undefined"] == ["b_rouge_l", "multi_hop_gap"]
    assert result["flags"] == ["rouge_not_measured"]
    assert result["intervals"]["b_rouge_l"] == [None, None]
    utility = scores.model_utility(None, [0.5, None], None)
    assert (utility["retain_rouge_l_recall"], utility["flags"]) == (0.5, ["not_measured", "rouge_not_measured"])
    assert scores.model_utility([0.5], [None], None)["not_measured"] == ["retain_rouge_l_recall", "retain_truth_ratio"]
