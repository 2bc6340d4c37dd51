"""A small processor of any model type: the type's own class with a small image processor and a small tokenizer.

The image processor is Pillow's, or torchvision's where Transformers has no other. Where the class takes a video
processor or a feature extractor, which need packages that this project does not, an object without abilities stands in
their place.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from unittest import mock

import transformers as tf
from other_processors import BARE
from tiny_models import TEMPLATE, tokenizer
from tokenizers import AddedToken
from tokenizers.processors import TemplateProcessing
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

from lethebench.baselines.checkpoints.processors import TEMPLATES

# The ids of these tokens follow those of `tiny_models.SPECIALS`, so that every config can name them.
EXTRA = ("<video>", "<boi>", "<eoi>", "<audio>", "<mark>")
IMAGE, VIDEO, START, END, AUDIO, MARK = range(4, 10)
TOKENS = {
    "<image>": ("image", "context_image"),
    "<video>": ("video",),
    "<audio>": ("audio",),
    "<boi>": ("boi", "image_start", "vision_start", "start_image", "video_start", "boa", "vision_bos", "audio_bos"),
    "<eoi>": ("eoi", "image_end", "vision_end", "end_image", "video_end", "eoa", "vision_eos", "audio_eos"),
    "<mark>": (
        "image_break", "img_line_break", "slice_start", "slice_end", "image_id_start", "image_id_end", "image_wrapper",
        "eof", "fake_image", "image_boundary", "end_of_utterance", "global_image", "image_thumbnail",
    ),
}  # fmt: skip
SQUARE = {"height": 28, "width": 28}
PATCHES = {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 4}


def words(extra: Sequence[str] = ()) -> Any:
    """A tokenizer whose special tokens have every name that a processor asks for."""
    result = copy.deepcopy(tokenizer((*EXTRA, *extra)))
    result.sep_token = "<mark>"
    for token, names in TOKENS.items():
        for name in names:
            setattr(result, f"{name}_token", token)
            setattr(result, f"{name}_token_id", result.convert_tokens_to_ids(token))
    return result


class SpaceFirst(tf.PreTrainedTokenizerFast):
    """Begins every text with a space, as Llama's tokenizer does."""

    def __call__(self, text: Any, **options: Any) -> Any:
        return super().__call__([f" {one}" for one in text] if isinstance(text, list) else f" {text}", **options)


class _Absent:
    """Stands for a video processor or feature extractor, which no picture needs."""

    model_input_names: ClassVar[list[str]] = []
    merge_size, slice_mode, downsample_mode = 2, False, "16x"


@dataclass(frozen=True)
class Own:
    """How to make the type's own processor.

    Attributes:
        image: changes to the image processor's options.
        options: of the processor.
        extra: further tokens.
        placeholder: what the chat template writes for a picture.
        fixed: attributes set on the finished processor.
        bare: whether the chat template writes no roles, only texts.
        template: the chat template, if it is another one.
        ends: whether the tokenizer puts every text between its start and end token.
        kind: name of the processor class, where the mapping has none.
        image_kind: name of the image processor class, where the mapping has none.
        space_first: whether the tokenizer begins every text with a space.
        config: changes to the model's config that this processor needs, by dotted name.
    """

    image: Mapping[str, Any] = field(default_factory=lambda: {"size": SQUARE})
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    placeholder: str = "<image>\n"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    bare: bool = False
    template: str = ""
    ends: bool = False
    kind: str = ""
    image_kind: str = ""
    space_first: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)

    def make(self, model_type: str) -> Any:
        kind = getattr(tf, self.kind or PROCESSOR_MAPPING_NAMES[model_type])
        parts: dict[str, Any] = {"tokenizer": words(self.extra)}
        if self.ends:
            parts["tokenizer"].backend_tokenizer.post_processor = TemplateProcessing(
                single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
            )
        if self.space_first:
            parts["tokenizer"].__class__ = SpaceFirst
        if "image_processor" in kind.get_attributes():
            parts["image_processor"] = getattr(tf, self.image_kind or image_kind(model_type))(**self.image)
        for name in kind.get_attributes():
            parts.setdefault(name, words(self.extra) if name.endswith("tokenizer") else _Absent())
        with mock.patch.object(tf.ProcessorMixin, "check_argument_for_proper_class"):
            processor = kind(**parts, **self.options)
        template = BARE.replace("<image>", "<image>\n") if self.bare else TEMPLATE
        processor.chat_template = self.template or template.replace("<image>\n", self.placeholder)
        for name, value in self.fixed.items():
            setattr(processor, name, value)
        return processor


