"""Random structural changes of JSON values: another type, a missing or an added key, nesting, an extreme number."""

import copy
import random
from collections.abc import Iterator
from typing import Any

OTHER = (
    None, True, -1, 0, 7, 10**18, 10**400, 1e308, "", "x", "../../../etc/passwd", "/etc/passwd", "a" * 5000, "\x1b[2J",
    "\ud800", "\x00", [], [[]], [None], ["x"], {}, {"": {}}, {"x": [1]},
)  # fmt: skip


def value_paths(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every value inside a value, and that of the value itself."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from value_paths(part, (*path, key))


def mutated(value: Any, draw: random.Random) -> tuple[Any, str]:
    """Return a copy with one structural change at a random place, and a description."""
    value = copy.deepcopy(value)
    by_depth: dict[int, list[tuple]] = {}
    for path in value_paths(value):
        by_depth.setdefault(len(path), []).append(path)
    path = draw.choice(by_depth[draw.choice(list(by_depth))])  # else large lists would take nearly all
    parent, key = None, None
    part = value
    for key in path:
        parent, part = part, part[key]
    kind = draw.choice(("replace", "delete", "nest", "add", "double", "deep"))
    if kind == "delete" and parent is not None:
        del parent[key]
        return value, f"delete {path}"
    new = draw.choice(OTHER)
    if kind == "nest":
        new = draw.choice(([part], {"value": part}))
    elif kind == "add" and isinstance(part, dict):
        new = part | {draw.choice(("x", "", "../x", "proof", "\x00")): new}
    elif kind == "add" and isinstance(part, list):
        new = [*part, new]
    elif kind == "double" and isinstance(part, list):
        new = [*part, *part]
    elif kind == "deep":
        new = []
        for _ in range(900):
            new = [new]
    if parent is None:
        return new, f"{kind} the whole"
    parent[key] = new
    return value, f"{kind} {path}: {str(new)[:60]}"
