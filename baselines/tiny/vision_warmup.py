"""Warm-up of the tiny model's vision tower: it learns to tell whose page it sees before the language model learns."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlavaForConditionalGeneration

from lethebench.baselines.trainer.rows import EncodedRows

if TYPE_CHECKING:
    from lethebench.baselines.tiny.model import TinyPlan


def warm_up(model: LlavaForConditionalGeneration, rows: EncodedRows, plan: "TinyPlan", *, seed: int) -> float:
    """Trains the tower to name the profile of each picture from all its patch tokens.

    Without it a language model that starts from nothing never learns to use its picture tokens. Pictures are shifted
    and their contrast and pixels disturbed, so that a second scan of a page is still that page.

    Args:
        model: its vision tower is trained in place, the linear reader on top is thrown away.
        rows: text rows are skipped; without any picture the tower stays as it is.
        plan: `vision_steps` steps of `vision_batch` pictures.
        seed: of the order of pictures and of the disturbance.

    Returns:
        The mean accuracy over the last tenth of the steps, in [0, 1]; nan where no row has a picture.
    """
    pictures, labels = identity_pictures(rows)
    if len(pictures) == 0 or plan.vision_steps == 0:
        return float("nan")
    tower = model.model.vision_tower
    names = sorted(set(labels))
    places = [[i for i, label in enumerate(labels) if label == name] for name in names]
    reader = nn.Linear(plan.vision_width * (plan.image_size // plan.patch_size) ** 2, len(names))
    parameters = [*tower.parameters(), *reader.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=plan.vision_lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=plan.vision_lr, total_steps=plan.vision_steps)
    generator = torch.Generator().manual_seed(seed)
    hits = []
    tower.train()
    for target in _profile_batches(len(names), plan.vision_batch, plan.vision_steps, generator):
        choice = [places[t][int(torch.randint(len(places[t]), (1,), generator=generator))] for t in target.tolist()]
        batch = disturb(torch.cat([pictures[i] for i in choice]), generator)
        scores = reader(tower(batch).last_hidden_state[:, 1:].flatten(1))
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
    """The (1, 3, H, W) pictures of rows with exactly one, and the profile that each shows."""
    with_picture = [place for place, modality in enumerate(_column(rows.rows, "modality")) if modality != "text"]
    profiles = _column(rows.rows, "profile_id")
    encoded = [(rows[place].pictures.get("pixel_values"), profiles[place]) for place in with_picture]
    kept = [(pixels, profile) for pixels, profile in encoded if pixels is not None and len(pixels) == 1]
    return [pixels for pixels, _ in kept], [profile for _, profile in kept]


def disturb(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 3, H, W) pictures, shifted by up to 2 pixels, contrast and pixels disturbed by 0.1."""
    count = len(pictures)
    shifts = torch.randint(-2, 3, (count, 2), generator=generator).tolist()
    moved = torch.stack([picture.roll(shift, (1, 2)) for picture, shift in zip(pictures, shifts, strict=True)])
    contrast = 1 + 0.1 * torch.randn(count, 1, 1, 1, generator=generator)
    return moved * contrast + 0.1 * torch.randn(moved.shape, generator=generator)


def _profile_batches(profiles: int, size: int, steps: int, generator: torch.Generator):
    """`steps` batches of profile numbers, each profile in turn in seeded order."""
    size = min(size, profiles)
    queue = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(queue) < size:
            queue = torch.cat([queue, torch.randperm(profiles, generator=generator)])
        yield queue[:size]
        queue = queue[size:]


def _column(rows, name: str) -> list:
    names = getattr(rows, "features", None)
    if names is None:
        return [row[name] for row in rows]
    values = rows.with_format(None)[name]
    feature = names[name]
    return [feature.int2str(value) for value in values] if hasattr(feature, "int2str") else list(values)
