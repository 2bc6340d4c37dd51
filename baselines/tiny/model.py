"""The embedded model: a LLaVA small enough to learn a benchmark on a CPU in seconds, built for the rows it is given."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from lethebench.baselines.tiny.muon import MuonAdamW, warmup_cosine
from lethebench.baselines.tiny.vision_warmup import warm_up
from lethebench.baselines.trainer.rows import EncodedRows, RowEncoder
from lethebench.baselines.trainer.weights import freeze

FROZEN = r"vision_tower"
SPECIAL_TOKENS = ("<pad>", "<s>", "</s>", "<unk>", "<image>")
CHAT_TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
{%- if message.role == 'assistant' %} ASSISTANT: {% elif message.role == 'user' %}USER: {% endif -%}
{%- if message.content is string -%}{{- message.content -}}
{%- else -%}
{%- for part in message.content if part.type == 'image' -%}{{- '<image>\\n' -}}{%- endfor -%}
{%- for part in message.content if part.type == 'text' -%}{{- part.text -}}{%- endfor -%}
{%- endif -%}
{%- if message.role == 'assistant' -%}{{- eos_token -}}{%- elif message.role == 'system' -%}{{- '\\n' -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %} ASSISTANT:{% endif -%}
"""


@dataclass(frozen=True)
class TinyPlan:
    """How large the model is and how long it learns.

    Attributes:
        vocab_size: tokens of the byte-level BPE, special ones included.
        width, layers, heads: of the language model; its MLP is three times as wide.
        image_size, patch_size: pixels; (image_size / patch_size)^2 picture tokens.
        vision_width, vision_layers, vision_heads: of the vision tower.
        vision_steps, vision_batch, vision_lr: of the tower's warm-up: steps, pictures per step, peak learning rate.
        steps, batch_size: of learning, optimizer steps and rows per step.
        init_range: standard deviation of the first weights.
        muon_lr, adamw_lr: peak learning rates of learning.
    """

    vocab_size: int = 4096
    width: int = 128
    layers: int = 1
    heads: int = 4
    image_size: int = 112
    patch_size: int = 28
    vision_width: int = 96
    vision_layers: int = 2
    vision_heads: int = 4
    vision_steps: int = 160
    vision_batch: int = 24
    vision_lr: float = 1e-3
    steps: int = 160
    batch_size: int = 64
    init_range: float = 0.02
    muon_lr: float = 0.02
    adamw_lr: float = 3e-3


# (at most so many profiles, plan), found by trial on builds of icu.
_PLANS = (
    (40, TinyPlan()),
    (400, TinyPlan(vocab_size=8192, width=192, heads=6, vision_steps=400, vision_batch=64, vision_lr=2e-3, steps=700)),
    (
        math.inf,
        TinyPlan(vocab_size=8192, width=256, heads=8, vision_steps=1000, vision_batch=128, vision_lr=2e-3, steps=5000),
    ),
)


class TinyVLM(NamedTuple):
    """A tiny model ready for stage 1: its vision tower is warmed up and frozen, the rest is untrained.

    Attributes:
        model: LlavaForConditionalGeneration.
        processor: LlavaProcessor; shared by every model of a run.
        optimizers: (optimizer, scheduler) for SFTTrainer, over `plan.steps` steps.
        plan: its sizes.
        encoder: the processor's RowEncoder, already holding the rows' pictures.
        vision_accuracy: share of pictures whose profile the tower names at the end of the warm-up, in [0, 1].
    """

    model: LlavaForConditionalGeneration
    processor: LlavaProcessor
    optimizers: tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]
    plan: TinyPlan
    encoder: RowEncoder
    vision_accuracy: float


def plan_for(rows: Sequence[Mapping[str, Any]]) -> TinyPlan:
    """The plan for a corpus, by its number of profiles: what has to grow with it grows here.

    Whole words as tokens (vocabulary), room to remember (width), telling more people apart (warm-up steps and pictures
    per step) and enough visits to each row (steps).
    """
    profiles = len(set(_column(rows, "profile_id")))
    return next(plan for limit, plan in _PLANS if profiles <= limit)


def tiny_tokenizer(texts: Iterable[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on the texts; the same texts in the same order give the same tokenizer."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([" " + text for text in texts], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="right",
        clean_up_tokenization_spaces=False,
    )


def tiny_processor(rows: Sequence[Mapping[str, Any]], plan: TinyPlan) -> LlavaProcessor:
    """A run's processor: its tokenizer has seen the questions and answers of all rows, to be forgotten or not."""
    texts = [text for row in _texts(rows) for text in (row["question"], row["answer"])]
    size = {"height": plan.image_size, "width": plan.image_size}
    return LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False),
        tokenizer=tiny_tokenizer(texts, plan.vocab_size),
        patch_size=plan.patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )


def tiny_vlm(
    rows: Sequence[Mapping[str, Any]],
    seed: int,
    *,
    plan: TinyPlan | None = None,
    processor: LlavaProcessor | None = None,
    encoder: RowEncoder | None = None,
) -> TinyVLM:
    """Makes the model and warms up its vision tower on the pictures of the rows that this stage may see.

    A gold model gets its own rows, and the plan and processor of the model that it is compared with.

    Args:
        rows: QA rows; the pictures among them teach the tower to tell profiles (`profile_id`) apart.
        seed: of weights, warm-up and augmentation; the same seed gives the same bits on the same machine and threads.
        plan: sizes; chosen by the rows where absent.
        processor: a run's processor; made from the rows where absent.
        encoder: the processor's encoder, to share its cache.

    Raises:
        ValueError: if there are no rows.
    """
    if len(rows) == 0:
        raise ValueError("tiny_vlm got no rows: there is nothing to build a model for")
    plan = plan or plan_for(rows)
    processor = processor or (encoder.processor if encoder else tiny_processor(rows, plan))
    encoder = encoder or RowEncoder(processor)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlavaForConditionalGeneration(_config(plan, processor))
        accuracy = warm_up(model, EncodedRows(rows, encoder), plan, seed=seed)
    freeze(model, FROZEN)
    optimizer = MuonAdamW(model, muon_lr=plan.muon_lr, adamw_lr=plan.adamw_lr)
    return TinyVLM(model, processor, (optimizer, warmup_cosine(optimizer, plan.steps)), plan, encoder, accuracy)


def _config(plan: TinyPlan, processor: LlavaProcessor) -> LlavaConfig:
    tokenizer = processor.tokenizer
    ids = {name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")}
    return LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=plan.vision_width,
            intermediate_size=3 * plan.vision_width,
            num_hidden_layers=plan.vision_layers,
            num_attention_heads=plan.vision_heads,
            image_size=plan.image_size,
            patch_size=plan.patch_size,
            projection_dim=plan.vision_width,
        ),
        text_config=LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=plan.width,
            intermediate_size=3 * plan.width,
            num_hidden_layers=plan.layers,
            num_attention_heads=plan.heads,
            num_key_value_heads=plan.heads,
            max_position_embeddings=2048,
            initializer_range=plan.init_range,
            tie_word_embeddings=False,
            **ids,
        ),
        image_token_index=processor.image_token_id,
        image_seq_length=(plan.image_size // plan.patch_size) ** 2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        initializer_range=plan.init_range,
        tie_word_embeddings=False,
        **ids,
    )


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> list:
    """One column, without decoding the pictures of the others."""
    return rows.with_format(None)[name] if hasattr(rows, "with_format") else [row[name] for row in rows]


def _texts(rows: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """The rows without their pictures, which a dataset would otherwise decode."""
    return rows.select_columns(["question", "answer"]) if hasattr(rows, "select_columns") else rows
