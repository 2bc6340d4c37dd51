"""One stage of a method, run by one process or by several under `accelerate launch`: weights and losses to a file.

accelerate launch --cpu --num_processes 2 tests/support/distributed_stage.py npo-kl 4 out.pt
"""

import sys

import baselines_support as support
import torch
from accelerate import PartialState

from lethebench.baselines.presets import LoraSettings

CASES = {
    "graddiff": ("graddiff", None, {}),
    "npo-kl": ("npo", None, {"retain_loss": "kl", "beta": 0.5}),
    "npo-kl-lora": ("npo", LoraSettings(rank=4, alpha=8), {"retain_loss": "kl", "beta": 0.5}),
    "dpo-ce": ("dpo", None, {"retain_loss": "ce", "beta": 0.5}),
    "mmunlearner": ("mmunlearner", None, {"modality": "both"}),
}


def run(case: str, size: int, folder: str, *, train: bool = True) -> dict:
    """Two epochs in batches of `size` rows a process, or the model before them."""
    method, lora, changes = CASES[case]
    torch.manual_seed(0)  # an adapter's first weights
    made = support.tiny(init_range=0.2)
    made.model.requires_grad_(True)
    options = {"num_train_epochs": 2, "per_device_train_batch_size": size, "logging_steps": 1, "use_cpu": True}
    forget, retain = support.rows(range(2)), support.rows(range(2, 6))
    stage = support.stage(
        method,
        made.model,
        made.processor,
        folder,
        forget,
        retain,
        **{**support.SGD, "learning_rate": 0.05, **options, **changes},
        **({"peft_config": lora.peft_config()} if lora else {}),
    )
    if train:
        stage.train()
    losses = [entry["loss"] for entry in stage.state.log_history if "loss" in entry]
    return {"weights": support.weights_of(stage.trained_model()), "losses": losses, "sharded": stage.is_sharded}


if __name__ == "__main__":
    case, size, out = sys.argv[1:]
    result = run(case, int(size), out + ".runs")
    state = PartialState()
    if state.is_main_process:
        torch.save({**result, "processes": state.num_processes}, out)
    state.destroy_process_group()
