"""verify(): a good build passes, and each kind of damage is found by the check for it, with file and row."""

import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from small_build import BOX, rewrite, seal, use_stand_ins

from lethebench.builders import BENCHMARKS, BuildError, build, read_manifest, verify
from lethebench.builders.audits.audit import audit
from lethebench.builders.verify.audits import CHECKS as AUDITS
from lethebench.builders.verify.audits import check_audits
from lethebench.builders.verify.checks import ORDER
from lethebench.builders.verify.files import check_card, check_checksums
from lethebench.builders.verify.findings import Findings
from lethebench.builders.verify.photos import Photos
from lethebench.contract.columns import FORMATS

FORGET, RETAIN, HOLDOUT = (f"qa/{role}-00000-of-00001.parquet" for role in ("forget", "retain", "holdout"))
TEST = "qa/test-forget-00000-of-00001.parquet"
PROFILES = "profiles/forget-00000-of-00001.parquet"
CANDIDATES = "candidates/values-00000-of-00001.parquet"
TOO_FEW = {"shortcuts", "two samples"}
"""Audits for which eight profiles are too few."""


@pytest.fixture(scope="module")
def good_build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "icu"
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        build("icu", folder, size=8)
    return folder


@pytest.fixture
def folder(good_build, tmp_path):
    return shutil.copytree(good_build, tmp_path / "icu")


@pytest.fixture(autouse=True)
def _no_loading(request, monkeypatch):
    """Skip the check `loading`, except where it is tested."""
    if not request.node.get_closest_marker("loading"):
        monkeypatch.setattr(sys.modules["lethebench.builders.verify.checks"], "check_loading", lambda *_: None)


def failed(report) -> list[str]:
    return [check.name for check in report.checks if check.status == "failed"]


def card_problems(folder):
    """Return the problems of the checks `checksums` and `card`, which read no row."""
    findings, manifest = Findings(), read_manifest(folder)
    check_checksums(folder, manifest, findings)
    check_card(folder, manifest, findings)
    return findings.problems


def problem(folder, check: str):
    """The first problem, which must be the only failed check's."""
    report = verify(folder)
    assert failed(report) == [check]
    assert not report.ok
    return report.problems[0]


def jpeg(page: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    page.save(buffer, format="JPEG", quality=quality)
    return buffer.getvalue()


def first(rows: list[dict], **expected) -> int:
    return next(n for n, row in enumerate(rows) if all(row[key] == value for key, value in expected.items()))


@pytest.mark.loading
def test_loading_does_not_import_torch(good_build):
    """Torch takes longer to import than small builds take to verify."""
    code = (
        "import sys\n"
        "from lethebench.builders import read_manifest\n"
        "from lethebench.builders.verify import checks\n"
        "findings = checks.Findings()\n"
        "checks.check_loading(checks.Path(sys.argv[1]), read_manifest(sys.argv[1]), findings)\n"
        "assert not findings.problems and not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, good_build], check=True)


@pytest.mark.loading
def test_good_build_passes_every_check(good_build):
    report = verify(good_build)
    assert report.problems == []
    assert report.ok
    assert [check.name for check in report.checks] == list(ORDER)
    assert {check.name for check in report.checks if check.status == "not applicable"} == {"options", *TOO_FEW}
    assert json.loads(json.dumps(report.to_dict()))["ok"] is True


def flip_a_byte(folder):
    content = bytearray((folder / FORGET).read_bytes())
    content[len(content) // 3] ^= 0xFF
    (folder / FORGET).write_bytes(content)


def card_with(old, new):
    return lambda folder: (folder / "README.md").write_text((folder / "README.md").read_text().replace(old, new))


FILES = {
    "flipped byte": (flip_a_byte, "checksums", FORGET, ""),
    "missing shard": (lambda folder: (folder / FORGET).unlink(), "checksums", FORGET, ""),
    "missing eval.yaml": (lambda folder: (folder / "eval.yaml").unlink(), "checksums", "eval.yaml", ""),
    "missing croissant": (lambda folder: (folder / "croissant.json").unlink(), "checksums", "croissant.json", ""),
    "foreign file": (lambda f: (f / "qa" / "new.parquet").write_bytes(b"x"), "checksums", "qa/new.parquet", ""),
    "other shards": (
        card_with("holdout\n    path:\n    - qa/holdout-*", "holdout\n    path:\n    - qa/retain-*"),
        "card",
        "README.md",
        "config continual, split holdout does not name the manifest's shards",
    ),
    "other version": (card_with("version: 2.0.0", "version: 2.0.9"), "card", "README.md", "version 2.0.9, not 2.0.0"),
}
"""What is wrong with a file -> how it is made so, and the first problem's check, file and words."""


@pytest.mark.parametrize("name", FILES)
def test_damaged_file_is_found(folder, name):
    damage, check, file, words = FILES[name]
    assert card_problems(folder) == []
    damage(folder)
    first_problem = card_problems(folder)[0]
    assert (first_problem.check, first_problem.file) == (check, file)
    assert words in first_problem.reason


@pytest.mark.loading
def test_truncated_shard_is_found(folder):
    path = folder / FORGET
    path.write_bytes(path.read_bytes()[:-100])
    report = verify(folder)
    assert {"checksums", "schema", "loading", "counts", "content hashes"} <= set(failed(report))
    assert next(p for p in report.problems if p.check == "schema").file == FORGET


@pytest.mark.parametrize(
    ("change", "checks", "words"),
    [
        (lambda rows: rows[1:], ["counts", "content hashes"], "split retain has"),
        (lambda rows: rows[3].update(question="Please?"), ["content hashes"], "split"),
    ],
)
def test_rows_that_differ_from_the_manifest_are_found(folder, change, checks, words):
    splits = json.loads((folder / "manifest.json").read_text())["splits"]
    rewrite(folder, RETAIN, change)
    sealed = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**sealed, "splits": splits}))
    report = verify(folder)
    assert failed(report) == checks
    assert words in str(report.problems[-1 if len(checks) == 1 else 2])


