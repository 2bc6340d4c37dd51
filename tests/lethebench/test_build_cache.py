"""The cache of builds: rows belong to the content of a folder, not to its name or card."""

from pathlib import Path

import pytest
from datasets import config
from small_build import rewrite, stand_in_build

from lethebench.errors import UserError
from lethebench.runs.build import open_build

FORGET = "qa/forget-00000-of-00001.parquet"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def forge(folder: Path) -> None:
    rewrite(folder, FORGET, lambda rows: [row.update(answer="FORGED") for row in rows] and None)


def answers(folder: Path) -> set[str]:
    return set(open_build(folder).forget["answer"])


@pytest.mark.parametrize("forged_first", [True, False])
def test_folders_of_one_name_do_not_mix(tmp_path, forged_first):
    genuine, forged = (stand_in_build(tmp_path / parent / "icu") for parent in "ab")
    forge(forged)
    assert (genuine / "README.md").read_bytes() == (forged / "README.md").read_bytes()
    order = [forged, genuine] if forged_first else [genuine, forged]
    for folder in (*order, *order):
        assert (answers(folder) == {"FORGED"}) == (folder == forged)


def test_rebuilt_folder_gives_its_new_rows(tmp_path):
    folder = stand_in_build(tmp_path / "icu")
    before = answers(folder)
    forge(folder)
    assert answers(folder) == {"FORGED"} != before


def test_shard_that_the_manifest_does_not_list_is_refused(tmp_path):
    genuine, forged = (stand_in_build(tmp_path / parent / "icu") for parent in "ab")
    assert answers(genuine)
    forge(forged)
    (genuine / FORGET).write_bytes((forged / FORGET).read_bytes())
    with pytest.raises(UserError, match="was changed after the build"):
        answers(genuine)
