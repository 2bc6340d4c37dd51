"""Scores the model of each stage on the rows of a run, which are prepared once; several processes share the rows."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from datasets import concatenate_datasets

from lethebench.baselines.loading import Loaded
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.console import Tick
from lethebench.evaluation.answers.kept_rows import KeptRows
from lethebench.evaluation.answers.prepare import CHUNK, generated_length
from lethebench.evaluation.answers.rows import PreparedRows, prepare_rows
from lethebench.evaluation.answers.vllm_engine import Texts
from lethebench.runs.budget import Piece, Sample, pieces
from lethebench.runs.score import ScoredPart, score_stage, share_of
from lethebench.runs.world import World

KEPT_ANSWERS = 1_000_000
"""Most candidates of a part that are prepared once for all stages; of more, 512 rows at a time are in memory."""
KEPT_ROWS = 4_096
"""Rows of a sample that are scored together."""
ASKED = ["id", "question", "images"]
"""Columns that another engine answers from."""
Scores = dict[str, list[dict[str, Any]]]


class Scorer:
    """Scores models on the parts of a run.

    Args:
        parts: File of a stage -> the rows that it holds the scores of.
        encoder: Returns the encoder of the processor that stages share.
        world: The processes among which rows are divided.
        keeps: Whether every stage is scored on all rows, which are then kept, and all candidates to their end.
        texts: Another engine that generates answers: `vllm_texts` of a model, its folder and rows. None = the model
            itself generates.

    Attributes:
        prepared: File -> its rows, prepared for the shared processor.
        kept: File and whether its rows are ranked -> the rows of the last sample, prepared for that processor.
        preparing: Seconds spent on preparing rows so far.
    """

    def __init__(
        self,
        parts: Mapping[str, ScoredPart],
        encoder: Callable[[], RowEncoder],
        world: World,
        *,
        keeps: bool,
        texts: Callable[..., dict[str, Texts]] | None = None,
    ) -> None:
        self.parts = parts
        self.encoder = encoder
        self.world = world
        self.keeps = keeps
        self.texts = texts
        self.prepared: dict[str, PreparedRows] = {}
        self.kept: dict[tuple[str, bool], KeptRows] = {}
        self.preparing = 0.0

    def score(self, loaded: Loaded, folder: Path, tick: Tick, sample: Sample | None = None) -> Scores:
        """Return file -> scored rows, of all rows or of a sample, in all processes.

        Args:
            loaded: The model.
            folder: Where its weights are saved.
            tick: Shows progress.
            sample: The rows; None = all.
        """
        chosen = [
            (name, self._share(piece)) for name, part in self.parts.items() for piece in pieces(part, name, sample)
        ]
        texts = self._texts(loaded, folder, chosen)
        total, done = max(1, sum(piece.part.work for _, piece in chosen)), 0
        scores: list[tuple[str, int, dict[str, Any]]] = []
        for name, piece in chosen:
            if not piece.indices:
                continue
            rows = score_stage(
                loaded,
                piece.part,
                partial(self._prepared_for, name, piece, loaded.processor),
                share_of(tick, done / total, piece.part.work / total),
                max_new_tokens=self._length(name),
                bound_candidates=not self.keeps,
                texts=texts,
            )
            scores += [(name, index, row) for index, row in zip(piece.indices, rows, strict=True)]
            done += piece.part.work
        by_file: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in self.parts}
        for name, index, row in self.world.gather(scores):
            by_file[name][index] = row
        return {name: [rows[index] for index in sorted(rows)] for name, rows in by_file.items() if rows}

    def _texts(self, loaded: Loaded, folder: Path, chosen: Sequence[tuple[str, Piece]]) -> dict[str, Texts] | None:
        """Return row id -> what the other engine answers, for all rows at once; None without one."""
        if self.texts is None:
            return None
        rows = concatenate_datasets([piece.part.rows.select_columns(ASKED) for _, piece in chosen])
        longest = {name: self._longest(name) for name, _ in chosen}
        lengths = [longest[name] for name, piece in chosen for _ in piece.indices]
        return self.texts(loaded, str(folder), rows, max_new_tokens=lengths)

    def _share(self, piece: Piece) -> Piece:
        """Return the rows of a piece that this process scores."""
        if self.world.size == 1:
            return piece
        own = self.world.share(len(piece.indices))
        part = ScoredPart(piece.part.rows.select(own), piece.part.candidates)
        return replace(piece, part=part, indices=[piece.indices[position] for position in own])

    def _length(self, name: str) -> int | None:
        """Return how long answers are generated, where a process does not see all rows of a file."""
        return None if self.world.size == 1 else self._longest(name)

    def _longest(self, name: str) -> int:
        """Return how long answers to the rows of a file are generated."""
        return generated_length(self.encoder().processor, self.parts[name].rows)

    def _prepared_for(self, name: str, piece: Piece, processor: Any) -> Iterator[PreparedRows]:
        """Yield rows prepared for a processor, in batches; count the time that it takes."""
        start = time.monotonic()
        for batch in self._prepare(name, piece, processor):
            self.preparing += time.monotonic() - start
            yield batch
            start = time.monotonic()

    def _prepare(self, name: str, piece: Piece, processor: Any) -> Iterable[PreparedRows]:
        """Return rows prepared for a processor, in batches; once for all stages with the shared chat template."""
        part, encoder = piece.part, self.encoder()
        if processor.chat_template != encoder.processor.chat_template:
            return KeptRows(processor, part.rows, part.candidates).batches(range(len(part.rows)), most=CHUNK)
        own, prompts = encoder.processor, encoder.prompts
        if not piece.sampled and self.keeps and part.answers <= KEPT_ANSWERS:
            if name not in self.prepared:
                self.prepared[name] = prepare_rows(own, part.rows, candidates=part.candidates, prompts=prompts)
            return [self.prepared[name]]
        key = (name, piece.ranked)
        if key not in self.kept:
            self.kept[key] = KeptRows(own, self.parts[name].rows, part.candidates, prompts)
        return self.kept[key].batches(piece.indices, keep=piece.sampled, most=KEPT_ROWS if piece.sampled else CHUNK)
