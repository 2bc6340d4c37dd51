"""Rows of the metric modules: one by one, in batches, from several processes, for combinations, and of wrong types."""

import functools
import math
import subprocess
import sys
import threading
import uuid
from itertools import combinations_with_replacement

import evaluate
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.evaluation import metrics as scores
from lethebench.evaluation.answers.row_scores import compare
from lethebench.evaluation.registry import METRICS, folder_of

TEXTS, ANSWERS = ["in Porto", "a nurse", "no", "北京"], ["in Porto", "a nurse", "asthma", "東京"]
IDS = {"profile_ids": ["a", "a", 1, 1]}
GOLD = [[-3.0, -1.0], [-1.0, -2.0], [-2.0, -2.5], [-1.0, -1.5]]
ROWS = {
    "memorization": {
        **{"predictions": TEXTS, "references": ANSWERS, "keywords": [["Porto"], None, ["asthma", "no"], ["京"]]},
        **{"modality": ["text", "text", "image_text", "text"], "hops": [1, 1, 2, 1]},
        **{"min_k": [-0.5, -1.0, -2.0, -0.25], **IDS},
    },
    "utility": {
        **{"predictions": TEXTS, "references": ANSWERS, "probability": [0.5, 0.25, 0.1, 0.75]},
        **{"truth_ratio": [0.5, None, 1.5, 0.25], "groups": ["retain", "retain", "neighbour", "neighbour"], **IDS},
    },
    "unlearning": {
        **{"predictions": ["no", *TEXTS[1:]], "references": ANSWERS, "held_out": [0, 1, 0, 0], "gold_seed": [0] * 4},
        **{"keywords": [None, ["nurse"], None, None], "probability": [0.1, 0.5, 0.5, 0.5], "task_id": [0, -1, -1, -1]},
        **{"truth_ratio": [0.5, 0.25, None, 0.5], "stage": [1] * 4, "model": ["method"] * 4},
        **{"candidates": [[-1.0, -2.0], None, None, None], "modality": ["text", "image_text", "text", "text"]},
        **{"truth_index": [0, None, None, None], "role": ["forget", "retain", "neighbour", "general"]},
        "profile_id": ["a", "b", 3, None],
    },
    "forget": {
        **{"predictions": [0.1, 0.2, 0.0, 0.5], "references": [1.0, 0.9, 1.0, 1.0], "gold": [0.0, 0.1, 0.0, 0.25]},
        **{"truth_ratios": [0.5, 1.5, 0.25, 0.75], "gold_truth_ratios": [1.0, 1.1, 0.9, 1.2], **IDS},
        "modalities": ["text", "text", "image_text", "text"],
    },
    "privacy_leakage": {
        "predictions": [0.5, 0.5 + 1e-12, 0.1, 0.7], "references": [0, 1, 0, 1], "gold": [0.1, 0.3, 0.2, 0.15], **IDS
    },
    "exposure": {
        **{"predictions": [[-1.0, -2.0], [-4.0, -2.0], [-1.0, -1.0], [-3.0, -9.0]], "references": [0, 1, 1, 0]},
        **{"gold": GOLD, "num_tokens": [[1, 2], [2, 2], [1, 1], [3, 4]], **IDS},
    },
    "stability": {"predictions": [[1.0, 0.9, 1.0], [0.1, 0.8, 0.9], [0.3, 0.0, 1.0], [0.25, 0.5, 0.0]],
                  "references": [0.9, 0.8, 0.7, 0.75]},
}  # fmt: skip
FUNCTIONS = {
    "forget": None, "memorization": None, "utility": None, "exposure": scores.exposure_summary,
    "privacy_leakage": scores.privacy_leakage, "stability": scores.continual_summary,
    "unlearning": scores.unlearning_summary,
}  # fmt: skip


@functools.cache
def kind_of(name: str) -> type:
    return type(evaluate.load(str(folder_of(METRICS[name]))))


