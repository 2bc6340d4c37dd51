"""Gates of LUMoE: which task's adapter, if any, answers a question.

`gate(rows)` returns for each row the id of an unlearned task, or None for the initial model; `gate.add(task, forget,
retain)` adds a task.

    EmbeddingGate   nearest centroid among unlearned and retained subjects, within a distance
    VLMGate         asks a vision-language model for the subject's name and looks it up in each task's list
    TrueTaskGate    uses the row's own task: exact deletion, an upper bound for reference only
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lethebench.baselines.trainer.rows import PICTURED, AnswerCollator, RowEncoder
from lethebench.baselines.trainer.weights import LANGUAGE, VISION, evaluating
from lethebench.contract.conversation import api_messages
from lethebench.contract.encoder_decoder import is_encoder_decoder
from lethebench.contract.images import decode_image
from lethebench.contract.models import base_of, check_decoder_only, generation_inputs, run_forward
from lethebench.contract.processors import processor_inputs, render

KEPT = -1
"""Task id for centroids of retained subjects."""
Rows = Sequence[Mapping[str, Any]]


class TrueTaskGate:
    """Routes by the row's `task_id`."""

    def __init__(self) -> None:
        self.tasks: set[int] = set()

    def add(self, task: int, forget: Rows, retain: Rows) -> None:
        """Add an unlearned task."""
        self.tasks.add(task)

    def __call__(self, rows: Rows) -> list[int | None]:
        """Return the task of each row, None if it is not unlearned."""
        return [row["task_id"] if row["task_id"] in self.tasks else None for row in rows]


class Centroids(NamedTuple):
    """The subjects that a gate knows, of rows with pictures or of rows without.

    Attributes:
        points: (C, D) centroids, one for each subject.
        tasks: (C,) the task of each, `KEPT` for retained subjects.
        within: distance above which a row belongs to no task.
    """

    points: Tensor
    tasks: Tensor
    within: float


