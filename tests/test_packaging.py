"""pyproject.toml: requirements of the core and the extras; commands start without unused packages."""

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
"""Top-level folders of packages."""
LIGHT = (
    "lethebench.builders",
    "lethebench.generation",
    "lethebench.cards",
    "lethebench.report",
    "lethebench.hub",
)
"""Packages that must import with the core requirements alone."""
MODULES = {"yaml": "pyyaml", "PIL": "pillow", "lm_eval": "lm-eval", "rouge_score": "rouge-score"}
"""Module -> distribution, where the names differ by more than a hyphen."""
THEIRS = {
    "httpx2": "huggingface-hub",
    "multiprocess": "datasets",
    "nltk": "rouge-score",
    "tokenizers": "transformers",
}
"""Module -> the requirement that brings it."""
APART = {"board"}
"""Extras that the environment of the tests cannot install: gradio, from tests/gradio.txt without its bounds."""
OPTIONAL = {"inspect_ai", "lmms_eval", "gradio", "torchvision", "tiktoken", "torchao", "bitsandbytes", "vllm"}
"""Modules that a user installs; the code that needs one says so."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    """Return the distributions of requirements; `lethebench[x]` stands for those of x."""
    distributions = set()
    for requirement in map(Requirement, requirements):
        if requirement.name == "lethebench":
            distributions |= {name for extra in requirement.extras for name in names(EXTRAS[extra])}
        else:
            distributions.add(canonical(requirement.name))
    return distributions


CORE = names(PROJECT["project"]["dependencies"])


def packages_on_disk() -> dict[str, Path]:
    """Return the dotted name of each package -> its folder."""
    folders = [path.parent for top in TOP for path in (ROOT / top).rglob("__init__.py")]
    names_of = {folder: ".".join(folder.relative_to(ROOT).parts) for folder in folders}
    return {name if name.startswith("lethebench") else f"lethebench.{name}": path for path, name in names_of.items()}


def test_dev_extra_holds_the_others_and_the_test_tools():
    assert EXTRAS.keys() >= RUNTIME
    dev = names(EXTRAS["dev"])
    for extra, requirements in EXTRAS.items():
        assert extra in APART or names(requirements) <= dev, extra
    assert dev >= TEST_TOOLS
    (own,) = (set(one.extras) for one in map(Requirement, EXTRAS["dev"]) if one.name == "lethebench")
    assert own >= RUNTIME


def test_core_has_no_heavy_requirement():
    heavy = {"torch", "transformers", "trl", "peft", "accelerate", "evaluate", "scipy", "scikit-learn", "openai"}
    assert not CORE & heavy
    assert "torch" in names(EXTRAS["train"]) & names(EXTRAS["eval"]) & names(EXTRAS["serve"] + EXTRAS["eval"])
    assert "torch" not in names(EXTRAS["openai"]) | names(EXTRAS["report"])


def test_requirement_has_a_floor_and_a_tested_version():
    text = (ROOT / "constraints.txt").read_text() + (ROOT / "tests/gradio.txt").read_text()
    tested = dict(line.split("==") for line in text.splitlines() if "==" in line)
    tested = {canonical(name): version for name, version in tested.items()}
    everything = PROJECT["project"]["dependencies"] + [one for extra in EXTRAS.values() for one in extra]
    for requirement in map(Requirement, everything):
        if requirement.name == "lethebench":
            continue
        assert [part.operator for part in requirement.specifier] == [">="], requirement
        assert requirement.specifier.contains(tested[canonical(requirement.name)]), requirement


def imports(path: Path) -> dict[str, bool]:
    """Return the top-level names that a file imports -> whether outside of functions."""
    tree = ast.parse(path.read_text("utf-8"))
    within = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _for_types(node)
        for inner in ast.walk(node)
    }
    at_import: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tops = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            tops = [node.module.split(".")[0]]
        else:
            continue
        for top in tops:
            at_import[top] = at_import.get(top, False) or node not in within
    return {
        name: at_once for name, at_once in at_import.items() if name not in {*sys.stdlib_module_names, "lethebench"}
    }


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _distribution(module: str) -> str:
    return canonical(MODULES.get(module) or THEIRS.get(module) or module)


@pytest.mark.parametrize(("package", "folder"), packages_on_disk().items())
def test_imported_package_is_required(package, folder):
    declared = CORE | names(EXTRAS["dev"])
    for path in folder.glob("*.py"):
        for module, at_once in imports(path).items():
            assert module in OPTIONAL or _distribution(module) in declared, f"{path} imports {module}"
            if package.startswith(LIGHT) and at_once:
                assert _distribution(module) in CORE, f"{path} imports {module}, which the core does not bring"


def test_metadata_names_files_that_exist():
    project = PROJECT["project"]
    assert {"Source", "Changelog", "Issues"} <= project["urls"].keys()
    assert all(url.startswith("https://") for url in project["urls"].values())
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
        ("main('list')", {"numpy", "datasets", "pyarrow", "huggingface_hub", "torch", "transformers", "PIL", "jinja2"}),
    ],
)
def test_command_starts_without_unused_packages(statement, heavy):
    """Each of these takes longer to import than help takes; perf/start.py measures it."""
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