def load(name: str, **options):
    """The module, with its rows in memory: files in one folder of two modules wait for each other."""
    return kind_of(name)(**{"keep_in_memory": "cache_dir" not in options, **options})


def part(name: str, start: int, stop: int) -> dict:
    return {column: values[start:stop] for column, values in ROWS[name].items()}


def expected(name: str) -> dict:
    """The result of the plain function; of one call where the module has none of its own."""
    if (function := FUNCTIONS[name]) is None:
        return load(name).compute(**ROWS[name])
    inputs = dict(ROWS[name])
    return function(inputs.pop("predictions"), inputs.pop("references"), **inputs)


@pytest.mark.parametrize("name", ROWS)
def test_every_input_comes_with_its_row(name, tmp_path):
    """By add, by add_batch, by compute for the last rows, in memory, and with compute for all rows."""
    module = load(name, cache_dir=str(tmp_path))
    assert set(ROWS[name]) == set(module.features)
    result = expected(name)
    assert module.compute(**ROWS[name]) == result
    for row in range(4):
        single = {column: values[row] for column, values in ROWS[name].items()}
        module.add(prediction=single.pop("predictions"), reference=single.pop("references"), **single)
    assert module.compute() == result
    for rows in (module, load(name)):
        rows.add_batch(**part(name, 0, 0))
        rows.add_batch(**part(name, 0, 3))
        assert rows.compute(**part(name, 3, 4)) == result
    late = dict(ROWS[name])
    module.add_batch(predictions=late.pop("predictions"), references=late.pop("references"))
    assert module.compute(**late) == result


@pytest.mark.parametrize("name", ROWS)
def test_two_processes_bring_their_inputs(name, tmp_path):
    """Two modules that share a folder as processes do; the second one has no rows in the other order of parts."""
    for parts in ([(0, 3), (3, 4)], [(0, 4), None]):
        results: list = [None, None]

        def work(number: int, results: list = results, parts: list = parts, experiment: str = uuid.uuid4().hex) -> None:
            options = {"num_process": 2, "process_id": number, "experiment_id": experiment}
            module = load(name, cache_dir=str(tmp_path), **options)
            if parts[number] is not None:
                module.add_batch(**part(name, *parts[number]))
            results[number] = module.compute()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert results == [expected(name), None]


@pytest.mark.slow
def test_two_real_processes(tmp_path):
    code = "import sys, evaluate; number = int(sys.argv[1]); " + (
        f"m = evaluate.load({str(folder_of(METRICS['forget']))!r}, num_process=2, process_id=number, "
        f"experiment_id='e', cache_dir={str(tmp_path)!r}); rows = {[part('forget', 0, 2), part('forget', 2, 4)]!r}; "
        "m.add_batch(**rows[number]); print(m.compute())"
    )
    command = [sys.executable, "-c", code]
    started = [subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True) for number in range(2)]
    printed = [process.communicate(timeout=120)[0].strip().splitlines()[-1] for process in started]
    assert printed == [str(expected("forget")), "None"]


