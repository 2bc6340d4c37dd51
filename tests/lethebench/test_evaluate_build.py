"""`lethe evaluate DIR`: a model or an adapter on a build, and invalid options."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
from command_line import lethe
from initial_run import rows_of
from peft import LoraConfig, get_peft_model
from small_build import stand_in_build
from tiny_models import llava, save_llava

from lethebench.errors import UserError
from lethebench.evaluation.answers.row_scores import CARRIED_COLUMNS, MEMBERSHIP_COLUMNS, SCORE_COLUMNS
from lethebench.evaluation.metrics import auc
from lethebench.scoring.command import evaluate_command
from lethebench.scoring.options import EvaluateOptions

pytestmark = pytest.mark.usefixtures("short_answers")
TARGETS = r".*language_model\..*\.q_proj"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return stand_in_build(tmp_path_factory.mktemp("data") / "icu")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Three models: the scored one, a gold one and an initial one."""
    folder = tmp_path_factory.mktemp("models")
    return [save_llava(folder / name, seed) for seed, name in enumerate(("model", "gold", "before"))]


@pytest.fixture(scope="module")
def scored(data, models, tmp_path_factory):
    """Every metric on a sample of the rows."""
    folder = tmp_path_factory.mktemp("out") / "scores"
    model, gold, before = map(str, models)
    options = EvaluateOptions(target=data, model=model, gold=gold, before=before, sample=8, out=folder)
    scores, text = evaluate_command(options)
    return folder, scores, text


def test_written_files_and_headline(scored):
    folder, scores, text = scored
    assert {path.name for path in folder.iterdir()} == {"rows.parquet", "scores.json", "done.json", ".lethe.json"}
    assert not list(folder.parent.glob(".*"))
    assert json.loads((folder / "scores.json").read_text()) == scores
    rows = rows_of(folder)
    assert list(rows[0]) == [*CARRIED_COLUMNS, *SCORE_COLUMNS, *MEMBERSHIP_COLUMNS, "answer_logprob"]
    assert {name: sum(row["split"] == name for row in rows) for name in ("forget", "retain", "holdout")} == {
        "forget": 8,
        "retain": 8,
        "holdout": 8,
    }
    assert "sampled" in scores["flags"]
    for metric in scores["metrics"]:
        assert metric.replace("_", " ") in text


def test_aggregates_equal_means_of_rows(scored):
    folder, scores, _ = scored
    rows = {name: [row for row in rows_of(folder) if row["split"] == name] for name in ("forget", "retain", "holdout")}
    metrics = scores["metrics"]
    assert scores["not_measured"] == {} or set(scores["not_measured"]) <= {"forget", "utility", "keep"}
    for name, part in rows.items():
        cell = metrics["memorization"][f"{name}/keyword_match"]
        assert cell["value"] == pytest.approx(np.mean([row["keyword_match"] for row in part]))
        assert cell["n"] == len(part)
        bits = [row["exposure"] for row in part if row["exposure"] is not None]
        assert metrics["exposure"][f"{name}/exposure"]["value"] == pytest.approx(np.mean(bits))
        logs = [math.log(row["truth_ratio"]) for row in part if row["truth_ratio"] is not None]
        assert metrics["truth_ratio"][f"{name}/truth_ratio"]["value"] == pytest.approx(math.exp(np.mean(logs)))
    for metric, cells in metrics.items():
        for cell in cells.values():
            assert cell["n"] >= 1
            if cell["ci_low"] is not None and metric in ("memorization", "exposure"):
                assert cell["ci_low"] <= cell["value"] <= cell["ci_high"]
    both = rows["forget"] + rows["holdout"]
    expected = auc([row["min_k_20"] for row in both], [1] * len(rows["forget"]) + [0] * len(rows["holdout"]))
    assert metrics["privacy_leakage"]["min_k_20/auc"]["value"] == pytest.approx(expected)
    assert metrics["privacy_leakage"]["min_k_20/auc"]["ci_low"] is not None
    for row in both:
        assert row["loss"] == pytest.approx(row["logprob"] / row["num_tokens"])


