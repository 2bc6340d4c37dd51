"""Warm-up of the embedded model's vision tower: it learns to tell profiles apart before stage 1."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlavaForConditionalGeneration

from lethebench.baselines.tiny.plan import TinyPlan, column
from lethebench.baselines.trainer.rows import EncodedRows


def warm_up(model: LlavaForConditionalGeneration, rows: EncodedRows, plan: TinyPlan, *, seed: int) -> float:
    """Train the tower to classify each picture's profile from all its patch tokens.

    Without it a randomly initialized language model never learns to use its picture tokens. Pictures are augmented
    (shift, contrast, noise), so that a second scan of a page is recognized as that page.

    Args:
        model: its vision tower is trained in place; the linear classifier on top is discarded.
        rows: text rows are skipped; without any picture the tower does not change.
        plan: `vision_steps` steps of `vision_batch` pictures.
        seed: of the order of pictures and of the augmentation.

    Returns:
        The mean accuracy over the last tenth of the steps, in [0, 1]; nan if no row has a picture.
    """
    pictures, labels = identity_pictures(rows)
    if len(pictures) == 0 or plan.vision_steps == 0:
        return float("nan")
    tower = model.model.vision_tower
    names = sorted(set(labels))
    pictures_of = [[index for index, label in enumerate(labels) if label == name] for name in names]
    classifier = nn.Linear(plan.vision_width * (plan.image_size // plan.patch_size) ** 2, len(names))
    parameters = [*tower.parameters(), *classifier.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=plan.vision_lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=plan.vision_lr, total_steps=plan.vision_steps)
    generator = torch.Generator().manual_seed(seed)
    hits = []
    tower.train()
    for target in _profile_batches(len(names), plan.vision_batch, plan.vision_steps, generator):
        choices = [pictures_of[profile] for profile in target.tolist()]
        chosen = [choice[int(torch.randint(len(choice), (1,), generator=generator))] for choice in choices]
        batch = augment([pictures[index][0] for index in chosen], generator)
        scores = classifier(tower(batch).last_hidden_state[:, 1:].flatten(1))
        optimizer.zero_grad()
        functional.cross_entropy(scores, target).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        hits.append((scores.argmax(-1) == target).float().mean().item())
    tower.eval()
    tail = hits[-max(1, len(hits) // 10) :]
    return sum(tail) / len(tail)


def identity_pictures(rows: EncodedRows) -> tuple[list[Tensor], list[str]]:
    """Return the (1, 3, H, W) pictures of rows with exactly one, and the profile that each shows."""
    profiles, modalities = column(rows.rows, "profile_id"), column(rows.rows, "modality")
    pictures, labels = [], []
    for index, modality in enumerate(modalities):
        pixels = rows[index].pictures.get("pixel_values") if modality != "text" else None
        if pixels is not None and len(pixels) == 1:
            pictures.append(pixels)
            labels.append(profiles[index])
    return pictures, labels


def augment(pictures: Sequence[Tensor], generator: torch.Generator) -> Tensor:
    """Return (3, H, W) pictures as one batch, shifted by up to 2 pixels, with contrast and noise of deviation 0.1."""
    count = len(pictures)
    shifts = torch.randint(-2, 3, (count, 2), generator=generator).tolist()
    shifted = torch.stack([picture.roll(shift, (1, 2)) for picture, shift in zip(pictures, shifts, strict=True)])
    contrast = 1 + 0.1 * torch.randn(count, 1, 1, 1, generator=generator)
    return shifted.mul_(contrast).add_(torch.randn(shifted.shape, generator=generator).mul_(0.1))


def _profile_batches(profiles: int, size: int, steps: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield `steps` batches of profile indices, each profile in turn, in seeded order."""
    size = min(size, profiles)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) < size:
            queue = torch.cat([queue, torch.randperm(profiles, generator=generator)])
        yield queue[:size]
        queue = queue[size:]