@pytest.mark.parametrize("pair", [*combinations_with_replacement(ROWS, 2)], ids="+".join)
def test_combination_works_or_names_what_does(pair):
    first, second = pair
    combined = evaluate.combine([load(first), load(second)])
    inputs = ROWS[second] | ROWS[first]
    kinds = [METRICS[name].takes for name in pair]
    if kinds[0] != kinds[1]:
        with pytest.raises(ValueError, match=f"^{second}: predictions.*{second}.* take {kinds[1]}") as refusal:
            combined.compute(**inputs)
        assert "\n" not in str(refusal.value)
        return
    if set(pair) == {"exposure", "stability"}:  # references: which candidate is true, utility
        inputs |= {"predictions": ROWS["stability"]["predictions"], "references": [1, 0, 1, 0]}
        inputs = {name: values for name, values in inputs.items() if name not in ("gold", "num_tokens")}
    if set(pair) == {"forget", "privacy_leakage"}:  # references: knowledge before, members
        inputs["references"] = [1, 0, 1, 1]
    alone = [load(name) for name in pair]
    single = [module.compute(**{key: inputs[key] for key in module.features if key in inputs}) for module in alone]
    whole = evaluate.combine(alone)._merge_results(single)
    assert combined.compute(**inputs) == whole
    combined.add_batch(**inputs)
    assert combined.compute() == whole
    for row in range(4):
        more = {name: values[row] for name, values in inputs.items()}
        combined.add(prediction=more.pop("predictions"), reference=more.pop("references"), **more)
    assert combined.compute() == whole
    required = {name: inputs[name] for name in ("predictions", "references")}
    combined.add_batch(**required)
    if "unlearning" not in pair:
        assert combined.compute() == combined.compute(**required)
    with pytest.raises(TypeError, match="takes no input 'rolle'"):
        combined.compute(**inputs, rolle=1)


ARRAYS = [
    np.array, lambda values: np.array(values, dtype=np.float32), torch.tensor, tuple,
    lambda values: torch.tensor(values).bfloat16(),
]  # fmt: skip


@pytest.mark.parametrize("convert", ARRAYS)
def test_arrays_are_taken(convert):
    columns = {name: convert([0.0, 0.5, 1.0]) for name in ("predictions", "gold")} | {"references": convert([1, 1, 1])}
    module = load("forget")
    result = module.compute(**columns)
    assert result["knowledge_after"] == 0.5
    module.add_batch(**columns)
    assert module.compute() == result


WRONG = [
    ("forget", {"gold": [0.0, 0.0]}, "gold has 2 rows where 4"),
    ("forget", {"references": [1.0]}, "forget: references has 1 rows where 4"),
    ("forget", {"predictions": None}, "forget: predictions are missing"),
    ("forget", {"predictions": 0.5}, r"forget: predictions is 0.5: give a list"),
    ("forget", {"predictions": np.float64(0.5)}, "give a list with one value per row"),
    ("forget", {"predictions": [[0.5]] * 4}, r"predictions\[0\] is \[0.5\]: give a number"),
    (
        "forget",
        {"predictions": ["0.5"] * 4},
        r"predictions\[0\] is '0.5': give a number \(forget, privacy_leakage, leak_at_k, robustness take",
    ),
    ("forget", {"gold": [0.0, {}, 0.0, 0.0]}, r"forget: gold\[1\] is {}: give a number"),
    ("forget", {"gold": "0 0 0 0"}, "forget: gold is '0 0 0 0': give a list"),
    ("forget", {"references": [1.0, None, 1.0, 1.0]}, r"references\[1\] is None: give a number"),
    ("privacy_leakage", {"references": [0.5, 1, 0, 1]}, r"references\[0\] is 0.5: give a whole number"),
    ("privacy_leakage", {"references": [math.inf, 1, 0, 1]}, r"references\[0\] is inf: give a whole number"),
    ("privacy_leakage", {"references": [2, 1, 0, 1]}, r"members\[0\] is 2"),
    ("exposure", {"predictions": [0.5] * 4}, r"predictions\[0\] is 0.5: give a list of numbers"),
    ("exposure", {"gold": [[-1.0, "x"]] * 4}, r"gold\[0\]\[1\] is 'x': give a number"),
    ("exposure", {"predictions": [[[-1.0]]] * 4}, r"predictions\[0\]\[0\] is \[-1.0\]: give a number"),
    ("stability", {"references": ["a"] * 4}, r"references\[0\] is 'a': give a number"),
    ("memorization", {"predictions": [1, 2, 3, 4]}, r"predictions\[0\] is 1: give a text \(memorization, utility"),
    ("memorization", {"references": [["a"], "b", "c", "d"]}, r"references\[0\] is \['a'\]: give a text"),
    ("memorization", {"references": [b"a", "b", "c", "d"]}, r"references\[0\] is b'a': give a text"),
    ("memorization", {"keywords": ["Porto"] * 4}, r"keywords\[0\] is 'Porto': give a list of texts"),
    ("memorization", {"hops": [1, 1, 1.5, 1]}, r"hops\[2\] is 1.5: give a whole number"),
    ("memorization", {"references": ["a", "...", "c", "d"], "keywords": None}, r"row 1: keyword '\.\.\.' has no word"),
    ("utility", {"groups": {"retain": 4}}, "groups is {'retain': 4}: give a list"),
    ("unlearning", {"role": [1, 2, 3, 4]}, r"role\[0\] is 1: give a text"),
    ("unlearning", {"candidates": [5, None, None, None]}, r"candidates\[0\] is 5: give a list of numbers"),
]


