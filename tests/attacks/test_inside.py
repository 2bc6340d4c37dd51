"""Probes and activation patching: equal to cases worked by hand and to second implementations."""

import json
from dataclasses import replace
from math import log
from statistics import fmean
from types import SimpleNamespace

import pytest
import tiny_architectures
import torch
from attacked_run import attacked_run, marked_scores
from command_line import lethe
from small_build import shared_stand_in_build
from tiny_models import CANDIDATES, llava, qa_rows
from torch import nn
from transformers import PretrainedConfig

from lethebench.attacks.context import Attempt, Context, NotApplicable, Prepared
from lethebench.attacks.inside.depth import Depth, drops, unlearning_depth
from lethebench.attacks.inside.layers import (
    DECODER,
    PARTS,
    PROJECTOR,
    TOWER,
    Layer,
    Question,
    layers_of,
    question_of,
    value_tokens,
)
from lethebench.attacks.inside.probe import Probe, Targets, Value, fit
from lethebench.attacks.registry import Budget
from lethebench.baselines.loading import Loaded
from lethebench.baselines.presets import load_preset
from lethebench.contract.prompts import Prompt
from lethebench.contract.tokens import Answer, EncodedQuestion
from lethebench.evaluation.answers.prepare import prepare_rows
from lethebench.runs.build import open_build


class Adds(nn.Module):
    """A layer that adds a number to the state of word 1."""

    def __init__(self, added):
        super().__init__()
        self.added = nn.Parameter(torch.tensor([0.0, added]))

    def forward(self, states):
        return states + self.added


class TwoLayers(nn.Module):
    """A model of two words whose logits are the sum of what two layers add."""

    main_input_name = "input_ids"

    def __init__(self, first, second):
        super().__init__()
        self.config = PretrainedConfig()
        self.language_model = nn.ModuleDict({"layers": nn.ModuleList([Adds(first), Adds(second)])})

    def forward(self, input_ids, attention_mask, use_cache=False):
        states = torch.zeros(*input_ids.shape, 2)
        for layer in self.language_model["layers"]:
            states = layer(states)
        return SimpleNamespace(logits=states)


def test_depth_of_two_layers_worked_by_hand():
    """Word 1 has odds 4 in the initial model: 2 from each layer. The unlearned one keeps half of them, in layer 2."""
    question = Question(EncodedQuestion(Prompt((0, 0), {}, {}), (Answer(2, (1, 0)),)), (0, 0, 1, 0), 2, 2)
    gold, model = drops(TwoLayers(log(2), log(2)), TwoLayers(0.0, 0.0), TwoLayers(0.0, log(2)), question)
    first, second = Layer(DECODER, 1), Layer(DECODER, 2)
    assert gold == pytest.approx({first: log(4 / 5) - log(2 / 3), second: log(4 / 5) - log(1 / 2)}, abs=1e-6)
    assert model == pytest.approx({first: log(4 / 5) - log(2 / 3), second: log(4 / 5) - log(2 / 3)}, abs=1e-6)
    depth = unlearning_depth(list(gold.values()), list(model.values()))
    assert depth == pytest.approx(2 * log(6 / 5) / (log(6 / 5) + log(8 / 5)), abs=1e-6)


@pytest.mark.parametrize(
    ("gold", "model", "expected"),
    [
        ([1.0, 1.0], [0.0, 0.0], 0.0),
        ([1.0, 3.0], [1.0, 3.0], 1.0),
        ([1.0, 1.0], [5.0, -2.0], 0.5),
        ([0.05, 2.0], [0.05, 1.0], 0.5),
        ([0.01, -1.0], [1.0, 1.0], None),
    ],
)
def test_depth_clips_each_layer_and_needs_one_that_knows(gold, model, expected):
    assert unlearning_depth(gold, model) == expected


def questions(processor):
    rows = qa_rows()
    encoded = prepare_rows(processor, [{**row, "paraphrases": [], "perturbed": []} for row in rows]).encoded
    return [question_of(processor, one, row) for one, row in zip(encoded, rows, strict=True)]


