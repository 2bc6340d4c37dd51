"""Makes the documentation site: python docs/make.py [--out docs/_build] [--no-builds] [--run-notebooks].

Writes the pages into OUT/source, from docs/pages, files of the repository, the registries, and small builds of the
benchmarks in OUT/builds (made where they are missing, about a minute), runs Sphinx, for which every warning is an
error, and checks the links of the result, OUT/html.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from sphinx.cmd.build import build_main

from lethe_docs import notebooks
from lethe_docs.check import problems
from lethe_docs.pages import write


def main() -> int:
    """Make the site; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "_build")
    parser.add_argument("--no-builds", action="store_true", help="leave cards and pictures of the benchmarks out")
    parser.add_argument("--run-notebooks", action="store_true", help="run the notebooks first, and save their output")
    arguments = parser.parse_args()
    for path in notebooks.NOTEBOOKS if arguments.run_notebooks else ():
        with tempfile.TemporaryDirectory() as folder:
            notebooks.save(path, Path(folder))
    source, html = arguments.out / "source", arguments.out / "html"
    source.mkdir(parents=True, exist_ok=True)
    write(source, None if arguments.no_builds else arguments.out / "builds")
    words = ["-b", "html", "-W", "--keep-going", "-q", "-c", str(Path(__file__).parent), str(source), str(html)]
    status = build_main(words)
    faults = problems(html)
    for line in faults:
        print(line, file=sys.stderr)
    print(f"{html}/index.html")
    return 1 if status or faults else 0


if __name__ == "__main__":
    sys.exit(main())
