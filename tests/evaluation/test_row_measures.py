"""The row measures of `lethe evaluate`: shares and means by hand, gold beside them, and reasons where there is none."""

import pytest

from lethebench.errors import UserError
from lethebench.evaluation.metrics import row_measures
from lethebench.evaluation.metrics.measures import Evidence
from lethebench.evaluation.metrics.profile_membership import profile_membership
from lethebench.scoring.options import EvaluateOptions

KINDS = ("right", "wrong", "refusal", "invalid")


def rows(split, count=8, shift=0.0, **columns):
    return [
        {
            "id": f"{split}/{number}",
            "profile_id": f"{split}{number // 2}",
            "split": split,
            "generated": ("It is Porto.", "", "I don't know.", "a a a a")[number % 4],
            "answer_kind": KINDS[number % 4],
            "extraction_strength": number / count,
            "exact_memorization": 1.0,
            "option_probability": 0.25 if number % 2 else None,
            "loss": -float(number) + shift,
            "min_k_20": -float(number) + shift,
            "num_samples": 4,
            "leaks": number % 4,
            **columns,
        }
        for number in range(count)
    ]


def test_answer_kinds_are_shares():
    cells = row_measures.answer_kinds(Evidence(rows=rows("forget"))).cells
    assert [cells[f"forget/{kind}"]["value"] for kind in KINDS] == [0.25] * 4


def test_likely_answers_are_above_the_first_percentile_of_the_initial_model():
    before = rows("retain", count=200)
    before = [row | {"answer_logprob": -number / 100} for number, row in enumerate(before)]
    after = [row | {"answer_logprob": row["answer_logprob"] - 0.1} for row in before]
    after[0]["answer_logprob"] = None
    gold = [row | {"answer_logprob": -9.0} for row in before]
    cells = row_measures.fluency(Evidence(rows=after, before=before, gold=gold)).cells
    assert cells["retain/likely"]["value"] == pytest.approx(187 / 199)  # the threshold is -1.97
    assert cells["retain/likely"]["n"] == 199
    assert cells["retain/likely_gold"]["value"] == 0.0


def test_fluency_is_lost_on_kept_rows_alone():
    good = {"generated": "It is Porto."}
    for split, flags in (("retain", ["fluency_lost"]), ("forget", [])):
        before = [*rows("retain", **good), *rows("forget", **good)]
        after = [{**row, **({"generated": ""} if row["split"] == split else good)} for row in before]
        cells, measured = row_measures.fluency(Evidence(rows=after, before=before))
        assert measured == flags
        assert (cells[f"{split}/fluent"]["value"], cells[f"{split}/fluent_before"]["value"]) == (0.0, 1.0)
    assert row_measures.fluency(Evidence(rows=rows("retain"))).cells["retain/fluent"]["value"] == 0.5


def test_extraction_leak_and_options_with_gold():
    evidence = Evidence(rows=rows("forget"), gold=rows("forget", extraction_strength=0.0, leaks=0))
    cells = row_measures.extraction(evidence).cells
    assert cells["forget/extraction_strength"]["value"] == pytest.approx(sum(range(8)) / 64)
    assert cells["forget/extraction_strength_gold"]["value"] == 0.0
    assert cells["forget/exact_memorization_gold"]["value"] == 1.0
    leaks = row_measures.leak(evidence).cells
    assert leaks["forget/leak_at_1"]["value"] == pytest.approx(1.5 / 4)
    assert leaks["forget/leak_at_4"]["value"] == 0.75
    assert leaks["forget/leak_at_4_gold"]["value"] == 0.0
    options = row_measures.option_probability(evidence).cells["forget/option_probability"]
    assert (options["value"], options["n"]) == (0.25, 4)


def test_profile_attacks_on_forget_and_retain():
    scored = [*rows("forget", shift=20.0), *rows("retain"), *rows("holdout", shift=-20.0)]
    gold = [{**row, "loss": 0.0} for row in scored]
    cells, flags = row_measures.profile_attacks(Evidence(rows=scored, gold=gold))
    assert cells["forget/loss/auc"]["value"] == cells["retain/loss/tpr_at_1_fpr"]["value"] == 1.0
    assert (cells["forget/loss/auc_gold"]["value"], cells["forget/loss/tpr_at_1_fpr_gold"]["value"]) == (0.5, 0.0)
    assert "few_nonmembers" in flags
    pair = [row for row in scored if row["split"] != "retain"]
    expected = profile_membership([row["loss"] for row in pair], [1] * 8 + [0] * 8, [row["profile_id"] for row in pair])
    assert cells["forget/loss/auc"]["n"] == expected["n"] == 8


@pytest.mark.parametrize(
    ("measure", "missing"),
    [
        (row_measures.answer_kinds, "answer_kind"),
        (row_measures.fluency, "generated"),
        (row_measures.extraction, "extraction_strength"),
        (row_measures.option_probability, "option_probability"),
        (row_measures.leak, "leaks"),
        (row_measures.profile_attacks, "loss"),
    ],
)
def test_missing_columns_have_a_reason(measure, missing):
    scored = [*rows("forget"), *rows("holdout")]
    for row in scored:
        del row[missing], row["min_k_20"]
    with pytest.raises(ValueError, match=r"no row|no answers|it compares"):
        measure(Evidence(rows=scored))


def test_leak_is_chosen_where_samples_are(tmp_path):
    options = {"target": tmp_path, "model": "m"}
    with pytest.raises(UserError, match="--metrics leak_at_k: it counts sampled answers: pass --samples N"):
        EvaluateOptions(**options, metrics=("leak_at_k",)).check()
    with pytest.raises(UserError, match="--samples needs the model's weights"):
        EvaluateOptions(target=tmp_path, model="openai:m", base_url="http://127.0.0.1", samples=4).check()
    assert "leak_at_k" not in EvaluateOptions(**options).chosen_metrics()
    assert "leak_at_k" in EvaluateOptions(**options, samples=4).chosen_metrics()
