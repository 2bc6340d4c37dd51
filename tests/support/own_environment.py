"""An environment of a test's own, with a package that the project itself does not need."""

import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest


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
