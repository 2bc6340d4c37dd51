"""Pages of the documentation: every registry entry has one, links lead somewhere, commands exist."""

import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from lethe_docs import api, methods
from lethe_docs.check import problems
from lethe_docs.links import FILES, ROOT, for_site, with_arxiv_links
from lethe_docs.notebooks import NOTEBOOKS
from lethe_docs.pages import HAND_WRITTEN
from lethebench.baselines.presets import load_preset
from lethebench.baselines.registry import listed_methods
from lethebench.builders.registry import listed_benchmarks
from lethebench.cli.app import app
from lethebench.evaluation.registry import METRICS

COMMANDS = typer.main.get_command(app).commands
COMMAND_PAGES = [ROOT / "README.md", *HAND_WRITTEN, *(ROOT / file for file in FILES)]
FENCE = re.compile(r"^ *```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^ *```$", re.M | re.S)


def command_lines(text: str) -> list[str]:
    """Return the lines of a page that call `lethe`, comments included."""
    code = [fence["code"] for fence in FENCE.finditer(text) if fence["language"] in ("sh", "bash")]
    code += re.findall(r"^    (lethe .*)$", text, re.M)
    lines = "\n".join(code).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("lethe ")]


def test_every_registry_entry_has_a_page(site):
    names = {f"methods/{entry.name}.md" for entry in listed_methods()} | {f"metrics/{name}.md" for name in METRICS}
    names |= {f"benchmarks/{name}.md" for name in listed_benchmarks()} | {f"commands/{name}.md" for name in COMMANDS}
    assert names <= site.keys()


def test_page_of_a_method_has_equation_and_settings(site):
    page = site["methods/npo.md"]
    assert "(2 / beta) E_f[log(1 + exp(beta (lp_theta(y) - lp_ref(y))))]" in page
    assert "| `beta` | `0.1` | Inverse temperature" in page
    assert "https://arxiv.org/abs/2404.05868" in page


def test_page_of_a_method_has_its_recorded_results(tmp_path, monkeypatch):
    rows = "| Method | Score | Keep |\n|---|---|---|\n| npo\\_sam | 0.8 | 1 |\n| npo | 0.7 (0.1) | 0.9 |\n"
    attacked = "| method | score | worst-case recovery | by |\n|---|---|---|---|\n"
    attacked += "| npo | 0.7 | 0.30 [0.2, 0.4] | ask: choice |\n"
    for stem, text in {"icu-tiny": rows, "remem-tiny": rows.replace("0.9", "0.6"), "robustness-tiny": attacked}.items():
        (tmp_path / f"{stem}.md").write_text(f"# {stem}\n\n{text}")
    monkeypatch.setattr(methods, "RESULTS", sorted(tmp_path.iterdir()))
    page = methods.pages()["methods/npo.md"].partition("## Measured")[2]
    assert "[icu-tiny](../results/icu-tiny.md) (`lethe reproduce icu-tiny`)" in page
    assert "| figure | icu-tiny | remem-tiny |" in page
    assert "| Score | 0.7 (0.1) | 0.7 (0.1) |\n| Keep | 0.9 | 0.6 |" in page
    assert "0.8" not in page
    assert "worst-case recovery 0.30 [0.2, 0.4] by ask: choice;" in page
    assert "## Measured" not in methods.pages()["methods/ga.md"]


def test_page_of_a_metric_has_definition_and_validity(site):
    assert "forget of a profile = 1 - clip" in site["metrics/forget.md"]
    assert re.search(r"\| `forget` \| 1\.000 ", site["metrics/forget.md"])
    assert "below 1 = prefers the truth" in site["metrics/truth_ratio.md"]


def test_every_option_is_on_the_page_of_its_command(site):
    for name, command in COMMANDS.items():
        for option in command.params:
            for flag in option.opts if option.param_type_name == "option" and not option.hidden else ():
                assert f"`{flag}" in site[f"commands/{name}.md"], (name, flag)


def test_exported_names_are_on_the_pages_of_the_api(site):
    assert "{py:function} lethebench.stream(data" in site["api/lethebench.md"]
    assert "{py:class} lethebench.baselines.NPOTrainer" in site["api/baselines.md"]
    assert "`row_ids`" not in site["api/builders.md"]