def _answer(row):
    row["answer"] = row["answer"].replace(row["keywords"][0], "someone else's")
    row["keywords"] = ["someone else's"]
    row["paraphrases"] = ["someone else's one", "someone else's two"]


def _multiple_choice(row):
    answer = row["answer"]
    row |= {"format": FORMATS.index("multiple_choice"), "options": [answer, "a", "b", answer], "correct": 0}


# row of the forget shard -> the one check that must find it, words of the reason, what is done to it
DAMAGE = {
    0: ("facts", "does not state the profile's", _answer),
    1: ("facts", "no keywords", lambda row: row.update(keywords=[])),
    3: ("paraphrases", "1 paraphrases; at least 2", lambda row: row.update(paraphrases=row["paraphrases"][:1])),
    4: ("paraphrases", "does not state the fact", lambda row: row["paraphrases"].__setitem__(0, "No idea.")),
    2: ("perturbed", "is true", lambda row: row["perturbed"].__setitem__(2, f" {row['answer'].upper()} ")),
    5: ("perturbed", "two wrong answers", lambda row: row["perturbed"].__setitem__(0, row["perturbed"][1])),
    6: ("options", "occurs 2 times", _multiple_choice),
    10: ("nulls", "null in keywords", lambda row: row.update(keywords=None)),
    8: ("roles", "the profile's is 0", lambda row: row.update(task_id=1)),
    9: ("roles", "not in `profiles`", lambda row: row.update(profile_id="medical-9999", images=[], modality=1)),
    7: ("pictures", "does not decode", lambda row: row["images"][0].update(bytes=row["images"][0]["bytes"][:900])),
    11: (None, "", lambda row: row.update(id="twice")),
    12: ("ids", "is also in", lambda row: row.update(id="twice")),
}


def test_damaged_rows_are_found_by_check_number_and_id(folder):
    ids = {}

    def change(rows):
        for number, (_, _, damage) in DAMAGE.items():
            damage(rows[number])
            ids[number] = rows[number]["id"]

    rewrite(folder, FORGET, change)
    problems = verify(folder).problems
    for number, (check, words, _) in DAMAGE.items():
        here = [problem for problem in problems if problem.file == FORGET and problem.row == number]
        assert {problem.check for problem in here} == ({check} if check else set())
        assert words in " ".join(problem.reason for problem in here)
        assert all(f"{check}: {FORGET} row {number} ({ids[number]}) - " in str(problem) for problem in here)
    assert {problem.row for problem in problems if problem.file == FORGET} <= DAMAGE.keys()