def test_gold_is_scored_on_the_same_rows(scored, data, models, tmp_path):
    folder, scores, _ = scored
    other = EvaluateOptions(target=data, model=str(models[1]), sample=8, out=tmp_path / "gold")
    evaluate_command(other)
    gold = {row["id"]: row for row in rows_of(tmp_path / "gold")}
    forget = [row for row in rows_of(folder) if row["split"] == "forget" and row["exposure"] is not None]
    excess = np.mean([row["exposure"] - gold[row["id"]]["exposure"] for row in forget])
    assert scores["metrics"]["exposure"]["forget/exposure_excess"]["value"] == pytest.approx(excess)
    assert "forget_quality" in scores["metrics"]


def test_metrics_and_splits_are_chosen(data, models, tmp_path):
    options = EvaluateOptions(
        target=data, model=str(models[0]), metrics=("memorization",), splits=("test",), sample=5, out=tmp_path / "out"
    )
    scores, text = evaluate_command(options)
    assert list(scores["metrics"]) == ["memorization"]
    assert scores["data"]["splits"] == {"test": 5}
    assert "left out" in text
    rows = rows_of(options.out)
    assert all(row["exposure"] is None for row in rows)
    assert "loss" not in rows[0]
    repeated, _ = evaluate_command(options)  # an evaluation is replaced by a new one
    assert repeated["metrics"] == scores["metrics"]


def test_missing_reference_is_reported(data, models, tmp_path):
    options = EvaluateOptions(
        target=data, model=str(models[0]), splits=("forget",), sample=4, metrics=("forget", "utility", "exposure"),
        out=tmp_path / "out",
    )  # fmt: skip
    scores, text = evaluate_command(options)
    assert "--before" in scores["not_measured"]["forget"]
    assert "retain" in scores["not_measured"]["utility"]
    assert "no_gold" in scores["flags"]
    assert "not measured: forget" in text


@pytest.fixture(scope="module")
def adapter(models, tmp_path_factory):
    """A LoRA whose weights are not zero."""
    model, _ = llava(dtype=torch.float32)
    torch.manual_seed(0)
    peft = get_peft_model(model, LoraConfig(r=2, target_modules=TARGETS, init_lora_weights=False))
    folder = tmp_path_factory.mktemp("adapter") / "lora"
    peft.save_pretrained(str(folder))
    return folder


def test_adapter_changes_the_scores(data, models, adapter, tmp_path):
    base = {"target": data, "model": str(models[0]), "splits": ("forget",), "sample": 6, "metrics": ("memorization",)}
    evaluate_command(EvaluateOptions(**base, out=tmp_path / "plain"))
    evaluate_command(EvaluateOptions(**base, adapter=adapter, out=tmp_path / "adapted"))
    plain, adapted = ([row["logprob"] for row in rows_of(tmp_path / name)] for name in ("plain", "adapted"))
    assert len(plain) == len(adapted) == 6
    assert all(abs(one - two) > 1e-3 for one, two in zip(plain, adapted, strict=True))


