"""Who imports whom: the layers of the project, and no circle between modules."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = {
    "contract": set(),
    "cards": set(),
    "generation": {"contract"},
    "builders": {"generation", "cards", "contract"},
    "baselines": {"contract"},
    "evaluation": {"contract"},
    "lethebench": {"contract", "cards", "generation", "builders", "baselines", "evaluation"},
}
"""Top-level folder -> the other top-level folders that it may import."""


@cache
def modules() -> dict[str, Path]:
    """Dotted name, without the leading `lethebench.`, -> file."""
    files = [path for top in LAYERS for path in (ROOT / top).rglob("*.py") if "examples" not in path.parts]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def name_in_tree(dotted: str) -> str:
    """`lethebench.builders.base` -> `builders.base`; `lethebench.runs` stays."""
    inner = dotted.removeprefix("lethebench.")
    return inner if inner.split(".")[0] in LAYERS else dotted


@cache
def imported(module: str) -> frozenset[str]:
    """The modules of the project that a module imports anywhere in its code, functions included."""
    tree = ast.parse(modules()[module].read_text("utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {name_in_tree(alias.name) for alias in node.names if alias.name.startswith("lethebench")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lethebench":
            parent = name_in_tree(node.module)
            for alias in node.names:
                child = f"{parent}.{alias.name}"
                names.add(name_in_tree(child) if name_in_tree(child) in modules() else parent)
    return frozenset(names - {module})


def circles() -> list[list[str]]:
    """Strongly connected groups of two or more modules (Tarjan, 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for target in imported(module):
            if target not in order:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], order[target])
        if low[module] == order[module]:
            at = stack.index(module)
            if len(stack) - at > 1:
                groups.append(sorted(stack[at:]))
            del stack[at:]

    for module in modules():
        if module not in order:
            visit(module)
    return groups


def test_imports_name_modules_that_exist():
    missing = {(module, target) for module in modules() for target in imported(module) if target not in modules()}
    assert not missing


def test_folders_import_only_lower_folders():
    wrong = [
        f"{module} imports {target}"
        for module in modules()
        for target in imported(module)
        if (top := module.split(".")[0]) != (other := target.split(".")[0]) and other not in LAYERS[top]
    ]
    assert not wrong


def test_no_import_circles():
    assert not circles()
