"""Damaged model and adapter folders end in equal or refused weights, never in another error or a silent change.

`LETHE_FUZZ=N` runs N examples of each target.
"""

import os
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
import transformers
from damage import linked, mutate, mutations
from datasets import Dataset, Image, List
from hypothesis import HealthCheck, given, settings
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from tiny_models import TEMPLATE, qa_rows, sharpen, tokenizer

from lethebench.baselines.loading import save_model
from lethebench.contract import chat_template
from lethebench.errors import UserError
from lethebench.scoring.models import load, score

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
EXAMPLES = int(os.environ.get("LETHE_FUZZ", 2500))
FUZZ = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
SIZE = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture(scope="module", autouse=True)
def quiet():
    """Silence what is reported on the terminal."""
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.utils.logging.disable_progress_bar()
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setattr(chat_template, "TEMPLATE_SECONDS", 2)
        yield
    transformers.logging.set_verbosity(before)
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture(scope="module")
def rows():
    """A row with a picture and one without."""
    table = Dataset.from_list([qa_rows()[0], qa_rows()[3]])
    return table.cast_column("images", List(Image()))


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A LLaVA of some thousand weights."""
    words = tokenizer()
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**SIZE, image_size=28, patch_size=14, projection_dim=8),
        text_config=transformers.LlamaConfig(
            **SIZE, num_key_value_heads=1, vocab_size=len(words), bos_token_id=1, eos_token_id=2, pad_token_id=0
        ),
        image_token_index=4,
        vision_feature_layer=-1,
    )
    torch.manual_seed(0)
    model = sharpen(transformers.LlavaForConditionalGeneration(config), seed=0)
    processor = transformers.LlavaProcessor(
        image_processor=transformers.CLIPImageProcessorPil(size={"height": 28, "width": 28}, do_center_crop=False),
        tokenizer=words,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    folder = tmp_path_factory.mktemp("models") / "base"
    save_model(model, processor, folder)
    return folder


@pytest.fixture(scope="module")
def adapter(saved, tmp_path_factory) -> Path:
    model = transformers.AutoModelForImageTextToText.from_pretrained(saved)
    config = LoraConfig(
        r=2, target_modules=["q_proj", "down_proj"], init_lora_weights=False, modules_to_save=["lm_head"]
    )
    folder = tmp_path_factory.mktemp("adapters") / "lora"
    get_peft_model(model, config).save_pretrained(folder)
    return folder


def fingerprints(tensors, dtype=None) -> Counter:
    """Return how often each tensor occurs, by shape and bytes, rounded to the type that it was loaded in."""
    return Counter(
        (
            tuple(value.shape),
            (value.to(dtype) if dtype else value).contiguous().view(-1).view(torch.uint8).numpy().tobytes(),
        )
        for value in tensors
        if value.numel()
    )


def scored_or_refused(model, rows, adapter=None):
    """Load and score; return the model, None if it was refused in one line."""
    try:
        loaded = load(str(model), adapter)
    except UserError as error:
        assert_line(error)
        return None
    try:
        score(loaded, rows, progress=lambda share: None)
    except ValueError as error:  # `lethe evaluate` puts the model's name before it
        assert_line(error)
    return loaded.model


def assert_line(error):
    assert str(error).strip()
    assert len(str(error)) < 2000


def test_whole_folders_are_scored(saved, adapter, rows):
    plain, adapted = (score(load(str(path)), rows, progress=lambda share: None) for path in (saved, adapter))
    assert all(first["logprob"] != second["logprob"] for first, second in zip(plain, adapted, strict=True))


@FUZZ
@given(changes=mutations())
def test_damaged_model_folder(saved, rows, changes):
    with TemporaryDirectory() as scratch:
        folder = linked(saved, Path(scratch) / "model")
        for change in changes:
            mutate(folder, change)
        model = scored_or_refused(folder, rows)
        if model is not None:
            weights = load_file(folder / "model.safetensors")
            in_file = fingerprints((value for value in weights.values() if value.is_floating_point()), model.dtype)
            assert fingerprints(model.state_dict().values()) == in_file


@FUZZ
@given(changes=mutations())
def test_damaged_adapter_folder(saved, adapter, rows, changes):
    with TemporaryDirectory() as scratch:
        folder = linked(adapter, Path(scratch) / "adapter")
        for change in changes:
            mutate(folder, change)
        model = scored_or_refused(saved, rows, folder)
        if model is not None and (folder / "adapter_model.safetensors").is_file():
            in_model = fingerprints(model.state_dict().values())
            in_file = fingerprints(load_file(folder / "adapter_model.safetensors").values(), torch.float32)
            assert in_file.keys() <= in_model.keys()