class EmbeddingGate:
    """Nearest centroid by features of the initial model, see `Features`.

    Rows with and without pictures have separate centroids: one for each unlearned subject (`profile_id`) and one for
    each subject of the last task's retain rows. A row that is nearest to a retained subject, or farther from every
    centroid than any of the rows that made them, goes to the initial model.

    Args:
        features: rows -> list of (D,) vectors, e.g. a `Features`.
    """

    def __init__(self, features: Callable[[Rows], list[Tensor]]) -> None:
        self.features = features
        self.known: dict[bool, Centroids] = {}

    def add(self, task: int, forget: Rows, retain: Rows) -> None:
        """Add a task: the centroids of its subjects, and those of the subjects that are still retained."""
        for pictured in (True, False):
            inside = [row for row in forget if bool(row["images"]) == pictured]
            outside = [row for row in retain if bool(row["images"]) == pictured]
            if inside:
                self.known[pictured] = self._with(self.known.get(pictured), task, inside, outside)

    def _with(self, known: Centroids | None, task: int, inside: Rows, outside: Rows) -> Centroids:
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

    def __call__(self, rows: Rows) -> list[int | None]:
        """Return the task of each row's nearest centroid, None if that is a retained subject's or too far."""
        return [self._nearest(row, vector) for row, vector in zip(rows, self.features(rows), strict=True)]

    def _nearest(self, row: Mapping[str, Any], vector: Tensor) -> int | None:
        known = self.known.get(bool(row["images"]))
        if known is None:
            return None
        distance, index = torch.cdist(vector[None], known.points)[0].min(0)
        task = int(known.tasks[index])
        return None if task == KEPT or distance > known.within else task

    def state(self) -> dict[str, Tensor]:
        """Return the tensors to save."""
        return {
            f"{'image_text' if pictured else 'text'}.{name}": torch.as_tensor(value)
            for pictured, known in self.known.items()
            for name, value in known._asdict().items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` returned."""
        for pictured, kind in ((True, "image_text"), (False, "text")):
            if f"{kind}.points" in state:
                points, tasks, within = (state[f"{kind}.{name}"] for name in Centroids._fields)
                self.known[pictured] = Centroids(points, tasks, within.item())


def centroids(vectors: Tensor, rows: Rows) -> Tensor:
    """Return the (C, D) means of the (N, D) vectors of each subject's rows, in order of first appearance."""
    names = [row.get("profile_id", "") for row in rows]
    means = [vectors[[n == name for n in names]].mean(0) for name in dict.fromkeys(names)]
    return torch.stack(means) if means else vectors


class Features:
    """Vectors that represent the subject of a question, from a model's own layers, one row at a time.

    For a picture row: the language model's last hidden states, mean over the prompt, and the vision tower's outputs,
    mean over patches. For a text row: the last hidden state of the prompt's last token, and the input embeddings, mean
    over the prompt. Each part is scaled to length 1. Among the means and last states tried, these routed the rows of a
    small `icu` best.

    Args:
        model: the initial model, without active adapters.
        processor: its processor.
        encoder: the processor's RowEncoder, to share its cache.
    """

    def __init__(self, model: Any, processor: Any, encoder: RowEncoder | None = None) -> None:
        check_decoder_only(model, "the gate of lumoe by hidden states")
        self.model = model
        self.collate = AnswerCollator(encoder or RowEncoder(processor))

    def __call__(self, rows: Rows) -> list[Tensor]:
        """Return a float32 vector on the CPU for each row; those of rows with and without pictures differ in kind."""
        return [self._one(row) for row in rows]

    def _one(self, row: Mapping[str, Any]) -> Tensor:
        batch = self.collate([row])
        is_prompt = batch.pop("labels")[0] == -100
        device = next(self.model.parameters()).device
        inputs = {name: value.to(device) for name, value in batch.items() if name != PICTURED}
        outputs: dict[str, Tensor] = {}
        hooks = [
            module.register_forward_hook(lambda _, __, out, kind=kind: outputs.update({kind: _states(out)}))
            for kind, module in self._towers().items()
        ]
        try:
            with evaluating(self.model):
                run_forward(self.model, inputs)
        finally:
            for hook in hooks:
                hook.remove()
        states = outputs["language"][0, is_prompt.to(device)]
        if row["images"]:
            parts = [states.mean(0), outputs["vision"].reshape(-1, outputs["vision"].shape[-1]).mean(0)]
        else:
            with torch.no_grad():
                words = self.model.get_input_embeddings()(inputs["input_ids"][0, is_prompt.to(device)])
            parts = [states[-1], words.mean(0)]
        return torch.cat([nn.functional.normalize(part.float().cpu(), dim=0) for part in parts])

    def _towers(self) -> dict[str, nn.Module]:
        """The outermost module of the vision part and of the language part."""
        towers: dict[str, nn.Module] = {}
        for name, module in self.model.named_modules():
            for kind, pattern in (("vision", VISION), ("language", LANGUAGE)):
                if pattern.search(name) and not name.endswith("lm_head"):
                    towers.setdefault(kind, module)
        return towers


def _states(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


class VLMGate:
    """Asks a vision-language model for the class and name of a question's subject, and looks the name up.

    As in LUMoE's paper (MLUBench, arXiv 2606.12809): class, entity, fuzzy match against each task's list; without a
    match the initial model answers.

    Args:
        ask: (pictures as PIL images, text) -> the model's answer; `openai_asker` and `local_asker` make one.
        subjects: task -> names of its forget set's subjects.
        cutoff: least similarity of two names by `difflib`'s ratio, 0 .. 1.
    """

    def __init__(
        self, ask: Callable[[list, str], str], subjects: Mapping[int, Sequence[str]], *, cutoff: float = 0.8
    ) -> None:
        self.ask = ask
        self.subjects = {task: list(names) for task, names in subjects.items()}
        self.cutoff = cutoff
        self.tasks: set[int] = set()

    def add(self, task: int, forget: Rows, retain: Rows) -> None:
        """Record that a task was unlearned, after which its subjects are routed to its adapter.

        Raises:
            ValueError: if the task has no list of names.
        """
        if not self.subjects.get(task):
            raise ValueError(f"the gate has no names for task {task}: pass them as subjects={{{task}: [...]}}")
        self.tasks.add(task)

    def __call__(self, rows: Rows) -> list[int | None]:
        """Return for each row the task whose list has a name like the model's answer."""
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
    """Return the task with the most similar name, None if none reaches the cutoff."""
    plain = _plain(name)
    ratios = [
        (difflib.SequenceMatcher(None, plain, _plain(subject)).ratio(), -task)
        for task, names in subjects.items()
        for subject in names
    ]
    ratio, task = max(ratios, default=(0.0, 0))
    return -task if ratio >= cutoff else None


def _plain(name: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in name.casefold()).split())


def openai_asker(model: str, *, client: Any = None, max_tokens: int = 32) -> Callable[[list, str], str]:
    """Return a function that asks a model behind an OpenAI-compatible endpoint.

    Args:
        model: the model's name at the endpoint.
        client: an `openai.OpenAI`; by default one that reads OPENAI_BASE_URL and OPENAI_API_KEY.
        max_tokens: most tokens of an answer.
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
    """Return a function that asks a loaded model, the initial model for instance."""

    def ask(pictures: list, text: str) -> str:
        prompt = render(processor, text, len(pictures))
        inputs = processor_inputs(processor, prompt, pictures).to(model.device)
        with evaluating(model):
            ids = model.generate(**generation_inputs(model, inputs), max_new_tokens=max_new_tokens, do_sample=False)
        start = 0 if is_encoder_decoder(base_of(model)) else inputs["input_ids"].shape[1]
        return processor.tokenizer.decode(ids[0, start:], skip_special_tokens=True)

    return ask
