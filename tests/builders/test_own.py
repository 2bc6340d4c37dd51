"""A user's own questions, answers and pictures as a build: every kind of input, and everything wrong with one named."""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from command_line import lethe
from own_data import COLUMNS, own_rows, write_map, write_source
from releases import picture

from lethebench.builders import BuildError, build, verify
from lethebench.contract.columns import ROLES


def rows_of(folder, pattern: str) -> list[dict]:
    return [row for path in sorted(folder.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def own(tmp_path, rows, kind="csv", num_proc=1, **changes):
    source = write_source(tmp_path, kind, rows)
    options = {"map": str(write_map(tmp_path, **changes))}
    return build("own", tmp_path / "own", source=source, options=options, num_proc=num_proc)


def test_columns_outside_the_map_are_counted(tmp_path):
    rows = [row | {"note": "x", "shelf": n} for n, row in enumerate(own_rows())]
    assert own(tmp_path, rows).extra_counts["columns_left_out"] == 2
    assert all("note" not in row for row in rows_of(tmp_path / "own", "qa/*"))


@pytest.mark.parametrize("kind", ["csv", "metadata.csv", "jsonl", "parquet", "saved"])
def test_own_data_of_every_kind_become_a_build(tmp_path, kind):
    manifest = own(tmp_path, own_rows(), kind)
    assert verify(tmp_path / "own").ok
    assert (manifest.tasks, manifest.size) == (3, 6)
    assert manifest.paper_counts == {"profiles": 6, "pictures": 6, "questions": 12}
    forget, retain = (rows_of(tmp_path / "own", f"qa/{name}-*") for name in ("forget", "retain"))
    assert [(row["profile_id"], row["task_id"]) for row in forget] == [(f"p{n}", n) for n in (0, 0, 1, 1, 2, 2)]
    assert {ROLES[row["role"]] for row in retain} == {"retain"}
    assert [(row["question"], row["answer"]) for row in retain[:2]] == [
        ("Who is this?", "Person 3"), ("Where does this person live?", "Town 3"),
    ]  # fmt: skip
    assert forget[0]["images"][0]["bytes"] == forget[1]["images"][0]["bytes"]
    assert (
        str(tmp_path)
        not in (tmp_path / "own" / "manifest.json").read_text() + (tmp_path / "own" / "README.md").read_text()
    )


def test_every_column_of_a_map_is_used(tmp_path):
    more = {"name": "full", "role": "part", "split": "set", "attribute": "field", "keywords": "key", 
            "options": "choice", "paraphrases": "other", "perturbed": "wrong", "id": "number"}  # fmt: skip
    rows = [
        row
        | {"full": f"Name {row['who']}", "part": "", "set": "", "field": "name" if "Who" in row["q"] else "town",
           "key": row["a"].split()[0], "choice": "", "other": f"It is {row['a']}.;That is {row['a']}.", 
           "wrong": "Nobody;No one", "number": f"row-{number}"}
        for number, row in enumerate(own_rows())
    ]  # fmt: skip
    rows[-1]["part"] = rows[-2]["part"] = "holdout"
    rows[1]["choice"] = f"Town 9;{rows[1]['a']};Town 8"
    for row in (rows[1], rows[-3]):
        row["set"] = "test"
    manifest = own(tmp_path, rows, columns=COLUMNS | more)
    assert verify(tmp_path / "own").ok
    assert list(manifest.splits["continual"]) == ["train", "forget", "retain", "test", "holdout"]
    assert not manifest.imported["missing"]
    values = {row["attribute"]: row["values"] for row in rows_of(tmp_path / "own", "candidates/*")}
    assert values == {
        what: [f"{word} {n}" for n in range(6)] for what, word in (("full_name", "Person"), ("town", "Town"))
    }
    assert manifest.attributes["town"] == {"candidates": 6, "values": 3, "most_common": 0.3333}
    assert "| `town` | 3 | 6 | 33.3% |" in (tmp_path / "own" / "README.md").read_text()
    choice, plain = rows_of(tmp_path / "own", "qa/test-*")
    assert (choice["options"], choice["correct"], choice["format"]) == (["Town 9", "Town 0", "Town 8"], 1, 1)
    assert (plain["attribute"], plain["keywords"], plain["perturbed"]) == ("town", ["Town"], ["Nobody", "No one"])
    first = rows_of(tmp_path / "own", "qa/forget-*")[0]
    assert (first["id"], first["attribute"]) == ("own/p0/row-0", "full_name")
    assert first["paraphrases"] == ["It is Person 0.", "That is Person 0."]
    profile = rows_of(tmp_path / "own", "profiles/forget-*")[0]
    assert (profile["name"], profile["thumbnail_views"]) == ("Name p0", ["own:0.jpg"])
    assert {"attribute": "full_name", "value": "Person 0"} in profile["fields"]


def test_bytes_do_not_depend_on_the_processes(tmp_path):
    rows = own_rows(150, 80)
    for row in rows:
        row["file_name"] = ""
    one, two = (
        own(path, rows, num_proc=n) for n, path in ((1, tmp_path / "1"), (2, tmp_path / "2")) if not path.mkdir()
    )
    assert one.files == two.files


def test_attributes_with_one_value_sentences_or_too_many_have_no_candidates(tmp_path, monkeypatch):
    monkeypatch.setattr("lethebench.builders.own.store.MOST_CANDIDATES", 5)
    rows = [row | {"field": "name" if "Who" in row["q"] else "town"} for row in own_rows()]
    for row in rows:
        row["a"] = row["a"] if row["field"] == "town" else "A person."
    names = {row["who"]: row for row in rows if row["field"] == "town"}
    names["p5"]["a"] = names["p4"]["a"]
    manifest = own(tmp_path, rows, columns=COLUMNS | {"attribute": "field"})
    assert {name: figures["candidates"] for name, figures in manifest.attributes.items()} == {"town": 5}
    (tmp_path / "next").mkdir()
    names["p0"]["a"] = "It lies by the sea. Nobody knows its name."
    manifest = own(tmp_path / "next", rows, columns=COLUMNS | {"attribute": "field"})
    assert not manifest.attributes
    assert "candidates" in manifest.imported["missing"]


def test_tasks_with_holes_are_renumbered_in_their_order(tmp_path):
    rows = own_rows()
    for row in rows:
        row["request"] = {"p0": "12", "p1": "7", "p2": "100"}.get(row["who"], "-1")
    manifest = own(tmp_path, rows)
    tasks = {row["profile_id"]: row["task_id"] for row in rows_of(tmp_path / "own", "profiles/forget-*")}
    assert (tasks, manifest.extra_counts["tasks_renumbered"]) == ({"p1": 0, "p0": 1, "p2": 2}, 3)


@pytest.mark.parametrize("prefix", ["photos/", "photos\\"])
def test_pictures_may_be_named_from_the_folder_above(tmp_path, prefix):
    own(tmp_path, [row | {"file_name": prefix + row["file_name"]} for row in own_rows()])
    first, second = (row["images"] for row in rows_of(tmp_path / "own", "qa/forget-*")[:2])
    assert first == second
    assert first[0]["path"] == "picture_000001.jpg"


def test_named_tasks_are_not_renumbered(tmp_path):
    rows = [
        row | {"request": row["request"] if row["request"] == "" else f"letter {row['request']}"} for row in own_rows()
    ]
    assert own(tmp_path, rows).extra_counts["tasks_renumbered"] == 0


def test_requests_stand_in_for_a_column_of_tasks(tmp_path):
    columns = {name: column for name, column in COLUMNS.items() if name != "task"}
    manifest = own(tmp_path, own_rows(), columns=columns, requests=[["p4", "p5"], ["p0"]])
    tasks = {row["profile_id"]: row["task_id"] for row in rows_of(tmp_path / "own", "profiles/forget-*")}
    assert (manifest.tasks, tasks) == (2, {"p4": 0, "p5": 0, "p0": 1})


def test_shared_pictures_are_counted_where_allowed(tmp_path):
    rows = own_rows()
    rows[2]["file_name"] = "0.jpg"
    assert own(tmp_path, rows, shared_pictures="allow").extra_counts["pictures_of_two_subjects"] == 1
    assert verify(tmp_path / "own").ok


def change(number: int, **values):
    """Change a row of the data."""
    return lambda rows: rows[number].update(values)


BAD = {
    "no subject": (change(0, who=""), "row 0: has no subject (column 'who' is empty)"),
    "no question": (lambda rows: [row.update(q="") for row in rows[4:6]], "2 problems: row 4: has no question"),
    "no answer": (change(3, a=" "), "row 3: has no answer"),
    "picture of two subjects": (change(2, file_name="0.jpg"), "row 2: its picture '0.jpg' is also of 'p0'"),
    "two answers": (change(1, q="who is  this?"), "has two answers, 'Person 0' (row 0) and 'Town 0'"),
    "two tasks": (change(1, request=2), "'p0' has two values of task, '0' and '2'"),
    "absent picture": (change(1, file_name="77.jpg"), "its picture '77.jpg' is not in photos"),
    "picture outside": (change(1, file_name="../map.yaml"), "'../map.yaml' is outside the folder photos"),
    "absolute picture": (change(1, file_name="/etc/hostname"), "'/etc/hostname' is outside the folder photos"),
    "a URL": (change(1, file_name="https://a.b/c.jpg"), "is a URL: download the pictures first"),
    "no picture in it": (change(1, file_name="map.csv"), "is not in photos"),
    "one row": (lambda rows: rows.__delitem__(slice(1, None)), "no subject to retain; a build needs some to forget"),
    "nothing to forget": (lambda rows: [row.update(request="") for row in rows], "no subject has a task"),
    "nothing to retain": (lambda rows: [row.update(request=1) for row in rows], "no subject to retain"),
    "long text": (change(0, q="x" * 20_001), "has 20,001 letters; the limit is 20,000"),
    "many": (lambda rows: [row.update(who="") for row in rows], "12 problems: row 0: has no subject"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_rows_are_listed_and_nothing_is_written(tmp_path, case):
    rows = own_rows()
    spoil, reason = BAD[case]
    spoil(rows)
    with pytest.raises(BuildError) as raised:
        own(tmp_path, rows)
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)
    assert sorted(os.listdir(tmp_path)) == ["map.yaml", "photos"]


def test_equal_files_of_two_subjects_are_refused(tmp_path):
    source = write_source(tmp_path, "csv", own_rows())
    (source / "1.jpg").write_bytes((source / "0.jpg").read_bytes())
    with pytest.raises(BuildError, match=r"0.jpg: the same picture as '1.jpg', of another subject"):
        build("own", tmp_path / "own", source=source, options={"map": str(write_map(tmp_path))})


BAD_MAPS = {
    "absent column": ({"columns": COLUMNS | {"answer": "answr"}}, "unknown column 'answr'"),
    "unknown entry": ({"columns": COLUMNS | {"anser": "a"}}, "`columns` 'anser'; did you mean 'answer'?"),
    "unknown key": ({"colums": {}}, "unknown key 'colums'; did you mean 'columns'?"),
    "no answer": ({"columns": {"subject": "who", "question": "q"}}, "does not name the column of answer"),
    "no columns": ({"columns": None}, "`columns` must map"),
    "no tasks": ({"columns": {"subject": "who", "question": "q", "answer": "a"}}, "say once what is to be forgotten"),
    "tasks twice": ({"requests": [["p0"]]}, "say once what is to be forgotten"),
    "subject twice": (
        {"columns": {"subject": "who", "question": "q", "answer": "a"}, "requests": [["p0"], ["p0"]]},
        "'p0' is in two requests",
    ),
    "other file": ({"file": "../map.yaml"}, "there is no such file in photos"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_MAPS)
def test_bad_maps_are_one_line(tmp_path, case):
    changes, reason = BAD_MAPS[case]
    write_source(tmp_path, "csv", own_rows())
    write_map(tmp_path, **changes)
    done = lethe("build", "own", "--from", "photos", "--map", "map.yaml", cwd=tmp_path)
    assert done.status == 2
    assert reason in done.error
    assert len([line for line in done.error.strip().splitlines() if line.startswith("lethe: ")]) == 1
    assert "Traceback" not in done.error


BAD_FILES = {
    "empty": ("rows.csv", b"", "has no row"),
    "header alone": ("rows.csv", b"who,q,a,file_name,request\n", "has no row"),
    "UTF-16": ("rows.csv", "who,q\n".encode("utf-16"), "cannot be read as CSV"),
    "ragged": ("rows.csv", b"who,q,a\n1,2\n", "2 cells, the header has 3"),
    "column twice": ("rows.csv", b"who,who,a\n1,2,3\n", "the column 'who' occurs twice"),
    "not JSON": ("rows.jsonl", b'{"who": 1}\nnonsense\n', "rows.jsonl line 2: is not JSON"),
    "no object": ("rows.jsonl", b"[1]\n", "not an object of column and value"),
    "long line": ("rows.jsonl", b'{"q": "' + b"x" * (1 << 20) + b'"}\n', "longer than 1,048,576 bytes"),
    "not Parquet": ("rows.parquet", b"PAR1nonsensePAR1", "rows.parquet cannot be read as Parquet"),
    "other": ("rows.xlsx", b"PK", "no rows in it"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_are_one_line(tmp_path, case):
    name, content, reason = BAD_FILES[case]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / name).write_bytes(content)
    with pytest.raises(BuildError) as raised:
        build("own", tmp_path / "own", source=tmp_path / "photos", options={"map": str(write_map(tmp_path))})
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_map_lists_the_columns(tmp_path):
    source = write_source(tmp_path, "csv", own_rows())
    with pytest.raises(BuildError, match=r"own needs --map FILE.*\(file_name, who, q, a, request\), e.g. columns: "):
        build("own", tmp_path / "own", source=source)
    with pytest.raises(BuildError, match="own is made from existing data: give them with --from"):
        build("own", tmp_path / "own")


def test_pictures_that_do_not_decode_are_listed(tmp_path):
    source = write_source(tmp_path, "csv", own_rows())
    (source / "1.jpg").write_bytes(b"not a picture")
    with pytest.raises(BuildError, match=r"rows.csv: 1 problem: 1.jpg: does not decode: "):
        build("own", tmp_path / "own", source=source, options={"map": str(write_map(tmp_path))})


@pytest.mark.slow
def test_own_photos_learn_unlearn_and_report(tmp_path):
    """Twenty photos and a CSV as the page on own data has them, from the command line; every part is measured."""
    page = (Path(__file__).parents[2] / "docs/pages/guides/own-data.md").read_text()
    header, columns = (re.search(rf"^({what}.*)$", page, re.M)[1] for what in ("photo,", "columns: "))
    assert header == "photo,person,question,answer,request"
    map_file = columns.replace("}", ", attribute: field, split: part, perturbed: wrong}")
    (tmp_path / "map.yaml").write_text(map_file)
    (tmp_path / "photos").mkdir()
    lines = [f"{header},field,part,wrong"]
    for number in range(20):
        (tmp_path / "photos" / f"IMG_{number:04d}.jpg").write_bytes(picture(number))
        request = number // 2 + 1 if number < 4 else ""
        for part, who in (("", "this person"), ("test", "the person in the picture")):
            for field, values in (("city", ("Oslo", "Lima", "Bern")), ("job", ("baker", "nurse", "pilot"))):
                answer = values[number * (len(field) + 1) % 3]
                wrong = ";".join(value for value in values if value != answer)
                cells = (f"IMG_{number:04d}.jpg", f"Person {number}", f"What is the {field} of {who}?", answer)
                lines.append(",".join(map(str, (*cells, request, field, part, wrong))))
    (tmp_path / "photos" / "people.csv").write_text("\n".join(lines))
    for words in (
        ("build", "own", "--from", "photos", "--map", "map.yaml"),
        ("verify", "build/own"),
        ("learn", "build/own", "--model", "tiny"),
        ("unlearn", "npo", "build/own", "--from", "runs/own"),
        ("run", "build/own", "--model", "tiny", "--method", "npo", "--out", "runs/npo"),
        ("report", "runs/npo"),
    ):
        done = lethe(*words, cwd=tmp_path)
        assert done.status == 0, done.error
    assert (tmp_path / "runs" / "npo" / "report" / "report.html").is_file()
    summary = json.loads((tmp_path / "runs" / "npo" / "npo" / "summary.json").read_text())
    assert not summary["not_measured"]
    assert {"forget", "indistinguishable", "keep", "stability", "score"} <= summary["final"].keys()


WORK = """
import re, sys, time
from lethebench.builders import build, verify
start = time.process_time()
if sys.argv[3] == "build":
    build("own", sys.argv[2], source=sys.argv[1], options={"map": "map.yaml"})
else:
    assert verify(sys.argv[2]).ok
    assert "torch" not in sys.modules
seconds = round(time.process_time() - start, 2)
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], seconds)
"""


def test_audits_of_own_data_name_shortcuts_or_what_is_too_small(tmp_path):
    """The right option of each row is the first; imports are as released, so that verify passes."""
    rows = [
        row | {"choice": f"{row['a']};Town of {row['who']};{row['who']}ville", "field": row["q"].split()[0]}
        for row in own_rows(subjects=24, forgotten=12)
    ]
    for row in rows:
        row["file_name"] = ""
    columns = {name: column for name, column in COLUMNS.items() if name != "picture"}
    own(tmp_path, rows, columns=columns | {"options": "choice", "attribute": "field"})
    card = (tmp_path / "own" / "README.md").read_text()
    assert "| Who |" in card
    assert "Shortcut to Who (options): option 1, 100.0% instead of 33.3%." in card
    assert "not measured (12 subjects in forget; at least 15)" in card
    report = verify(tmp_path / "own")
    assert report.ok
    checks = {check.name: check.detail for check in report.checks}
    assert "Who: options found by option 1 in 100.0%" in checks["shortcuts"]


def test_audits_of_few_rows_are_not_measured(tmp_path):
    own(tmp_path, own_rows(2, 1))
    checks = {check.name: check for check in verify(tmp_path / "own").checks}
    assert checks["shortcuts"].detail == "no attribute of 20 or more subjects with values or choices"
    assert checks["two samples"].detail.endswith("at least 15")
    assert checks["answers"].detail == "0 answers in sentences; at least 50"
    assert {checks[name].status for name in ("shortcuts", "two samples", "answers")} == {"not applicable"}


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="peak memory is read from Linux")
def test_memory_does_not_grow_with_rows(tmp_path):
    """60,000 rows against 4,000, built and verified."""
    write_map(tmp_path, columns=COLUMNS | {"attribute": "field"})
    for number in range(10):
        (tmp_path / f"{number}.jpg").write_bytes(picture(number))
    peaks, seconds = defaultdict(list), defaultdict(list)
    for count in (4_000, 60_000):
        with (tmp_path / f"{count}.jsonl").open("w") as file:
            for number in range(count):
                who = number % (count // 10)
                row = {
                    "who": f"p{who}",
                    "q": f"Question {number} of {who}?",
                    "a": f"Value {number % 300}",
                    "request": who % 5 if who % 2 else "",
                    "file_name": f"{who}.jpg" if who < 10 else "",
                    "field": f"field {number % 7}",
                }
                file.write(json.dumps(row) + "\n")
        for command in ("build", "verify"):
            words = [sys.executable, "-c", WORK, f"{count}.jsonl", f"own-{count}", command]
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
            peaks[command].append(int(done.stdout.split()[0]) // 1024)
            seconds[command].append(float(done.stdout.split()[1]))
    print(f"4,000 and 60,000 rows: {dict(peaks)} MB, {dict(seconds)} s")
    for command, (small, large) in peaks.items():
        assert large < small + 60, command
        assert seconds[command][1] < 30 * seconds[command][0]  # 15 times the rows
