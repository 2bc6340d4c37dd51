"""The attacks of `lethe attack`: one row each. Imports neither torch nor a numerical package.

An attack is one file `lethebench/attacks/NAME.py` with one class, and one row of `ATTACKS` below; a stranger's is
`package.module:Class`, whose `needs` and docstring take the place of the row. Nothing else lists attacks.

    class Shout:
        '''Ask in capital letters.'''

        needs = ()

        def run(self, loaded, rows, context):
            loud = context.rewritten(rows, lambda row: {"question": row["question"].upper()})
            yield Attempt("capitals", context.score(loaded, loud, "shout/capitals"))

`run` is called once per model: the unlearned ones, every gold model and the initial model, with equal rows and seeds.

* `loaded`: a `Loaded(model, processor)`, freshly loaded: it may be changed in place. `context.reload()` gives another
  one, for an attack of several variants that change weights. `loaded.is_routed` models (LUMoE) are no `nn.Module`:
  `context.score`, `answers` and `by_part` serve them too; say "one model" in `needs` where that does not do.
* `rows`: the forget rows to score, a `datasets.Dataset` with the columns of a build and `split`; the same for every
  attack, model and stage number; seeded; at most `context.budget.rows` over all profiles, one per fact. A fact is
  `fact(row)`: profile and attribute.
* `context` (`lethebench.attacks.context.Context`): `build` (an open `runs.build.Build`: `split(name)`, `load(config,
  split, columns)`, `candidates`), `stage`, `asked` (task ids), `seed`, `budget`, `preset`, `scratch` (a folder that is
  removed afterwards), and rows that are never scored:
  `trainable` (asked forget rows of other facts of the same profiles), `other_wordings` (test rows of those facts),
  `held_out` (test rows, new wordings and pictures, of the facts in `rows`; None without a test split), `retain` (rows
  that are not asked), `holdout` (profiles that no model was trained on; None without). Pictures are undecoded
  (`{"bytes", "path"}`): `contract.images.decode_image(picture, row["id"])` gives a PIL image, and a PIL image may take
  its place. Test rows: `context.for_fact(held_out, row)` are those of a row's fact.
  `initial()` and `gold()` load the initial model and a gold model of another seed than the attacked one (None without);
  `is_gold` tells whether the attacked model is a gold model.

`run` yields `Attempt(variant, rows, point)`: `rows` are mappings with the `id` of a row of `rows` (not every row needs
one; one result per row) and `knowledge` in 0..1, higher = more of the fact is given away (default: their
`keyword_match`); other columns are kept. `variant` names it in tables (`NAME: variant`), `point` is its place on a
curve, such as the number of steps. An attack that turns out to be impossible raises `NotApplicable(reason)`, and a
variant that is left out goes to `context.notes`; both are printed and reported, and no value is made up for them.

A row with `recovers=False` measures something else than knowledge of the facts (depth in the layers, detectability):
`knowledge` is then that measure, in 0..1, higher = more like the initial model. It does not enter the worst case, and
its share of the range is (model - gold) / (initial - gold), all of them under this attack. `Attempt(...,
interval=(low, high))` gives the interval of the mean where that is not one over resampled profiles.
"""

import difflib
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from lethebench.contract.defaults import NO_ATTACK
from lethebench.contract.importing import imported

Need = Literal["weights", "one model", "test rows", "candidates", "wrong answers", "pictures", "retain rows", "holdout"]
NEEDS: dict[str, str] = {
    "weights": "the model's weights",
    "one model": "one model, not a gate over several",
    "test rows": "test rows of the facts",
    "candidates": "candidate values",
    "wrong answers": "wrong answers",
    "pictures": "rows with pictures",
    "retain rows": "retain rows",
    "holdout": "holdout rows",
}
"""What an attack may need -> in words."""


class NotApplicable(Exception):
    """An attack cannot be run on a model or a build; the text says why."""


@dataclass(frozen=True)
class Budget:
    """How much an attacker may spend on one model.

    Attributes:
        rows: Most forget rows that are scored.
        samples: Sampled answers per question.
        steps: Optimizer steps of relearning after which the model is scored.
        train_rows: Most rows that relearning trains on.
        examples: Examples in a prompt.
        beams: Width of beam search.
    """

    rows: int
    samples: int
    steps: tuple[int, ...]
    train_rows: int
    examples: int = 3
    beams: int = 4


BUDGETS = {
    "small": Budget(rows=48, samples=32, steps=(1, 3, 10), train_rows=32),
    "paper": Budget(rows=512, samples=128, steps=(1, 3, 10, 30, 100), train_rows=256),
}


@dataclass(frozen=True)
class AttackEntry:
    """One row of the registry.

    Attributes:
        name: What `--attacks` takes, and the name of its folder.
        target: "package.module:Class".
        summary: One line on what it does, without a full stop.
        needs: Keys of NEEDS without which it is left out. Every attack needs a model on this machine.
        paper: Where it is from.
        recovers: Whether it recovers knowledge of the facts, and enters the worst case.
        library: A package that it is done by, whose version belongs to its results. Such an attack is run only where it
            is chosen, so that what is installed does not decide the worst case.
    """

    name: str
    target: str
    summary: str
    needs: tuple[str, ...] = ()
    paper: str = ""
    recovers: bool = True
    library: str = ""

    def load(self) -> Any:
        """Import the class and return an attack.

        Raises:
            ValueError: It cannot be imported, or is not an attack.
        """
        return _class(self.name, self.target)()


