"""`lethe run --checkpoints`: models that another trainer unlearned, one per request, and whether they fit a run."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from lethebench.baselines.registry import METHODS, RESERVED
from lethebench.contract.defaults import API_PREFIX
from lethebench.errors import UserError
from lethebench.runs.checks import LUMOE_FILE, check_model

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
FOLDERS = ("attacks", "data", "evaluation", "gold", "learnt", "report", "tensorboard")
"""Names of folders in a run that are no methods."""


def checkpoints_of(entries: Sequence[str]) -> dict[int, str]:
    """Return request -> checkpoint of the entries `t=PATH`, in the order of requests.

    Raises:
        UserError: An entry is not of this form, or requests are named twice or left out.
    """
    paths: dict[int, str] = {}
    for entry in entries:
        number, equals, path = entry.partition("=")
        if not (equals and path and re.fullmatch("[1-9][0-9]{0,5}", number)):
            raise UserError(
                f"--checkpoints {entry}: pass t=PATH with the number of requests unlearned so far, e.g. 1=my/model"
            )
        if int(number) in paths:
            raise UserError(f"--checkpoints: request {number} has two checkpoints; pass one")
        paths[int(number)] = path
    for request in range(1, max(paths, default=0)):
        if request not in paths:
            raise UserError(
                f"--checkpoints: request {request} has no checkpoint, but a later one has; pass one for each request "
                f"up to {max(paths)}, or those up to {request - 1} alone"
            )
    return dict(sorted(paths.items()))


def check_name(name: str) -> None:
    """Raise UserError unless checkpoints can have this name in a run."""
    taken = name in METHODS or name in (*RESERVED, *FOLDERS) or name.startswith("gold-")
    if taken or not NAME.fullmatch(name):
        reason = "the name of something else in a run" if taken else "not a name"
        raise UserError(f"--name {name}: {reason}; pass letters, digits, - and _, e.g. my-method")


def check_checkpoints(paths: Mapping[int, str], initial: Path, tasks: int) -> None:
    """Raise unless checkpoints could have been made from the initial model of a run; no weights are loaded.

    Args:
        paths: Request -> checkpoint.
        initial: The initial model.
        tasks: Number of requests of the run.

    Raises:
        UserError: Too many or too few, one is missing or damaged, or has other weights or another vocabulary.
    """
    if len(paths) != tasks:
        more = f"--checkpoints: {len(paths)} for {tasks} requests"
        raise UserError(f"{more}; pass --tasks {len(paths)}, or one checkpoint per request")
    for number, path in paths.items():
        option = f"--checkpoints {number}:"
        if path.startswith(API_PREFIX):
            _check_api(path, f"--checkpoints {number}={path}")
            continue
        if (Path(path) / LUMOE_FILE).is_file():
            raise UserError(f"{option} {path}: a LUMoE names the run that it belongs to; pass weights or an adapter")
        check_model(path, option=option)
    shapes, vocabulary = _facts(str(initial))
    for number, path in paths.items():
        if path.startswith(API_PREFIX):
            continue
        own_shapes, own_vocabulary = _facts(path)
        option, cure = f"--checkpoints {number}: {path}", f"pass a checkpoint that was made from {initial}"
        for name in {**shapes, **own_shapes}:
            if shapes.get(name) != own_shapes.get(name):
                sizes = [part.get(name, "none") for part in (own_shapes, shapes)]
                raise UserError(
                    f"{option}: another model: {name} is {sizes[0]}, and {sizes[1]} in the initial one; {cure}"
                )
        if own_vocabulary != vocabulary:
            raise UserError(f"{option}: its tokenizer has another vocabulary than the initial model's; {cure}")


def _check_api(path: str, option: str) -> None:
    """Raise UserError if a model behind an API cannot be asked."""
    from lethebench.runs.by_api import options_of

    try:
        options_of(path).check_api()
    except UserError as error:
        raise UserError(str(error).replace(f"--model {path}", option, 1)) from None


def _facts(path: str) -> tuple[dict[str, str], dict[str, int]]:
    """Return the name and shape of each weight of a model, without its adapter, and its vocabulary."""
    from lethebench.baselines.checkpoints.skeleton import weight_shapes
    from lethebench.baselines.checkpoints.source import find_source
    from lethebench.baselines.loading import processor_of

    source = find_source(path)
    processor = processor_of(source)
    return weight_shapes(source.config), getattr(processor, "tokenizer", processor).get_vocab()
