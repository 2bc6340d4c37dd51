"""`lethe push-model`: the code of the card loads the trained model, equal in every logit."""

import inspect
import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from peft import get_peft_model
from sealed_run import reseal
from synthetic_run import write_run
from tiny_models import llava

from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.lumoe.gates import TrueTaskGate
from lethebench.baselines.lumoe.mixture import LUMoE
from lethebench.baselines.presets import LoraSettings

BASE, STAGE = "somebody/base", "npo/t002"
PRINT = """
import contextlib

with model.using(0) if hasattr(model, "using") else contextlib.nullcontext(model) as used:
    print(last_logits(used, processor).tolist())
"""


def last_logits(model, processor):
    """Return the logits of the next token after a picture and a question."""
    import torch
    from PIL import Image

    picture = Image.new("RGB", (64, 80), (200, 30, 90))
    inputs = processor(images=picture, text="USER: <image>\nWho is this? ASSISTANT:", return_tensors="pt")
    with torch.no_grad():
        return model.eval()(**inputs).logits[0, -1]


def weights(run: Path):
    """Save a stage that trained every weight."""
    model, processor = llava(dtype=torch.float32, seed=1)
    save_model(model, processor, run / STAGE)
    return last_logits(model, processor)


def adapter(run: Path):
    """Save a stage that trained an adapter on a model of the Hub."""
    loaded = load_model(run / "base")
    model = wide(get_peft_model(loaded.model, LoraSettings(rank=2, alpha=4).peft_config()))
    save_model(model, loaded.processor, run / STAGE)
    return last_logits(model, loaded.processor)


def mixture(run: Path):
    """Save a stage that trained an adapter for the run's initial model, which is not on the Hub."""
    save_model(*llava(dtype=torch.float32, seed=2), run / "learnt")
    loaded = load_model(run / "learnt")
    model = LUMoE(loaded.model, loaded.processor, gate=TrueTaskGate())
    wide(model.new_adapter(0, LoraSettings(rank=2, alpha=4)))
    save_model(model, loaded.processor, run / STAGE)
    with model.using(0) as used:
        return last_logits(used, loaded.processor)


def wide(model):
    """Draw the adapter's weights, which start as zero and would change nothing."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model


@pytest.mark.parametrize(
    "make",
    [weights, pytest.param(adapter, marks=pytest.mark.slow), pytest.param(mixture, marks=pytest.mark.slow)],
    ids=lambda make: make.__name__,
)
def test_card_code_loads_the_trained_model(user, other, make, tmp_path):
    run = write_run(user.work / make.__name__, methods=("npo",), tasks=2)
    save_model(*llava(dtype=torch.float32), run / "base")
    base = user.server.hub.create("model", BASE)
    base.change({path.name: path.read_bytes() for path in (run / "base").iterdir()})
    expected = make(run)
    reseal(run, model=BASE)
    done = user.types("push-model", run.name, f"somebody/{make.__name__}")
    assert done.status == 0, done.error
    shutil.rmtree(run)
    card = user.repository(make.__name__, "model").tree["README.md"].content.decode()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    printed = other.runs(code + inspect.getsource(last_logits) + PRINT, tmp_path / "home")
    logits = json.loads(printed.splitlines()[-1])
    torch.testing.assert_close(torch.tensor(logits), expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.1
