"""What a step of NPO with a retain term costs beyond the forward and backward passes that it needs.

    python perf/npo_step.py [--rows 16] [--rounds 15]

One step holds as many forget rows as retain rows, half of each with a picture. The floor is those same rows through
the model with nothing around it: one pass over the rows with a picture and one over those without, each cross-entropy
at the answers' tokens and backward. Steps and floors take turns, and processor time is what counts, so that other work
on the machine disturbs little. Memory is what all live tensors hold, each storage once: taking the reference must not
add a copy of the weights. Exits with 1 above 1.15 times the floor, or where a copy is found.
"""

import argparse
import gc
import statistics
import sys
import tempfile
import time

import torch
from PIL import Image
from torch.nn import functional

from lethebench.baselines import NPOConfig, NPOTrainer, TinyPlan, tiny_vlm
from lethebench.baselines.trainer.answer import PICTURED, QUIET, select_rows

LIMIT = 1.15
PLAN = TinyPlan(vocab_size=2048, width=256, layers=4, heads=4, vision_width=192, vision_steps=0)


def rows(count: int, start: int = 0) -> list[dict]:
    """Rows in turn with a picture and without, answers of 3 to 12 words."""
    made = []
    for number in range(start, start + count):
        picture = Image.new("RGB", (112, 112), (number * 37 % 256, number * 91 % 256, 128))
        pictured = number % 2 == 0
        made.append(
            {
                "id": str(number),
                "profile_id": str(number),
                "modality": "image_text" if pictured else "text",
                "images": [picture] if pictured else [],
                "question": f"What does record {number} say about the person it belongs to?",
                "answer": " ".join(f"word{(number * 7 + place) % 97}" for place in range(3 + number % 10)),
            }
        )
    return made


def floor(model, batch: dict) -> None:
    """Both groups of rows forward and backward, with no trainer."""
    for pictured in (True, False):
        part = select_rows(batch, batch[PICTURED] == pictured)
        labels = part.pop("labels")
        wanted = functional.pad(labels[:, 1:] != -100, (0, 1))
        logits = model(**part, use_cache=False, logits_to_keep=wanted).logits
        functional.cross_entropy(logits.float(), labels[:, 1:][wanted[:, :-1]]).backward()
    model.zero_grad()


def tensor_bytes() -> int:
    """What all live tensors hold, each storage once."""
    gc.collect()
    held = [item for item in gc.get_objects() if issubclass(type(item), torch.Tensor)]
    return sum({part.untyped_storage().data_ptr(): part.untyped_storage().nbytes() for part in held}.values())


def seconds(action) -> float:
    """Processor time of all threads."""
    start = time.process_time()
    action()
    return time.process_time() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=16, help="forget rows of a step, and as many retain rows")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    forget, retain = rows(given.rows), rows(given.rows, given.rows)
    tiny = tiny_vlm([*forget, *retain], 0, plan=PLAN)
    weights = sum(value.nbytes for value in tiny.model.parameters())
    with tempfile.TemporaryDirectory() as scratch:
        args = NPOConfig(
            output_dir=scratch,
            bf16=False,
            activation_checkpointing=False,
            per_device_train_batch_size=given.rows,
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
        times = [(seconds(step), seconds(lambda: floor(model, bare))) for _ in range(given.rounds)]
    ratio = statistics.median(ours / theirs for ours, theirs in times)
    ours, theirs = (1000 * statistics.median(part) for part in zip(*times, strict=True))
    print(f"step {ours:.1f} ms, floor {theirs:.1f} ms (medians of {given.rounds}); ratio {ratio:.3f}, at most {LIMIT}")
    print(f"reference: {1000 * reference:.1f} ms once per stage for {given.rows} rows")
    print(f"memory: weights {weights / 2**20:.1f} MiB; the reference adds {added / 2**20:.3f} MiB")
    return 0 if ratio <= LIMIT and added < weights / 10 else 1


if __name__ == "__main__":
    sys.exit(main())
