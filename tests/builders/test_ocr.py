"""What an OCR engine reads off the pictures of builds: printed answers, and none that are blacked out."""

import pyarrow.parquet as pq
import pytest
from reading import LEAST, distance, read, readable

from lethebench.builders import build, read_manifest
from lethebench.generation.evidence.texts import entity_text, figure_text

WHERE = "rapidocr-onnxruntime is not installed, or a library that OpenCV needs is missing"
ENOUGH = 0.95


def test_distance_to_a_part():
    assert [distance(*pair) for pair in (("abc", "xxabcxx"), ("abc", "xabxcx"), ("abc", ""), ("", "abc"))] == [
        0,
        1,
        3,
        0,
    ]
    assert readable("12 Long Street, Porto", ["12long", "strcet", "porto"])
    assert readable("24 months", ["2months", "24days"])
    assert not readable("24 months", ["2months", "24days"], apart=False)
    assert not readable("12 Long Street, Porto", ["12long", "lisbon"])


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    pytest.importorskip("rapidocr_onnxruntime", reason=WHERE, exc_type=ImportError)

    def rows(name, config, split, **arguments):
        folder = tmp_path_factory.getbasetemp() / f"ocr-{name}"
        if not folder.exists():
            build(name, folder, num_proc=2, **arguments)
        files = read_manifest(folder).splits[config][split]["files"]
        return [row for file in files for row in pq.read_table(folder / file).to_pylist()]

    return rows


def lines_of(row):
    return [line for picture in row["images"] for line in read(picture["bytes"])]


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_icu_pages_show_what_is_not_masked(built):
    """Prints what was missed with `-s`."""
    profiles = built("icu", "profiles", "train", size=32)
    outcomes = []
    for profile in profiles[:32]:
        lines = lines_of(profile)
        for pair in profile["fields"]:
            outcomes.append((readable(pair["value"], lines), profile["profile_id"], pair["attribute"], pair["value"]))
    print(*(outcome[1:] for outcome in outcomes if not outcome[0]), sep="\n")
    read_share = sum(outcome[0] for outcome in outcomes) / len(outcomes)
    print(f"{read_share:.3f} of {len(outcomes)} values read")
    assert read_share >= ENOUGH


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_icu_pages_hide_what_is_masked(built):
    rows = [row for row in built("icu", "continual", "train", size=32) if row["images"]]
    profiles = {row["profile_id"]: row for row in built("icu", "profiles", "train")}
    leaks, count = [], 0
    for row in rows[::7]:
        fields = {pair["attribute"]: pair["value"] for pair in profiles[row["profile_id"]]["fields"]}
        hidden = fields if row["attribute"] == "name" else {row["attribute"]: fields[row["attribute"]]}
        lines = lines_of(row)
        for attribute, value in hidden.items():
            if len(value) >= LEAST:
                count += 1
                leaks += [(row["id"], attribute, value, lines)] if readable(value, lines, apart=False) else []
    print(f"{len(leaks)} of {count} masked values read", *leaks, sep="\n")
    assert not leaks


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize(
    ("name", "arguments"), [("mllmu", {"size": "small"}), ("mlu", {"size": 16, "options": {"views": 14}})]
)
def test_evidence_shows_name_or_fact_as_the_row_says(built, name, arguments):
    profiles = {row["profile_id"]: row for row in built(name, "profiles", "train", **arguments)}
    splits = {"mllmu": ("continual", "neighbour"), "mlu": ("lifelong", "train")}
    seen, outcomes, leaks = set(), [], []
    for row in built(name, *splits[name]):
        if not row["views"] or not row["views"][0].startswith("name:") or row["images"][0]["path"] in seen:
            continue
        seen.add(row["images"][0]["path"])
        profile = profiles[row["profile_id"]]
        printed = row["views"][0].startswith("name:printed")
        lines = read(row["images"][0]["bytes"], scale=1.5)
        text = text_of(profile)
        outcomes.append(
            (readable(text.name if printed else text.clues[0][1], lines), row["views"][0], text.name, lines)
        )
        leaks += [(row["id"], lines)] if not printed and readable(text.name, lines, apart=False) else []
        if len(outcomes) == 120:
            break
    print(*(outcome[1:] for outcome in outcomes if not outcome[0]), *leaks, sep="\n")
    share = sum(outcome[0] for outcome in outcomes) / len(outcomes)
    print(f"{name}: {share:.3f} of {len(outcomes)} pictures read, {len(leaks)} names where there should be none")
    assert share >= ENOUGH
    assert not leaks


def text_of(profile):
    """What the pictures of a public figure or of an entity of mlu may carry."""
    if profile["domain"] == "figure":
        return figure_text(profile["name"], {pair["attribute"]: pair["value"] for pair in profile["fields"]})
    details = {pair["attribute"]: pair["value"] for pair in profile["details"]}
    return entity_text(*details["released_as"].split("/", 1))