def test_gap_in_the_tasks_is_found(folder):
    def change(rows):
        for row in rows:
            row["task_id"] += row["task_id"] == 1

    for name in (FORGET, TEST, PROFILES):
        rewrite(folder, name, change)
    report = verify(folder)
    assert failed(report) == ["tasks"]
    assert [p.reason for p in report.problems] == [
        "no profile is to be forgotten in task 1 of 2",
        "task_id 2 lies outside 0..1",
    ]


def test_picture_in_two_splits_is_found(folder):
    picture = pq.read_table(folder / FORGET).to_pylist()[0]["images"][0]

    def change(rows):
        rows[first(rows, attribute="name", modality=0)]["images"] = [picture]

    rewrite(folder, HOLDOUT, change)
    report = verify(folder)
    assert {"byte twins", "photo twins"} <= set(failed(report))
    twin = next(p for p in report.problems if p.check == "byte twins")
    assert twin.file == HOLDOUT
    assert "in split forget" in twin.reason


def test_damage_between_parts_is_found(folder):
    """A held-out picture of a trained profile, a test question in training words, no true candidate, a shared field."""
    train = pq.read_table(folder / FORGET).to_pylist()[0]
    page = Image.open(io.BytesIO(train["images"][0]["bytes"]))
    darker = jpeg(page.point(lambda level: level * 0.8), quality=60)

    def show_the_trained(rows):
        rows[0]["images"] = [{"bytes": darker, "path": "x.jpg"}]

    def ask_as_in_training(rows):
        same = {key: train[key] for key in ("profile_id", "attribute", "modality")}
        rows[first(rows, **same)]["question"] = train["question"]

    def replace_values(rows):
        row = rows[first(rows, attribute="employer")]
        row["values"] = [f"employer {n}" for n in range(len(row["values"]))]

    rewrite(folder, HOLDOUT, show_the_trained)
    rewrite(folder, TEST, ask_as_in_training)
    rewrite(folder, CANDIDATES, replace_values)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["apart"].append(["gender"])  # which people of every role do share
    (folder / "manifest.json").write_text(json.dumps(manifest))
    report = verify(folder)
    problems = {problem.check: problem for problem in report.problems}
    assert set(failed(report)) == {"photo twins", "wordings", "candidates", "fields apart"}
    assert (problems["photo twins"].file, problems["photo twins"].row) == (HOLDOUT, 0)
    assert f"shows the photo of {train['profile_id']}" in problems["photo twins"].reason
    assert train["id"] in problems["wordings"].reason
    assert (problems["candidates"].file, problems["candidates"].id) == (CANDIDATES, "employer")
    assert "shares gender with" in problems["fields apart"].reason


def test_two_profiles_with_one_photo_are_found(folder):
    """The photo, a little smaller, lighter and off its place, is pasted over another profile's in all its pictures."""
    rows = pq.read_table(folder / PROFILES).to_pylist()
    source, victim = rows[0], rows[1]["profile_id"]
    page = Image.open(io.BytesIO(source["images"][0]["bytes"])).convert("RGB")
    photo = page.crop(BOX).point(lambda level: min(255, level + 12)).resize((58, 78), Image.Resampling.BICUBIC)

    def over(rows):
        for row in rows:
            if row["profile_id"] == victim:
                for picture in row["images"]:
                    changed = Image.open(io.BytesIO(picture["bytes"])).convert("RGB")
                    changed.paste(photo, (BOX[0] + 3, BOX[1] - 2))
                    picture["bytes"] = jpeg(changed, 85)

    for name in (PROFILES, FORGET, TEST):
        rewrite(folder, name, over)
    results = problem(folder, "photo twins")
    assert {results.id, victim} == {source["profile_id"], victim}
    assert f"its ID photo is that of {victim}" in results.reason


