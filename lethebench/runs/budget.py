"""Which rows a stage between the first and the last is scored on, so that its cost does not grow with the requests."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lethebench.runs.options import RunOptions
from lethebench.runs.score import ScoredPart
from lethebench.runs.summary import ROWS

LEAST = 2  # profiles of each role in every sample, so that each has a spread


@dataclass(frozen=True)
class Sample:
    """The rows of one stage.

    Attributes:
        rows: File of the stage -> indices of the rows that are scored, in order.
        ranked: Indices of the rows of `rows.parquet` that are ranked among their candidates.
        facts: What done.json keeps: `rows` of `all_rows` scored, held-out ones included, and `ranked` of `asked`.
    """

    rows: Mapping[str, list[int]]
    ranked: frozenset[int]
    facts: dict[str, int]


class Sampler:
    """Draws whole profiles, since scores are of a profile first; all attributes and modalities keep their shares.

    Profiles are in one seeded order in which each role, and each task in it, has its share of every beginning. A sample
    is a beginning of that order, so a larger one holds every smaller one, and all stages and methods share it.

    Args:
        parts: File of a stage -> its rows.
        order: Tasks in the order of their requests.
        options: `score_rows`, `rank_rows`, `score_every` and the seed.
    """

    def __init__(self, parts: Mapping[str, ScoredPart], order: Sequence[int], options: RunOptions) -> None:
        self.parts = parts
        self.order = order
        self.options = options
        rows = parts[ROWS].rows
        self.profiles = {name: list(part.rows["profile_id"]) for name, part in parts.items()}
        self.tasks = list(rows["task_id"])
        candidates = parts[ROWS].candidates
        self.rankable = [attribute in candidates for attribute in rows["attribute"]]

    @cached_property
    def ordered(self) -> list[Any]:
        """The profiles in the order in which they are drawn."""
        keys: dict[Any, tuple[float, str]] = {}
        for role, members in self._members.items():
            keys |= {profile: (key, str(profile)) for profile, key in self._in_turn(members, str(role)).items()}
        first = [profile for members in self._members.values() for profile in members[:LEAST]]
        return [*first, *(profile for profile in sorted(keys, key=keys.__getitem__) if profile not in set(first))]

    @cached_property
    def _members(self) -> dict[Any, list[Any]]:
        """Role -> its profiles, tasks taking turns."""
        groups: dict[Any, dict[int, list[Any]]] = {}
        for profile, (role, task) in sorted(self._kinds().items(), key=lambda item: str(item[0])):
            groups.setdefault(role, {}).setdefault(task, []).append(profile)
        members = {}
        for role, tasks in sorted(groups.items(), key=lambda item: str(item[0])):
            turns: dict[Any, float] = {}
            for task, profiles in tasks.items():
                turns |= self._spread(profiles, f"{role}/{task}")
            members[role] = [profile for profile, _ in sorted(turns.items(), key=lambda item: (item[1], str(item[0])))]
        return members

    def _kinds(self) -> dict[Any, tuple[Any, int]]:
        """Return profile -> its role and, if it is ever asked, its task."""
        kinds: dict[Any, tuple[Any, int]] = {}
        for name, part in self.parts.items():
            roles, tasks = part.rows["role"], part.rows["task_id"]
            for profile, role, task in zip(self.profiles[name], roles, tasks, strict=True):
                if profile not in kinds or task > kinds[profile][1]:
                    kinds[profile] = (role, task)
        return kinds

    def _spread(self, profiles: Sequence[Any], name: str) -> dict[Any, float]:
        """Return profile -> where it comes in 0..1, in a random order at even distances."""
        draw = random.Random(f"{self.options.seed}/{name}")
        return self._in_turn(draw.sample(list(profiles), len(profiles)), name)

    def _in_turn(self, profiles: Sequence[Any], name: str) -> dict[Any, float]:
        start = random.Random(f"{self.options.seed}/start/{name}").random()
        return {profile: (index + start) / len(profiles) for index, profile in enumerate(profiles)}

    @cached_property
    def counts(self) -> dict[Any, int]:
        """Profile -> its number of rows, held-out ones included."""
        counts: dict[Any, int] = {}
        for profiles in self.profiles.values():
            for profile in profiles:
                counts[profile] = counts.get(profile, 0) + 1
        return counts

    @cached_property
    def fixed(self) -> frozenset[Any]:
        """The profiles that every stage is scored on, at least `LEAST` of each role."""
        least = [profile for members in self._members.values() for profile in members[:LEAST]]
        return frozenset([*least, *_beginning(self.ordered, self.counts, self.options.score_rows)])

    @cached_property
    def reduces(self) -> bool:
        """Whether the run is larger than its budget; a smaller one is scored whole at every stage."""
        return sum(self.counts.values()) > self.options.score_rows or (
            len(self._rankable(self.order)) > self.options.rank_rows
        )

    def _rankable(self, tasks: Sequence[int]) -> list[int]:
        """Return the rows of some tasks that have candidates."""
        asked = set(tasks)
        return [index for index, task in enumerate(self.tasks) if task in asked and self.rankable[index]]

    def sample(self, stage: int) -> Sample | None:
        """Return the rows of a stage, 1, 2, ...; None if all rows are scored and ranked, as at the last stage."""
        if not 0 < stage < len(self.order) or not self.reduces:
            return None
        asked = self._rankable(self.order[:stage])
        every = self.options.score_every
        if stage == 1 or (every and stage % every == 0):
            rows = {name: list(range(len(profiles))) for name, profiles in self.profiles.items()}
            return self._described(rows, asked, len(asked))
        profiles = self.profiles[ROWS]
        counts: dict[Any, int] = {}
        for index in asked:
            counts[profiles[index]] = counts.get(profiles[index], 0) + 1
        first = set(_beginning([one for one in self.ordered if one in counts], counts, self.options.rank_rows))
        own = {profile for profile, task in zip(profiles, self.tasks, strict=True) if task == self.order[stage - 1]}
        chosen = self.fixed | first | own
        rows = {
            name: [index for index, profile in enumerate(members) if profile in chosen]
            for name, members in self.profiles.items()
        }
        return self._described(rows, [index for index in asked if profiles[index] in first], len(asked))

    def _described(self, rows: dict[str, list[int]], ranked: Sequence[int], asked: int) -> Sample:
        facts = {
            "rows": sum(map(len, rows.values())),
            "all_rows": sum(self.counts.values()),
            "ranked": len(ranked),
            "asked": asked,
        }
        return Sample(rows, frozenset(ranked), facts)


def _beginning(profiles: Sequence[Any], counts: Mapping[Any, int], most: int) -> list[Any]:
    """Return the first profiles that have at most this many rows together, at least one."""
    chosen: list[Any] = []
    total = 0
    for profile in profiles:
        total += counts[profile]
        if chosen and total > most:
            break
        chosen.append(profile)
    return chosen


@dataclass(frozen=True)
class Piece:
    """Rows of a stage's file that are scored together.

    Attributes:
        part: The rows, and the candidates that they are ranked among; none for rows that are not ranked.
        indices: Their indices in the file's part.
        ranked: Whether they are ranked.
        sampled: Whether they are some rows of the part, or all.
    """

    part: ScoredPart
    indices: Sequence[int]
    ranked: bool
    sampled: bool


def pieces(part: ScoredPart, name: str, sample: Sample | None) -> list[Piece]:
    """Return the rows of a file that a stage is scored on: all, or a sample, those that are ranked apart."""
    if sample is None:
        return [Piece(part, range(len(part.rows)), bool(part.candidates), sampled=False)]
    ranked = sample.ranked if name == ROWS else frozenset()
    parts = []
    for is_ranked in (True, False):
        if indices := [index for index in sample.rows[name] if (index in ranked) is is_ranked]:
            chosen = ScoredPart(part.rows.select(indices), part.candidates if is_ranked else {})
            parts.append(Piece(chosen, indices, is_ranked, sampled=True))
    return parts
