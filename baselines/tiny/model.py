"""The embedded model: a LLaVA small enough to train on a benchmark on a CPU in seconds, built for the rows given."""

from collections.abc import Iterable, Mapping, Sequence
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
from lethebench.baselines.tiny.plan import TinyPlan, plan_for
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


def tiny_tokenizer(texts: Iterable[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer trained on the texts; deterministic in the texts and their order."""
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
    """Return a run's processor; its tokenizer is trained on the questions and answers of all rows."""
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
    """Build the model and warm up its vision tower on the pictures of the rows.

    A gold model gets its own rows, and the plan and processor of the model that it is compared with.

    Args:
        rows: QA rows; their pictures train the tower to tell profiles (`profile_id`) apart.
        seed: of weights, warm-up and augmentation; the same seed gives the same bits on the same machine and threads.
        plan: sizes; chosen by the rows by default.
        processor: a run's processor; made from the rows by default.
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
    shared: dict[str, Any] = {
        name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")
    }
    shared["initializer_range"] = plan.init_range
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
            tie_word_embeddings=False,
            **shared,
        ),
        image_token_index=processor.image_token_id,
        image_seq_length=(plan.image_size // plan.patch_size) ** 2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=False,
        **shared,
    )


def _texts(rows: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """The rows without their pictures, which a dataset would decode."""
    return rows.select_columns(["question", "answer"]) if hasattr(rows, "select_columns") else rows
