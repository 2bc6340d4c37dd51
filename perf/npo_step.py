"""Compare an NPO step with a retain term with the plain loop of the field, on the same embedded model and rows.

    python perf/npo_step.py [BUILD] [--layers 1] [--rounds 9] [--threads 1]

A step is forward, backward, clipping and AdamW on the first task of an icu build and as many retain rows. The plain
loop has logits at all positions, a second model as reference, and nothing kept between steps; its losses and gradients
are the same. Batches are collated beforehand. Steps alternate and are measured in processor time; a stage adds what we
compute once for its 20 steps, the reference. The memory that a loop adds is the peak of a process of its own, above
what it had with the model and the batches in memory. Exits with 1 if losses or gradients differ by more than 1e-6, or
below 3 times the speed or 2.4 times less memory.
"""

import argparse
import copy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from ratios import add_json_option, write_ratios
from torch import Tensor, nn

from lethebench.baselines import PRESETS, NPOConfig, NPOTrainer, RowEncoder, plan_for, tiny_processor, tiny_vlm
from lethebench.baselines.losses import npo_loss
from lethebench.baselines.trainer.answer import QUIET
from lethebench.baselines.trainer.rows import PICTURED
from lethebench.builders import build
from lethebench.runs.build import open_build

FASTER, SMALLER, EXACT = 3.0, 2.4, 1e-6
STEPS = 20


class Ours:
    """The step of NPOTrainer."""

    def __init__(self, trainer: NPOTrainer, batch: dict[str, Tensor]) -> None:
        self.trainer, self.batch = trainer, batch
        self.optimizer = torch.optim.AdamW(trained(trainer.model), lr=0.0)
        self.reference_seconds = seconds(lambda: trainer.take_reference(trainer.model))

    def step(self) -> Tensor:
        loss = self.trainer.training_step(self.trainer.model.train(), dict(self.batch))
        return finish(loss, self.trainer.model, self.optimizer)


