"""The costs that the pages on writers and judges print are what `--dry-run` estimates today."""

import json
from pathlib import Path

import pytest
from command_line import lethe
from small_build import use_stand_in_people, use_stand_ins

ROOT = Path(__file__).parents[1]
PRICE = ("--price", "0.15,0.60")


def table_of(path: str, header: str) -> dict[str, list[str]]:
    """Return first cell -> the other cells of each line of a table in a page."""
    lines = (ROOT / path).read_text("utf-8").partition(header)[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip(" `") for cell in line.strip("| ").split("|")] for line in lines]
    return {name: rest for name, *rest in cells}


def millions(tokens: int) -> str:
    return f"{tokens / 1e6:.2f} M"


@pytest.mark.parametrize("name", ["icu", "mllmu", "remem"])
def test_printed_costs_of_writers_are_those_of_today(name, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    words = ["--writer", "openai:gpt-4o-mini", "--dry-run", *PRICE, "--json"]
    done = lethe("build", name, *words, cwd=tmp_path)
    assert done.status == 0, done.error
    usage = json.loads(done.out)["dry_run"]
    counts = [f"{usage[key]:,}" for key in ("calls", "input_tokens", "output_tokens")]
    printed = table_of("docs/pages/guides/texts-by-a-model.md", "| benchmark | calls |")
    assert printed[name] == [*counts, f"{usage['usd']:.2f}"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["icu", "mllmu", "mlu", "remem"])
def test_printed_costs_of_judges_are_those_of_today(name, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    use_stand_ins(monkeypatch)  # estimates do not depend on what pictures show
    use_stand_in_people(monkeypatch)
    build = lethe("build", name, "--size", "small", "--out", name, cwd=tmp_path)
    assert build.status == 0, build.error
    words = ["--model", "openai:M", "--judge", "openai:J", "--dry-run", *PRICE, "--judge-price", "0.15,0.60", "--json"]
    done = lethe("evaluate", name, *words, cwd=tmp_path)
    assert done.status == 0, done.error
    records = json.loads(done.out)
    model, judges = records["dry_run"], records["judges"]
    expected = [f"{judges['answers']:,}", f"{judges['calls']:,}", millions(judges["input_tokens"])]
    expected += [millions(judges["output_tokens"]), f"{judges['usd']:.2f}", f"{model['usd']:.2f}"]
    assert table_of("evaluation/judges/README.md", "| build | answers |")[f"{name}, small"][:6] == expected