def test_adapter_of_another_model_is_refused(data, models, adapter, tmp_path):
    from safetensors.torch import load_file, save_file

    weights = load_file(adapter / "adapter_model.safetensors")
    changes = {
        "wide": {name: torch.cat([value, value], -1 if "lora_A" in name else 0) for name, value in weights.items()},
        "fewer": {name: value for name, value in weights.items() if ".layers.0." in name},
        "more": weights | {name.replace("layers.1.", "layers.7."): value for name, value in weights.items()},
    }
    for name, changed in changes.items():
        other = tmp_path / name
        shutil.copytree(adapter, other)
        save_file(
            {key: value.clone().contiguous() for key, value in changed.items()}, other / "adapter_model.safetensors"
        )
        options = EvaluateOptions(target=data, model=str(models[0]), adapter=other, sample=2, out=tmp_path / "out")
        with pytest.raises(UserError, match="does not fit"):
            evaluate_command(options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["DATA"], ["--model is missing"]),
        (["DATA", "--model", "tiny"], ["tiny", "learnt"]),
        (["DATA", "--model", "./nowhere"], ["./nowhere", "no such folder"]),
        (["DATA", "--model", "no/such-model"], ["no/such-model"]),
        (["DATA", "--model", "DATA"], ["not a model directory"]),
        (["DATA", "--model", "MODEL", "--metrics", "memorization,wishes"], ["wishes", "privacy_leakage"]),
        (["DATA", "--model", "MODEL", "--split", "neighbour"], ["neighbour", "forget", "holdout"]),
        (["DATA", "--model", "MODEL", "--split", "forget,train"], ["train"]),
        (["DATA", "--model", "MODEL", "--split", "forget,forget"], ["once"]),
        (["DATA", "--model", "MODEL", "--subset", "forget99"], ["forget99", "continual"]),
        (["DATA", "--model", "MODEL", "--adapter", "DATA"], ["adapter_config.json"]),
        (["DATA", "--model", "MODEL", "--gold", "openai:m"], ["--gold", "weights"]),
        (["DATA", "--model", "MODEL", "--base-url", "http://localhost:1/v1"], ["openai:NAME"]),
        (["DATA", "--model", "MODEL", "--general", "wishes:mmlu"], ["wishes", "lmms-eval:TASK"]),
        (["DATA", "--model", "MODEL", "--general", "lm-eval:"], ["lm-eval:TASK"]),
        (["DATA", "--model", "openai:m"], ["OPENAI_API_KEY"]),
        (["DATA", "--model", "openai:", "--base-url", "http://localhost:1/v1"], ["name"]),
        (["DATA", "--model", "openai:m", "--adapter", "X", "--base-url", "http://localhost:1/v1"], ["--adapter"]),
        (["DATA", "--model", "openai:m", "--base-url", "http://localhost:1/v1", "--gold", "./nowhere"], ["./nowhere"]),
        (["nowhere", "--model", "MODEL"], ["nowhere"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_one_line_and_status_2(words, expected, data, models, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    paths = {"DATA": data, "MODEL": models[0]}
    done = lethe("evaluate", *(paths.get(word, word) for word in words), cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert all(word in done.line for word in expected), done.line
    assert not [path for path in tmp_path.rglob("*") if path.name != ".lock" and path.is_file()]


def test_model_without_chat_template_is_refused(data, models, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(models[0], bare)
    for path in bare.glob("chat_template*"):
        path.unlink()
    for name in ("processor_config.json", "tokenizer_config.json"):
        config = json.loads((bare / name).read_text())
        config.pop("chat_template", None)
        (bare / name).write_text(json.dumps(config))
    options = EvaluateOptions(target=data, model=str(bare), sample=2, out=tmp_path / "out")
    with pytest.raises(UserError, match="no chat template"):
        evaluate_command(options)


@pytest.mark.parametrize(
    ("value", "message"), [(float("nan"), r"NaN or infinite values \(lm_head.weight\)"), (3e38, "log-probability")]
)
def test_weights_or_scores_that_are_not_finite_are_refused(data, tmp_path, value, message):
    model, processor = llava(dtype=torch.float32)
    with torch.no_grad():
        model.lm_head.weight[3] = value
    model.save_pretrained(tmp_path / "broken")
    processor.save_pretrained(tmp_path / "broken")
    options = EvaluateOptions(target=data, model=str(tmp_path / "broken"), sample=2, out=tmp_path / "out")
    with pytest.raises(UserError, match=message):
        evaluate_command(options)
    assert not (tmp_path / "out").exists()


def test_other_folder_is_not_overwritten(data, models, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.txt").write_text("meow")
    with pytest.raises(UserError, match="not an evaluation folder"):
        evaluate_command(EvaluateOptions(target=data, model=str(models[0]), out=tmp_path / "photos"))
    assert (tmp_path / "photos" / "cat.txt").read_text() == "meow"


def test_json_output_is_scores_json(data, models, tmp_path):
    words = ["--metrics", "memorization", "--split", "forget", "--sample", "2", "--out", tmp_path / "out", "--json"]
    status, out, _ = lethe("evaluate", data, "--model", models[0], *words)
    assert status == 0
    assert json.loads(out) == json.loads((tmp_path / "out" / "scores.json").read_text())


def test_samples_add_leak_at_k_of_model_and_gold(data, models, tmp_path):
    model, gold, _ = map(str, models)
    out = tmp_path / "scores"
    options = EvaluateOptions(
        target=data, model=model, gold=gold, splits=("forget",), metrics=("leak_at_k",), sample=4, samples=2, out=out
    )
    scores, text = evaluate_command(options)
    assert set(scores["metrics"]["leak_at_k"]) == {f"forget/leak_at_{k}{end}" for k in (1, 2) for end in ("", "_gold")}
    assert scores["samples"] == 2
    assert [row["num_samples"] for row in rows_of(out)] == [2] * 4
    assert "leak at 1" in text