class Plain:
    """The loop of the papers' code: two models, the forget rows in one batch and the retain rows in another."""

    def __init__(self, model: nn.Module, args: NPOConfig, batch: dict[str, Tensor]) -> None:
        self.model, self.args = model, args
        self.reference = copy.deepcopy(model).eval()
        self.optimizer = torch.optim.AdamW(trained(model), lr=0.0)
        pictures, count = int(batch[PICTURED][: len(batch["forget_index"])].sum()), len(batch["forget_index"])
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "labels")}
        self.forget = {name: value[:count] for name, value in inputs.items()}
        self.retain = {name: value[count:] for name, value in inputs.items()}
        self.forget["pixel_values"], self.retain["pixel_values"] = batch["pixel_values"].tensor_split([pictures])

    def answers(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the summed log-probability and the number of tokens of each answer."""
        inputs = dict(batch)
        labels = inputs.pop("labels")[:, 1:]
        logps = model(**inputs).logits[:, :-1].log_softmax(-1)
        mask = labels != -100
        tokens = logps.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
        return (tokens * mask).sum(-1), mask.sum(-1)

    def step(self) -> Tensor:
        logps, _ = self.answers(self.model.train(), self.forget)
        with torch.no_grad():
            reference, _ = self.answers(self.reference, self.forget)
        retain, counts = self.answers(self.model, self.retain)
        loss = npo_loss(logps, reference, beta=self.args.beta) - self.args.retain_weight * (retain / counts).mean()
        loss.backward()
        return finish(loss, self.model, self.optimizer)


def trained(model: nn.Module) -> list[nn.Parameter]:
    return [value for value in model.parameters() if value.requires_grad]


def finish(loss: Tensor, model: nn.Module, optimizer: torch.optim.Optimizer) -> Tensor:
    """Clip and take the optimizer's step, of size 0, so that all steps are alike; gradients stay until the next."""
    nn.utils.clip_grad_norm_(trained(model), 1.0)
    optimizer.step()
    return loss.detach()


def loops(folder: Path, layers: int, scratch: str) -> tuple[Callable[[], Ours], Callable[[], Plain], int]:
    """Return functions that set up both loops on one model and batch, and the rows of a batch."""
    opened = open_build(folder)
    forget = opened.forget.filter(lambda task: task == 0, input_columns="task_id")
    retain = opened.retain.select(range(len(forget)))
    rows = opened.split("train")
    plan = replace(plan_for(rows), layers=layers, vision_steps=0)
    tiny = tiny_vlm(rows, 0, plan=plan, encoder=RowEncoder(tiny_processor(rows, plan)))
    settings = PRESETS["tiny"].method_arguments("npo") | {"per_device_train_batch_size": len(forget)}
    args = NPOConfig(output_dir=scratch, **{**QUIET, **settings})
    trainer = NPOTrainer(tiny.model, args=args, train_dataset=forget, retain_dataset=retain, encoder=tiny.encoder)
    batch = next(iter(trainer.get_train_dataloader()))
    trainer.current_gradient_accumulation_steps = 1  # the training loop would set it
    return lambda: Ours(trainer, batch), lambda: Plain(trainer.model, args, batch), 2 * len(forget)


def seconds(action: Callable[[], object]) -> float:
    """Return the processor time of all threads."""
    start = time.process_time()
    action()
    return time.process_time() - start


def added_mib(setup: Callable[[], Any]) -> float:
    """Return by how much setting up a loop and taking three steps raises the peak memory of this process."""

    def status(name: str) -> float:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024

    Path("/proc/self/clear_refs").write_text("5")  # the peak is that from now on
    before = status("VmRSS")
    loop = setup()
    for _ in range(3):
        loop.step()
    return status("VmHWM") - before


def compare(ours: Ours, plain: Plain, rounds: int) -> tuple[dict[str, list[float]], float, float]:
    """Return the seconds of the steps of both, and the largest differences of loss and gradients."""
    values: dict[str, tuple[Tensor, list[Tensor]]] = {}
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(rounds + 1):
        for name, loop in (("ours", ours), ("plain", plain)):
            ours.trainer.model.zero_grad()
            start = time.process_time()
            loss = loop.step()
            times[name].append(time.process_time() - start)
            values[name] = loss, [value.grad.clone() for value in trained(ours.trainer.model) if value.grad is not None]
    gap = (values["ours"][0] - values["plain"][0]).abs().item()
    gradients = max(
        (one - two).abs().max().item() for one, two in zip(*(pair[1] for pair in values.values()), strict=True)
    )
    return {name: column[1:] for name, column in times.items()}, gap, gradients


def main() -> int:
    """Print the comparison; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, nargs="?", help="an icu build; a small one is made by default")
    parser.add_argument("--layers", type=int, default=1, help="layers of the language model; the embedded one has 1")
    parser.add_argument("--rounds", type=int, default=9, help="alternating measurements of the steps")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--memory", choices=("ours", "plain"), help="print only the memory that a loop adds, in MiB")
    add_json_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.build or Path(scratch) / "icu"
        if options.build is None:
            build("icu", folder, size="small")
        ours, plain, rows = loops(folder, options.layers, scratch)
        if options.memory:
            print(added_mib(ours if options.memory == "ours" else plain))
            return 0
        command = [
            sys.executable,
            __file__,
            str(folder),
            f"--layers={options.layers}",
            f"--threads={options.threads}",
            "--memory",
        ]
        memory = {
            name: float(subprocess.run([*command, name], check=True, capture_output=True, text=True).stdout)
            for name in ("ours", "plain")
        }
        loop = ours()
        times, loss, gradients = compare(loop, plain(), options.rounds)
    pairs = list(zip(times["plain"], times["ours"], strict=True))
    faster = statistics.median(theirs / own for theirs, own in pairs)
    stage = statistics.median(STEPS * theirs / (STEPS * own + loop.reference_seconds) for theirs, own in pairs)
    smaller = memory["plain"] / memory["ours"]
    own_ms, plain_ms = (1000 * statistics.median(times[name]) for name in ("ours", "plain"))
    print(f"{rows} rows; loss differs by {loss:.1e}, gradients by {gradients:.1e}, at most {EXACT}")
    print(f"step {own_ms:.1f} ms, plain {plain_ms:.1f} ms: {faster:.2f}x, at least {FASTER}")
    print(f"reference {1000 * loop.reference_seconds:.1f} ms once a stage: {stage:.2f}x over {STEPS} steps")
    print(f"adds {memory['ours']:.0f} MiB, plain {memory['plain']:.0f} MiB: {smaller:.2f}x, at least {SMALLER}")
    write_ratios(options.json, higher={"step": faster, "stage": stage, "memory": smaller})
    return 0 if faster >= FASTER and smaller >= SMALLER and max(loss, gradients) <= EXACT else 1


if __name__ == "__main__":
    sys.exit(main())
