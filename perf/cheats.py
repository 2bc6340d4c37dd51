"""What the score makes of models that cheat: the table of evaluation/CHEATS.md, and the fixture of its tests.

    for seed in 0 1 2; do lethe run build/icu --seed $seed --gold all --out runs/s$seed \\
        --method npo,kl,graddiff,simnpo,idk,dpo,mmunlearner,rmu,ga; done
    python perf/cheats.py runs/s0 runs/s1 runs/s2 --write
    python perf/cheats.py runs/s1 runs/s2 runs/s0 --fixture  # of seed 1, where most methods forget and keep 0.9

Each run is scored against its own gold models and those of the next run; the gold models of the one after that are
scored as if they were a method. The runs are of different seeds of one build.
"""

import argparse
import statistics
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.evaluation.metrics import forget_value
from lethebench.evaluation.metrics.fluency import is_language
from lethebench.evaluation.metrics.rows import (
    group_knowledge,
    mean,
    never_forgotten,
    of_tasks,
    stage_matrix,
    utility_of,
)
from lethebench.evaluation.metrics.run_scores import Run, run_scores
from lethebench.evaluation.metrics.score import PARTS
from lethebench.evaluation.metrics.tables import ModelRows
from lethebench.evaluation.metrics.validation import harmonic_mean
from lethebench.runs.summary import read_models

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from battery import FIXTURE, GIBBERISH, cheats  # noqa: E402

PAGE = ROOT / "evaluation" / "CHEATS.md"
MARK = "<!-- written by perf/cheats.py -->"
GOLD, OTHER_GOLD = "gold at each stage", "gold of another seed"
QUESTION = ("id", "profile_id", "task_id", "role", "modality", "attribute")
WIDTH = 130  # letters in a line of the page
ENOUGH = 0.9  # an honest method that forgets and keeps this much must be ahead of every cheat


class Battery:
    """One run's models: initial, gold of several seeds, honest methods, cheats."""

    def __init__(self, runs: Sequence[Path], number: int) -> None:
        own, second, third = (runs[(number + step) % len(runs)] for step in range(3))
        self.initial = read_models(own / "learnt")
        self.stages = len(list((own / "gold").glob("t*")))
        self.order = list(range(self.stages))
        gold = {path: self.models(path / "gold") for path in (own, second, third)}
        self.gold = {stage: [gold[own][stage - 1], gold[second][stage - 1]] for stage in range(1, self.stages + 1)}
        names = sorted(path.name for path in own.iterdir() if (path / "t001").is_dir() and path.name != "gold")
        self.methods = {GOLD: gold[own], OTHER_GOLD: gold[third]}
        self.methods |= {name: self.models(own / name) for name in names}
        self.cheats = cheats(self.initial, dict(enumerate(gold[own], start=1)), self.order)

    def models(self, folder: Path) -> list[ModelRows]:
        """Return the rows of a method's stages."""
        return [read_models(folder / f"t{stage:03d}") for stage in range(1, self.stages + 1)]

    def scores(self, models: Sequence[ModelRows]) -> dict:
        """Return the scores of a method's models, and version 1 of the score."""
        scores = run_scores(Run([self.initial, *models], self.gold, self.order))
        rows = [model.rows for model in (self.initial, *models)]
        return scores | {"version_1": version_1(rows, self.gold[self.stages][0].rows, self.order)}


def version_1(stages: Sequence, gold: Sequence, order: Sequence[int]) -> float:
    """Return the score of lethebench 0.1: pooled forget, in-sample utility, steadiness, mean exposure near gold's."""
    known = group_knowledge(never_forgotten(stages[0]))
    utilities = [utility_of(never_forgotten(rows), known, None)["utility"] for rows in stages]
    relative = np.array(utilities) / utilities[0]
    if relative[-1] < 0.5:
        return 0.0
    knowledge = [mean(of_tasks(rows, order), "keyword_match") for rows in (stages[-1], stages[0], gold)]
    matrix = np.array(stage_matrix(stages, order))
    shares = matrix / matrix[0]
    spans = [min(1.0, np.ptp(shares[task + 1 :, task])) for task in range(len(order) - 1)]
    stability = 1 - (np.mean(spans) + min(1.0, np.ptp(relative))) / 2
    exposures = [np.mean([_exposure(row) for row in of_tasks(rows, order)]) for rows in (stages[-1], gold)]
    closeness = 1 - abs(exposures[0] - exposures[1])
    return harmonic_mean([forget_value(*knowledge), utilities[-1], float(stability), float(closeness)])


def _exposure(row: dict) -> float:
    return 1 - np.log2(row["rank"]) / np.log2(row["num_candidates"])


def table(scores: dict[str, list[dict]], kinds: dict[str, str]) -> list[str]:
    """Return the lines of the page's table, best first in each kind."""
    titles = ["model", "version 1", "**score**", "interval", "over seeds", *PARTS, "fluent"]
    lines = [f"| {' | '.join(titles)} |", f"|---|{'---:|' * (len(titles) - 1)}"]
    for kind in ("gold", "honest method", "cheat"):
        names = [name for name in scores if kinds[name] == kind]
        for name in sorted(names, key=lambda name: -statistics.mean(run["score"] for run in scores[name])):
            runs = scores[name]
            means = {
                part: statistics.mean(run[part] for run in runs) for part in ("version_1", "score", *PARTS, "fluent")
            }
            low, high = (statistics.mean(run["intervals"]["score"][end] for run in runs) for end in (0, 1))
            seeds = [run["score"] for run in runs]
            cells = [f"{means['version_1']:.3f}", f"**{means['score']:.3f}**", f"{low:.2f} to {high:.2f}"]
            cells += [f"{min(seeds):.2f} to {max(seeds):.2f}", *(f"{means[part]:.2f}" for part in (*PARTS, "fluent"))]
            lines.append(f"| {name if kind != 'honest method' else f'`{name}`'} | {' | '.join(cells)} |")
    return lines


