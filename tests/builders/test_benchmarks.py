"""What holds for every benchmark: its splits, `verify` on its build, and arguments that are refused."""

import json
from collections import Counter

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from small_build import check_splits, quick_build

from lethebench.builders import BENCHMARKS, BuildError, build, verify
from lethebench.builders.remem.plan import MOST
from lethebench.contract.columns import ROLES

each_benchmark = pytest.mark.parametrize("name", BENCHMARKS)


def manifest_of(name):
    return json.loads((quick_build(name) / "manifest.json").read_text())


@each_benchmark
def test_splits_load_with_their_rows(name):
    check_splits(quick_build(name))


@each_benchmark
def test_build_passes_every_check(name):
    report = verify(quick_build(name))
    assert report.problems == []
    assert report.ok
    checks = {check.name: check for check in report.checks}
    assert checks["photo twins"].status == "ok"
    rows = sum(pq.read_metadata(path).num_rows for path in quick_build(name).glob("qa/*.parquet"))
    assert checks["facts"].detail == f"{rows} rows"


@each_benchmark
def test_splits_have_their_roles_and_tasks(name):
    config = next(iter(BENCHMARKS[name].CONFIGS))
    splits = load_dataset(str(quick_build(name)), config)
    ids = {split: set(part["id"]) for split, part in splits.items()}
    people = {split: set(part["profile_id"]) for split, part in splits.items()}
    assert ids["train"] == ids["forget"] | ids["retain"]
    assert not ids["train"] & ids["test"]
    assert people["train"] == people["test"] == people["forget"] | people["retain"]
    apart = [split for split in splits if split in ROLES]
    assert sum(len(people[split]) for split in apart) == len(set().union(*(people[split] for split in apart)))
    for split in apart:
        assert {ROLES[role] for role in splits[split]["role"]} == {split}
        assert set(splits[split]["task_id"]) == (set(range(manifest_of(name)["tasks"])) if split == "forget" else {-1})


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("imaginary", {}, "unknown benchmark 'imaginary'; choose from icu, mllmu"),
        ("icu", {"size": 0}, "multiple of 4, at least 8"),
        ("icu", {"size": -4}, "try 8"),
        ("icu", {"size": 30}, "try 32"),
        ("icu", {"size": "huge"}, "give paper, small or a number"),
        ("icu", {"size": 2.5}, "multiple of 4"),
        ("icu", {"seed": -1}, "seed -1: must be a whole number, at least 0"),
        ("icu", {"num_proc": 0}, "num_proc 0"),
        ("icu", {"options": {"colour": "red"}}, "unknown option 'colour': icu has task_size (profiles per request"),
        ("icu", {"options": {"task_size": "x"}}, "must be a whole number"),
        ("icu", {"options": {"task_size": 2.5}}, "must be a whole number"),
        ("icu", {"options": {"task_size": 0}}, "must be at least 1"),
        ("icu", {"options": {"task_size": 13}}, "only 12 of 24"),
        ("icu", {"options": {"overlap": 1.5}}, "must lie in 0..1"),
        ("icu", {"options": {"overlap": "nan"}}, "must lie in 0..1"),
        ("icu", {"options": {"order_seed": -1}}, "0 or more"),
        ("mllmu", {"size": 39}, "multiple of 20, at least 40"),
        ("mllmu", {"size": 20}, "try 40"),
        ("mllmu", {"size": 41}, "try 60"),
        ("mllmu", {"size": -5}, "try 40"),
        ("mllmu", {"options": {"task_size": 3}}, "unknown option 'task_size': mllmu has portraits (a folder"),
        ("mlu", {"size": 1}, "try 8"),
        ("mlu", {"size": 12}, "try 16"),
        ("mlu", {"size": 104}, "try 96"),
        ("mlu", {"size": 126}, "try 96"),
        ("mlu", {"size": 500}, "try paper"),
        ("mlu", {"options": {"order": "ABC"}}, "option order="),
        ("mlu", {"options": {"order": "ABCC"}}, "option order="),
        ("mlu", {"options": {"order": "abcd"}}, "option order="),
        ("mlu", {"options": {"views": 7}}, "option views="),
        ("remem", {"size": 6}, "multiple of 4, at least 4"),
        ("remem", {"size": 6}, "try 8"),
        ("remem", {"size": 2}, "try 4"),
        ("remem", {"options": {"qa": 0}}, f"must lie in 1..{MOST}"),
        ("remem", {"options": {"qa": 201}}, f"must lie in 1..{MOST}"),
        ("remem", {"options": {"qa": "many"}}, "must be a whole number"),
        ("remem", {"options": {"qa": 10, "views": 11}}, "give views=10 or less, or a larger qa"),
        ("remem", {"options": {"views": 0}}, "must lie in 1..200"),
        ("remem", {"options": {"single_share": 1.1}}, "must lie in 0..1"),
        ("remem", {"options": {"single_share": "nan"}}, "must lie in 0..1"),
        ("remem", {"options": {"pixels": 20}}, "must lie in 96..896"),
        ("remem", {"options": {"task_size": 3}}, "'task_size': remem has qa (training questions per person, 1 to 200)"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(tmp_path, name, arguments, words):
    with pytest.raises(BuildError) as error:
        build(name, tmp_path / "out", **{"size": "small", **arguments})
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


ALL = "train+test+neighbour"
PAPER_COLUMNS = {
    "mllmu": {
        (ALL, "modality"): {"image_text": 10_377, "text": 10_377},
        (ALL, "format"): {"multiple_choice": 11_530, "generation": 4_612, "cloze": 4_612},
    },
    "remem": {("train", "hops"): {1: 1400, 2: 600}, ("test", "hops"): {1: 400, 2: 160}},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAPER_COLUMNS)
def test_paper_size_has_the_counts_of_the_paper(name, tmp_path):
    manifest = build(name, tmp_path / name, num_proc=2)
    assert manifest.paper_counts == BENCHMARKS[name].PAPER_COUNTS
    assert verify(tmp_path / name).problems == []
    for (split, column), counts in PAPER_COLUMNS[name].items():
        rows = load_dataset(str(tmp_path / name), split=split)
        label = getattr(rows.features[column], "int2str", int)
        assert Counter(map(label, rows[column])) == counts
