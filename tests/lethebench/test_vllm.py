"""`--generate-with vllm`: texts come from vLLM, everything else from our own scorer.

vLLM cannot be installed here, because its wheels need a CUDA GPU: `vllm_stand_in` implements the part of its interface
that is called, over the generation of transformers. These tests show what is handed to it and what becomes of its
texts; they do not show that vLLM itself loads a model.
"""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from command_line import lethe
from initial_run import learned_root, rows_of
from peft import LoraConfig, get_peft_model
from small_build import stand_in_build
from tiny_models import llava, save_llava

from lethebench.baselines.loading import load_model
from lethebench.errors import UserError
from lethebench.evaluation.answers.row_scores import SCORE_COLUMNS
from lethebench.evaluation.answers.sampled import row_seed
from lethebench.evaluation.answers.vllm_engine import generate_texts
from lethebench.runs.build import open_build
from lethebench.runs.by_vllm import engine_arguments, vllm_texts
from lethebench.runs.checks import check_options
from lethebench.runs.folder import read_json
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import check_run

STAGES = ("learnt", "ga/t001", "ga/t002", "gold/t002")
STAND_IN = Path(__file__).parents[1] / "support/vllm_stand_in"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("vllm")
    stand_in_build(root / "icu")
    save_llava(root / "model")
    return root


@pytest.fixture
def vllm(monkeypatch, tmp_path):
    """The stand-in as the installed vLLM, version 0.1."""
    facts = tmp_path / "packages/vllm-0.1.dist-info/METADATA"
    facts.parent.mkdir(parents=True)
    facts.write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(facts.parents[1])
    monkeypatch.syspath_prepend(STAND_IN)
    monkeypatch.delitem(sys.modules, "vllm", raising=False)
    import vllm

    yield vllm
    del sys.modules["vllm"]


def evaluated(root: Path, name: str, *more: object) -> list[dict]:
    words = ("--model", root / "model", "--split", "forget", "--metrics", "memorization", "--max-new-tokens", 6)
    done = lethe("evaluate", root / "icu", *words, "--sample", 6, "--out", root / name, *more)
    assert done.status == 0, done.error
    return rows_of(root / name)


def test_greedy_answers_equal_our_own(root, vllm):
    own = evaluated(root, "own")
    theirs = evaluated(root, "theirs", "--generate-with", "vllm")
    assert len({row["modality"] for row in own}) == 2
    assert [row["generated"] for row in theirs] == [row["generated"] for row in own]
    assert any(row["generated"] for row in own)
    for before, after in zip(own, theirs, strict=True):
        assert {name: after[name] for name in SCORE_COLUMNS} == pytest.approx(
            {name: before[name] for name in SCORE_COLUMNS}, nan_ok=True
        )
    (engine,) = vllm.ENGINES[-1:]
    assert (engine["model"], engine["dtype"], engine["limit"]) == (str(root / "model"), "float32", {"image": 1})
    (parameters,) = engine["requests"]
    assert parameters[0].temperature == 0


def test_texts_of_the_engine_are_the_ones_that_are_scored(root, vllm, monkeypatch):
    class Prefixed(vllm.LLM):
        def _answer(self, prompt, parameters):
            request = super()._answer(prompt, parameters)
            ids = self.processor.tokenizer("Type 2 diabetes", add_special_tokens=False)["input_ids"]
            outputs = [vllm.CompletionOutput(one.index, one.text, (*ids, 2, 9)) for one in request.outputs]
            return vllm.RequestOutput(request.prompt_token_ids, outputs)

    monkeypatch.setattr(vllm, "LLM", Prefixed)
    rows = evaluated(root, "prefixed", "--generate-with", "vllm", "--samples", 2)
    assert {row["generated"] for row in rows} == {"Type 2 diabetes"}
    assert all(row["leaks"] in (0, 2) for row in rows)
    assert {row["num_samples"] for row in rows} == {2}


