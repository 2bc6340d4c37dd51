"""Measure a training step of the papers' models at full size on one GPU: time and peak memory.

    python perf/at_size.py mllmu-llava mlu-llava-13b --methods npo,kl
    python perf/at_size.py mllmu-llava --four-bit          # load the base in 4 bits

Weights are random, in the shapes of the published models: the cost of a step does not depend on their values. Rows come
from a small build of icu, settings from the preset. The floor of a step runs the same rows through the model without a
trainer, as in `npo_step.py`; steps and floors alternate. The floor is measured for methods whose loss needs one pass
over forget and retain rows. Memory is PyTorch's peak on the GPU, and that of the model alone.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from datasets import load_dataset
from shapes import SHAPES, billions, random_model
from torch.nn import functional
from transformers import PrinterCallback

from lethebench.baselines import METHODS, method_entry
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.presets import PRESETS
from lethebench.baselines.trainer.answer import QUIET
from lethebench.baselines.trainer.rows import PICTURED, RowEncoder
from lethebench.baselines.trainer.selection import select_rows
from lethebench.builders import build

ONE_PASS = ("graddiff", "npo", "simnpo", "idk")
GIB = 2**30


def floor(model, batch: dict) -> None:
    """Run both groups of rows forward and backward without a trainer."""
    for pictured in (True, False):
        part = select_rows(batch, batch[PICTURED] == pictured)
        labels = part.pop("labels")
        mask = functional.pad(labels[:, 1:] != -100, (0, 1))
        logits = model(**part, use_cache=False, logits_to_keep=mask).logits
        functional.cross_entropy(logits.float(), labels[:, 1:][mask[:, :-1]]).backward()
    model.zero_grad()


def wait() -> None:
    """Wait until the GPU has finished its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds(action: Callable[[], object]) -> float:
    """Return the seconds of the action and of the work it started on the GPU."""
    wait()
    start = time.perf_counter()
    action()
    wait()
    return time.perf_counter() - start


def peak_memory() -> float:
    """Return the peak memory on the GPU since the last call, in GiB."""
    if not torch.cuda.is_available():
        return float("nan")
    peak = torch.cuda.max_memory_allocated() / GIB
    torch.cuda.reset_peak_memory_stats()
    return peak


def make_trainer(preset, method, model, processor, encoder, forget, retain, folder, steps):
    """Return a trainer of the method with the preset's settings and, if it has one, a new adapter."""
    trainer_class = method_entry(method).load()
    settings = {**QUIET, **preset.method_arguments(method), "max_steps": steps, "logging_steps": 1}
    if "retain_loss" in trainer_class.config_class.__dataclass_fields__ and method != "npo":
        settings["retain_loss"] = "ce"
    lora = preset.lora if method != "mmunlearner" else None
    trainer = trainer_class(
        model,
        args=trainer_class.config_class(output_dir=folder, **settings),
        train_dataset=forget,
        retain_dataset=retain,
        processing_class=processor,
        encoder=encoder,
        peft_config=lora.peft_config() if lora else None,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def against_floor(trainer, rounds: int) -> tuple[float, float, float]:
    """Return the median seconds of a step and of its floor, and their median ratio, on one batch of both kinds."""
    batches = (trainer._prepare_inputs(batch) for batch in trainer.get_train_dataloader())
    batch = next(batch for batch in batches if batch[PICTURED].any() and not batch[PICTURED].all())
    bare = {name: value for name, value in batch.items() if name not in ("forget_index", "retain_index")}
    model = trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1  # the training loop would set it

    def step() -> None:
        trainer.training_step(model, dict(batch))
        model.zero_grad()

    def passes() -> None:
        with trainer.accelerator.autocast():
            floor(model, bare)

    step(), passes()
    times = [(seconds(step), seconds(passes)) for _ in range(rounds)]
    step_seconds, floor_seconds = (statistics.median(part) for part in zip(*times, strict=True))
    return step_seconds, floor_seconds, statistics.median(first / second for first, second in times)


def measure(preset, methods, rows, scratch, *, steps: int, rounds: int, four_bit: bool) -> None:
    """Print the cost of each method on a model in the shape of the preset's."""
    config, processor = SHAPES[preset.name]([row for part in rows for row in part.remove_columns("images")])
    model, encoder = random_model(config), RowEncoder(processor)
    if four_bit:
        save_model(model, processor, f"{scratch}/{preset.name}")
        del model
        gc.collect()
        peak_memory()
        model, _ = load_model(f"{scratch}/{preset.name}", four_bit=True)
    bits = ", in 4 bits" if four_bit else ""
    print(f"{preset.name}: {billions(config):.2f} billion weights{bits}, {peak_memory():.1f} GiB to create", flush=True)
    for method in methods:
        model.requires_grad_(method == "mmunlearner")  # the others train an adapter
        trainer = make_trainer(preset, method, model, processor, encoder, *rows, f"{scratch}/{method}", steps)
        whole = seconds(trainer.train)
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        line = f"{method}: {trainer.state.global_step} steps with reference {whole:.1f} s, loss {losses[0]:.3f}"
        line += f" to {losses[-1]:.3f}, peak {peak_memory():.1f} GiB"
        if method in ONE_PASS:
            step, floor_seconds, ratio = against_floor(trainer, rounds)
            line += f"; step {step:.3f} s, floor {floor_seconds:.3f} s, ratio {ratio:.3f}"
        print(line, flush=True)
        trained = trainer.trained_model()
        model = trained.unload() if hasattr(trained, "peft_config") else trained
        del trainer, trained
        gc.collect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="+", help=f"presets: {', '.join(SHAPES)}")
    parser.add_argument("--methods", default="npo", help=f"comma-separated: {', '.join(METHODS)}")
    parser.add_argument("--steps", type=int, default=6, help="training steps of each method")
    parser.add_argument("--rounds", type=int, default=5, help="alternating measurements of step and floor")
    parser.add_argument("--four-bit", action="store_true", help="load the base in 4 bits")
    options = parser.parse_args()
    counts = {"steps": options.steps, "rounds": options.rounds, "four_bit": options.four_bit}
    with tempfile.TemporaryDirectory() as scratch:
        build("icu", Path(scratch) / "icu", size=8, seed=0)
        rows = [load_dataset(f"{scratch}/icu", "continual", split=name) for name in ("forget", "retain")]
        for name in options.presets:
            measure(PRESETS[name], options.methods.split(","), rows, scratch, **counts)
            gc.collect()


if __name__ == "__main__":
    main()