def test_doctests_of_the_api_are_code(site):
    page = str(site["api/evaluation-metrics.md"])
    assert "```pycon\n>>> forget_value(0.25, 1.0, gold=0.0)\n0.75\n```" in page
    assert ">>> " not in re.sub(r"```pycon.*?```", "", page, flags=re.S)
    assert "lp(y) is the sum over an answer's tokens" in site["api/baselines-losses.md"]
    results = str(site["api/evaluation-metrics.md"])
    assert "- `forget_anytime, keep_anytime`: means over the stages" in results
    assert "- `forget_<modality>`: mean over profiles of one modality" in results
    assert "TokenLogps" not in site["api/baselines-losses.md"]


def test_papers_are_links_and_all_in_the_index(site):
    pages = {name: str(text) for name, text in site.items() if name.startswith(("methods/", "metrics/", "guides/"))}
    cited = {number for text in pages.values() for number in re.findall(r"arxiv.org/abs/(\d{4}\.\d{5})", text)}
    assert "[arXiv 2511.04934](https://arxiv.org/abs/2511.04934)" in pages["metrics/leak_at_k.md"]
    assert cited - {"2512.11325"} <= set(re.findall(r"\d{4}\.\d{5}", str(site["papers.md"])))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see arXiv\n2511.04934.", "see [arXiv 2511.04934](https://arxiv.org/abs/2511.04934)."),
        ("VKD (arXiv\n2512.11325), which", "VKD ([arXiv 2512.11325](https://arxiv.org/abs/2512.11325)), which"),
        ("arXiv:2605.05938", "[arXiv 2605.05938](https://arxiv.org/abs/2605.05938)"),
        ("[arXiv 2511.04934](https://x.org)", "[arXiv 2511.04934](https://x.org)"),
        ("`arXiv 2511.04934`", "`arXiv 2511.04934`"),
        ("```bibtex\narXiv:2605.05938\n```", "```bibtex\narXiv:2605.05938\n```"),
    ],
)
def test_arxiv_numbers_become_links(text, expected):
    assert with_arxiv_links(text) == expected


def test_google_docstring_becomes_markdown():
    doc = "Return a * b <c>.\n\nArgs:\n    a (`float`, *optional*): First\n        factor.\n    b: Second.\n\n"
    doc += "Returns:\n    The product [1]."
    assert api.markdown(doc) == (
        "Return a \\* b \\<c>.\n\n**Args**\n\n- `a`: First factor.\n- `b`: Second.\n\n"
        "**Returns**\n\nThe product \\[1\\]."
    )


@pytest.mark.parametrize("path", COMMAND_PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_of_a_page_exist(path, tmp_path, monkeypatch):
    """Files that a page shows are there, so that `--config FILE` is read."""
    monkeypatch.chdir(tmp_path)
    for file, code in re.findall(r"^```yaml file=(\S+)\n(.*?)^```", path.read_text("utf-8"), re.M | re.S):
        Path(file).write_text(code)
    for line in command_lines(path.read_text("utf-8")):
        check(line)


def test_preset_of_the_settings_page_is_read(tmp_path):
    page = (ROOT / "docs/pages/guides/settings.md").read_text("utf-8")
    (tmp_path / "my.yaml").write_text(page.partition("```yaml file=my.yaml\n")[2].partition("```")[0])
    preset = load_preset(str(tmp_path / "my.yaml"), "ORG/MODEL")
    assert preset.lora.rank == 16
    assert preset.method_arguments("npo")["beta"] == 0.4


def test_commands_of_generated_pages_exist(site):
    for name, text in site.items():
        if name.startswith(("methods/", "metrics/", "commands/", "benchmarks/")):
            for line in command_lines(str(text)):
                check(line)


def check(line: str) -> None:
    """Parse a line as the command would."""
    name, *words = shlex.split(line, comments=True)[1:]
    if name == "--debug":
        return
    assert name in COMMANDS, line
    try:
        COMMANDS[name].make_context(name, words, resilient_parsing=False)
    except Exception as error:
        raise AssertionError(f"{line}: {getattr(error, 'message', error)}") from error


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](../../evaluation/VALIDITY.md#x)", "[a](validity.md#x)"),
        ("[a](guides/runs.md)", "[a](guides/runs.md)"),
        ("[a](../methods/npo.md)", "[a](methods/npo.md)"),
        ("[a](../../evaluation/forget)", "[a](metrics/forget.md)"),
        ("![a](../pictures/icu.webp)", "![a](pictures/icu.webp)"),
        ("[a](../../pyproject.toml)", "[a](https://github.com/lethebench/lethebench/blob/main/pyproject.toml)"),
        ("[a](https://x.org/y.md)", "[a](https://x.org/y.md)"),
        ("```\n[a](nowhere)\n```", "```\n[a](nowhere)\n```"),
    ],
)
def test_link_of_a_page_leads_to_page_or_source(link, expected):
    assert for_site(link, "docs/pages/start.md", "start.md") == expected