@pytest.mark.parametrize("row", [0, 1, 4])
def test_patching_equals_a_model_that_is_run_in_parts(row):
    (model, processor), (gold, _) = llava(seed=0), llava(seed=1)
    question = questions(processor)[row]
    prompt, ids = question.encoded.prompt, torch.tensor([question.ids])
    values = ids[0, question.first : question.last + 1]

    def logprob(logits):
        return logits[0, question.predicting].log_softmax(-1).gather(-1, values[:, None]).mean().item()

    llama = model.model.language_model
    with torch.no_grad():
        own, other = (
            one.model.language_model(inputs_embeds=_embedded(one, one, prompt, ids), output_hidden_states=True)
            for one in (model, gold)
        )
        clean = logprob(model.lm_head(own.last_hidden_state))
        mixed = own.hidden_states[1].clone()
        mixed[:, question.predicting] = other.hidden_states[1][:, question.predicting]
        length = torch.arange(ids.shape[1])[None]
        after = llama.layers[1](mixed, attention_mask=None, position_embeddings=llama.rotary_emb(mixed, length))
        expected = {Layer(DECODER, 1): clean - logprob(model.lm_head(llama.norm(after)))}
        if prompt.per_row:
            patched = model.lm_head(llama(inputs_embeds=_embedded(model, gold, prompt, ids)).last_hidden_state)
            expected[Layer(PROJECTOR, 1)] = clean - logprob(patched)
            seen = gold.model.vision_tower(prompt.per_row["pixel_values"].double()).last_hidden_state[:, 1:]
            states = model.get_input_embeddings()(ids)
            states[ids == 4] = model.model.multi_modal_projector(seen).flatten(0, 1)
            expected[Layer(TOWER, 2)] = clean - logprob(model.lm_head(llama(inputs_embeds=states).last_hidden_state))
    found, _ = drops(model, gold, gold, question)
    assert {layer: found[layer] for layer in expected} == pytest.approx(expected, abs=1e-6)
    assert {layer.part for layer in found} == (set(PARTS) if prompt.per_row else {DECODER})


def _embedded(model, seeing, prompt, ids):
    """Return the states before the first layer of a model, with the pictures as another one sees them."""
    states = model.get_input_embeddings()(ids)
    if prompt.per_row:
        features = seeing.model.get_image_features(prompt.per_row["pixel_values"].double()).pooler_output
        states[ids == 4] = torch.cat(list(features))
    return states


@pytest.mark.parametrize("name", ["llava", "idefics2", "qwen3_vl", "gemma3"])
def test_layers_of_architectures(name):
    model = tiny_architectures.ARCHITECTURES[name](torch.float32, "sdpa").model
    parts = [layer.part for layer in layers_of(model)]
    assert {part: parts.count(part) for part in PARTS} == {TOWER: 2, PROJECTOR: 1 + (name == "qwen3_vl"), DECODER: 2}


def test_layers_under_an_adapter_are_those_of_its_base():
    from peft import LoraConfig, get_peft_model

    model, _ = llava()
    plain = list(layers_of(model))
    assert list(layers_of(get_peft_model(model, LoraConfig(target_modules=["q_proj"])))) == plain


@pytest.mark.parametrize(
    ("answer", "keywords", "value"),
    [
        ("Maria Silva's blood type is O negative.", ["O negative"], "O negative"),
        ("asthma", ["asthma"], "asthma"),
        ("asthma", ["latex"], "asthma"),
        ("penicillin, latex, pollen", ["penicillin", "latex"], "penicillin, latex"),
    ],
)
def test_value_tokens_spell_the_keywords(answer, keywords, value):
    tokenizer = llava()[1].tokenizer
    ids = [*tokenizer(answer, add_special_tokens=False)["input_ids"], 2]
    first, last = value_tokens(tokenizer, ids, keywords)
    assert tokenizer.decode(ids[first : last + 1]).strip() == value


def test_ridge_error_is_that_of_rows_left_out_one_by_one():
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(12, 5, generator=generator, dtype=torch.float64)
    targets = states @ torch.randn(5, 3, generator=generator, dtype=torch.float64)
    targets += 0.1 * torch.randn(12, 3, generator=generator, dtype=torch.float64)
    attributes = ["a", "b"] * 6
    probe = fit(states, targets, attributes)
    centered = [values - torch.stack([values[[i % 2 == j % 2 for j in range(12)]].mean(0) for i in range(12)])
                for values in (states, targets)]  # fmt: skip
    inputs, outputs = centered
    scale = torch.linalg.svdvals(inputs).square().mean()

    def solve(rows, penalty):
        gram = inputs[rows].T @ inputs[rows] + penalty * scale * torch.eye(5, dtype=torch.float64)
        return torch.linalg.solve(gram, inputs[rows].T @ outputs[rows])

    def error(penalty):
        left_out = [
            (outputs[i] - inputs[i] @ solve([j for j in range(12) if j != i], penalty)).square().mean()
            for i in range(12)
        ]
        return (torch.stack(left_out).mean() / outputs.square().mean()).item()

    penalties = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    best = min(penalties, key=error)
    assert probe.error == pytest.approx(error(best))
    torch.testing.assert_close(probe.weights, solve(list(range(12)), best))
    torch.testing.assert_close(probe(states[:1], ["a"]), (inputs[:1] @ probe.weights) + probe.means["a"][1])


def test_share_below_is_one_for_the_right_vector_and_half_by_chance():
    value = Value("allergy", tuple(CANDIDATES["allergy"]), 1)
    targets = Targets(llava()[1].tokenizer, [value])
    assert targets.share_below(targets.right(value), value) == 1.0
    assert targets.share_below(torch.zeros_like(targets.right(value)), value) == 0.5
    assert targets.share_below(-targets.right(value), value) < 0.5