@pytest.mark.slow
def test_samples_have_the_seed_of_their_row(root, vllm):
    rows = open_build(root / "icu").forget.select(range(3))
    loaded = load_model(root / "model")
    texts = vllm_texts(loaded, str(root / "model"), rows, {}, samples=3, max_new_tokens=4)
    parameters = vllm.ENGINES[-1]["requests"][1]
    assert [one.seed for one in parameters] == [row_seed(0, row_id, 0) for row_id in rows["id"]]
    assert all((one.n, one.temperature, one.top_p, one.top_k) == (3, 1.0, 1.0, 0) for one in parameters)
    assert [len(texts[row_id].samples) for row_id in rows["id"]] == [3, 3, 3]
    again = vllm_texts(loaded, str(root / "model"), rows.select([2]), {}, samples=3, max_new_tokens=4)
    assert again[rows["id"][2]] == texts[rows["id"][2]]


@pytest.mark.slow
def test_adapters_are_merged_for_the_engine(root, vllm, tmp_path):
    model, processor = llava(dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(r=2, target_modules=r".*language_model\..*\.q_proj"))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(generator=torch.Generator().manual_seed(0))
    model.peft_config["default"].base_model_name_or_path = str(root / "model")
    tmp_path = tmp_path / "adapter"
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    rows = open_build(root / "icu").forget.select(range(2))
    loaded = load_model(tmp_path, trainable=False)
    by_adapter = vllm_texts(loaded, str(tmp_path), rows, {}, max_new_tokens=4)
    plain = load_model(root / "model")
    by_model = vllm_texts(plain, str(root / "model"), rows, {}, max_new_tokens=4)
    assert by_adapter != by_model
    assert not Path(vllm.ENGINES[-2]["model"]).exists()
    end = {"end": [2], "max_new_tokens": 4}
    whole = loaded.model.merge_and_unload()
    whole.save_pretrained(tmp_path / "whole")
    processor.save_pretrained(tmp_path / "whole")
    assert generate_texts(str(tmp_path / "whole"), processor, rows, **end) == by_adapter


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--generate-with", "sglang"), "pass vllm"),
        (("--generate-with", "vllm:max_model_len"), "NAME=VALUE"),
        (("--generate-with", "vllm:nonsense=1"), "nonsense"),
        (("--generate-with", "vllm:max_model_len=4"), "max_model_len is too small"),
        (("--generate-with", "vllm", "--model", "tiny"), "only exists in a run"),
        (("--generate-with", "vllm", "--model", "openai:x"), "--generate-with"),
    ],
)
def test_what_cannot_be_generated_is_refused_in_one_line(root, vllm, words, problem):
    model = () if "--model" in words else ("--model", root / "model")
    done = lethe("evaluate", root / "icu", "--sample", 1, "--out", root / "refused", *model, *words)
    assert done.status == 2
    assert problem in done.line


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed")
def test_missing_engine_is_refused_with_its_installation(root):
    done = lethe("evaluate", root / "icu", "--model", root / "model", "--generate-with", "vllm", "--out", root / "no")
    assert done.status == 2
    assert "--generate-with vllm: vLLM is not installed: pip install vllm" in done.line


def test_arguments_of_the_engine_are_read(vllm):
    assert engine_arguments("vllm") == {}
    assert engine_arguments("vllm:max_model_len=4096, enforce_eager=true,dtype=half") == {
        "max_model_len": 4096,
        "enforce_eager": True,
        "dtype": "half",
    }


def test_mixtures_and_quantized_models_are_refused(root):
    class Quantized(torch.nn.Linear):
        is_quantized = True

    for model in (object(), Quantized(1, 1)):
        with pytest.raises(UserError, match="--generate-with"):
            vllm_texts(type(load_model(root / "model"))(model, None), "x", [], {})


@pytest.fixture(scope="module")
def run_root(tmp_path_factory, short_answers):
    """A folder with a build of two tasks, a model, and the run `src` of stage 1, whose gate fails."""
    root = tmp_path_factory.mktemp("vllm-runs")
    with pytest.MonkeyPatch.context() as patch:
        learned_root(root, patch)
        yield root


def run(root: Path, name: str, *more: object):
    words = ["--model", "base", "--method", "ga", "--score-rows", 8, "--rank-rows", 2, "--score-steps", 1]
    words += ["--set", "learn.max_steps=1", "--set", "ga.max_steps=2", "--set", "ga.learning_rate=0.05"]
    return lethe("run", "icu", *words, "--ignore-gate", "--out", name, *more, cwd=root)


