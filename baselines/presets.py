"""Settings by name: the embedded model's recipe and those of the papers, all numbers in one place.

Beyond the papers' numbers, LoRA is on every linear layer of the language model, and batch and schedule of an unlearning
stage are those of stage 1: the sources do not say, so these are this project's choices.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

UNTRAINED = ("manu", "prompt")

# Bare names such as `q_proj` would match the vision tower too. LLaVA and Qwen say language_model, Idefics text_model.
LANGUAGE_MODEL_LINEARS = r".*(language_model|text_model)\..*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


@dataclass(frozen=True)
class LoraSettings:
    """A LoRA adapter: rank, scale `alpha`, dropout in [0, 1), and a regular expression of the layers that get one."""

    rank: int
    alpha: int
    dropout: float = 0.0
    target_modules: str = LANGUAGE_MODEL_LINEARS

    def peft_config(self):
        """The same as a `peft.LoraConfig`."""
        from peft import LoraConfig

        return LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=self.target_modules,
            task_type="CAUSAL_LM",
        )


# Where a preset trains weights themselves, the experts of LUMoE are still adapters.
EXPERT = LoraSettings(rank=16, alpha=32)


@dataclass(frozen=True)
class Preset:
    """What a run needs to know beside model and data.

    Attributes:
        name: as given to `--preset`.
        source: where the numbers come from.
        model: the model it was made for; "tiny" is the embedded one.
        lora: the adapter that is trained, or None to train the weights themselves.
        frozen: regular expression of parameters that are never trained, or None.
        shared: fields of `transformers.TrainingArguments` for every stage.
        learn: fields that stage 1 adds.
        unlearn: fields that every unlearning stage adds.
        methods: per method, fields of its config that it adds.
    """

    name: str
    source: str
    model: str
    lora: LoraSettings | None
    frozen: str | None
    shared: Mapping[str, Any]
    learn: Mapping[str, Any]
    unlearn: Mapping[str, Any]
    methods: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def learn_arguments(self) -> dict[str, Any]:
        """Fields of SFTConfig for stage 1."""
        return {**self.shared, **self.learn}

    def method_arguments(self, method: str) -> dict[str, Any]:
        """Fields of the method's config for one unlearning stage; no training settings where nothing is trained."""
        if method in UNTRAINED:
            return dict(self.methods.get(method, {}))
        return {
            **self.shared,
            **self.unlearn,
            **({"frozen": self.frozen} if self.frozen else {}),
            **self.methods.get(method, {}),
        }

    def trained(self) -> str:
        """In words, what is trained; for run records."""
        if self.lora is not None:
            adapter = f"LoRA of rank {self.lora.rank} on {self.lora.target_modules}"
            return f"{adapter}; by mmunlearner all weights, with that merged into them"
        return f"all weights{f' but {self.frozen}' if self.frozen else ''}; by lumoe a LoRA of rank {EXPERT.rank}"


_TINY = Preset(
    name="tiny",
    source="this project: tuned on small builds of icu",
    model="tiny",
    lora=None,
    frozen="vision_tower",
    shared={"bf16": False, "activation_checkpointing": False, "max_grad_norm": 1.0, "weight_decay": 0.0},
    # Steps, batch and optimizers come with the model: they grow with the corpus.
    learn={},
    unlearn={
        # A task of icu fits in one batch, so that an epoch is a step.
        "num_train_epochs": 20,
        "per_device_train_batch_size": 96,
        "learning_rate": 5e-4,
        "lr_scheduler_type": "constant",
        "adam_beta2": 0.95,
    },
    methods={
        "graddiff": {"retain_weight": 5.0},
        "kl": {"retain_weight": 10.0},
        "npo": {"beta": 0.5, "retain_loss": "ce", "retain_weight": 5.0},
        "simnpo": {"retain_loss": "ce", "retain_weight": 5.0},
        "idk": {"learning_rate": 1e-3, "retain_weight": 2.0},
        "dpo": {"learning_rate": 2e-3, "beta": 0.05, "retain_loss": "ce", "retain_weight": 5.0},
        "mmunlearner": {"num_train_epochs": 10, "modality": "both", "fisher_rows": 64},
        "lumoe": {"learning_rate": 1.5e-2, "retain_weight": 1.0},
    },
)

