"""Builds the wheel, installs it alone into a new environment, and uses it from another folder.

The core must build, verify and load a benchmark without torch. Run by `make test-wheel`; needs a package index.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

LOAD = """
import sys
from datasets import load_dataset
import lethebench
assert "site-packages" in lethebench.__file__, lethebench.__file__
rows = load_dataset("build/icu", "continual", split="forget", filters=[("task_id", "==", 1)])
assert set(rows["task_id"]) == {1} and rows[0]["images"][0].size[0] > 100
assert "torch" not in sys.modules
try:
    import torch
except ImportError:
    print("load_dataset works without torch")
else:
    raise SystemExit("torch is installed: the core pulled it in")
"""


def run(*command: str | Path, cwd: Path) -> None:
    print("$", *command, flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lethe-wheel-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "dist", ROOT, cwd=folder)
        (wheel,) = (folder / "dist").glob("*.whl")
        run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
        python, lethe = folder / "venv/bin/python", folder / "venv/bin/lethe"
        run(python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
        run(lethe, "list", cwd=folder)
        for name in ("icu", "mllmu"):
            run(lethe, "build", name, "--size", "small", "--preview", cwd=folder)
            run(lethe, "verify", f"build/{name}", cwd=folder)
        run(python, "-c", LOAD, cwd=folder)
    print("the wheel works")


if __name__ == "__main__":
    main()
