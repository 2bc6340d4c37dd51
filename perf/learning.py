"""Measure what each saving of a learning step of the embedded model is worth.

    python perf/learning.py [BUILD] [--rounds 15] [--threads 1]

One batch of stage 1 runs forward, backward and through the optimizer: plainly (torch's Muon in bfloat16, the vision
tower at each step, transformers' modules at all positions), then with each saving added to those before it. The
variants alternate, and times are processor time, so that ratios hold on a busy machine. Prints the medians and the
largest difference of a gradient from the plain one, then each part of a whole step of the trainer beside its floor: the
matrix products of the part, for each token once and without padding, at the rate of a plain linear layer. The last
column counts those that are done: fewer, as equal tokens of a batch share keys and values. Exits with 1 if a gradient
differs by more than 1e-6, or the step takes more than 1.6 times its floor.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from counted_floor import Rate, gflop
from ratios import add_json_option, write_ratios
from torch import Tensor

from lethebench.baselines import PRESETS, RowEncoder, plan_for, tiny_processor, tiny_vlm
from lethebench.baselines.learn import learn_config
from lethebench.baselines.tiny.muon import Muon, split_parameters
from lethebench.baselines.trainer import answer, answer_logits, packed
from lethebench.baselines.trainer.answer import AnswerTrainer, FiniteGradients
from lethebench.builders import build
from lethebench.runs.build import open_build

LIMIT, MOST_OVER_FLOOR = 1e-6, 1.6


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Switch off "tower" (features kept) and "packed" (real tokens only, the last layer at answer positions alone)."""
    with contextlib.ExitStack() as stack:
        if "tower" in names:
            stack.enter_context(mock.patch.object(answer_logits, "cached_picture_features", contextlib.nullcontext))
        for module in (answer, answer_logits) if "packed" in names else ():
            stack.enter_context(mock.patch.object(module, "is_packed", return_value=False))
        yield


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, nargs="?", help="an icu build; a small one is made by default")
    parser.add_argument("--rounds", type=int, default=15, help="alternating measurements of the variants")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    add_json_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.build or Path(scratch) / "icu"
        if options.build is None:
            build("icu", folder, size="small")
        rows = open_build(folder).split("train")
        plan = plan_for(rows)
        tiny = tiny_vlm(rows, 0, plan=plan, encoder=RowEncoder(tiny_processor(rows, plan)))
        config = learn_config(PRESETS["tiny"], scratch, per_device_train_batch_size=plan.batch_size, max_steps=1)
        trainer = AnswerTrainer(
            tiny.model, args=config, train_dataset=rows, encoder=tiny.encoder, optimizers=tiny.optimizers
        )
        largest, faster = report(trainer, options.rounds)
        over_floor = floors(trainer, options.rounds)
    write_ratios(options.json, lower={"step over matrix products": over_floor}, higher={"step over plain step": faster})
    return 0 if largest <= LIMIT and over_floor <= MOST_OVER_FLOOR else 1


def report(trainer: AnswerTrainer, rounds: int) -> tuple[float, float]:
    """Measure the variants, return the largest gap of a gradient and the last ratio."""
    model = trainer.model.train()
    batch = trainer._prepare_inputs(next(iter(trainer.get_train_dataloader())))
    matrices, _ = split_parameters(model)
    optimizers = {kind: kind(matrices, lr=0.0, weight_decay=0.0) for kind in (torch.optim.Muon, Muon)}
    variants: dict[str, tuple[Any, tuple[str, ...]]] = {
        "plain": (torch.optim.Muon, ("tower", "packed")),
        "+ Newton-Schulz in float32": (Muon, ("tower", "packed")),
        "+ tower once per picture": (Muon, ("packed",)),
        "+ packed, last layer at answers": (Muon, ()),
    }
    costs: dict[str, list[list[float]]] = {name: [] for name in variants}
    gradients: dict[str, list[Tensor]] = {}
    for _ in range(rounds + 1):
        for name, (kind, off) in variants.items():
            model.zero_grad()
            marks = [time.process_time()]
            with without(*off):
                loss = trainer.compute_loss(model, dict(batch))
                marks.append(time.process_time())
                loss.backward()
            marks.append(time.process_time())
            optimizers[kind].step()
            marks.append(time.process_time())
            costs[name].append([end - start for start, end in pairwise(marks)])
            gradients[name] = [value.grad.clone() for value in model.parameters() if value.grad is not None]
    print(f"{'CPU ms per step':32} forward backward Muon  whole  ratio  gradient differs by")
    whole = {name: [sum(parts) for parts in values[1:]] for name, values in costs.items()}
    largest = 0.0
    for name in variants:
        parts = [1000 * statistics.median(column) for column in zip(*costs[name][1:], strict=True)]
        ratio = statistics.median(before / now for before, now in zip(whole["plain"], whole[name], strict=True))
        pairs = zip(gradients["plain"], gradients[name], strict=True)
        gap = max((one - two).abs().max().item() for one, two in pairs)
        largest = max(largest, gap)
        total = 1000 * statistics.median(whole[name])
        print(f"{name:32} {parts[0]:7.1f} {parts[1]:8.1f} {parts[2]:4.1f} {total:6.1f} {ratio:5.2f}x  {gap:.1e}")
    return largest, ratio


def floors(trainer: AnswerTrainer, rounds: int) -> float:
    """Print the parts of a step beside their floors, and return the ratio of the whole step."""
    model, loader = trainer.model.train(), iter(trainer.get_train_dataloader())
    batch = next(loader)
    muon, adamw = trainer.optimizer.parts
    state: dict[str, Any] = {}
    check = FiniteGradients(trainer)

    def forward() -> None:
        state["loss"] = trainer.compute_loss(model, trainer._prepare_inputs(dict(batch)))

    def finish() -> None:
        trainer.gradient_norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        check.on_pre_optimizer_step(trainer.args, trainer.state, trainer.control)
        adamw.step()

    steps: dict[str, Callable[[], object]] = {
        "batch": lambda: trainer.collate([trainer.train_dataset[index] for index in range(len(batch["labels"]))]),
        "forward": forward,
        "backward": lambda: state["loss"].backward(),
        "Newton-Schulz": muon.step,
        "clip, check, AdamW": finish,
    }
    work, done = {}, {}
    with mock.patch.object(packed, "distinct", lambda ids: (ids, torch.arange(len(ids)))):
        for name, action in steps.items():
            work[name] = gflop(action)
    model.zero_grad()
    for name, action in steps.items():
        done[name] = gflop(action)
    linear = Rate()
    costs: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        model.zero_grad()
        linear.measure()
        for name, action in steps.items():
            start = time.process_time()
            action()
            costs[name].append(time.process_time() - start)
    rate = linear.median
    print(f"\n{'CPU ms of a step':20} {'GFLOP':>6} floor measured ratio at {rate:.0f} GFLOP/s; GFLOP done")
    whole = statistics.median(map(sum, zip(*(values[1:] for values in costs.values()), strict=True)))
    for name, values in {**{key: statistics.median(part[1:]) for key, part in costs.items()}, "whole": whole}.items():
        count = sum(work.values()) if name == "whole" else work[name]
        ratio = f"{values * rate / count:5.2f}" if count > 0.001 else "    -"
        own = sum(done.values()) if name == "whole" else done[name]
        print(f"{name:20} {count:6.2f} {1000 * count / rate:5.1f} {1000 * values:8.1f} {ratio} {own:6.2f}")
    return whole * rate / sum(work.values())


if __name__ == "__main__":
    sys.exit(main())
