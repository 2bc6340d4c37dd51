"""`lethe push-metric`: a metric's folder to a Space, loaded back by `evaluate` and tried on its README's example."""

import doctest
import importlib.util
import os
import re
from pathlib import Path

from lethebench import __version__
from lethebench.console import Console, Tick
from lethebench.errors import UserError
from lethebench.evaluation.registry import METRICS, folder_of
from lethebench.hub.push import CARD, Release, publish
from lethebench.hub.repository import Hub, check_name

_HUB = "https://huggingface.co/spaces"


def push_metric_command(name: str, owner: str, *, private: bool, dry_run: bool) -> tuple[dict, str]:
    """Pushes a metric.

    Raises:
        UserError: no such metric, no such owner, or what the Hub has against it, in one line.
    """
    modules = [entry.name for entry in METRICS.values() if entry.module]
    if name not in modules:
        reason = "not a module of the evaluate library" if name in METRICS else "unknown metric"
        raise UserError(f"{name}: {reason}; the modules are {', '.join(modules)}")
    if "/" in owner:
        raise UserError(f"{owner}: give the owner alone, e.g. {owner.partition('/')[0] or 'your-name'}")
    check_name(f"{owner}/{name}")
    hub = Hub(f"{owner}/{name}", "space", Console())
    result, text = publish(hub, release_of(hub, folder_of(METRICS[name])), private=private, dry_run=dry_run)
    if not result["pushed"]:
        return result, text
    if importlib.util.find_spec("evaluate") is None:
        text += "\nnot tried with evaluate, which is not installed: `pip install lethebench[metrics]`"
    return result, f'{text}\nevaluate.load("{hub.name}", revision="{result["tag"]}")'


def release_of(hub: Hub, folder: Path) -> Release:
    """A metric's folder as it goes up: texts name the Space instead of the place in the project's own folders."""
    owner = hub.name.partition("/")[0]
    names = (CARD, "app.py", f"{folder.name}.py", "requirements.txt")
    texts = {name: _for_space(folder / name, owner) for name in names}
    card = texts.pop(CARD)
    return Release(
        files={name: text.encode() for name, text in sorted(texts.items())},
        card=card,
        folder=folder,
        tag=f"v{__version__}",
        raise_version="raise the version of lethebench to publish another one",
        message=f"{folder.name} of lethebench {__version__}",
        check=lambda revision, tick: problems_of(hub, card, revision, tick),
    )


def _for_space(path: Path, owner: str) -> str:
    text = path.read_text("utf-8")
    text = re.sub(r'(evaluate\.load\(")evaluation/', rf"\g<1>{owner}/", text)
    return re.sub(r"\]\(\.\./(\w+)\)", rf"]({_HUB}/{owner}/\1)", text)


def problems_of(hub: Hub, card: str, revision: str, tick: Tick) -> list[str]:
    """Runs the card's example on the metric as `evaluate.load` gets it from the Hub, by its revision."""
    if importlib.util.find_spec("evaluate") is None:
        return []
    os.environ["HF_UPDATE_DOWNLOAD_COUNTS"] = "0"  # read when evaluate loads; a check is no use of the metric
    by_revision = card.replace(f'evaluate.load("{hub.name}")', f'evaluate.load("{hub.name}", revision="{revision}")')
    if f'revision="{revision}"' not in by_revision:
        return [f"{CARD} has no example that loads {hub.name}"]
    example = doctest.DocTestParser().get_doctest(_code(by_revision), {}, hub.name, CARD, 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example, out=said.append)
    tick(1, 1)
    if not runner.failures:
        return []
    return [f"the example of {CARD} gives something else: {' '.join(''.join(said).split())[-300:]}"]


def _code(card: str) -> str:
    """The Python blocks of a card."""
    return "\n".join(re.findall(r"```python\n(.*?)```", card, re.DOTALL))
