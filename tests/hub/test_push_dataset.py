"""`lethe push`: rows loaded from the tag equal the build; a dry run changes nothing; tags are not moved."""

import json
import shutil
from pathlib import Path

import pytest
from push_support import received
from small_build import real_build

from lethebench.builders import BENCHMARKS

LOAD = """
import json
from datasets import Image, List, load_dataset
from huggingface_hub import snapshot_download
from lethebench.builders import content_hash, row_digest, verify

hashes = {}
for config in CONFIGS:
    for split, rows in load_dataset(NAME, config, revision=TAG).items():
        for column in set(rows.column_names) & {"images", "thumbnails"}:
            rows = rows.cast_column(column, List(Image(decode=False)))
        hashes[f"{config}/{split}"] = content_hash(map(row_digest, rows))
report = verify(snapshot_download(NAME, repo_type="dataset", revision=TAG, local_dir="copy"))
assert report.ok, report.to_dict()["problems"]
print(json.dumps(hashes))
"""


def assert_pushed_build_loads(user, other, build: Path, name: str, home: Path) -> dict:
    """Push a build; assert that a user without a token loads and downloads it from its tag, and return the manifest."""
    done = user.types("push", build, name)
    assert done.status == 0, done.error
    manifest = json.loads((user.work / build / "manifest.json").read_text())
    code = LOAD.replace("NAME", repr(name)).replace("TAG", repr(f"v{manifest['version']}"))
    printed = other.runs(code.replace("CONFIGS", repr(list(manifest["splits"]))), home)
    assert json.loads(printed) == {
        f"{config}/{split}": part["content_hash"]
        for config, splits in manifest["splits"].items()
        for split, part in splits.items()
    }
    return manifest


def test_rows_loaded_from_the_tag_equal_the_build(user, other, tmp_path):
    manifest = assert_pushed_build_loads(user, other, Path("icu"), "somebody/icu", tmp_path / "home")
    tree = user.repository("icu").tree
    assert 'data = "somebody/icu"' in tree["README.md"].content.decode()
    for name in manifest["files"]:
        assert tree[name].content == (user.work / "icu" / name).read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_survives_push_and_load(user, other, name, tmp_path):
    assert_pushed_build_loads(user, other, real_build(name), f"somebody/{name}", tmp_path / "home")


def test_dry_run_reports_and_changes_nothing(user):
    before = len(user.server.received)
    done = user.types("push", "icu", "somebody/planned", "--dry-run", "--private")
    assert done.status == 0, done.error
    assert done.out.startswith("would create the private dataset somebody/planned as v2.0.0:\n+ README.md")
    assert ("dataset", "somebody/planned") not in user.server.hub.repositories
    assert {request.method for request in user.server.received[before:]} == {"GET"}


def test_push_over_earlier_build_replaces_its_files(user):
    repository = user.server.hub.create("dataset", "somebody/older", gated=True)
    old = {"files": {"qa/forget-00000-of-00002.parquet": {}, "notes.txt": {}}, "splits": {"lifelong": {}}}
    configs = "configs:\n- config_name: lifelong\n  data_files: x\n- config_name: mine\n  data_files: mine.csv\n"
    files = {
        "README.md": f"---\nviewer: false\n{configs}---\n\nBy hand.\n",
        "manifest.json": json.dumps(old),
        "qa/forget-00000-of-00002.parquet": b"old",
        "qa/forget-00001-of-00002.parquet": b"in no manifest, and yet a shard that our config would load",
        "notes.txt": "listed by the old build",
        "mine.csv": "a\n1\n",
    }
    repository.change(files)
    before = repository.state()
    planned = user.types("push", "icu", "somebody/older", "--dry-run", "--json")
    plan = json.loads(planned.out)
    assert repository.state() == before
    gone = ["notes.txt", "qa/forget-00000-of-00002.parquet", "qa/forget-00001-of-00002.parquet"]
    assert plan["deleted"] == gone
    assert plan["changed"] == ["README.md", "manifest.json"]
    assert "+license: cc-by-4.0" in plan["card_diff"]
    done = user.types("push", "icu", "somebody/older")
    assert done.status == 0, done.error
    assert "(public, gated (manual))" in done.out
    assert not set(gone) & repository.tree.keys()
    assert repository.tree["mine.csv"].content == b"a\n1\n"
    card = repository.tree["README.md"].content.decode()
    assert "viewer: false" in card
    assert "config_name: mine" in card
    assert "lifelong" not in card
    assert card.endswith("By hand.\n")


@pytest.mark.slow
def test_second_push_is_a_no_op_and_other_build_refused(user, tmp_path):
    assert user.types("push", "icu", "somebody/twice").status == 0
    repository = user.repository("twice")
    before = repository.state()
    done = user.types("push", "icu", "somebody/twice")
    assert done.status == 0, done.error
    assert "has v2.0.0 already, with the same content; nothing to do" in done.out
    repository.change({"README.md": repository.tree["README.md"].content + b"\n## News\n\nLater.\n"})
    assert user.types("push", "icu", "somebody/twice").status == 0
    other = repository.change({"eval.yaml": "tasks: []\n"}, "icu by somebody else")
    repository.tags["v2.0.0"] = other
    done = user.types("push", "icu", "somebody/twice")
    assert done.status == 2
    assert "has v2.0.0 already, with another eval.yaml, and a tag is never moved; build with" in done.line
    assert repository.head == other
    assert before[0] in repository.commits


def test_private_option_is_kept_or_refused(user):
    done = user.types("push", "icu", "somebody/secret", "--private")
    assert done.status == 0, done.error
    assert "(private)" in done.out
    assert user.repository("secret").private
    user.server.hub.create("dataset", "somebody/open")
    done = user.types("push", "icu", "somebody/open", "--private")
    assert done.status == 2
    assert "--private: somebody/open is public" in done.line


@pytest.mark.parametrize(
    ("name", "fragments"),
    [
        ("icu", ["icu: not ORG/NAME", "your-name/icu"]),
        ("datasets/somebody/icu", ["not ORG/NAME"]),
        ("https://huggingface.co/somebody/icu", ["not ORG/NAME"]),
        ("somebody/", ["not ORG/NAME"]),
        ("somebody/a..b", ["not a valid name"]),
        ("else/icu", ["403", "else/icu"]),
        ("somebody/a-model", ["somebody/a-model is a model on the Hub, not a dataset"]),
        ("somebody/a-space", ["somebody/a-space is a space on the Hub, not a dataset"]),
    ],
)
def test_invalid_name_is_refused(user, name, fragments):
    user.server.hub.create("model", "somebody/a-model")
    user.server.hub.create("space", "somebody/a-space")
    before = set(user.server.hub.repositories)
    done = user.types("push", "icu", name)
    assert done.status == 2
    assert all(text in done.line for text in fragments), done.line
    assert set(user.server.hub.repositories) == before


def test_unverified_build_is_not_pushed(user):
    shutil.copytree(user.work / "icu", user.work / "damaged")
    (user.work / "damaged" / "eval.yaml").write_text("tasks: []\n")
    before = len(list(received(user.server)))
    done = user.types("push", "damaged", "somebody/damaged")
    assert (done.status, len(list(received(user.server)))) == (1, before)
    assert "eval.yaml" in done.line
    assert user.types("push", "nowhere", "somebody/nowhere").line.startswith("lethe: nowhere is not a folder")
