"""A run over documents of two pages, with people who ask again and for a part: the rows of each stage."""

import json
from collections import Counter

import pyarrow.parquet as pq
import pytest
from small_build import use_stand_ins

from lethebench.builders import build
from lethebench.builders.requests import read_requests
from lethebench.runs.commands import run_command
from lethebench.runs.options import RunOptions

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("short_answers")]
TASKS = 2


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The build, its run with gradient ascent over both tasks, and the result."""
    folder = tmp_path_factory.mktemp("patterns")
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        build("icu", folder / "icu", size=8, options={"requests": "repeated,partial", "pages": 2})
    few = {"learn": {"max_steps": 4}, "ga": {"max_steps": 2}}
    options = RunOptions(
        data=folder / "icu", out=folder / "run", methods=("ga",), gold="all", ignore_gate=True, settings=few
    )
    result, _ = run_command(options, seeds=1, resume=False)
    return folder, result


def test_stages_have_the_rows_of_their_requests(finished):
    folder, result = finished
    profiles = pq.read_table(folder / "icu" / "profiles").to_pylist()
    counts = Counter()
    for profile in profiles:
        requests = read_requests({pair["attribute"]: pair["value"] for pair in profile["details"]})
        for attribute in ("name", *(pair["attribute"] for pair in profile["fields"])):
            if profile["role"] < 2:  # forget and retain
                counts[requests.get(attribute, profile["task_id"])] += 1 if attribute == "name" else 2
    assert min(counts[task] for task in (-1, 0, 1)) > 0
    for stage in (1, TASKS):
        done = json.loads((folder / "run" / "ga" / f"t{stage:03d}" / "done.json").read_text())
        assert done["rows"] == counts[stage - 1]
        assert done["retain_rows"] == counts[-1] + sum(counts[task] for task in range(stage, TASKS))
        gold = json.loads((folder / "run" / "gold" / f"t{stage:03d}" / "done.json").read_text())
        assert gold["rows"] == done["retain_rows"]
    assert result["gold"]["exposure"] is not None


def test_scored_rows_keep_role_and_task_of_their_own(finished):
    folder, _ = finished
    scored = pq.read_table(
        folder / "run" / "ga" / "t002" / "rows.parquet", columns=["id", "profile_id", "role", "task_id"]
    )
    tasks, roles = {}, {}
    for row in scored.to_pylist():
        tasks.setdefault(row["profile_id"], set()).add(row["task_id"])
        roles.setdefault(row["profile_id"], set()).add(row["role"])
        assert (row["role"] == "forget") == (row["task_id"] >= 0)
    assert {0, 1} in tasks.values()
    assert {"forget", "retain"} in roles.values()
