"""An environment of a test's own, with a package that the project itself does not need."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

# A build of torchvision fits one build of PyTorch, and PyPI has no pair for CPUs alone.
TORCHVISION = [["torch==2.14.1", "torchvision==0.29.1"], ["timm==1.0.31"]]
KEPT = "LETHE_TORCHVISION_ENV"
"""Variable with the folder of the environment with torchvision, which is made there if it is absent, and kept."""


def python_with(folder: Path, *installs: Sequence[str]) -> Path:
    """Return the interpreter of an environment that has these packages besides those of the present one.

    An installed package is not installed again; where its version does not fit, the environment gets its own. Skips the
    test, with pip's reason, where a package cannot be installed.

    Args:
        folder: folder of the environment; one that an earlier call made is used again.
        installs: arguments of one `pip install` each.
    """
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "present.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    python = folder / "bin" / "python"
    for arguments in installs:
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"pip install {' '.join(arguments)}: {done.stderr.strip().splitlines()[-1]}")
    return python


@contextmanager
def torchvision_python() -> Iterator[Path]:
    """Yield the interpreter of an environment with torchvision and timm: the kept one, or one that is then removed."""
    folder = Path(os.environ.get(KEPT) or tempfile.mkdtemp())
    try:
        yield python_with(folder, *TORCHVISION)
    finally:
        if KEPT not in os.environ:
            shutil.rmtree(folder)  # 5 GB


def run_tests_with_torchvision(*arguments: str) -> None:
    """Run tests, slow ones too, in an environment with torchvision; all must pass and none be skipped."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    options = ["-q", "-p", "no:cacheprovider", "-m", "slow or not slow"]
    with torchvision_python() as python:
        done = subprocess.run(
            [python, "-P", "-m", "pytest", *options, *arguments],
            cwd=Path(__file__).parents[2],
            env=environment,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
