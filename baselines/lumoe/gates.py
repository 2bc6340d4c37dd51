"""Gates of LUMoE: which task's adapter, if any, a question belongs to.

`gate(rows)` gives for each row the number of a task that was unlearnt, or None for the learnt model as it is;
`gate.add(task, forget, retain)` tells it of a task.

    EmbeddingGate   nearest centroid among subjects that were forgotten and subjects that are kept, within a distance
    VLMGate         asks a vision-language model what a question is about, and looks it up in each task's list
    TrueTaskGate    goes by the row's own task: exact deletion, an upper bound for reference only
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lethebench.baselines.trainer.rows import PICTURED, AnswerCollator, RowEncoder
from lethebench.baselines.trainer.saliency import LANGUAGE
from lethebench.baselines.trainer.weights import VISION, evaluating
from lethebench.contract.conversation import api_messages
from lethebench.contract.images import decode_image
from lethebench.contract.tokens import processor_inputs, render

KEPT = -1
"""The task of a centroid whose subject nobody asked to forget."""


class TrueTaskGate:
    """Routes by the row's `task_id`."""

    def __init__(self):
        self.tasks: set[int] = set()

    def add(self, task: int, forget: Sequence[Mapping[str, Any]], retain: Sequence[Mapping[str, Any]]) -> None:
        """Learns that a task was unlearnt."""
        self.tasks.add(task)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
        """The task of each row, None for rows of no task that was unlearnt."""
        return [row["task_id"] if row["task_id"] in self.tasks else None for row in rows]


class Centroids(NamedTuple):
    """What a gate knows of one kind of rows.

    Attributes:
        points: (C, D) centroids, one for each subject.
        tasks: (C,) the task of each, `KEPT` for subjects that are kept.
        within: distance above which a row belongs to no task.
    """

    points: Tensor
    tasks: Tensor
    within: float


