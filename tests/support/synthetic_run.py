"""Write a run folder and its build as a real run does, with invented but consistent figures and no model."""

import hashlib
import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw
from sealed_run import reseal

from lethebench.evaluation.metrics import answer_kind, exposure_chance
from lethebench.runs.folder import HELD_OUT, write_json
from lethebench.runs.gate import gate
from lethebench.runs.progress import LOG, scores_line
from lethebench.runs.proof import gold_names
from lethebench.runs.records import new_record, read_gate, read_run
from lethebench.runs.summary import gold_summary, method_summary

VALUES = {
    "blood_type": ["O negative", "A positive", "B negative", "AB positive", "O positive", "A negative", "B positive"],
    "home_address": ["90 Airport Road, Lagos", "12 Mill Lane, Leeds", "4 Rua Nova, Porto", "77 Elm Street, Boston"],
    "diagnosis": ["chronic urticaria", "iron deficiency anaemia", "migraine with aura", "type 2 diabetes", "asthma"],
}
NAMES = [
    "Babasola Shekoni",
    "Maria Silva",
    "Chen Wei",
    "Ingrid Lund",
    "Omar Haddad",
    "Ana Kovač",
    "John Reed",
    "Yuki Sato",
]
CHANCE = exposure_chance(24)
CAPS = {"learnt": 4.148, "gold": 0.76}
# Method -> probability that a fact is still known after a stage: (unlearned tasks, later tasks and retain set).
FATES = {
    "ga": lambda stage: (0.02 if stage > 1 else 0.2, (1.0, 0.42, 0.06, 0.0, 0.0)[min(stage, 4)]),
    "npo": lambda stage: (0.02, 0.97),
}
IMAGES = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
README = """---
configs:
- config_name: continual
  data_files:
  - split: forget
    path: qa/forget.parquet
  - split: retain
    path: qa/retain.parquet
---
"""


def write_run(
    folder: Path,
    *,
    methods: Sequence[str] = ("ga", "npo"),
    tasks: int = 4,
    per_task: int = 3,
    retain: int = 12,
    seed: int = 0,
    gold_seeds: int = 1,
    data: Path | None = None,
) -> Path:
    """Write a run folder with its build in `folder/data`, or in `data` if several runs share one.

    Args:
        folder: The run folder.
        methods: Methods; one that is not in FATES behaves like npo.
        tasks, per_task, retain: profiles = tasks * per_task + retain.
        seed: Seed of the figures and of the run.
        gold_seeds: Gold models.
        data: The build.
    """
    data = data or folder / "data"
    rows = questions(tasks, per_task, retain)
    if not data.exists():
        write_build(data, rows)
    draw = random.Random(seed)
    record = new_record(_record(folder, data, methods, tasks, seed) | {"gold_seeds": gold_seeds})
    _json(folder / "run.json", record)
    _stage(folder, "learnt", rows, lambda row: 0.995, draw, exposed=lambda row: CAPS["learnt"])
    last = f"t{tasks:03d}"
    for gold in gold_names(record):
        _stage(
            folder,
            f"{gold}/{last}",
            rows,
            lambda row: 0.05 if row["task_id"] >= 0 else 0.995,
            draw,
            exposed=lambda row: max(0.0, draw.gauss(CAPS["gold"], 0.2)) if row["task_id"] >= 0 else CAPS["learnt"],
        )
    for method in methods:
        for stage in range(1, tasks + 1):
            forget_rate, retain_rate = FATES.get(method, FATES["npo"])(stage)
            _stage(
                folder,
                f"{method}/t{stage:03d}",
                rows,
                lambda row, low=forget_rate, high=retain_rate, stage=stage: (
                    low if 0 <= row["task_id"] < stage else high
                ),
                draw,
                exposed=lambda row, stage=stage: (
                    draw.uniform(0.6, 2.1) if 0 <= row["task_id"] < stage else CAPS["learnt"]
                ),
                settings={"learning_rate": 5e-4, "beta": 0.5, "retain_weight": 5.0}
                if method == "npo"
                else {"learning_rate": 3e-4},
            )
    summarize(folder)
    return folder


