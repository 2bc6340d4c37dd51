"""Measure the overhead of an NPO step with a retain term over its forward and backward passes.

    python perf/npo_step.py [--rows 16] [--rounds 15]

One step has equal numbers of forget and retain rows, half of each with a picture. The floor runs the same rows through
the model without a trainer: one pass over the rows with a picture and one over those without, each with cross-entropy
at the answers' tokens and backward. Steps and floors alternate and are measured in processor time, which varies less
with other load. Memory counts all live tensors, each storage once: taking the reference must not copy the weights.
Exits with 1 above 1.15 times the floor or if the weights were copied.
"""

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import torch
from PIL import Image
from torch.nn import functional

from lethebench.baselines import NPOConfig, NPOTrainer, TinyPlan, tiny_vlm
from lethebench.baselines.trainer.answer import PICTURED, QUIET, select_rows

LIMIT = 1.15
PLAN = TinyPlan(vocab_size=2048, width=256, layers=4, heads=4, vision_width=192, vision_steps=0)


def rows(count: int, start: int = 0) -> list[dict]:
    """Return rows alternately with and without a picture, with answers of 3 to 12 words."""
    table = []
    for number in range(start, start + count):
        picture = Image.new("RGB", (112, 112), (number * 37 % 256, number * 91 % 256, 128))
        pictured = number % 2 == 0
        table.append(
            {
                "id": str(number),
                "profile_id": str(number),
                "modality": "image_text" if pictured else "text",
                "images": [picture] if pictured else [],
                "question": f"What does record {number} say about the person it belongs to?",
                "answer": " ".join(f"word{(number * 7 + k) % 97}" for k in range(3 + number % 10)),
            }
        )
    return table


def floor(model, batch: dict) -> None:
    """Run both groups of rows forward and backward without a trainer."""
    for pictured in (True, False):
        part = select_rows(batch, batch[PICTURED] == pictured)
        labels = part.pop("labels")
        mask = functional.pad(labels[:, 1:] != -100, (0, 1))
        logits = model(**part, use_cache=False, logits_to_keep=mask).logits
        functional.cross_entropy(logits.float(), labels[:, 1:][mask[:, :-1]]).backward()
    model.zero_grad()


def tensor_bytes() -> int:
    """Return the bytes of all live tensors, counting each storage once."""
    gc.collect()
    tensors = [item for item in gc.get_objects() if issubclass(type(item), torch.Tensor)]
    return sum({part.untyped_storage().data_ptr(): part.untyped_storage().nbytes() for part in tensors}.values())


def seconds(action: Callable[[], object]) -> float:
    """Return the processor time of all threads."""
    start = time.process_time()
    action()
    return time.process_time() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=16, help="forget rows per step, and retain rows per step")
    parser.add_argument("--rounds", type=int, default=15, help="alternating measurements of step and floor")
    options = parser.parse_args()
    forget, retain = rows(options.rows), rows(options.rows, options.rows)
    tiny = tiny_vlm([*forget, *retain], 0, plan=PLAN)
    weights = sum(value.nbytes for value in tiny.model.parameters())
    with tempfile.TemporaryDirectory() as scratch:
        args = NPOConfig(
            output_dir=scratch,
            bf16=False,
            activation_checkpointing=False,
            per_device_train_batch_size=options.rows,
            **QUIET,
        )
        trainer = NPOTrainer(
            tiny.model,
            args=args,
            train_dataset=forget,
            retain_dataset=retain,
            processing_class=tiny.processor,
            encoder=tiny.encoder,
        )
        batch = next(iter(trainer.get_train_dataloader()))  # also encodes every row
        before = tensor_bytes()
        reference = seconds(lambda: trainer.take_reference(trainer.model))
        added = tensor_bytes() - before
        trainer.current_gradient_accumulation_steps = 1  # the training loop would set it
        model = trainer.model.train()
        bare = {name: value for name, value in batch.items() if name not in ("forget_index", "retain_index")}

        def step() -> None:
            trainer.training_step(model, dict(batch))
            model.zero_grad()

        step(), floor(model, bare)
        times = [(seconds(step), seconds(lambda: floor(model, bare))) for _ in range(options.rounds)]
    ratio = statistics.median(step_seconds / floor_seconds for step_seconds, floor_seconds in times)
    step_ms, floor_ms = (1000 * statistics.median(part) for part in zip(*times, strict=True))
    print(f"step {step_ms:.1f} ms, floor {floor_ms:.1f} ms (medians of {options.rounds})")
    print(f"ratio {ratio:.3f}, at most {LIMIT}")
    print(f"reference: {1000 * reference:.1f} ms once per stage for {options.rows} rows")
    print(f"memory: weights {weights / 2**20:.1f} MiB; the reference adds {added / 2**20:.3f} MiB")
    return 0 if ratio <= LIMIT and added < weights / 10 else 1


if __name__ == "__main__":
    sys.exit(main())
