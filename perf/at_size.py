"""What a stage of the papers' models costs at their real size on one GPU: time of a step and most memory.

    python perf/at_size.py mllmu-llava mlu-llava-13b --methods npo,kl
    python perf/at_size.py mllmu-llava --four-bit          # the base in 4 bits, by way of the disk

Weights are random, in the shapes of the published models: what a step costs does not depend on what they say, and no
other number of such a model means anything. Rows are those of a small build of icu, settings the preset's. The floor
of a step is the same rows through the model with nothing around it, as in `npo_step.py`; steps and floors take turns.
It is given for methods whose loss needs one pass over forget and retain rows and nothing else. Memory is the most that
PyTorch held on the GPU, and what the model alone holds.
"""

import argparse
import gc
import statistics
import tempfile
import time
from pathlib import Path

import torch
from datasets import load_dataset
from npo_step import floor
from shapes import SHAPES, billions, random_model
from transformers import PrinterCallback

from lethebench.baselines import METHODS, method_entry
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.presets import PRESETS
from lethebench.baselines.trainer.answer import PICTURED, QUIET
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.builders import build

ONE_PASS = ("graddiff", "npo", "simnpo", "idk")
GIB = 2**30


def wait() -> None:
    """Until the GPU has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds(action) -> float:
    """Of the action and all that it started on the GPU."""
    wait()
    start = time.perf_counter()
    action()
    wait()
    return time.perf_counter() - start


def most_memory() -> float:
    """The most that was held on the GPU since the last call, in GiB."""
    if not torch.cuda.is_available():
        return float("nan")
    most = torch.cuda.max_memory_allocated() / GIB
    torch.cuda.reset_peak_memory_stats()
    return most


def make_trainer(preset, method, model, processor, encoder, forget, retain, folder, steps):
    """A trainer of the method at the preset's settings, on a fresh adapter where the preset has one."""
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
    """Medians of the seconds of a step, of its floor, and of their ratio, on one batch with both kinds of rows."""
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
    ours, theirs = (statistics.median(part) for part in zip(*times, strict=True))
    return ours, theirs, statistics.median(first / second for first, second in times)


def measure(preset, methods, rows, scratch, *, steps: int, rounds: int, four_bit: bool) -> None:
    """Prints what each method costs on a model in the shape of the preset's."""
    config, processor = SHAPES[preset.name]([row for part in rows for row in part.remove_columns("images")])
    model, encoder = random_model(config), RowEncoder(processor)
    if four_bit:
        save_model(model, processor, f"{scratch}/{preset.name}")
        del model
        gc.collect()
        most_memory()
        model, _ = load_model(f"{scratch}/{preset.name}", four_bit=True)
    bits = ", in 4 bits" if four_bit else ""
    print(f"{preset.name}: {billions(config):.2f} billion weights{bits}, {most_memory():.1f} GiB to make", flush=True)
    for method in methods:
        model.requires_grad_(method == "mmunlearner")  # the others train an adapter
        trainer = make_trainer(preset, method, model, processor, encoder, *rows, f"{scratch}/{method}", steps)
        whole = seconds(trainer.train)
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        words = f"{method}: {trainer.state.global_step} steps with reference {whole:.1f} s, loss {losses[0]:.3f}"
        words += f" to {losses[-1]:.3f}, at most {most_memory():.1f} GiB"
        if method in ONE_PASS:
            ours, theirs, ratio = against_floor(trainer, rounds)
            words += f"; step {ours:.3f} s, floor {theirs:.3f} s, ratio {ratio:.3f}"
        print(words, flush=True)
        trained = trainer.trained_model()
        model = trained.unload() if hasattr(trained, "peft_config") else trained
        del trainer, trained
        gc.collect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="+", help=f"of {', '.join(SHAPES)}")
    parser.add_argument("--methods", default="npo", help=f"with commas between, of {', '.join(METHODS)}")
    parser.add_argument("--steps", type=int, default=6, help="that each method takes")
    parser.add_argument("--rounds", type=int, default=5, help="of steps and floors in turn")
    parser.add_argument("--four-bit", action="store_true")
    given = parser.parse_args()
    counts = {"steps": given.steps, "rounds": given.rounds, "four_bit": given.four_bit}
    with tempfile.TemporaryDirectory() as scratch:
        build("icu", Path(scratch) / "icu", size=8, seed=0)
        rows = [load_dataset(f"{scratch}/icu", "continual", split=name) for name in ("forget", "retain")]
        for name in given.presets:
            measure(PRESETS[name], given.methods.split(","), rows, scratch, **counts)
            gc.collect()


if __name__ == "__main__":
    main()