@pytest.mark.parametrize(("name", "changes", "reason"), WRONG)
def test_wrong_inputs_end_in_one_line(name, changes, reason):
    """Given at once or added; afterwards the module works."""
    module = load(name)
    rows = ROWS[name] | changes
    for act in (lambda: module.compute(**rows), lambda: module.add_batch(**rows) or module.compute()):
        with pytest.raises(ValueError, match=reason) as refusal:
            act()
        assert "\n" not in str(refusal.value)
    assert module.compute(**ROWS[name]) == expected(name)


def test_wrong_use_ends_in_one_line():
    module = load("forget")
    with pytest.raises(ValueError, match="forget has no rows"):
        module.compute()
    with pytest.raises(ValueError, match="forget has no rows"):
        evaluate.load(str(folder_of(METRICS["forget"]))).compute()
    with pytest.raises(ValueError, match="seed is no input of a row: give it to compute, or one of predictions"):
        module.add(prediction=0.1, reference=1.0, seed=1)
    module.add_batch(**ROWS["forget"])
    with pytest.raises(ValueError, match="gold came with the rows and again with compute"):
        module.compute(gold=[0.0] * 4)
    with pytest.raises(ValueError, match=r"profile_ids: .* give texts or numbers"):
        module.add(prediction=0.1, reference=1.0, profile_ids=object())


def test_texts_of_modules_are_cleaned():
    module = load("memorization")
    module.add(prediction="red \ud83d", reference="red \ud83d", keywords=["red\udc00"], modality="te\ud83dxt")
    result = module.compute()
    assert (result["exact_match"], result["keyword_match"], result["te\ufffdxt_rouge_l"]) == (1.0, 1.0, 1.0)


ANY_TEXT = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"]), max_size=8)


def check_any_texts(pairs: list[tuple[str, str]]) -> None:
    """Every score is in [0, 1], or missing and flagged, or refused in a line that names the row."""
    texts, answers = map(list, zip(*pairs, strict=True))
    for text, answer in pairs:
        row = compare(text, answer, [answer])
        assert row["generated"] == text
        assert all(0 <= row[name] <= 1 for name in ("exact_match", "keyword_match"))
        assert all(row[name] is None or 0 <= row[name] <= 1 for name in ("rouge_l", "rouge_l_recall"))
    refused: list[str] = []
    for name in ("memorization", "utility", "unlearning"):
        options = {"role": ["forget", *["retain"] * (len(pairs) - 1)]} if name == "unlearning" else {}
        try:
            result = load(name).compute(predictions=texts, references=answers, **options)
        except ValueError as error:
            refused.append(str(error))
            continue
        main = {"memorization": "rouge_l", "utility": "utility", "unlearning": "score"}[name]
        assert (result[main] is None and result["flags"]) or 0 <= result[main] <= 1
    assert all("row " in line and "\n" not in line for line in refused)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=4))
def test_any_texts_are_scored_or_flagged(pairs):
    check_any_texts(pairs)


@pytest.mark.slow
@settings(max_examples=1_000, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=4))
def test_a_thousand_texts_are_scored_or_flagged(pairs):
    check_any_texts(pairs)
