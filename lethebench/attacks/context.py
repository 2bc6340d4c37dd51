"""What an attack works with: rows that are scored, rows that it may use, and scoring that prepares each row once."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import LogitsProcessor

from lethebench.attacks.registry import Budget, NotApplicable
from lethebench.baselines.loading import Loaded
from lethebench.baselines.presets import Preset
from lethebench.evaluation.answers.greedy import default_length, generate_encoded
from lethebench.evaluation.answers.prepare import PreparedRows, prepare_rows
from lethebench.evaluation.answers.row_scores import carried, compare, keywords_of, label_names
from lethebench.evaluation.answers.rows import evaluate_rows
from lethebench.runs.build import Build

__all__ = ["Attempt", "Context", "Fact", "NotApplicable", "RowSplit", "fact", "split_rows"]

Fact = tuple[str, str]
TEXTS = ("paraphrases", "perturbed", "options")
"""Columns of texts that attacks do not score."""


@dataclass(frozen=True)
class Attempt:
    """What one variant of an attack got out of a model; see `lethebench.attacks.registry`.

    Attributes:
        variant: Its name; "" for an attack with one.
        rows: Scored rows, with `id` and `knowledge` or `keyword_match`.
        point: Its place on the curve of this variant, such as a number of steps.
        interval: 95 % interval of the mean over its rows; None = over resampled profiles. For attacks that do not
            recover knowledge.
    """

    variant: str
    rows: Sequence[Mapping[str, Any]]
    point: float | None = None
    interval: tuple[float | None, float | None] | None = None


@dataclass(frozen=True)
class RowSplit:
    """Indices of forget rows: those that are scored, and those of other facts, that an attack may train on or show."""

    scored: list[int]
    trainable: list[int]


def fact(row: Mapping[str, Any]) -> Fact:
    """Return what a row asks: whose attribute."""
    return row["profile_id"], row["attribute"]


def split_rows(facts: Sequence[Fact], most: int, seed: int, trainable: frozenset[Fact] | None = None) -> RowSplit:
    """Split forget rows by fact, at random: at least half of the facts of a profile are not scored.

    Args:
        facts: Of each row.
        most: Most rows that are scored, one per fact, evenly over the profiles.
        seed: Of the draws.
        trainable: The facts that the build's release marks for attacks to train on; they are never scored, and no other
            fact is trained on. None = drawn.

    Raises:
        NotApplicable: No fact is left to score.
    """
    rows_of: dict[Fact, list[int]] = defaultdict(list)
    for index, one in enumerate(facts):
        rows_of[one].append(index)
    queues: dict[str, list[Fact]] = defaultdict(list)
    for one in sorted(rows_of):
        queues[one[0]].append(one)
    for profile, own in queues.items():
        random.Random(f"{seed}/attack/{profile}").shuffle(own)
        queues[profile] = own[: (len(own) + 1) // 2] if trainable is None else [f for f in own if f not in trainable]
    chosen: list[Fact] = []
    for rank in range(max(map(len, queues.values()), default=0)):
        chosen += [own[rank] for own in queues.values() if rank < len(own)]
    chosen = chosen[:most]
    if not chosen:
        raise NotApplicable("no forget row is left to score")
    draw = random.Random(f"{seed}/attack/rows")
    scored = sorted(draw.choice(rows_of[one]) for one in chosen)
    taken = set(chosen)
    free = [one for one in rows_of if one not in taken and (trainable is None or one in trainable)]
    return RowSplit(scored, sorted(index for one in free for index in rows_of[one]))


@dataclass
class Prepared:
    """Rows that were prepared for a processor, by the name of what is scored; shared by all models of a run."""

    rows: dict[tuple[str, str], PreparedRows] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What an attack gets beside a model and the rows to score; `lethebench.attacks.registry` describes it.

    Attributes:
        build: The benchmark.
        stage: The number of requests that were answered, from 1.
        asked: Ids of the tasks of these requests.
        seed: Of every draw; the same for all models.
        budget: What the attacker may spend.
        preset: The run's training settings.
        rows: The rows that are scored.
        trainable: Forget rows asked so far, of facts that are never scored.
        retain: Rows that are not asked.
        scratch: A folder for files, removed after the attack.
        prepared: Rows prepared so far.
        reload: Loads the attacked model again.
        initial: Loads the initial model.
        gold: Loads a gold model of another seed than the attacked one; returns None without any.
        is_gold: Whether the attacked model is a gold model.
        notes: What variants of the attack were left out, and why; `context.notes.append("cloze: no row has one")`.
    """

    build: Build
    stage: int
    asked: tuple[int, ...]
    seed: int
    budget: Budget
    preset: Preset
    rows: Dataset
    trainable: Dataset
    retain: Dataset
    scratch: Path
    prepared: Prepared
    reload: Callable[[], Loaded]
    initial: Callable[[], Loaded]
    gold: Callable[[], Loaded | None]
    is_gold: bool = False
    notes: list[str] = field(default_factory=list)

    @cached_property
    def held_out(self) -> Dataset | None:
        """Test rows, new wordings and pictures, of the facts that are scored; None if there are none."""
        return self._test_rows(self.rows)

    @cached_property
    def other_wordings(self) -> Dataset | None:
        """Test rows of the trainable facts; None if there are none."""
        return self._test_rows(self.trainable)

    @cached_property
    def holdout(self) -> Dataset | None:
        """Rows of profiles that no model was trained on; None if the build has none."""
        has_rows = "holdout" in self.build.manifest["splits"][self.build.config]
        return self.build.split("holdout") if has_rows else None

    @cached_property
    def names(self) -> dict[str, str]:
        """Profile -> name; empty for an import without profiles."""
        if "profiles" not in self.build.manifest["splits"]:
            return {}
        profiles = self.build.load("profiles", "train", ("profile_id", "name"))
        return dict(zip(profiles["profile_id"], profiles["name"], strict=True))

    def _test_rows(self, rows: Dataset) -> Dataset | None:
        test = self.build.held_out
        if test is None:
            return None
        facts = set(_facts(rows))
        indices = [index for index, one in enumerate(_facts(test)) if one in facts]
        return test.select(indices) if indices else None

    def for_fact(self, rows: Dataset, row: Mapping[str, Any]) -> Dataset:
        """Return those of some rows that ask the fact of a row."""
        return rows.select([index for index, one in enumerate(_facts(rows)) if one == fact(row)])

    def draw(self, rows: Dataset, most: int, name: str) -> Dataset:
        """Return a seeded sample of rows, in their order; `name` makes draws differ."""
        chosen = random.Random(f"{self.seed}/{name}").sample(range(len(rows)), min(most, len(rows)))
        return rows.select(sorted(chosen))

    def rewritten(self, rows: Iterable[Mapping], change: Callable[[dict], Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return rows with the columns that `change(row)` returns replaced, such as `question` or `images`."""
        names = label_names(rows)
        named = [
            {
                name: names[name](value) if name in names and isinstance(value, int) else value
                for name, value in row.items()
            }
            for row in rows
        ]
        return [{**row, **change(row)} for row in named]

    def by_part(
        self, loaded: Loaded, rows: Sequence[Mapping] | Dataset, answer: Callable[[Any, Sequence[int]], Sequence[Any]]
    ) -> list[Any]:
        """Return what each model of a routed one gives for its rows, in the order of the rows.

        Args:
            loaded: A model, routed or not.
            rows: The rows.
            answer: From a model and indices of its rows to one result per row.
        """
        results: dict[int, Any] = {}
        for part in loaded.parts(rows):
            results |= dict(zip(part.indices, answer(part.model, part.indices), strict=True))
        return [results[index] for index in range(len(rows))]

    def score(self, loaded: Loaded, rows: Sequence[Mapping] | Dataset, name: str) -> list[dict[str, Any]]:
        """Return greedy answers to rows and their scores, as a stage's rows have them, without candidates.

        Args:
            loaded: The model.
            rows: Rows of a build, changed or not.
            name: Of these rows, unique in the run: they are prepared once for all models, so the same rows have to
                come with each call, unless it is "".
        """
        prepared = self.prepare(loaded, rows, name)
        if not loaded.is_routed:
            return evaluate_rows(loaded.model, loaded.processor, prepared)

        def answer(model: Any, indices: Sequence[int]) -> list[dict[str, Any]]:
            own = PreparedRows(
                tuple(prepared.rows[index] for index in indices),
                tuple(prepared.encoded[index] for index in indices),
                prepared.max_new_tokens,
            )
            return evaluate_rows(model, loaded.processor, own)

        return self.by_part(loaded, rows, answer)

    def prepare(self, loaded: Loaded, rows: Sequence[Mapping] | Dataset, name: str) -> PreparedRows:
        """Return rows prepared for a model's processor, their own answers as the only scored texts; see `score`."""
        key = (name, str(loaded.processor.chat_template))
        if not name or key not in self.prepared.rows:
            bare = [{**row, **dict.fromkeys(TEXTS, ()), "correct": -1} for row in self.rewritten(rows, lambda row: {})]
            self.prepared.rows[key] = prepare_rows(loaded.processor, bare)
        return self.prepared.rows[key]

    def answers(
        self,
        loaded: Loaded,
        rows: Sequence[Mapping] | Dataset,
        name: str,
        *,
        num_beams: int = 1,
        noise: Callable[[Sequence[int]], LogitsProcessor] | None = None,
    ) -> list[str]:
        """Return answers that are generated in another way than `score` does; arguments as there.

        Args:
            loaded, rows, name: As in `score`.
            num_beams: Width of beam search.
            noise: From the indices of rows in a batch to what changes their logits, as in `generate_encoded`.
        """
        encoded = self.prepare(loaded, rows, name).encoded
        length = default_length(loaded.processor, [row["answer"] for row in rows])

        def answer(model: Any, indices: Sequence[int]) -> list[str]:
            own = [encoded[index] for index in indices]
            of_rows = None if noise is None else lambda batch: noise([indices[index] for index in batch])
            return generate_encoded(
                model, loaded.processor, own, max_new_tokens=length, noise=of_rows, num_beams=num_beams
            )

        return self.by_part(loaded, rows, answer)

    def compared(self, rows: Iterable[Mapping[str, Any]], texts: Iterable[str]) -> list[dict[str, Any]]:
        """Return rows with generated texts and their scores, as far as those depend on texts alone."""
        names = label_names(rows)
        return [
            carried(row, names) | compare(text, row["answer"], keywords_of(row))
            for row, text in zip(rows, texts, strict=True)
        ]


def _facts(rows: Dataset) -> Iterator[Fact]:
    return zip(rows["profile_id"], rows["attribute"], strict=True)
