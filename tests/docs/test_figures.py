"""Figures of the documentation: a command that makes each is named in its section or the introduction of its page."""

import re

import pytest
from measured_figures import COMMAND, COMMANDS, HIDDEN, card_text, options_of, unexplained

from lethe_docs.links import ROOT

FILES = [ROOT / "README.md", *(ROOT / "cards").glob("*.jinja"), ROOT / "perf" / "RECORD.md"]
FILES += [path for package in ("baselines", "evaluation", "lethebench") for path in (ROOT / package).rglob("*.md")]
CARD_TEXTS = sorted((ROOT / "builders").rglob("text.py"))


@pytest.fixture(scope="module")
def texts(site) -> dict[str, str]:
    pages = {name: str(text) for name, text in site.items() if name.endswith(".md")}
    project = ("api/", "changelog", "contributing")
    pages = {name: text for name, text in pages.items() if not name.startswith(project)}
    pages |= {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in FILES if path.exists()}
    return pages | {f"{path.parent}/{path.parent.name} text": card_text(path) for path in CARD_TEXTS}


def test_each_figure_has_a_command_that_makes_it(texts):
    assert {name: lines for name, text in texts.items() if (lines := unexplained(name, text))} == {}


def test_commands_that_make_figures_exist(texts):
    faults = []
    for name, text in texts.items():
        faults += [
            f"{name}: lethe {word}" for word in re.findall(r"`lethe ([a-z][\w-]*)", text) if word not in COMMANDS
        ]
        for match in COMMAND.finditer(HIDDEN.sub("", text)):
            script, command, rest = match.groups()
            flags = {word.partition("=")[0] for word in re.findall(r"(?<!\S)--[\w-]+", rest)}
            if script:
                options = options_of(script) if (ROOT / script).is_file() else {f"no {script}"}
            else:
                options = {flag for option in COMMANDS[command].params for flag in option.opts + option.secondary_opts}
                options |= {"--help"}
            if not flags <= options or not (script is None or (ROOT / script).is_file()):
                faults.append(f"{name}: {match[0]}")
    assert faults == []


@pytest.mark.parametrize(
    "text",
    [
        "# A\n\n## B\n\nA run takes 12 minutes.\n",
        "# A\n\nA run takes two minutes.\n",
        "# A\n\nOurs is 3.5 times as fast, at 0.7.\n",
        "# A\n\n| x | y |\n|---|---|\n| a | 0.5 |\n| b | 0.6 [0.5, 0.7] |\n| c | 1.2 M |\n",
        "# A\n\n<!-- made by python perf/x.py -->\n\nIt needs 20 MB.\n",
        "# A\n\n`lethe run DIR`\n\n| x | y |\n|---|---|\n| a | 0.5 |\n| b | 0.6 |\n| c | 7 |\n",
        "# A\n\n## B\n\n`lethe run DIR`\n\n## C\n\nIt keeps 80 % of it.\n",
        "# A\n\n`lethe run DIR`\n\n## B\n\nIt keeps 80 % of it.\n",
        "# A\n\n`lethe measure DIR`: it keeps 80 % of it.\n",
        "# A\n\n## B in 3 minutes\n\nText.\n",
        "# A\n\nSee [what takes 3 minutes](b.md).\n",
        "# A\n\nA run takes thirty minutes.\n",
        "# A\n\nA mean of 12.5, and kappa .62.\n",
        "# A\n\nIt read 300 of 301 pages.\n",
        "# A\n\n| x | y |\n|---|---|\n| time | 12.5 s |\n",
    ],
)
def test_figure_without_a_command_is_found(text):
    assert unexplained("a.md", text) != []
    assert unexplained("a.md", text.replace("# A\n", "# A\n\nMade by `python perf/rouge.py`.\n", 1)) == []


@pytest.mark.parametrize(
    "text", ["# A\n\nSet `0.5` or 12 rows.\n", "# A\n\n```\n0.5\n```\n", "# A\n\n## Worked example\n\n1 - 0.5 = 0.5\n"]
)
def test_what_nobody_measured_needs_no_command(text):
    assert unexplained("a.md", text) == []


def test_options_of_a_script_are_those_of_its_parser():
    assert options_of("perf/rouge.py") >= {"--pairs", "--rounds", "--json"}
    assert "--no" not in options_of("perf/rouge.py")