_MLLMU_LLAVA = Preset(
    name="mllmu-llava",
    source="MLLMU-Bench (NAACL 2025), LLaVA-1.5-7B; NPO's beta as in the paper (its code has 0.4)",
    model="llava-hf/llava-1.5-7b-hf",
    lora=LoraSettings(rank=16, alpha=16, dropout=0.05),
    frozen=None,
    shared={"activation_checkpointing": True, "learning_rate": 2e-5, "per_device_train_batch_size": 4},
    learn={"num_train_epochs": 4},
    unlearn={"num_train_epochs": 1},
    methods={"npo": {"beta": 0.9, "retain_loss": "ce", "retain_weight": 1.0}},
)

_MLLMU_IDEFICS2 = Preset(
    name="mllmu-idefics2",
    source="MLLMU-Bench (NAACL 2025), Idefics2-8B; NPO's beta as in the paper (its code has 0.4)",
    model="HuggingFaceM4/idefics2-8b",
    lora=LoraSettings(rank=16, alpha=16, dropout=0.05),
    frozen=None,
    shared={
        "activation_checkpointing": True,
        "learning_rate": 1e-5,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 4,
    },
    learn={"num_train_epochs": 4},
    unlearn={"num_train_epochs": 1},
    methods={"npo": {"beta": 0.9, "retain_loss": "ce", "retain_weight": 1.0}},
)


def _mlu(name: str, words: str, model: str) -> Preset:
    return Preset(
        name=name,
        source=f"MLUBench (ICML 2026, arXiv 2606.12809), {words}",
        model=model,
        lora=LoraSettings(rank=32, alpha=32, dropout=0.3),
        frozen=None,
        shared={
            "activation_checkpointing": True,
            "learning_rate": 5e-5,
            "weight_decay": 1e-4,
            "lr_scheduler_type": "cosine",
            "warmup_steps": 0.03,
            "per_device_train_batch_size": 4,
            "num_train_epochs": 5,
        },
        learn={},
        unlearn={},
        methods={"npo": {"beta": 5.0, "retain_loss": "ce", "retain_weight": 1.0}},
    )


_MLU_LLAVA = _mlu("mlu-llava", "LLaVA-v1.6-7B", "llava-hf/llava-v1.6-vicuna-7b-hf")
_MLU_LLAVA_13B = _mlu("mlu-llava-13b", "LLaVA-v1.6-13B", "llava-hf/llava-v1.6-vicuna-13b-hf")
_MLU_QWEN3VL = _mlu("mlu-qwen3vl", "Qwen3-VL-4B-Instruct", "Qwen/Qwen3-VL-4B-Instruct")

_ICU_LLAVA = replace(
    _MLLMU_LLAVA,
    name="icu-llava",
    source="this project: ICU-Bench's settings are not public, so those of mllmu-llava, with NPO's own beta",
    methods={"npo": {"beta": 0.1, "retain_loss": "ce", "retain_weight": 1.0}},
)

_ALL = (_TINY, _MLLMU_LLAVA, _MLLMU_IDEFICS2, _MLU_LLAVA, _MLU_LLAVA_13B, _MLU_QWEN3VL, _ICU_LLAVA)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _ALL})


def preset_for(name: str | None, model: str) -> Preset:
    """The preset of that name; without a name the one made for the model, else `mllmu-llava`.

    Raises:
        ValueError: if there is no preset of that name, or it does not fit the model.
    """
    if name is None:
        return next((preset for preset in PRESETS.values() if preset.model == model), PRESETS["mllmu-llava"])
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}: choose one of {', '.join(PRESETS)}")
    if (name == "tiny") != (model == "tiny"):
        raise ValueError(f"preset {name!r} does not fit model {model!r}: preset tiny goes with model tiny and no other")
    return PRESETS[name]