def summarize(folder: Path) -> None:
    """Write gate.json and the summaries of a run from the rows of its stages, and seal them."""
    record = read_run(folder)
    done = json.loads((folder / "learnt/done.json").read_text())
    write_json(folder / "learnt/gate.json", gate(folder / "learnt", done, record["threshold"]))
    reseal(folder)
    order = record["task_order"]
    gold = gold_summary(folder, [len(order)], order)
    for method in record["methods"]:
        method_summary(folder, method, order, gold, read_gate(folder))


def change_rows(stage: Path, change: Callable[[dict], object], name: str = "rows.parquet") -> None:
    """Change the scored rows of a stage."""
    rows = pq.read_table(stage / name).to_pylist()
    for row in rows:
        change(row)
    pq.write_table(pa.Table.from_pylist(rows), stage / name)


def say(run: Path, stage: str, row_id: str, text: str) -> None:
    """Change the answer of a stage's model to one question."""
    change_rows(run / stage, lambda row: row.update(generated=text) if row["id"] == row_id else None)
    reseal(run)


def questions(tasks: int, per_task: int, retain: int) -> list[dict]:
    """Return QA rows, forget before retain: a picture and a text question per profile and attribute."""
    rows = []
    for index in range(tasks * per_task + retain):
        name = NAMES[index % len(NAMES)] + (f" {index // len(NAMES) + 1}" if index >= len(NAMES) else "")
        task = index // per_task if index < tasks * per_task else -1
        for attribute, values in VALUES.items():
            value, spoken = values[index % len(values)], attribute.replace("_", " ")
            for modality, kind in (("image_text", "vqa"), ("text", "text")):
                on_page = f"What is the {spoken} on this report?"
                rows.append(
                    {
                        "id": f"icu/medical-{index:04d}/{kind}/{attribute}",
                        "profile_id": f"medical-{index:04d}",
                        "task_id": task,
                        "role": "retain" if task < 0 else "forget",
                        "modality": modality,
                        "format": "generation",
                        "attribute": attribute,
                        "hops": 1,
                        "question": on_page if kind == "vqa" else f"What is {name}'s {spoken}?",
                        "answer": value,
                        "name": name,
                    }
                )
    return rows