@pytest.fixture(scope="module")
def build():
    return open_build(shared_stand_in_build())


def loaded(seed=0) -> Loaded:
    return Loaded(*llava(dtype=torch.float32, seed=seed))


def context_of(build, folder, **options) -> Context:
    defaults = {"reload": loaded, "initial": lambda: loaded(1), "gold": lambda: loaded(2)} | options
    rows = build.forget.select(range(0, len(build.forget), max(1, len(build.forget) // 4)))
    return Context(
        build=build,
        stage=1,
        asked=(0,),
        seed=0,
        budget=Budget(rows=4, samples=1, steps=(1,), train_rows=4),
        preset=load_preset("tiny", "tiny"),
        rows=rows,
        trainable=rows,
        retain=build.retain,
        scratch=folder,
        prepared=Prepared(),
        **defaults,
    )


def series(attempts: list[Attempt]) -> dict:
    return {(one.variant, one.point): {row["id"]: row["knowledge"] for row in one.rows} for one in attempts}


@pytest.mark.parametrize(("seed", "knowledge"), [(1, 1.0), (2, 0.0)])
def test_depth_of_initial_model_is_one_and_of_gold_zero(build, tmp_path, seed, knowledge):
    context = context_of(build, tmp_path)
    values = series(list(Depth().run(loaded(seed), context.rows, context)))
    assert {(DECODER, None), (DECODER, 1), (DECODER, 2), (f"{DECODER} (control)", None)} <= set(values)
    assert set(values[f"{DECODER} (control)", None]) <= set(context.retain["id"])
    assert {value for rows in values.values() for value in rows.values()} == {knowledge}


def test_depth_of_the_only_gold_model_is_zero(build, tmp_path):
    context = context_of(build, tmp_path, gold=lambda: None, is_gold=True)
    values = series(list(Depth().run(loaded(2), context.rows, context)))
    assert {value for rows in values.values() for value in rows.values()} == {0.0}
    with pytest.raises(NotApplicable, match="needs a gold model"):
        list(Depth().run(loaded(), context.rows, context_of(build, tmp_path, gold=lambda: None)))


def test_probe_is_trained_on_retain_rows_and_reads_every_layer(build, tmp_path):
    context = context_of(build, tmp_path)
    values = series(list(Probe().run(loaded(), context.rows, context)))
    assert {(DECODER, 1), (DECODER, 2), (DECODER, None)} <= set(values)
    assert values[DECODER, None] in (values[DECODER, 1], values[DECODER, 2])
    assert set(values[DECODER, 2]) <= set(context.rows["id"])
    assert all(0 <= value <= 1 for rows in values.values() for value in rows.values())
    again = series(list(Probe().run(loaded(), context.rows, context)))
    assert again == values


def test_probe_reads_what_a_model_knows(build, tmp_path, monkeypatch):
    """States that are the value's own vector give it away; states without it do not."""
    from lethebench.attacks.inside import probe

    budget = Budget(rows=4, samples=1, steps=(1,), train_rows=64)
    context = replace(context_of(build, tmp_path), budget=budget, rows=build.forget)
    tokens = llava()[1].tokenizer

    def states_of(knows):
        def states(loaded, rows, context, name):
            _, values = probe._with_values(rows, context)
            targets = Targets(tokens, [Value(one, tuple(all_), 0) for one, all_ in build.candidates.items()])
            return [
                {
                    Layer(DECODER, 1): targets.right(value)
                    if knows or name == "probe/train"
                    else targets.right(value) * 0
                }
                for value in values
            ]

        return states

    monkeypatch.setattr(probe, "_states_of", states_of(True))
    trained = series(list(Probe().run(loaded(), context.rows, context)))[DECODER, None]
    monkeypatch.setattr(probe, "_states_of", states_of(False))
    unknown = series(list(Probe().run(loaded(), context.rows, context)))[DECODER, None]
    assert fmean(trained.values()) > fmean(unknown.values()) + 0.15


@pytest.mark.slow
def test_curves_are_kept_and_not_printed(tmp_path, monkeypatch):
    """The models of this run differ in one weight that no question uses, so that no layer of theirs holds anything."""
    run = attacked_run(tmp_path)
    marked_scores(monkeypatch)
    done = lethe("attack", run, "--attacks", "depth,probe")
    assert done.status == 0, done.error
    (stage,) = json.loads((run / "attacks/summary.json").read_text())["stages"].values()
    assert {f"probe: {DECODER}", f"probe: {DECODER}, 1", f"probe: {DECODER}, 2"} <= set(stage["measures"]["ga"])
    assert f"probe: {DECODER} " in done.out
    assert f"probe: {DECODER}, " not in done.out
    reasons = {entry["reason"] for entry in stage["left_out"] if entry["attack"] == "depth"}
    assert reasons == {"gold's states lower no answer of the initial model by more than 0.05"}
