"""`lethe push-model`: whoever follows the card of what was pushed has the model that was trained, to the last logit."""

import inspect
import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from hub_server import run_as_user
from peft import get_peft_model
from push_support import assert_nothing_leaked, count_steps, person
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
    """What a model says next about a picture."""
    import torch
    from PIL import Image

    picture = Image.new("RGB", (64, 80), (200, 30, 90))
    asked = processor(images=picture, text="USER: <image>\nWho is this? ASSISTANT:", return_tensors="pt")
    with torch.no_grad():
        return model.eval()(**asked).logits[0, -1]


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    with person(tmp_path_factory.mktemp("people")) as somebody:
        yield somebody
        assert_nothing_leaked(somebody.server, somebody.home, somebody.work)


def weights(run: Path):
    """A stage that trained every weight."""
    model, processor = llava(dtype=torch.float32, seed=1)
    save_model(model, processor, run / STAGE)
    return last_logits(model, processor)


def adapter(run: Path):
    """A stage that trained an adapter on a model of the Hub."""
    loaded = load_model(run / "base")
    model = wide(get_peft_model(loaded.model, LoraSettings(rank=2, alpha=4).peft_config()))
    save_model(model, loaded.processor, run / STAGE)
    return last_logits(model, loaded.processor)


def mixture(run: Path):
    """A stage that trained an adapter beside the run's learnt model, which stands nowhere else."""
    save_model(*llava(dtype=torch.float32, seed=2), run / "learnt")
    loaded = load_model(run / "learnt")
    model = LUMoE(loaded.model, loaded.processor, gate=TrueTaskGate())
    wide(model.new_adapter(0, LoraSettings(rank=2, alpha=4)))
    save_model(model, loaded.processor, run / STAGE)
    with model.using(0) as used:
        return last_logits(used, loaded.processor)


def wide(model):
    """Adapters begin as nothing; so that they count, theirs are drawn."""
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
def test_the_card_loads_what_was_trained(user, make, tmp_path):
    run = write_run(user.work / make.__name__, methods=("npo",), tasks=2)
    count_steps(run)
    save_model(*llava(dtype=torch.float32), run / "base")
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"model": BASE}))
    base = user.server.hub.create("model", BASE)
    base.change({path.name: path.read_bytes() for path in (run / "base").iterdir()})
    wanted = make(run)
    done = user.types("push-model", run.name, f"somebody/{make.__name__}")
    assert done.status == 0, done.error
    shutil.rmtree(run)
    card = user.repository(make.__name__, "model").tree["README.md"].content.decode()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    (tmp_path / "home").mkdir()
    found = json.loads(
        run_as_user(code + inspect.getsource(last_logits) + PRINT, user.server, tmp_path / "home").splitlines()[-1]
    )
    torch.testing.assert_close(torch.tensor(found), wanted, rtol=0, atol=1e-5)
    assert wanted.std() > 0.1