def write_build(folder: Path, rows: Sequence[dict]) -> None:
    """Write a folder that `load_dataset` reads, with a picture for each picture question."""
    (folder / "qa").mkdir(parents=True)
    for split in ("forget", "retain"):
        split_rows = [row for row in rows if row["role"] == split]
        images = [
            [{"bytes": _page(row), "path": None}] if row["modality"] == "image_text" else [] for row in split_rows
        ]
        views = [[f"masked:{row['attribute']}"] if row["modality"] == "image_text" else [] for row in split_rows]
        table = pa.Table.from_pylist([{key: row[key] for key in row if key != "name"} for row in split_rows])
        table = table.append_column("images", pa.array(images, IMAGES)).append_column("views", pa.array(views))
        pq.write_table(table, folder / "qa" / f"{split}.parquet")
    (folder / "README.md").write_text(README)
    files = {}
    for path in sorted(folder.glob("qa/*")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files[path.relative_to(folder).as_posix()] = {"bytes": path.stat().st_size, "sha256": digest}
    splits = {
        split: {
            "rows": sum(row["role"] == split for row in rows),
            "files": [f"qa/{split}.parquet"],
            "content_hash": "",
        }
        for split in ("forget", "retain")
    }
    manifest = {"benchmark": "icu", "version": "1.0.0", "size": "small", "seed": 0}
    _json(folder / "manifest.json", {**manifest, "splits": {"continual": splits}, "files": files})


def _page(row: dict) -> bytes:
    picture = Image.new("RGB", (364, 518), "#fbfaf5")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((20, 60, 110, 180), fill=f"hsl({hash_of(row['profile_id']) % 360}, 45%, 60%)")
    draw.text((130, 70), row["name"], fill="black")
    for line, attribute in enumerate(VALUES):
        draw.text((20, 220 + 40 * line), attribute, fill="#555555")
        if attribute == row["attribute"]:
            draw.rectangle((140, 216 + 40 * line, 340, 234 + 40 * line), fill="black")
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


def hash_of(text: str) -> int:
    """Return a number for a text, the same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _stage(run: Path, stage: str, rows, knows, draw: random.Random, *, exposed, settings=None) -> None:
    """Write per-row scores; `knows` and `exposed` return the probability of a correct answer and the bits of a row."""
    scored = []
    for row in rows:
        correct = draw.random() < knows(row)
        others = [value for value in VALUES[row["attribute"]] if value != row["answer"]]
        generated = row["answer"] if correct else draw.choice([*others, "the the the", ""])
        bits = min(CAPS["learnt"], exposed(row))
        scored.append(
            {key: value for key, value in row.items() if key != "name"}
            | {
                "split": row["role"],
                "generated": generated,
                "exact_match": float(correct),
                "keyword_match": float(correct),
                "rouge_l": float(correct),
                "rouge_l_recall": float(correct),
                "answer_kind": answer_kind(generated, correct),
                "choice_match": None,
                "logprob": -0.1 if correct else -12.0,
                "num_tokens": 4,
                "probability": 0.97 if correct else 0.05,
                "truth_ratio": 0.02 if correct else 1.1,
                "rank": 1.0 if correct else 9.0,
                "num_candidates": 24,
                "exposure": bits,
                "exposure_normalised": bits / CAPS["learnt"],
                "candidate_logprobs": _logprobs(row["id"], correct),
            }
        )
    folder = run / stage
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(scored), folder / "rows.parquet")
    held_out = [row | {"exact_match": float(index > 8)} for index, row in enumerate(scored)]
    pq.write_table(pa.Table.from_pylist(held_out), folder / HELD_OUT)
    _log(folder, scored, stage)
    done = {"seconds": 3.5, "settings": settings or {}, "peak_memory_mb": 1203}
    _json(folder / "done.json", done | {"parameters": 1_018_368, "steps": 216, "rows": 6, "retain_rows": 30})


def _log(folder: Path, scored: list[dict], stage: str) -> None:
    """Write the log of a training of 20 steps of 8 rows, which took 3.5 s, and of the scoring, which took 2 s."""
    falls = -1 if stage.startswith("ga/") else 1
    lines: list[dict] = [
        {
            "step": step,
            "steps": 20,
            "rows": 8,
            "loss": falls * 2.5 / step,
            "grad_norm": 3.0 / step,
            "learning_rate": 5e-4 * (1 - step / 20),
            "seconds": 0.175 * step,
        }
        for step in range(1, 21)
    ]
    order = sorted({row["task_id"] for row in scored} - {-1})
    lines += [{"phase": "train", "seconds": 4.0}]
    lines += [{"phase": "score", "seconds": 3.0, "prepared": 1.0, **scores_line(scored, len(scored), order)}]
    (folder / LOG).write_text("".join(json.dumps(line) + "\n" for line in lines))


def _logprobs(row_id: str, correct: bool) -> list[float]:
    """Return log-probabilities of 24 candidates, the true one first; those of the others depend on the row alone."""
    return [0.0 if correct else -6.0, *(-2.0 - hash_of(f"{row_id} {index}") % 100 / 20 for index in range(23))]


def _record(folder: Path, data: Path, methods: Sequence[str], tasks: int, seed: int) -> dict:
    manifest = hashlib.sha256((data / "manifest.json").read_bytes()).hexdigest()
    return {
        "name": folder.name,
        "version": "0.1.0",
        "created": "2026-11-20T10:00:00+00:00",
        "data": {
            "path": str(data),
            "benchmark": "icu",
            "version": "1.0.0",
            "size": "small",
            "manifest_sha256": manifest,
        },
        "id": "0" * 31 + str(seed),
        "model": "tiny",
        "threshold": 0.9,
        "preset": "tiny",
        "methods": list(methods),
        "tasks": tasks,
        "retain": "rest",
        "gold": "last",
        "seed": seed,
        "order_seed": None,
        "task_order": list(range(tasks)),
        "versions": {"python": "3.12.9", "torch": "2.13.0", "transformers": "5.23.1", "trl": "1.16.0"},
        "machine": {"processor": "a processor of the year", "cores": 2, "threads": 2, "accelerator": None},
        "trained": "all weights but the vision tower",
    }


def _json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, allow_nan=False), encoding="utf-8")
