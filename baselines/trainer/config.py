"""The settings that all unlearning trainers share."""

from dataclasses import dataclass, field

from transformers.utils import is_torch_bf16_gpu_available
from trl import SFTConfig

from lethebench.baselines.trainer.settings_checks import FIXED, FIXED_IN_PAIRS, check_fixed, check_training
from lethebench.contract.columns import MODALITY_CHOICES

RETAIN_LOSSES = ("ce", "kl", "none")


@dataclass
class UnlearningConfig(SFTConfig):
    """Configuration class for the unlearning trainers.

    It has every parameter of [`~trl.SFTConfig`]; listed are those it adds and those whose default it changes.

    Parameters:
        max_length (`int` or `None`, *optional*, defaults to `None`):
            Must stay `None`: truncation would cut picture tokens.
        remove_unused_columns (`bool`, *optional*, defaults to `False`):
            Must stay `False`: the trainers read whole QA rows.
        bf16 (`bool`, *optional*):
            Whether to use bfloat16. If `None`, it is used where an accelerator has it; TRL's default fails on a CPU.
        frozen (`str`, *optional*):
            Regular expression; parameters whose name contains a match are not trained. If `None`, every parameter
            keeps its `requires_grad`.
        modality (`str`, *optional*, defaults to `"both"`):
            Forget rows to unlearn: those with a picture (`"image_text"`), those without (`"text"`), or `"both"`. It
            does not select retain rows.
        retain_weight (`float`, *optional*, defaults to `1.0`):
            Weight of the retain term, 0 or more, for methods that have one.
        reference_gib (`float`, *optional*, defaults to `4.0`):
            Most memory that stored reference distributions may take, in GiB.
    """

    max_length: int | None = field(default=None, metadata={"help": "No truncation: it would cut picture tokens."})
    remove_unused_columns: bool = field(default=False, metadata={"help": "The trainers read whole QA rows."})
    frozen: str | None = field(default=None, metadata={"help": "Regular expression of parameters not to train."})
    modality: str = field(default="both", metadata={"help": "Forget rows to unlearn: image_text, text or both."})
    retain_weight: float = field(default=1.0, metadata={"help": "Weight of the retain term."})
    reference_gib: float = field(default=4.0, metadata={"help": "Most memory for stored distributions, in GiB."})

    def __post_init__(self) -> None:
        if self.bf16 is None:
            self.bf16 = not self.fp16 and is_torch_bf16_gpu_available()
        super().__post_init__()
        check_fixed(self, {**FIXED, **FIXED_IN_PAIRS})
        check_training(self)
        if self.modality not in MODALITY_CHOICES:
            raise ValueError(f"modality is {self.modality!r}: choose one of {', '.join(MODALITY_CHOICES)}")
        if not self.retain_weight >= 0:
            raise ValueError(f"retain_weight is {self.retain_weight}: below 0 it would unlearn the retain set")


@dataclass
class RetainChoiceConfig(UnlearningConfig):
    """Configuration class for methods whose retain term is optional.

    Parameters:
        retain_loss (`str`, *optional*, defaults to `"none"`):
            Retain term: `"ce"` (cross-entropy on retain rows), `"kl"` (KL from the initial to the current model on
            them) or `"none"`.
    """

    retain_loss: str = field(default="none", metadata={"help": "Retain term: ce, kl or none."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.retain_loss not in RETAIN_LOSSES:
            raise ValueError(f"retain_loss is {self.retain_loss!r}: choose one of {', '.join(RETAIN_LOSSES)}")