@pytest.mark.slow
def test_run_has_the_scores_of_one_without_the_engine(run_root, vllm, monkeypatch):
    assert run(run_root, "own").status == 0
    assert not vllm.ENGINES
    done = run(run_root, "theirs", "--generate-with", "vllm")
    assert done.status == 0, done.error
    own, theirs = run_root / "own", run_root / "theirs"
    for stage, engine in zip(STAGES, vllm.ENGINES, strict=True):
        rows = [*rows_of(theirs / stage), *rows_of(theirs / stage, "held_out.parquet")]
        assert rows == [*rows_of(own / stage), *rows_of(own / stage, "held_out.parquet")]
        (parameters,) = engine["requests"]
        assert len(parameters) == len(rows)
    assert len({tuple(row["generated"] for row in rows_of(theirs / stage)) for stage in STAGES}) > 1
    assert read_json(theirs / "ga/summary.json")["final"] == read_json(own / "ga/summary.json")["final"]

    records = [read_json(folder / "run.json") for folder in (own, theirs)]
    assert [record.get("generate_with", "absent") for record in records] == ["absent", "vllm"]
    assert [record["versions"].get("vllm") for record in records] == [None, "0.1"]
    proofs = [read_json(folder / "ga/t001/done.json")["proof"]["options"] for folder in (own, theirs)]
    assert proofs[0] == {name: value for name, value in proofs[1].items() if name != "generate_with"} != proofs[1]
    check_run(theirs, hashed=None)
    assert "--generate-with vllm" in (theirs / "report/report.html").read_text()

    for name, words, was, now in (("theirs", (), "vllm", None), ("own", ("--generate-with", "vllm"), None, "vllm")):
        assert f"generate_with {was}, got {now}" in run(run_root, name, *words, "--resume").line
    refused = run(run_root, "other", "--generate-with", "vllm", "--from", "own")
    assert "was trained with generate_with None, and this run has vllm" in refused.line

    again = lethe("evaluate", "theirs", cwd=run_root)
    assert "the same as the run's own numbers" in again.out
    monkeypatch.setattr(
        vllm.LLM, "_answer", lambda *arguments: vllm.RequestOutput([], [vllm.CompletionOutput(0, "", ())])
    )
    other = lethe("evaluate", "theirs", cwd=run_root)
    assert {row["generated"] for row in rows_of(theirs / "evaluation/ga/t002")} == {""}
    assert "NOT the same" in other.out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--method", "npo", "--generate-with", "sglang"), "--generate-with sglang: pass vllm"),
        (("--method", "lumoe", "--generate-with", "vllm"), "the gate of lumoe"),
        (("--method", "npo", "--generate-with", "vllm", "--set", "model.four_bit=true"), "model.four_bit"),
    ],
)
def test_runs_that_the_engine_cannot_answer_are_refused(root, vllm, tmp_path, words, problem, monkeypatch):
    monkeypatch.setattr("lethebench.runs.settings.find_spec", lambda name: object())  # bitsandbytes is installed
    done = lethe("run", root / "icu", "--model", root / "model", "--out", tmp_path / "run", *words)
    assert done.status == 2
    assert problem in done.line
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed")
@pytest.mark.parametrize("command", ["run", "learn"])
def test_run_without_the_engine_is_refused_before_training(root, tmp_path, command):
    done = lethe(command, root / "icu", "--model", root / "model", "--generate-with", "vllm", "--out", tmp_path / "run")
    assert done.status == 2
    assert "--generate-with vllm: vLLM is not installed: pip install vllm" in done.line
    assert not (tmp_path / "run").exists()


def test_several_processes_are_refused(root, vllm, monkeypatch):
    monkeypatch.setattr("lethebench.runs.by_vllm.num_processes", lambda: 2)
    with pytest.raises(UserError, match="2 were launched"):
        check_options(RunOptions(data=root / "icu", model=str(root / "model"), generate_with="vllm"))
