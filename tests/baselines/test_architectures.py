"""Learn, unlearn by every method, save and reload, on the architectures of the papers, untrained from tiny configs."""

import architectures
import baselines_support as support
import pytest
import torch

from lethebench.baselines import METHODS
from lethebench.baselines.learn import learn
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.lumoe.mixture import LUMoE
from lethebench.baselines.presets import LoraSettings, Preset
from lethebench.baselines.stage import Stage, unlearn

# A picture row, text rows, a row with two pictures, and pictures of unequal shapes.
ROWS = [{**row, "task_id": int(row["profile_id"][-4:]) // 2} for row in support.rows(range(4))]
ROWS[2]["images"] = [support.page(1, (64, 24)), support.page(2)]
ROWS[8]["images"] = [support.page(4, (40, 40))]
FORGET, RETAIN = ROWS[:8], ROWS[8:]
SHARED = {"bf16": False, "activation_checkpointing": False, "learning_rate": 3e-3, "per_device_train_batch_size": 8}
FAST = "npo"


def preset(lora=None):
    methods = {
        "npo": {"retain_loss": "kl"},
        "simnpo": {"beta": 0.1, "retain_loss": "ce"},
        "mmunlearner": {"fisher_rows": 2, "max_steps": 2},
        "rmu": {"layer": 1},
        "manu": {"share": 0.1},
        "lumoe": {"gate": "true_task"},
    }
    stages = {"learn": {"max_steps": 3}, "unlearn": {"max_steps": 2}}
    return Preset("test", "", "any", lora, None, SHARED, **stages, methods=methods)


def outputs(model, processor):
    """Per row the log-probabilities at its answer, through whatever a method untrained."""
    if isinstance(model, LUMoE):
        found = [None] * len(ROWS)
        for task, indices in model.groups(ROWS).items():
            with model.using(task) as chosen:
                for index, value in zip(indices, outputs(chosen, processor), strict=False):
                    found[index] = value
        return found
    model.eval().to("cuda" if torch.cuda.is_available() else "cpu")  # kernels of two devices round differently
    with torch.no_grad():
        return [logps for logps, _ in support.row_answers(model, support.collator(processor), ROWS)]


def cases():
    for name in architectures.ARCHITECTURES:
        for method in METHODS:
            for kind in ("full", "lora"):
                slow = (method, kind) != (FAST, "lora")
                marks = [*architectures.marks(name), *([pytest.mark.slow] if slow else [])]
                yield pytest.param(name, method, kind, marks=marks)


@pytest.mark.parametrize(("name", "method", "kind"), list(cases()))
def test_learn_unlearn_save_and_reload(tmp_path, name, method, kind):
    settings = preset(LoraSettings(rank=4, alpha=8) if kind == "lora" else None)
    model, processor = architectures.make(name)
    save_model(model, processor, tmp_path / "base")
    model, processor = load_model(tmp_path / "base")
    before = outputs(model, processor)
    result = learn(model, processor, ROWS, preset=settings)
    trained = outputs(result.model, processor)
    assert any(not torch.allclose(first, second, atol=1e-3) for first, second in zip(before, trained, strict=True))
    save_model(result.model, processor, tmp_path / "learnt")
    model, processor = load_model(tmp_path / "learnt")
    for first, second in zip(trained, outputs(model, processor), strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)
    stage = unlearn(Stage(method, model, processor, FORGET, RETAIN, preset=settings))
    save_model(stage.model, stage.processor, tmp_path / "stage")
    reloaded, processor = load_model(tmp_path / "stage")
    after = outputs(stage.model, stage.processor)
    assert any(not torch.allclose(first, second, atol=1e-4) for first, second in zip(trained, after, strict=True))
    for first, second in zip(after, outputs(reloaded, processor), strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=architectures.marks(name)) for name in architectures.ARCHITECTURES]
)
def test_a_batch_gives_what_each_row_gives_alone(name):
    model, processor = architectures.make(name)
    collate = support.collator(processor)
    batch = collate(ROWS)
    labels = batch.pop("labels")
    with torch.no_grad():
        logps = model(**batch).logits[:, :-1].log_softmax(-1)
        single = [value for value, _ in support.row_answers(model, collate, ROWS)]
    for index, value in enumerate(single):
        together = logps[index][labels[index, 1:] != -100]
        torch.testing.assert_close(together, value, rtol=1e-3, atol=1e-3)
    # The picture decides: with another one in its place the answer's distribution is another.
    swapped = {**ROWS[0], "images": [support.page(5)]}
    with torch.no_grad():
        ((value, _),) = support.row_answers(model, collate, [swapped])
    assert not torch.allclose(value, single[0], atol=1e-3)