_ATTACKS = "lethebench.attacks"
_ROUNDED = "Zhang et al. 2025, arXiv 2410.16454; DurableUn 2026, arXiv 2605.02196"
ATTACKS: dict[str, AttackEntry] = {
    entry.name: entry
    for entry in (
        AttackEntry(
            NO_ATTACK, f"{_ATTACKS}.plain:Plain", "The questions as they were trained: what is left unattacked"
        ),
        AttackEntry(
            "round",
            f"{_ATTACKS}.round:Round",
            "Weights rounded to 8 and 4 bits, 10 % of them pruned, or the unlearning update scaled by 0.9",
            needs=("weights",),
            paper=_ROUNDED,
        ),
        AttackEntry(
            "bypass",
            f"{_ATTACKS}.bypass:Bypass",
            "The weights alone: without the gate over adapters, without the system prompt",
            needs=("weights",),
        ),
        AttackEntry(
            "sample",
            f"{_ATTACKS}.sample:Sample",
            "Any of k sampled answers, at temperatures 1 and 0.7 (leak@k)",
            paper="Reisizadeh et al. 2025, arXiv 2511.04934",
        ),
        AttackEntry(
            "relearn",
            f"{_ATTACKS}.relearn:Relearn",
            "A few training steps on other facts of the forget set, other wordings of them, retain or unrelated rows",
            needs=("weights", "one model", "retain rows"),
            paper="Hu et al. 2024, arXiv 2406.13356",
        ),
        AttackEntry(
            "ask",
            f"{_ATTACKS}.ask:Ask",
            "Other wordings, multiple choice, cloze, started answers, examples, role play, beam search",
            paper="Lynch et al. 2024, arXiv 2402.16835",
        ),
        AttackEntry(
            "show",
            f"{_ATTACKS}.show:Show",
            "Other, cropped, blurred or turned pictures, text in their place, photos elsewhere, the other modality",
            needs=("pictures",),
        ),
        AttackEntry(
            "who",
            f"{_ATTACKS}.who:Who",
            "Whether scores tell forget rows, and retain rows, from rows never seen (detectability, membership AUC)",
            needs=("holdout",),
            paper="FUMA, EMNLP 2025; TC-UMIA, arXiv 2605.01129",
            recovers=False,
        ),
        AttackEntry(
            "probe",
            f"{_ATTACKS}.inside.probe:Probe",
            "Linear probes of each layer, trained on retain rows, that rank candidate values",
            needs=("weights", "candidates", "retain rows"),
            paper="Patil et al. 2024, arXiv 2309.17410",
            recovers=False,
        ),
        AttackEntry(
            "depth",
            f"{_ATTACKS}.inside.depth:Depth",
            "Hidden states put into the initial model layer by layer: 1 - unlearning depth score",
            needs=("weights",),
            paper="Lee et al. 2026, arXiv 2605.24614",
            recovers=False,
        ),
        AttackEntry(
            "round-torchao",
            f"{_ATTACKS}.round:RoundTorchao",
            "Weights of linear layers rounded to 8 and 4 bits by torchao",
            needs=("weights",),
            paper=_ROUNDED,
            library="torchao",
        ),
        AttackEntry(
            "round-bitsandbytes",
            f"{_ATTACKS}.round:RoundBitsandbytes",
            "Weights of linear layers rounded to 8 bits (LLM.int8) and 4 bits (NF4) by bitsandbytes",
            needs=("weights",),
            paper=_ROUNDED,
            library="bitsandbytes",
        ),
    )
}
"""Name -> row, in the order in which attacks run."""
_DOTTED = re.compile(r"(?P<module>\w+(\.\w+)*)[.:](?P<name>\w+)", re.ASCII)


def attack_entry(name: str) -> AttackEntry:
    """Return the row of an attack, of a stranger's from its class.

    Args:
        name: A name in ATTACKS, or "package.module:Class", whose row is called "package.module.Class".

    Raises:
        ValueError: An unknown name, or a class that cannot be imported or is not an attack.
    """
    if name in ATTACKS:
        return ATTACKS[name]
    dotted = _DOTTED.fullmatch(name)
    if dotted is None:
        nearest = difflib.get_close_matches(name, ATTACKS, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise ValueError(
            f"unknown attack {name!r}; {hint}choose from {', '.join(ATTACKS)}, or pass package.module:Class"
        )
    target = f"{dotted['module']}:{dotted['name']}"
    attack = _class(name, target)
    summary = (inspect.getdoc(attack) or attack.__name__).splitlines()[0].rstrip(".")
    needs = tuple(getattr(attack, "needs", ()))
    if unknown := [need for need in needs if need not in NEEDS]:
        raise ValueError(f"attack {name!r} needs {unknown[0]!r}, which is unknown; choose from {', '.join(NEEDS)}")
    recovers = bool(getattr(attack, "recovers", True))
    return AttackEntry(target.replace(":", "."), target, summary, needs, recovers=recovers)


def chosen_attacks(names: Iterable[str]) -> list[AttackEntry]:
    """Return the rows of these attacks, without names of all that need no library; unattacked questions come first."""
    entries = [attack_entry(name) for name in names] or [entry for entry in ATTACKS.values() if not entry.library]
    return list({entry.name: entry for entry in (ATTACKS[NO_ATTACK], *entries)}.values())


def _class(name: str, target: str) -> Any:
    attack = imported(f"attack {name!r}", target)
    if not (inspect.isclass(attack) and callable(getattr(attack, "run", None))):
        raise ValueError(f"attack {name!r}: {target} is not an attack: give a class with run(loaded, rows, context)")
    return attack
