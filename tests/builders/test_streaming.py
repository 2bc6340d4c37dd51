"""What a stranger does with a build on the Hub: load it, stream it, take one request out without reading the rest."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import load_dataset
from hub_server import REPOSITORY, run_as_user, serving
from small_build import distinct_splits, quick_build

from lethebench.builders import BENCHMARKS, build

SESSION = f"""
import json
from datasets import Image, List
from lethebench.builders import content_hash, row_digest

found = {{}}
for config, split in SPLITS:
    rows = load_dataset({REPOSITORY!r}, config, split=split, streaming=True)
    for column in set(rows.column_names) & {{"images", "thumbnails"}}:
        rows = rows.cast_column(column, List(Image(decode=False)))
    found[f"{{config}}/{{split}}"] = content_hash(map(row_digest, rows))
print(json.dumps(found))
print(json.dumps([[row["id"], row["task_id"], len(row["images"])] for row in task]))
"""
REQUEST = """
import json, sys
from datasets import load_dataset

def read_so_far():
    return int(open("/proc/self/io").readline().split()[1])

def ids_of(task):
    rows = load_dataset(data, "continual", split="forget", filters=[("task_id", "==", task)], streaming=streaming)
    return [row["id"] for row in rows]

data, task, streaming = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "streaming"
if not data.startswith("somebody/"):
    ids_of(0)  # what Python reads of libraries at first use is not the data's
before = read_so_far()
ids = ids_of(task)
print(json.dumps([ids, read_so_far() - before]))
"""


@pytest.fixture(
    scope="module",
    params=["icu", *(pytest.param(name, marks=pytest.mark.slow) for name in BENCHMARKS if name != "icu")],
)
def typed(request, tmp_path_factory) -> tuple[dict, dict, list]:
    """A user's session over HTTP, begun with the card's lines: (manifest, hash of each split, rows of one request)."""
    folder = quick_build(request.param)
    first, second, *_ = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    first = first.replace(f'data = "{request.param}"', f"data = {REPOSITORY!r}")
    assert REPOSITORY in first
    manifest = json.loads((folder / "manifest.json").read_text())
    code = first + second + SESSION.replace("SPLITS", repr(distinct_splits(manifest)))
    with serving(folder) as server:
        printed = run_as_user(code, server, tmp_path_factory.mktemp("home")).splitlines()
    return manifest, *map(json.loads, printed[-2:])


def test_splits_stream_from_the_hub(typed):
    manifest, hashes, _ = typed
    assert hashes == {
        f"{config}/{split}": manifest["splits"][config][split]["content_hash"]
        for config, split in distinct_splits(manifest)
    }


def test_card_code_loads_one_request_from_the_hub(typed):
    manifest, _, request = typed
    assert request
    assert {task for _, task, _ in request} == {0}
    name = manifest["benchmark"]
    assert {count for _, _, count in request} == ({1} if name in ("mlu", "remem") else {0, 1})
    forget = load_dataset(str(quick_build(name)), split="forget").remove_columns("images")
    assert [row_id for row_id, _, _ in request] == forget.filter(lambda row: row["task_id"] == 0)["id"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="bytes read are counted by Linux")
def test_one_request_reads_under_two_percent(tmp_path):
    """As many requests as at paper size, with one profile each where paper size has five.

    Over HTTP `datasets` reads 5 MiB ahead of every range, so a fifth of the data makes this five times harder.
    """
    build("icu", tmp_path / "icu", size=200, num_proc=2, options={"task_size": 1})
    manifest = json.loads((tmp_path / "icu" / "manifest.json").read_text())
    assert manifest["tasks"] == 100
    whole = sum(listing["bytes"] for listing in manifest["files"].values())
    read, ids = {}, {}
    for mode in ("streaming", "loading"):
        done = subprocess.run(
            [sys.executable, "-c", REQUEST, tmp_path / "icu", "7", mode], capture_output=True, text=True, check=True
        )
        ids[mode], read[mode] = json.loads(done.stdout)
    (tmp_path / "home").mkdir()
    with serving(tmp_path / "icu") as server:
        code = REQUEST.replace("sys.argv[1], int(sys.argv[2]), sys.argv[3]", f"{REPOSITORY!r}, 7, 'streaming'")
        ids["hub"], _ = json.loads(run_as_user(code, server, tmp_path / "home"))
        read["hub"] = server.sent
    print({mode: f"{count:,} bytes, {count / whole:.2%}" for mode, count in read.items()}, f"of {whole:,}")
    assert len(ids["streaming"]) in (15, 17)  # the questions of one labor contract or one medical report
    assert ids["streaming"] == ids["loading"] == ids["hub"]
    assert all(count < 0.02 * whole for count in read.values())
