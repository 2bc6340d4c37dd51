"""Build the sdist and from it the wheel, install only the wheel into a new environment, and use it in another folder.

The core must build, verify, load and export every benchmark without torch. Run by `make test-wheel`; needs a package
index.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from email.parser import BytesParser
from pathlib import Path

from packaging.metadata import Metadata
from small_build import OPTIONS, SIZES

ROOT = Path(__file__).parents[2]

LOAD = """
import json, sys
from datasets import load_dataset
import lethebench
from lethebench.builders import BENCHMARKS
assert "site-packages" in lethebench.__file__, lethebench.__file__
for name in sys.argv[1:]:
    manifest = json.load(open(f"build/{name}/manifest.json"))
    config = BENCHMARKS[name].SEQUENCE
    rows = load_dataset(f"build/{name}", config, split="forget", filters=[("task_id", "==", 0)])
    assert set(rows["task_id"]) == {0}, name
    shown = next(row["images"] for row in rows if row["images"])
    assert shown[0].size[0] > 50, name
assert "torch" not in sys.modules
try:
    import torch
except ImportError:
    print("load_dataset works without torch")
else:
    raise SystemExit("torch is installed: the core pulled it in")
"""


def run(*command: str | Path, cwd: Path) -> str:
    print("$", *command, flush=True)
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=True, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="", flush=True)
    return done.stdout


def check_contents(sdist: Path, wheel: Path) -> None:
    """Assert that both hold every file of every package, and that the metadata is valid."""
    tops = ("lethebench", "baselines", "builders", "cards", "contract", "evaluation", "generation")
    files = [
        path.relative_to(ROOT).as_posix()
        for top in tops
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    expected = {(file if file.startswith("lethebench/") else f"lethebench/{file}", file) for file in files}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        content = archive.read(metadata)
    assert not (missing := {name for name, _ in expected} - names), f"not in the wheel: {sorted(missing)}"
    assert not (foreign := {name for name in names if not name.startswith("lethebench")}), f"in the wheel: {foreign}"
    parsed = Metadata.from_email(content, validate=True)
    assert BytesParser().parsebytes(content).get_payload().startswith("# lethebench")
    print(f"{wheel.name}: {len(names)} files; extras {', '.join(parsed.provides_extra)}")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert not (missing := {path for _, path in expected} - names), f"not in the sdist: {sorted(missing)}"
    assert {"pyproject.toml", "LICENSE", "README.md"} <= names


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lethe-wheel-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT, cwd=folder)
        (wheel,), (sdist,) = (list((folder / "dist").glob(kind)) for kind in ("*.whl", "*.tar.gz"))
        check_contents(sdist, wheel)
        run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
        python, lethe = folder / "venv/bin/python", folder / "venv/bin/lethe"
        arguments = ("--no-compile", "-c", ROOT / "constraints.txt", wheel)
        run(python, "-m", "pip", "install", "--quiet", *arguments, cwd=folder)
        run(python, "-m", "pip", "check", cwd=folder)
        names = [
            row["name"] for row in json.loads(run(lethe, "list", "benchmarks", "--json", cwd=folder))["benchmarks"]
        ]
        for name in names:
            size = str(SIZES.get(name, "small"))
            options = [f"--option={key}={value}" for key, value in OPTIONS.get(name, {}).items()]
            run(lethe, "build", name, "--size", size, *options, "--num-proc", "2", "--preview", cwd=folder)
            run(lethe, "verify", f"build/{name}", cwd=folder)
        run(python, "-c", LOAD, *names, cwd=folder)
        run(lethe, "export", "build/mllmu", "--layout", "mllmu-bench", "--out", "build/mllmu-bench", cwd=folder)
        run(lethe, "build", "mllmu", "--from", "build/mllmu-bench", "--out", "build/back", cwd=folder)
    print(f"the wheel works: {', '.join(names)}")


if __name__ == "__main__":
    main()
