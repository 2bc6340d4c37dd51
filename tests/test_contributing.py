"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("baselines", "builders", "cards", "contract", "evaluation", "generation", "lethebench")
FENCE = re.compile(
    r'^```python file=(?P<file>\S+)(?: (?P<side>after|before)="(?P<line>[^\n]*)")?\n(?P<code>.*?)^```$', re.M | re.S
)
PYTEST = (sys.executable, "-P", "-c", "import sys, pytest; sys.exit(pytest.main())", "-q", "-p", "no:cacheprovider")
LETHE = (sys.executable, "-P", "-c", "from lethebench.cli.app import main; main()")


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the repository to which the recipes are applied, importable through `package/`."""
    root = tmp_path_factory.mktemp("copy")
    for name in (*FOLDERS, "tests"):
        shutil.copytree(ROOT / name, root / name)  # with compiled modules, which save a second
    shutil.copy(ROOT / "pyproject.toml", root)
    for fence in FENCE.finditer((ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        apply(root / fence["file"], fence["code"], fence["side"], fence["line"])
    for name in ("README.md", "__init__.py", "app.py", "form.py", "requirements.txt"):
        text = (root / "evaluation/memorization" / name).read_text("utf-8")
        (root / "evaluation/refusals" / name).write_text(text.replace("memorization", "refusals"), "utf-8")
    readme = root / "evaluation/refusals/README.md"
    example = (
        (root / "evaluation/refusals/refusals.py").read_text("utf-8").partition("Examples:")[2].partition('"""')[0]
    )
    readme.write_text(readme.read_text("utf-8").partition("## Worked example")[0] + textwrap.dedent(example), "utf-8")
    package = root / "package" / "lethebench"
    shutil.copytree(root / "lethebench", package)
    for name in FOLDERS[:-1]:
        (package / name).symlink_to(root / name)
    return root


def apply(path: Path, code: str, side: str | None, line: str) -> None:
    """Write a file, or insert code after or before the one line that reads as given."""
    if side is None:
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, "utf-8")
        return
    lines = path.read_text("utf-8").splitlines(keepends=True)
    (index,) = (index for index, other in enumerate(lines) if other.rstrip("\n") == line)
    lines.insert(index + (side == "after"), code)
    path.write_text("".join(lines), "utf-8")


def run(copy: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(copy / "package"), "COLUMNS": "200"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_recipes_pass_their_tests(copy):
    names = ("baselines/test_bounded", "baselines/test_registry", "evaluation/test_refusals", "test_imports")
    files = [f"tests/{name}.py" for name in (*names, "evaluation/test_metric_modules")]
    output = run(copy, *PYTEST, *files, "-k", "bounded or refusal or row_per_folder or import_circles")
    assert int(re.search(r"(\d+) passed", output)[1]) >= 8


def test_recipes_are_listed_without_another_edit(copy):
    assert "bounded" in run(copy, *LETHE, "list", "methods")
    assert "refusals" in run(copy, *LETHE, "list", "metrics")
    assert "--note" in run(copy, *LETHE, "run", "--help")