def axioms(scores: dict[str, list[dict]], kinds: dict[str, str]) -> list[str]:
    """Return one line per axiom that can be read off the table, with the numbers."""
    lines = []
    of_kind = {kind: [name for name in scores if kinds[name] == kind] for kind in set(kinds.values())}
    spread = [run["gold_spread"]["score"] for run in scores[GOLD]]
    golds = [run["score"] for name in of_kind["gold"] for run in scores[name]]
    best = max(run["score"] for name in of_kind["honest method"] for run in scores[name])
    lines.append(
        f"- Gold models score {min(golds):.3f} to {max(golds):.3f}; gold models of one stage differ by up to "
        f"{min(spread):.3f} to {max(spread):.3f}; the best method of a seed scores {best:.3f}."
    )
    for seed in range(len(scores[GOLD])):
        enough = {
            name: scores[name][seed]["score"]
            for name in of_kind["honest method"]
            if min(scores[name][seed]["forget"], scores[name][seed]["keep"]) >= ENOUGH
        }
        cheat = max(of_kind["cheat"], key=lambda name: scores[name][seed]["score"])
        worst = min(enough, key=enough.__getitem__)
        low = scores[worst][seed]["intervals"]["score"][0]
        high = scores[cheat][seed]["intervals"]["score"][1]
        lines.append(
            f"- Seed {seed}: of the methods that forget and keep {ENOUGH} ({', '.join(sorted(enough))}) the last "
            f"is {worst} at {enough[worst]:.3f} (interval from {low:.3f}); the best cheat is {cheat} at "
            f"{scores[cheat][seed]['score']:.3f} (interval to {high:.3f})."
        )
    return [textwrap.fill(line, WIDTH, subsequent_indent="  ") for line in lines]


def fixture(runs: Sequence[Path]) -> pa.Table:
    """Return the rows of the first run that the score reads, rounded, with the gold models of the other runs."""
    battery = Battery(runs, 0)
    models = {("initial", 0): battery.initial}
    others = {f"gold {number}": battery.models(path / "gold") for number, path in enumerate(runs)}
    methods = {name: stages for name, stages in battery.methods.items() if name not in (GOLD, OTHER_GOLD)}
    for name, stages in (others | methods).items():
        models |= {(name, number): rows for number, rows in enumerate(stages, start=1)}
    lines = []
    for (name, stage), rows in models.items():
        for held_out, part in enumerate((rows.rows, rows.held_out)):
            for row in part:
                if held_out or row["role"] == "forget":
                    lines.append({"model": name, "stage": stage, "held_out": held_out, **_short(row)})
    schema = {"keyword_match": pa.float32(), "probability": pa.float32(), "rouge_l_recall": pa.float32()}
    schema |= {"truth_ratio": pa.float32(), "rank": pa.float32(), "candidate_logprobs": pa.list_(pa.float32())}
    table = pa.Table.from_pylist(lines)
    return table.cast(
        pa.schema([(name, schema.get(name, table.schema.field(name).type)) for name in table.column_names])
    )


def _short(row: dict) -> dict:
    from battery import ranked, truth_of

    kept = {name: row[name] for name in (*QUESTION, "keyword_match", "num_candidates")}
    kept |= {name: round(row[name], 3) for name in ("probability", "rouge_l_recall")}
    kept |= {"truth_ratio": float(f"{min(row['truth_ratio'], 1e6):.3g}"), "rank": None, "candidate_logprobs": None}
    kept["generated"] = "yes" if is_language(row["generated"]) else GIBBERISH[:0]
    if row["candidate_logprobs"] is not None and row["role"] == "forget":
        kept = ranked(kept, [round(value, 1) for value in row["candidate_logprobs"]], truth_of(row))
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="at least three run folders of different seeds")
    parser.add_argument("--write", action="store_true", help=f"replace the table of {PAGE.name}")
    parser.add_argument("--fixture", action="store_true", help=f"write {FIXTURE.name}, the rows of the tests")
    options = parser.parse_args()
    if options.fixture:
        compression = {"compression": "zstd", "compression_level": 19}
        pq.write_table(fixture(options.runs), FIXTURE, **compression)
        print(f"{FIXTURE}: {FIXTURE.stat().st_size:,} bytes")
        return
    scores: dict[str, list[dict]] = {}
    kinds: dict[str, str] = {}
    for number in range(len(options.runs)):
        battery = Battery(options.runs, number)
        for name, models in (battery.methods | battery.cheats).items():
            kinds[name] = (
                "gold" if name in (GOLD, OTHER_GOLD) else "cheat" if name in battery.cheats else "honest method"
            )
            scores.setdefault(name, []).append(battery.scores(models))
            print(f"{number} {name}: {scores[name][-1]['score']:.3f}", file=sys.stderr)
    text = "\n".join([*table(scores, kinds), "", *axioms(scores, kinds)])
    print(text)
    if options.write:
        head, _, tail = PAGE.read_text(encoding="utf-8").partition(MARK)
        PAGE.write_text(f"{head}{MARK}\n\n{text}\n\n{MARK}{tail.partition(MARK)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
