"""The table of architectures; `python tests/support/architecture_table.py --write` tries all model types and writes it.

`--write TYPE ...` tries these types only and keeps the records of the others. Types that need torchvision or timm are
tried in an environment of their own, in the folder LETHE_TORCHVISION_ENV if it is set.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

RECORDS = Path(__file__).with_name("architectures.json")
TABLE = Path(__file__).parents[2] / "evaluation" / "ARCHITECTURES.md"
TYPES = list(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)
WORKS = ("pictures", "text", "several", "generates", "trains", "unlearns", "loads")
HEAD = """# Architectures

What works with each model type that `AutoModelForImageTextToText` of Transformers {version} loads, tried on a small
random model: {fully} of {total} types work fully, {partly} partly, and {refused} are refused in one line when the model
is loaded. `LETHE_TORCHVISION_ENV=FOLDER python tests/support/architecture_table.py --write` makes this page again, the
types that need torchvision or timm in an environment that it makes in that folder, or uses if it is there.

- *Pictures*, *text*, *several*: rows with one picture, none and two are scored as the definition says, the sum of
  log-probabilities of one forward pass over the conversation, within 0.0005 nats in float32.
- *Shares*: what is run once for several answers: prompts, and pictures of several questions. Where sharing does not
  give the numbers of single passes it is off, and a warning says so.
- *Generates*: greedy answers of a batch are those of single rows. *Trains*, *unlearns*: a step of `lethe learn` and of
  NPO, on the tokens and log-probabilities that are scored. *Loads*: saved weights are read again.
- *Processor*: *own*, with Pillow's image processor and without its video or audio parts; *own (torchvision)*: the
  processor, or the only image processor, needs torchvision; *own (timm)*: the model class needs timm, and timm
  torchvision; *none*: the model is refused before.

| Model type | Class | Processor | Pictures | Text | Several | Shares | Generates | Trains | Unlearns | Loads |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def read_records() -> dict[str, dict[str, str]]:
    """Return model type -> record of the last `--write`."""
    return json.loads(RECORDS.read_text("utf-8"))


def verdict(record: Mapping[str, str]) -> str:
    """Return `fully`, `partly`, `refused` or `wrong`."""
    values = {record[name] for name in WORKS}
    if values <= {"yes", "no"}:
        return "fully" if values == {"yes"} else "refused" if values == {"no"} else "partly"
    return "wrong"


def page(records: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page of these records."""
    counts = Counter(verdict(record) for record in records.values())
    columns = (
        "class",
        "processor",
        "pictures",
        "text",
        "several",
        "shares",
        "generates",
        "trains",
        "unlearns",
        "loads",
    )
    lines = [
        f"| {name} | " + " | ".join(record[column] for column in columns) + " |" for name, record in records.items()
    ]
    notes = [f"- `{name}`: {record['note'].replace('<', '&lt;')}" for name, record in records.items() if record["note"]]
    verdicts = {name: counts[name] for name in ("fully", "partly", "refused")}
    head = HEAD.format(version=version("transformers"), total=len(records), **verdicts)
    return head + "\n".join(lines) + "\n\n## Refusals and limits\n\n" + "\n".join(notes) + "\n"


def write(types: list[str]) -> None:
    """Try model types, print their records and write the records and the page."""
    from architecture_checks import record_of
    from own_environment import torchvision_python
    from small_models import TIMM
    from stand_ins import HAS_LIBRARY, STAND_INS

    records = read_records() if RECORDS.is_file() else {}
    types = types or TYPES
    elsewhere = [] if HAS_LIBRARY else [name for name in types if name in {*STAND_INS, *TIMM}]
    for name in [name for name in types if name not in elsewhere]:
        with tempfile.TemporaryDirectory() as folder:
            records[name] = record_of(name, Path(folder))
        print(name, verdict(records[name]), records[name]["note"], flush=True)
    records = {name: records[name] for name in TYPES if name in records}
    RECORDS.write_text(json.dumps(records, indent=1) + "\n", "utf-8")
    TABLE.write_text(page(records), "utf-8")
    if elsewhere:
        with torchvision_python() as python:
            subprocess.run([python, __file__, "--write", *elsewhere], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] != ["--write"]:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    write(sys.argv[2:])
