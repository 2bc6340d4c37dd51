"""`lethe push-model`: only safetensors, no local paths, and a card with the figures of the run."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from safetensors.numpy import save_file
from sealed_run import reseal
from synthetic_run import write_run

from lethebench.report.tables import number


@pytest.fixture(scope="module", autouse=True)
def _run(user):
    """A run whose method npo trained an adapter and whose method ga left no safetensors."""
    run = write_run(user.work / "run", methods=("ga", "npo"), tasks=3)
    for stage in run.glob("npo/t*"):
        add_adapter(stage, base=user.home / "models" / "base-model")
    for stage in run.glob("ga/t*"):
        (stage / "pytorch_model.bin").write_bytes(b"pickled")
    reseal(run)


def add_adapter(stage: Path, base: Path) -> None:
    """Write what PEFT writes, with the path of the base model."""
    save_file({"lora_A": np.ones((4, 64), np.float32)}, stage / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "base_model_name_or_path": str(base), "r": 4, "target_modules": ["q", "v"]}
    (stage / "adapter_config.json").write_text(json.dumps(config))
    (stage / "README.md").write_text(f"---\nbase_model: {base}\n---\nwritten by PEFT\n")
    (stage / "chat_template.jinja").write_text("{{ messages }}")


def summary(user, method: str = "npo") -> dict:
    return json.loads((user.work / "run" / method / "summary.json").read_text())


def push_build(user, name: str, tag: str, *, manifest: bytes | None = None) -> str:
    """Create a dataset repository with the files that push-model reads; return the commit of the tag."""
    build = user.server.hub.create("dataset", f"somebody/{name}")
    tasks = [{"id": f"icu_{split}", "config": "continual", "split": split} for split in ("forget", "retain", "test")]
    manifest = manifest or (user.work / "run/data/manifest.json").read_bytes()
    build.tags[tag] = build.change({"manifest.json": manifest, "eval.yaml": yaml.safe_dump({"tasks": tasks})})
    build.change({"later.txt": "after the tag"})
    return build.tags[tag]


def test_adapter_is_published_with_scores(user):
    commit = push_build(user, "icu", "v1.0.0")
    done = user.types("push-model", "run", "somebody/icu-npo", "--method", "npo")
    assert done.status == 0, done.error
    tree = user.repository("icu-npo", "model").tree
    assert tree.keys() == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "chat_template.jinja",
        ".eval_results/icu.yaml", ".gitattributes",
    }  # fmt: skip
    stage = user.work / "run/npo/t003"
    assert tree["adapter_model.safetensors"].content == (stage / "adapter_model.safetensors").read_bytes()
    config = json.loads(tree["adapter_config.json"].content)
    assert config == json.loads((stage / "adapter_config.json").read_text()) | {"base_model_name_or_path": "tiny"}
    final = summary(user)["final"]
    entries = parse_eval_result_entries(yaml.safe_load(tree[".eval_results/icu.yaml"].content))
    results = {entry.task_id: (entry.value, entry.dataset_id, entry.dataset_revision) for entry in entries}
    assert results == {
        "icu_forget": (round(final["forget"], 6), "somebody/icu", commit),
        "icu_retain": (round(final["keep"], 6), "somebody/icu", commit),
    }


def test_card_equals_run_files(user):
    assert user.types("push-model", "run", "somebody/card", "--method", "npo").status == 0
    card = ModelCard(user.repository("card", "model").tree["README.md"].content.decode())
    assert card.data.library_name == "peft"
    assert card.data.pipeline_tag == "image-text-to-text"
    expected, gold = summary(user), json.loads((user.work / "run/gold/summary.json").read_text())["stages"]["3"]
    low, high = expected["intervals"]["forget"]
    forget = f"| forget | {number(expected['final']['forget'])} | {number(low)} to {number(high)} | 1.000 | 1 |"
    assert forget in card.text
    bits = " to ".join(map(number, expected["intervals"]["exposure"]))
    assert f"| {number(expected['final']['exposure'])} | {bits} | {number(gold['exposure'])} | as gold |" in card.text
    assert "lethe run data --method npo --model tiny --tasks 3" in card.text
    assert "| `retain_weight` | 5.0 |" in card.text
    assert "Negative preference optimization" in card.text
    assert "ga" not in card.text.partition("## Use")[0].split()


def test_middle_stage_has_its_own_figures(user):
    done = user.types("push-model", "run", "somebody/middle", "--method", "npo", "--stage", "2")
    assert done.status == 0, done.error
    card = user.repository("middle", "model").tree["README.md"].content.decode()
    expected = summary(user)
    assert f"| forget | {number(expected['forget'][1])} | – | – | 1 |" in card
    assert f"| utility kept on held-out rows | {number(expected['keep'][1])} | – |" in card
    assert "after task 2 of 3." in card
    assert "no gold model for this stage" in card


def test_weights_of_an_earlier_model_are_deleted(user):
    repository = user.server.hub.create("model", "somebody/replaced")
    repository.change({"model-00001-of-00002.safetensors": b"old", "plot.png": b"mine", "README.md": "Mine.\n"})
    assert user.types("push-model", "run", "somebody/replaced", "--method", "npo").status == 0
    assert "model-00001-of-00002.safetensors" not in repository.tree
    assert repository.tree["plot.png"].content == b"mine"
    assert repository.tree["README.md"].content.decode().endswith("\n\nMine.\n")


def test_other_build_gets_no_eval_results(user):
    push_build(user, "other", "v1.0.0", manifest=b"{}")
    push = ("push-model", "run", "somebody/no-results", "--method", "npo", "--dataset")
    done = user.types(*push, "somebody/other", "--dry-run")
    assert "no .eval_results: v1.0.0 of somebody/other is not the build of this run" in done.out
    done = user.types(*push, "somebody/absent")
    assert "no .eval_results: somebody/absent has no build tagged v1.0.0" in done.out
    assert ".eval_results/icu.yaml" not in user.repository("no-results", "model").tree


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"tasks: [", "not valid YAML"), (b"", "got null"), (b"- a", "expected"), (b"tasks: {a: b}", "tasks"),
        (b"tasks: [x]", "tasks.0"), (b"tasks: [{split: a}]", "tasks.0.id is missing"), (b"\xff\xfe\0", "YAML"),
        (b"tasks: &a [*a]", "anchors"), (b"tasks: [{id: [], split: forget}]", "tasks.0.id"),
        (b"tasks: []\n" + b"# x" * 400_000, "larger than 1024 KiB"),
    ],
)  # fmt: skip
def test_hostile_eval_yaml_is_one_line(content, words, user):
    push_build(user, "odd", "v1.0.0")
    build = user.server.hub.of("somebody/odd", "dataset")
    build.tags["v1.0.0"] = build.change({"eval.yaml": content})
    done = user.types("push-model", "run", "somebody/x", "--method", "npo", "--dataset", "somebody/odd", "--dry-run")
    assert done.status == 2, done.out
    assert "eval.yaml of somebody/odd" in done.line
    assert words in done.line


def test_invalid_model_is_refused(user):
    push = ("push-model", "run", "somebody/refused")
    for arguments, fragments in (
        (push, ["ga, npo", "--method"]),
        ((*push, "--method", "idk"), ["idk", "ga, npo"]),
        ((*push, "--method", "npo", "--stage", "4"), ["--stage 4", "1, 2, 3"]),
        ((*push, "--method", "ga"), ["has no .safetensors", "run that stage again"]),
        (("push-model", "nowhere", "somebody/refused"), ["nowhere does not exist"]),
    ):
        done = user.types(*arguments)
        assert done.status == 2
        assert all(text in done.line for text in fragments), done.line
    assert ("model", "somebody/refused") not in user.server.hub.repositories


def test_local_path_in_a_file_is_refused(user):
    shutil.copytree(user.work / "run", user.work / "careless")
    template = user.work / "careless/npo/t003/chat_template.jinja"
    template.write_text(f"{{# from {user.home}/notes #}}")
    reseal(user.work / "careless")
    done = user.types("push-model", "careless", "somebody/careless", "--method", "npo")
    assert done.status == 2
    assert f"chat_template.jinja holds the path {user.home}" in done.line
    assert ("model", "somebody/careless") not in user.server.hub.repositories