class EmbeddingGate:
    """Nearest centroid by features of the learnt model.

    See `Features`. Rows with and without pictures have centroids of their own, one for each subject (`profile_id`) that
    was forgotten, and one for each that the last task's retain rows are about: what is nearest to one of those, or
    farther from all than any of these rows is, goes to the learnt model.

    Args:
        features: rows -> list of (D,) vectors, e.g. a `Features`.
    """

    def __init__(self, features: Callable[[Sequence[Mapping[str, Any]]], list[Tensor]]):
        self.features = features
        self.known: dict[bool, Centroids] = {}

    def add(self, task: int, forget: Sequence[Mapping[str, Any]], retain: Sequence[Mapping[str, Any]]) -> None:
        """Learns a task: the centroids of its subjects, and of those that are still kept."""
        for pictured in (True, False):
            inside = [row for row in forget if bool(row["images"]) == pictured]
            outside = [row for row in retain if bool(row["images"]) == pictured]
            if inside:
                self.known[pictured] = self._with(self.known.get(pictured), task, inside, outside)

    def _with(self, known: Centroids | None, task: int, inside, outside) -> Centroids:
        vectors = torch.stack(self.features([*inside, *outside]))
        points, kept = centroids(vectors[: len(inside)], inside), centroids(vectors[len(inside) :], outside)
        parts, tasks, within = [points, kept], [task] * len(points) + [KEPT] * len(kept), 0.0
        if known is not None:
            forgotten = known.tasks != KEPT
            parts, within = [known.points[forgotten], *parts], known.within
            tasks = [*known.tasks[forgotten].tolist(), *tasks]
        points = torch.cat(parts)
        farthest = torch.cdist(vectors, points).min(1).values.max().item()
        return Centroids(points, torch.tensor(tasks), max(within, farthest))

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
        """The task of the nearest centroid of each row, None for a kept subject's and beyond the distance."""
        return [self._nearest(row, vector) for row, vector in zip(rows, self.features(rows), strict=True)]

    def _nearest(self, row: Mapping[str, Any], vector: Tensor) -> int | None:
        known = self.known.get(bool(row["images"]))
        if known is None:
            return None
        distance, place = torch.cdist(vector[None], known.points)[0].min(0)
        task = int(known.tasks[place])
        return None if task == KEPT or distance > known.within else task

    def state(self) -> dict[str, Tensor]:
        """What to save."""
        return {
            f"{'image_text' if pictured else 'text'}.{name}": torch.as_tensor(value)
            for pictured, known in self.known.items()
            for name, value in known._asdict().items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes what `state` gave."""
        for pictured, kind in ((True, "image_text"), (False, "text")):
            if f"{kind}.points" in state:
                points, tasks, within = (state[f"{kind}.{name}"] for name in Centroids._fields)
                self.known[pictured] = Centroids(points, tasks, within.item())


def centroids(vectors: Tensor, rows: Sequence[Mapping[str, Any]]) -> Tensor:
    """(C, D) means of the (N, D) vectors of each subject's rows, in the order in which subjects come."""
    names = [row.get("profile_id", "") for row in rows]
    means = [vectors[[n == name for n in names]].mean(0) for name in dict.fromkeys(names)]
    return torch.stack(means) if means else vectors


class Features:
    """Vectors that tell what a question is about, from a model's own layers, one row at a time.

    A picture row's is the vision tower's outputs, mean over patches, beside the language model's last hidden states,
    mean over the prompt. A text row's is the input embeddings, mean over the prompt, beside the last hidden state of
    the prompt's last token. Each part is scaled to length 1. Of the means and last states that were tried, these routed
    the rows of a small `icu` best.

    Args:
        model: a vision-language model as learnt, without adapters in use.
        processor: its processor.
        encoder: the processor's RowEncoder, to share its cache.
    """

    def __init__(self, model: Any, processor: Any, encoder: RowEncoder | None = None):
        self.model = model
        self.collate = AnswerCollator(encoder or RowEncoder(processor))

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> list[Tensor]:
        """A vector of float32 on the CPU for each row; rows with and without pictures get vectors of two kinds."""
        return [self._one(row) for row in rows]

    def _one(self, row: Mapping[str, Any]) -> Tensor:
        batch = self.collate([row])
        asked = batch.pop("labels")[0] == -100
        device = next(self.model.parameters()).device
        inputs = {name: value.to(device) for name, value in batch.items() if name != PICTURED}
        seen: dict[str, Tensor] = {}
        hooks = [
            module.register_forward_hook(lambda _, __, out, kind=kind: seen.__setitem__(kind, _states(out)))
            for kind, module in self._towers().items()
        ]
        try:
            with evaluating(self.model):
                self.model(**inputs, use_cache=False, logits_to_keep=1)
        finally:
            for hook in hooks:
                hook.remove()
        states = seen["language"][0, asked.to(device)]
        if row["images"]:
            parts = [states.mean(0), seen["vision"].reshape(-1, seen["vision"].shape[-1]).mean(0)]
        else:
            with torch.no_grad():
                words = self.model.get_input_embeddings()(inputs["input_ids"][0, asked.to(device)])
            parts = [states[-1], words.mean(0)]
        return torch.cat([nn.functional.normalize(part.float().cpu(), dim=0) for part in parts])

    def _towers(self) -> dict[str, nn.Module]:
        """The outermost module of the vision part and of the language part."""
        found: dict[str, nn.Module] = {}
        for name, module in self.model.named_modules():
            for kind, pattern in (("vision", VISION), ("language", LANGUAGE)):
                if pattern.search(name) and not name.endswith("lm_head"):
                    found.setdefault(kind, module)
        return found


def _states(output) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


class VLMGate:
    """Asks a vision-language model for the class of what a question is about, then for its name, and looks it up.

    As in LUMoE's paper (MLUBench, arXiv 2606.12809): class, entity, fuzzy match against each task's list; no match is
    the learnt model as it is.

    Args:
        ask: (pictures as PIL images, text) -> the model's answer; `openai_asker` and `local_asker` make one.
        subjects: task -> names of what it forgets.
        cutoff: how alike two names must be, 0 .. 1, by `difflib`'s ratio.
    """

    def __init__(self, ask: Callable[[list, str], str], subjects: Mapping[int, Sequence[str]], *, cutoff: float = 0.8):
        self.ask = ask
        self.subjects = {task: list(names) for task, names in subjects.items()}
        self.cutoff = cutoff
        self.tasks: set[int] = set()

    def add(self, task: int, forget: Sequence[Mapping[str, Any]], retain: Sequence[Mapping[str, Any]]) -> None:
        """Learns that a task was unlearnt.

        Raises:
            ValueError: if it has no list of names.
        """
        if not self.subjects.get(task):
            raise ValueError(f"the gate has no names for task {task}: give them as subjects={{{task}: [...]}}")
        self.tasks.add(task)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
        """The task whose list holds a name like the one that the model gives."""
        return [self._one(row) for row in rows]

    def _one(self, row: Mapping[str, Any]) -> int | None:
        pictures = [decode_image(picture, row.get("id", "?")) for picture in row["images"]]
        question = f"Question: {row['question']}\n"
        kind = self.ask(pictures, f"{question}What kind of thing or being is this about? One word.")
        name = self.ask(
            pictures, f"{question}It is about this kind: {kind.strip()}. Which one is it? Give its name alone."
        )
        return match(name, {task: self.subjects[task] for task in self.tasks}, self.cutoff)


def match(name: str, subjects: Mapping[int, Sequence[str]], cutoff: float) -> int | None:
    """The task that holds the name most like this one, None where none is like it enough."""
    plain = _plain(name)
    ratios = [
        (difflib.SequenceMatcher(None, plain, _plain(known)).ratio(), -task)
        for task, names in subjects.items()
        for known in names
    ]
    ratio, task = max(ratios, default=(0.0, 0))
    return -task if ratio >= cutoff else None


def _plain(name: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in name.casefold()).split())


def openai_asker(model: str, *, client=None, max_tokens: int = 32) -> Callable[[list, str], str]:
    """Asks a model behind any OpenAI-compatible endpoint.

    Args:
        model: its name there.
        client: an `openai.OpenAI`; by default one that reads OPENAI_BASE_URL and OPENAI_API_KEY.
        max_tokens: of an answer.
    """
    if client is None:
        from openai import OpenAI

        client = OpenAI()

    def ask(pictures: list, text: str) -> str:
        answer = client.chat.completions.create(
            model=model, messages=api_messages(text, pictures), max_tokens=max_tokens, temperature=0
        )
        return answer.choices[0].message.content or ""

    return ask


def local_asker(model: Any, processor: Any, *, max_new_tokens: int = 32) -> Callable[[list, str], str]:
    """Asks a model that is loaded here, the learnt model itself among others."""

    def ask(pictures: list, text: str) -> str:
        prompt = render(processor, text, len(pictures))
        inputs = processor_inputs(processor, prompt, pictures).to(model.device)
        with evaluating(model):
            ids = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
        return processor.tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)

    return ask
