"""`lethe push-metric`: publish a metric's folder as a Space, and run its README's example on the uploaded metric."""

import doctest
import importlib.util
import os
import re
from pathlib import Path
from typing import Any

from lethebench import __version__
from lethebench.console import Console, Tick
from lethebench.errors import UserError
from lethebench.evaluation.registry import METRICS, folder_of
from lethebench.hub.push import CARD, Release, publish
from lethebench.hub.repository import Hub, check_name

SPACES = "https://huggingface.co/spaces"


def push_metric_command(name: str, owner: str, *, private: bool, dry_run: bool) -> tuple[dict[str, Any], str]:
    """Push a metric; return the object for `--json` and the text for people.

    Raises:
        UserError: The metric or owner is unknown, or the Hub refuses, in one line.
    """
    modules = [entry.name for entry in METRICS.values() if entry.module]
    if name not in modules:
        reason = "not a module of the evaluate library" if name in METRICS else "unknown metric"
        raise UserError(f"{name}: {reason}; the modules are {', '.join(modules)}")
    if "/" in owner:
        raise UserError(f"{owner}: give only the owner, such as {owner.partition('/')[0] or 'your-name'}")
    check_name(f"{owner}/{name}")
    hub = Hub(f"{owner}/{name}", "space", Console(), read_only=dry_run)
    result, text = publish(hub, release_of(hub, folder_of(METRICS[name])), private=private, dry_run=dry_run)
    if not result["pushed"]:
        return result, text
    if importlib.util.find_spec("evaluate") is None:
        text += "\nnot run with evaluate, which is not installed: `pip install lethebench[metrics]`"
    return result, f'{text}\nevaluate.load("{hub.name}", revision="{result["tag"]}")'


def release_of(hub: Hub, folder: Path) -> Release:
    """Return the release of a metric's folder, with texts that name the Space instead of the local folder."""
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
    return re.sub(r"\]\(\.\./(\w+)\)", rf"]({SPACES}/{owner}/\1)", text)


def problems_of(hub: Hub, card: str, revision: str, tick: Tick) -> list[str]:
    """Run the card's example on the metric that `evaluate.load` gets from the Hub at this revision."""
    if importlib.util.find_spec("evaluate") is None:
        return []
    os.environ["HF_UPDATE_DOWNLOAD_COUNTS"] = "0"  # read when evaluate loads; verification is not a download
    pinned = card.replace(f'evaluate.load("{hub.name}")', f'evaluate.load("{hub.name}", revision="{revision}")')
    if f'revision="{revision}"' not in pinned:
        return [f"{CARD} has no example that loads {hub.name}"]
    example = doctest.DocTestParser().get_doctest(_code(pinned), {}, hub.name, CARD, 0)
    output: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example, out=output.append)
    tick(1, 1)
    if not runner.failures:
        return []
    return [f"the example of {CARD} has another result: {' '.join(''.join(output).split())[-300:]}"]


def _code(card: str) -> str:
    """Return the Python blocks of a card."""
    return "\n".join(re.findall(r"```python\n(.*?)```", card, re.DOTALL))
