"""pyproject.toml: what is installed with what, and that commands start without loading what they do not use."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUNTIME = {"train", "eval", "report", "openai", "serve"}
TEST_TOOLS = {"pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "ruff", "build", "mlcroissant"}
TOP = ("lethebench", "builders", "contract", "generation", "baselines", "evaluation", "cards")
"""Folders that packages lie in."""
LIGHT = (
    "lethebench.builders",
    "lethebench.generation",
    "lethebench.cards",
    "lethebench.report",
    "lethebench.hub",
)
"""Packages that the core alone must import."""
MODULES = {"yaml": "pyyaml", "PIL": "pillow", "lm_eval": "lm-eval", "rouge_score": "rouge-score"}
"""What is imported -> what is installed, where the names differ by more than a hyphen."""
THEIRS = {
    "httpx2": "huggingface-hub",
    "multiprocess": "datasets",
    "nltk": "rouge-score",
    "tokenizers": "transformers",
}
"""What is imported -> the requirement that brings it."""
OPTIONAL = {"inspect_ai", "lmms_eval", "gradio", "torchvision", "tiktoken"}
"""What a user installs on their own; the code that needs it says so."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    """The distributions of requirements; `lethebench[x]` stands for those of x."""
    found = set()
    for requirement in map(Requirement, requirements):
        if requirement.name == "lethebench":
            found |= {name for extra in requirement.extras for name in names(EXTRAS[extra])}
        else:
            found.add(canonical(requirement.name))
    return found


CORE = names(PROJECT["project"]["dependencies"])


def packages_on_disk() -> dict[str, Path]:
    """Dotted name of each package -> its folder."""
    folders = [path.parent for top in TOP for path in (ROOT / top).rglob("__init__.py")]
    names_of = {folder: ".".join(folder.relative_to(ROOT).parts) for folder in folders}
    return {name if name.startswith("lethebench") else f"lethebench.{name}": path for path, name in names_of.items()}


def test_dev_is_every_runtime_extra_and_the_test_tools():
    assert EXTRAS.keys() >= RUNTIME
    dev = names(EXTRAS["dev"])
    for extra, requirements in EXTRAS.items():
        assert names(requirements) <= dev, extra
    assert dev >= TEST_TOOLS
    (own,) = (set(one.extras) for one in map(Requirement, EXTRAS["dev"]) if one.name == "lethebench")
    assert own >= RUNTIME


def test_the_core_is_light():
    heavy = {"torch", "transformers", "trl", "peft", "accelerate", "evaluate", "scipy", "scikit-learn", "openai"}
    assert not CORE & heavy
    assert "torch" in names(EXTRAS["train"]) & names(EXTRAS["eval"]) & names(EXTRAS["serve"] + EXTRAS["eval"])
    assert "torch" not in names(EXTRAS["openai"]) | names(EXTRAS["report"])


def test_every_requirement_has_a_floor_and_a_tested_version():
    tested = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    tested = {canonical(name): version for name, version in tested.items()}
    everything = PROJECT["project"]["dependencies"] + [one for some in EXTRAS.values() for one in some]
    for requirement in map(Requirement, everything):
        if requirement.name == "lethebench":
            continue
        assert [part.operator for part in requirement.specifier] == [">="], requirement
        assert requirement.specifier.contains(tested[canonical(requirement.name)]), requirement


def imports(path: Path) -> dict[str, bool]:
    """Top-level name of what a file imports -> whether at once, not only within a function."""
    tree = ast.parse(path.read_text("utf-8"))
    within = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _for_types(node)
        for inner in ast.walk(node)
    }
    found: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tops = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            tops = [node.module.split(".")[0]]
        else:
            continue
        for top in tops:
            found[top] = found.get(top, False) or node not in within
    return {name: at_once for name, at_once in found.items() if name not in {*sys.stdlib_module_names, "lethebench"}}


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _distribution(module: str) -> str:
    return canonical(MODULES.get(module) or THEIRS.get(module) or module)


@pytest.mark.parametrize(("package", "folder"), packages_on_disk().items())
def test_everything_imported_is_required_by_the_core_or_an_extra(package, folder):
    declared = CORE | names(EXTRAS["dev"])
    for path in folder.glob("*.py"):
        for module, at_once in imports(path).items():
            assert module in OPTIONAL or _distribution(module) in declared, f"{path} imports {module}"
            if package.startswith(LIGHT) and at_once:
                assert _distribution(module) in CORE, f"{path} imports {module}, which the core does not bring"


def test_metadata_is_what_an_index_shows():
    project = PROJECT["project"]
    assert {"Source", "Changelog", "Issues"} <= project["urls"].keys()
    assert all(url.startswith("https://") for url in project["urls"].values())
    classifiers = project["classifiers"]
    assert classifiers == sorted(classifiers)
    assert not any(one.startswith("License ::") for one in classifiers)  # the SPDX expression says it, once
    assert project["license"] == "Apache-2.0"
    assert (ROOT / project["readme"]).is_file()
    assert all((ROOT / name).is_file() for name in project["license-files"])
    module = (ROOT / "lethebench" / "__init__.py").read_text()
    assert re.search(r'__version__ = "(.+)"', module)[1] == project["version"]
    for group in (project["scripts"], project["entry-points"]["inspect_ai"]):
        for target in group.values():
            parts = target.split(":")[0].split(".")
            assert (ROOT / Path(*parts)).with_suffix(".py").is_file(), target


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import lethebench", {"typer", "rich", "numpy", "datasets", "pyarrow", "huggingface_hub", "torch"}),
        ("main('--help')", {"rich", "numpy", "datasets", "pyarrow", "huggingface_hub", "torch", "yaml", "jinja2"}),
        ("main('build', '--help')", {"numpy", "datasets", "pyarrow", "huggingface_hub", "torch", "yaml", "jinja2"}),
    ],
)
def test_a_command_starts_without_what_it_does_not_use(statement, heavy):
    """Each of these costs more than all that help needs; perf/start.py measures the time."""
    code = (
        "import sys\n"
        "def main(*words):\n"
        "    from lethebench.cli.app import main\n"
        "    sys.argv = ['lethe', *words]\n"
        "    try: main()\n"
        "    except SystemExit as end: assert not end.code\n"
        f"{statement}\nprint(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.splitlines()[-1].split())
