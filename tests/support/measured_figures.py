"""Measured figures in Markdown, and the commands beside them that make them."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import typer

from lethe_docs.links import ROOT
from lethebench.cli.app import app

COMMANDS = typer.main.get_command(app).commands
WORDS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety"
NUMBER = rf"(?<![\w.,/#§-])(?:-?\d[\d,]*(?:\.\d+)?|{WORDS})"
UNIT = r"%|per ?cent|seconds?|minutes?|hours?|days?|[mµ]s|[KMG]i?B|times|fold|x|s"
FIGURE = re.compile(
    rf"{NUMBER}[ \n-]?(?:{UNIT})(?![\w%])|(?<![\w.,/§-])(?!\d{{4}}\.\d{{5}})\d*\.\d+(?![\w.])"
    rf"|{NUMBER} of \d[\d,]*(?![\w.])",
    re.I,
)
"""A number with a unit, a decimal number other than an arXiv id, or a count out of a total ("300 of 300")."""
CELL = re.compile(r"^\**-?\d[\d,]*(\.\d+)?( ?(%|s|ms|[KMG]i?B|x|M))?\**(,? [\[(/–].*|, \w+)?$")
CODE = re.compile(
    r"^ *(```|~~~).*?^ *\1 *$|`[^`]*`|\]\([^)]*\)|https?://\S+|[Ss]tart in five minutes|\{[{%].*?[}%]\}", re.M | re.S
)
HIDDEN = re.compile(r"<!--.*?-->|\A---\n.*?^---$", re.M | re.S)
COMMAND = re.compile(
    rf"(?<![\w.-])(?:python ((?:perf|tests/support)/\w+\.py)|lethe ({'|'.join(COMMANDS)})(?![\w-]))([^`\n|&#]*)"
)

MAKER = re.compile(
    r"python (?:perf|tests/support)/\w+\.py|lethe (reproduce|list|judge-check)(?![\w-])|lethe [^`\n]*--dry-run"
)
"""What makes tables, and the figures of other sections: many other commands are on pages for other reasons."""

EXCEPTIONS = {
    "reading.md": {"90 %": "the threshold of the memorization gate", "4.0": "a license"},
    "faq.md": {"4.0": "a license"},
    "start.md": {"3.11": "a version of Python"},
    "evaluate.md": {"95 %": "the level of intervals"},
    "dpo.md": {"1.16": "a version of TRL"},
    "first_run.md": {"two minutes": "the time of its cells"},
    "icu text": {"1.1": "a version of a license"},
    "clear text": dict.fromkeys(["1 %", "5 %", "10 %"], "sizes in the paper"),
    "fiubench text": dict.fromkeys(["1 %", "5 %", "10 %"], "sizes in the paper"),
    "mllmu text": dict.fromkeys(["5 %", "10 %", "15 %"], "sizes in the paper"),
    "mlu text": dict.fromkeys(["95 %", ".31"], "an interval over drawn roles; no command makes it yet"),
    "own_data_and_method.md": {"two minutes": "the time of its cells"},
    "README.md": {"4.0": "a license"},
    "mlu.md.jinja": {"table | class | rows |": "computed for each build"},
    "icu.md.jinja": {"three times": "a setting"},
    "mllmu.md.jinja": {"15 %": "sizes in the paper"},
    "remem.md.jinja": {"20 times": "arithmetic of sizes in the paper"},
    "privacy_leakage.md": {"0.05": "a setting", "0.95": "a setting", "0.5": "an AUC of chance"},
    "factuality.md": {"5.5": "the middle of a scale"},
    "forget.md": {"0.05": "a setting"},
    "stability.md": {"0.05": "a setting"},
    "utility.md": {"0.5": "a setting"},
    "profile_membership.md": {"1 %": "the definition of a metric"},
    "data.md": {"table | part | en |": "counts of the file beside it"},
    "judges-data.md": {"table | part | en |": "counts of the file beside it"},
    "exposure.md": {"1.09": "follows from the formula", "1.43": "follows from the formula"},
}
"""Page -> number that nobody measured -> what it is."""


def sections(text: str) -> list[str]:
    """Return the parts of a page that begin with a heading; lines of code that begin with # are none."""
    text = HIDDEN.sub("", text)
    plain = CODE.sub(lambda code: code[0].replace("\n#", "\n~"), text)
    starts = [0, *(match.start() for match in re.finditer(r"^#{1,4} ", plain, re.M)), len(text)]
    return [text[start:end] for start, end in pairwise(starts) if text[start:end].strip()]


def figures(section: str) -> Iterator[str]:
    """Yield what was measured in a section: decimals, numbers with units, tables of numbers; no worked examples."""
    if section.partition("\n")[0].endswith("Worked example"):  # computed by hand from the definition
        return
    for paragraph in re.split(r"\n\s*\n", CODE.sub("~", section)):
        lines = paragraph.strip().splitlines()
        if lines and lines[0].startswith("|"):
            cells = [cell.strip() for line in lines[2:] for cell in line.strip("| ").split("|")]
            if sum(bool(CELL.match(cell)) for cell in cells) >= 3 or any(map(FIGURE.fullmatch, cells)):
                yield f"table {lines[0]}"
        else:
            yield from FIGURE.findall(paragraph)


def unexplained(page: str, text: str) -> list[str]:
    """Return the figures of a page without a command that makes them."""
    allowed = EXCEPTIONS.get(
        page.rpartition("/")[2] if "README" not in page else f"{Path(page).parent.name or 'README'}.md", {}
    )
    parts = sections(text)
    return [
        f"{section.splitlines()[0]}: {figure}"
        for section in parts
        for figure in figures(section)
        if not any(f"{figure} ".startswith(f"{known} ") for known in allowed)
        and not (MAKER if figure.startswith("table") or section is parts[0] else COMMAND).search(section)
        and not MAKER.search(parts[0])
    ]


def card_text(path: Path) -> str:
    """Return the texts of a module that cards show: its strings of several words, without docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return "\n\n".join(text for text in texts if isinstance(text, str) and " " in text and text not in docs)


def options_of(script: str) -> set[str]:
    """Return the options of a script's parser, without importing what it measures."""
    tree = ast.parse((ROOT / script).read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = {"--json"} if any(getattr(call.func, "id", "") == "add_json_option" for call in calls) else set()
    words = (call.args for call in calls if getattr(call.func, "attr", "") == "add_argument")
    if not named and "add_argument" not in ast.dump(tree):  # a script that looks into sys.argv itself
        named = {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return named | {"--help"} | {word.value for found in words for word in found if isinstance(word, ast.Constant)}