def image_kind(model_type: str) -> str:
    """Return the class of the type's image processor: Pillow's if there is one."""
    kinds = IMAGE_PROCESSOR_MAPPING_NAMES[model_type]
    return kinds.get("pil") or kinds["torchvision"]


QWEN = Own(image={"size": PATCHES})
PIXTRAL = Own(
    image={"size": {"longest_edge": 56}, "patch_size": {"height": 14, "width": 14}},
    options={"patch_size": 14, "spatial_merge_size": 2},
)
MISTRAL = replace(
    PIXTRAL,
    options={**PIXTRAL.options, "image_token": "<image>", "image_break_token": "<mark>", "image_end_token": "<eoi>"},
)
LLAVA = Own(
    image={"size": {"shortest_edge": 28}, "crop_size": SQUARE},
    options={"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1},
)
CLIP = {"size": {"shortest_edge": 28}, "crop_size": SQUARE}
GRID = [[28, 56], [56, 28]]
TWICE, FOUR_TIMES = {"height": 56, "width": 56}, {"height": 112, "width": 112}
WHOLE = {"images_kwargs": {"crop_to_patches": False}}

PROCESSORS: dict[str, Own] = {
    "aria": Own(
        image={"max_image_size": 490},
        options={"size_conversion": {490: 4}},
        fixed={"images_kwargs": {"max_image_size": 490, "split_image": False}},
    ),
    "aya_vision": Own(
        image={"size": TWICE},
        options={"patch_size": 14, "img_size": 56, "downsample_factor": 2, "img_patch_token": "<image>"},
        extra=("<|START_OF_IMG|>", "<|END_OF_IMG|>"),
        fixed=WHOLE,
    ),
    "blip": Own(),
    "blip-2": Own(options={"num_query_tokens": 4}, placeholder="", fixed={"image_token": AddedToken("<image>")}),
    "chameleon": Own(
        image={"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}},
        options={"image_seq_length": 4},
        extra=tuple(f"IMGIMG{letter}Z" for letter in "ABCDEFGH"),
    ),
    "cohere2_vision": Own(
        image={"size": SQUARE, "patch_size": 2},
        config={"vision_config.image_size": 28, "vision_config.patch_size": 7},
    ),
    "cohere_compass": Own(image={"size": PATCHES}, fixed={"image_token": "<image>"}),
    "cosmos3_edge": Own(image={"size": PATCHES, "patch_size": 14}),
    "cosmos3_omni": Own(image={"size": PATCHES}, kind="Qwen3VLProcessor"),
    "deepseek_ocr2": Own(options={"patch_size": 1, "downsample_ratio": 2.4}),  # the model has 144 queries
    "deepseek_vl": Own(options={"num_image_tokens": 4}),
    "deepseek_vl_hybrid": Own(image={"size": SQUARE, "high_res_size": SQUARE}, options={"num_image_tokens": 4}),
    "dots3_note": Own(
        image={"size": PATCHES, "temporal_patch_size": 1}, fixed={"image_token": "<image>", "image_token_id": IMAGE}
    ),
    "emu3": Own(
        image={"min_pixels": 32 * 32, "max_pixels": 32 * 32},
        extra=("<|extra_200|>", *(f"<|visual token {code:06d}|>" for code in range(8))),
    ),
    "ernie4_5_vl_moe": QWEN,
    "exaone4_5": QWEN,
    "fast_vlm": Own(
        image={"size": TWICE, "crop_size": TWICE},
        options={"patch_size": 28, "vision_feature_select_strategy": "full"},
        kind="LlavaProcessor",
        image_kind="CLIPImageProcessorPil",
    ),
    "florence2": Own(
        image={"size": {"height": 64, "width": 64}, "do_center_crop": False, "image_seq_length": 5},
        template=TEMPLATES["florence2"],
        ends=True,
    ),
    "fuyu": Own(
        image={"size": {"height": 60, "width": 60}},
        extra=("|SPEAKER|", "|NEWLINE|"),
        placeholder="",  # the processor puts a picture first
        bare=True,
        space_first=True,  # the processor drops it
        image_kind="FuyuImageProcessor",  # that of Pillow raises TypeError
        config={"image_token_id": 10},
    ),
    "gemma3": Own(options={"image_seq_length": 4}, placeholder="<boi>"),
    "gemma3n": Own(image={"size": TWICE}, options={"image_seq_length": 4}),
    "gemma4": Own(image={"max_soft_tokens": 70}),
    "gemma4_unified": Own(image={"max_soft_tokens": 70}),
    "git": Own(image=CLIP, placeholder=""),
    "glm46v": QWEN,
    "glm4v": QWEN,
    "glm4v_moe": Own(image={"size": PATCHES}, image_kind="Glm4vImageProcessorPil"),
    "glm5_next": Own(image={"min_image_tokens": 1, "max_image_tokens": 4}),
    "glm_ocr": Own(image={"size": PATCHES}, kind="Glm46VProcessor", image_kind="Glm46VImageProcessorPil"),
    "glmga": Own(image={"size": PATCHES}, kind="Glm46VProcessor"),
    "got_ocr2": Own(extra=("<img>", "</img>", "<imgpad>"), placeholder="<imgpad>", fixed={"num_image_tokens": 1}),
    "granite4_vision": Own(
        image={**CLIP, "image_grid_pinpoints": GRID}, options={**LLAVA.options, "downsample_rate": "1/2"}
    ),
    "granite_docling": Own(image={"size": FOUR_TIMES, "max_patches": 1}, options={"image_seq_len": 4}, fixed=WHOLE),
    "hunyuan_vl": Own(image={"size": PATCHES, "patch_size": 14}, placeholder="<boi><image><eoi>"),
    "hyperclovax_vision_v2": QWEN,
    "idefics": Own(image={"image_size": 28}, placeholder="<image>"),
    "idefics2": Own(
        image={"size": {"longest_edge": 28, "shortest_edge": 14}, "do_image_splitting": False},
        options={"image_seq_len": 3},
    ),
    "idefics3": Own(
        image={"size": {"longest_edge": 56}, "max_image_size": {"longest_edge": 28}}, options={"image_seq_len": 4}
    ),
    "inkling2": Own(image={"size": SQUARE}),
    "inkling_mm_model": Own(
        image={"size": {"height": 40, "width": 40}}, options={"image_bos_token": "<boi>", "audio_bos_token": "<boi>"}
    ),
    "instructblip": Own(options={"num_query_tokens": 4}, placeholder="", fixed={"image_token": AddedToken("<image>")}),
    "instructblipvideo": Own(options={"num_query_tokens": 4}),
    "internvl": Own(image={"size": TWICE}, options={"image_seq_length": 4}, fixed=WHOLE),
    "janus": Own(options={"num_image_tokens": 4}),
    "kimi_k25": Own(image={}),
    "kosmos-2": Own(image=CLIP, kind="Kosmos2Processor", placeholder="", fixed={"num_image_tokens": 4}),
    "kosmos-2.5": Own(
        options={"num_image_tokens": 4},
        kind="Kosmos2_5Processor",
        placeholder="",
        fixed={"images_kwargs": {"max_patches": 16}},
        image={},
    ),
    "lfm2_vl": Own(
        image={
            "size": TWICE,
            "tile_size": 28,
            "encoder_patch_size": 14,
            "min_image_tokens": 1,
            "max_image_tokens": 1,
            "max_tiles": 4,
        }
    ),
    "lfm3_vl": QWEN,
    "lighton_ocr": PIXTRAL,
    "llama4": Own(
        image={"size": TWICE},
        options={"patch_size": 14},
        extra=(
            "<|patch|>",
            "<|image|>",
            "<|image_start|>",
            "<|image_end|>",
            "<|tile_x_separator|>",
            "<|tile_y_separator|>",
        ),
        placeholder="<|image|>",
        config={"image_token_id": 10, "image_token_index": 10},
    ),
    "llava": LLAVA,
    "llava_next": Own(image={**CLIP, "image_grid_pinpoints": GRID}, options=LLAVA.options),
    "llava_next_video": Own(image={**CLIP, "image_grid_pinpoints": GRID}, options=LLAVA.options),
    "llava_onevision": Own(
        image={"size": SQUARE, "image_grid_pinpoints": GRID},
        options={"num_image_tokens": 4, "vision_feature_select_strategy": "full"},
    ),
    "minicpm_ocr": Own(image={"scale_resolution": 56, "max_slice_nums": 4}),
    "minicpmv4_6": Own(image={"scale_resolution": 56, "max_slice_nums": 1}),
    "minicpmv4_7": Own(image={"scale_resolution": 56, "max_slice_nums": 1}),
    "minimax_m3_vl": Own(
        image={"size": PATCHES},
        extra=("]<]image[>[", "]<]video[>[", "]<]start of image[>[", "]<]end of image[>["),
        placeholder="]<]image[>[",
        config={"image_token_id": 10, "video_token_id": 11},
    ),
    "mistral3": MISTRAL,
    "mistral_large4": MISTRAL,
    "mllama": Own(image={"size": SQUARE, "max_image_tiles": 2}, fixed={"image_kwargs": {"max_image_tiles": 2}}),
    "molmo2": Own(
        image={"size": SQUARE, "max_crops": 2, "overlap_margins": [0, 0]},
        extra=(
            "<im_patch>",
            "<im_col>",
            "<im_start>",
            "<low_res_im_start>",
            "<frame_start>",
            "<im_end>",
            "<frame_end>",
            "<im_low>",
        ),
        config={"image_patch_id": 10},
    ),
    "muse_glimmer": Own(
        image={"max_image_tokens": 4},
        extra=("<|patch|>", "<|image_start|>", "<|image_end|>", "<|video|>"),
        placeholder="<|patch|>",
        config={"image_token_id": 10},
    ),
    "muse_spark": Own(image={"max_image_tokens": 4}),
    "nemotron_h_omni": Own(image={"patch_size": 14, "min_num_patches": 4, "max_num_patches": 16}),
    "ovis2": Own(
        options={"image_seq_length": 4},
        extra=("<IMG_ATOM>", "<IMG_START>", "<IMG_GRID>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>"),
        fixed=WHOLE,
    ),
    "paddleocr_vl": QWEN,
    "paligemma": Own(image={"size": SQUARE, "image_seq_length": 4}, placeholder="<image>", bare=True),
    "perception_lm": Own(image={"tile_size": 32, "max_num_tiles": 4}, options={"patch_size": 16}),
    "pp_chart2table": Own(),
    "qianfan_ocr": Own(image={"size": TWICE}, options={"image_seq_length": 4}, fixed=WHOLE),
    "qwen2_5_omni_thinker": Own(
        image={"size": PATCHES}, kind="Qwen2_5OmniProcessor", image_kind="Qwen2VLImageProcessorPil"
    ),
    "qwen2_5_vl": QWEN,
    "qwen2_vl": QWEN,
    "qwen3_5": QWEN,
    "qwen3_5_moe": QWEN,
    "qwen3_omni_moe_thinker": Own(
        image={"size": PATCHES}, kind="Qwen3OmniMoeProcessor", image_kind="Qwen2VLImageProcessorPil"
    ),
    "qwen3_vl": QWEN,
    "qwen3_vl_moe": Own(image={"size": PATCHES}, image_kind="Qwen2VLImageProcessorPil"),
    "qwen4_exp": QWEN,
    "shieldgemma2": Own(options={"image_seq_length": 4}, placeholder="<boi>"),
    "smolvlm": Own(
        image={"size": {"longest_edge": 56}, "max_image_size": {"longest_edge": 28}},
        options={"image_seq_len": 4},
        kind="Idefics3Processor",
        image_kind="Idefics3ImageProcessorPil",
    ),
    "step3p7": Own(
        image={"size": TWICE, "patch_size": 56},
        extra=("<im_patch>", "<patch_start>", "<patch_end>", "<patch_newline>", "<im_start>", "<im_end>"),
        placeholder="<im_patch>",
        config={"image_token_id": 10},
    ),
    "t5gemma2": Own(options={"image_seq_length": 4}, placeholder="<boi>"),
    "unlimited_ocr": Own(image={"size": {"height": 64, "width": 64}, "tile_size": 32, "max_patches": 4}),
    "video_llama_3": QWEN,
    "video_llava": Own(image=CLIP, options=LLAVA.options),
    "vipllava": LLAVA,
}