@pytest.mark.parametrize("target", ["../../nowhere.md", "../../../../etc/passwd", "../../evaluation/nowhere"])
def test_link_to_nowhere_is_refused(target):
    with pytest.raises(ValueError, match="leads nowhere"):
        for_site(f"[a]({target})", "docs/pages/start.md", "start.md")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<a href="b.html">', "b.html does not exist"),
        ('<a href="#part">', "#part names no part"),
        ('<img src="https://x.org/a.png" alt="a">', "loads https://x.org/a.png"),
        ('<script src="//cdn.org/a.js"></script>', "loads //cdn.org/a.js"),
        ('<img src="a.html">', "a.html has no text"),
        ("<p>runs/<benchmark></p>", "<benchmark> is no tag of HTML"),
        ('<a href="http://x.org">', "http://x.org is no address"),
        ('<a href="https://x.org/a).">', "https://x.org/a). is no address"),
        ('<a href="https://ORG/NAME">', "https://ORG/NAME is no address"),
        ('<p id="part"><a href="a.html#part"><a href="https://x.org">', None),
    ],
)
def test_check_of_html_names_the_problem(tmp_path, body, problem):
    (tmp_path / "a.html").write_text(body)
    faults = problems(tmp_path)
    assert [problem in line for line in faults] == [True] if problem else faults == []


def test_readme_is_one_screen_and_its_links_exist():
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 45
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / target).exists(), target
    for name in (*(entry.name for entry in listed_methods() if entry.name != "retrain"), *listed_benchmarks()):
        assert f"`{name}`" in text, name


def test_pictures_are_small():
    assert all(path.stat().st_size < 120_000 for path in (ROOT / "docs" / "pictures").iterdir())


@pytest.mark.parametrize("name", [entry.name for entry in listed_methods()])
def test_page_of_a_method_is_complete(site, name):
    page = str(site[f"methods/{name}.md"])
    for part in (
        "| paper | ",
        "| trains | ",
        "## What it computes",
        "## When to use it",
        "## Settings",
        "```sh\nlethe ",
    ):
        assert part in page, part
    computed = page.partition("## What it computes")[2].partition("## When to use it")[0]
    assert "```text" in computed or name in ("mmunlearner", "prompt", "retrain")
    assert "`" not in "".join(re.findall(r"```text\n(.*?)```", computed, re.S))
    assert ("E_f and E_r are means" in computed) == ("E_f[" in computed)


@pytest.mark.parametrize("name", METRICS)
def test_page_of_a_metric_is_complete(site, name):
    page = str(site[f"metrics/{name}.md"])
    for part in ("| range | ", "| direction | ", "## What games it", "## Validity", "## Definition"):
        assert part in page, part


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_saved_output_holds_no_times_of_the_machine(path):
    outputs = [output for cell in json.loads(path.read_text("utf-8"))["cells"] for output in cell.get("outputs", ())]
    lines = [line.rstrip() for output in outputs for line in "".join(output.get("text", "")).splitlines()]
    assert any(line.startswith("[1/") for line in lines)
    assert [line for line in lines if re.search(r"\d (s|min|h)( left)?$", line)] == []