@pytest.mark.parametrize("worn", [False, True])
def test_photo_of_nobody_is_found_and_a_worn_one_is_not(folder, worn, monkeypatch):
    """Worn: what pictures reach lies just below the threshold, and no other profile is alike."""

    def change(rows):
        picture = next(row["images"][0] for row in rows if row["images"])
        page = Image.open(io.BytesIO(picture["bytes"])).convert("RGB")
        photo = page.crop(BOX)
        noise = Image.effect_noise(photo.size, 90).convert("RGB")
        page.paste(photo if worn else noise, BOX[:2])
        picture["bytes"] = jpeg(page, 85)

    rewrite(folder, FORGET, change)
    similarity = Photos.similarity
    if worn:
        monkeypatch.setattr(
            Photos, "similarity", lambda photos, *of: min(similarity(photos, *of), photos.threshold - 0.05)
        )
    reasons = [problem.reason for problem in verify(folder).problems if problem.check == "photo twins"]
    if worn:
        assert reasons == []
    else:
        assert "shows a photo of no profile" in reasons[0]


def test_wrong_column_type_is_found(folder):
    table = pq.read_table(folder / RETAIN)
    row_index = table.schema.get_field_index("hops")
    pq.write_table(table.set_column(row_index, "hops", table["hops"].cast(pa.int64())), folder / RETAIN)
    seal(folder)
    report = verify(folder)
    assert ("schema" in failed(report), report.problems[0].reason) == (True, "columns differ from the contract: hops")


def test_non_build_is_refused(tmp_path, good_build):
    for path, words in ((tmp_path / "nowhere", "not a folder"), (tmp_path, r"no manifest\.json")):
        with pytest.raises(BuildError, match=words):
            verify(path)
    for text, words in (("{", "not valid JSON"), ("[]", "expected an object"), ("{}", "benchmark is missing")):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(BuildError, match=words):
            verify(tmp_path)


@pytest.mark.parametrize(("change", "words"), [({"version": "3.0.0"}, r"reads 2\.x"), ({"benchmark": "zzz"}, "'zzz'")])
def test_unreadable_build_is_refused(folder, change, words):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BuildError, match=words):
        verify(folder)


def test_stand_in_pages_differ(good_build):  # else the tests above would pass or fail for nothing
    rows = pq.read_table(good_build / PROFILES).to_pylist()
    pages = [np.asarray(Image.open(io.BytesIO(row["images"][0]["bytes"])).crop(BOX), float) for row in rows]
    assert len(rows) == 4
    assert all(np.abs(a - b).mean() > 20 for n, a in enumerate(pages) for b in pages[:n])


def test_unexplained_shortcut_is_found(tmp_path, monkeypatch):
    """Rows whose wrong addresses are of other countries, with the figures of such rows in the manifest."""
    use_stand_ins(monkeypatch)
    folder = tmp_path / "icu"
    build("icu", folder, size=48)
    assert verify_audits(folder) == []

    def abroad(rows):
        for row in rows:
            if row["attribute"] == "home_address":
                row["perturbed"] = [f"{text} abroad" for text in row["perturbed"]]

    for name in (FORGET, RETAIN):
        rewrite(folder, name, abroad)
    assert any("the manifest says" in reason for reason in verify_audits(folder))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["audits"] = audit(folder, manifest["splits"], BENCHMARKS["icu"].visible)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    reasons = verify_audits(folder)
    assert reasons
    assert all("home_address: wrong" in reason and "does not say why" in reason for reason in reasons)
    findings = Findings()
    check_audits(folder, read_manifest(folder), BENCHMARKS["icu"], findings)
    assert not findings.problems
    assert "home_address: wrong" in findings.details["shortcuts"]


def verify_audits(folder):
    """The reasons for which the audits of a build of paper size would fail."""
    findings = Findings()
    check_audits(folder, replace(read_manifest(folder), size="paper"), BENCHMARKS["icu"], findings)
    return [problem.reason for problem in findings.problems]


def test_audits_of_damaged_rows_are_not_tried(folder):
    rewrite(folder, RETAIN, lambda rows: rows[0].update(question=None))
    details = {check.detail for check in verify(folder).checks if check.name in AUDITS}
    assert details == {"not tried, since nulls failed"}
