"""The commands of `lethe` that build, verify and export benchmarks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lethebench.cli.command import command
from lethebench.cli.output import ApiBatch, ApiBudget, ApiDryRun, ApiPrice, ApiUrl, Json, show
from lethebench.contract.importing import importing

Data = Annotated[
    Path, typer.Argument(metavar="DIR|ORG/NAME", help="A folder written by `lethe build`, or one on the Hub.")
]


def build(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A benchmark: see `lethe list benchmarks`.")],
    size: Annotated[str, typer.Option(help="paper, small, or a number of profiles.")] = "paper",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, options and version: same bytes.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default build/NAME.")] = None,
    num_proc: Annotated[int, typer.Option(min=1, help="Processes; the bytes do not depend on it.")] = 1,
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="Benchmark option; pass an unknown key to list the valid ones. Repeatable."
        ),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Also draw preview.png, which the card shows.")] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="PATH|ORG/NAME", help="Import a release or your own data: see `lethe list imports`."
        ),
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE",
            help="For own: a YAML file with the names of your columns: docs/pages/guides/own-data.md.",
        ),
    ] = None,
    writer: Annotated[
        str | None,
        typer.Option(metavar="openai:NAME", help="Model behind an API that writes profiles and wordings."),
    ] = None,
    portraits: Annotated[
        str | None,
        typer.Option(metavar="openai:NAME", help="With --writer: model that draws portraits, for mllmu and remem."),
    ] = None,
    base_url: ApiUrl = None,
    language: Annotated[
        str, typer.Option(metavar="CODE", help="With --writer: language of all texts, e.g. de.")
    ] = "en",
    concurrency: Annotated[int, typer.Option(min=1, help="Concurrent API calls.")] = 8,
    budget: ApiBudget = "",
    price: ApiPrice = "",
    batch: ApiBatch = False,
    dry_run: ApiDryRun = False,
    as_json: Json = False,
) -> None:
    """Build a benchmark as a folder that is ready for the Hub.

    Example: lethe build icu --size small --preview

    Example: lethe build mlu --from MLUBench.zip --option pictures=DIR

    Example: lethe build own --from photos --map map.yaml

    Example: lethe build remem --writer openai:gpt-4o-mini --price 0.15,0.60 --budget usd=5
    """
    with importing():
        from lethebench.builders import IMPORTS
        from lethebench.builders import build as build_benchmark
        from lethebench.builders import dry_run as estimate_build
        from lethebench.builders.imports.shared.base import Import
        from lethebench.cli.writing import WriterOptions, portraits_path
        from lethebench.console import Console
        from lethebench.errors import UserError

    writing = WriterOptions(
        model=writer,
        base_url=base_url,
        portraits=portraits,
        language=language,
        concurrency=concurrency,
        budget=budget,
        price=price,
        batch=batch,
        dry_run=dry_run,
    )
    writing.check()

    importer = IMPORTS.get(name) if source is not None else None
    if source is not None and isinstance(importer, Import) and importer.HUB_FILES:
        from lethebench.hub.fetch import local_data

        source = local_data(source, importer.HUB_FILES)
    folder, console = out or Path("build") / name, Console()
    count = int(size) if size.lstrip("-").isdecimal() else size
    options = _pairs(option or []) | ({} if map_file is None else {"map": str(map_file)})
    if portraits is not None and "portraits" in options:
        raise UserError("--portraits: --option portraits=DIR gives other faces; leave one out")
    if portraits is not None and not dry_run:
        options = {"portraits": str(portraits_path(folder))} | options
    title = f"build {name}, {size}" if source is None else f"build {name} from {source.name}"
    with writing.writer(folder, seed, console.say) as author:
        if author is not None and dry_run:
            estimate_build(name, size=count, seed=seed, options=options, writer=author)
            estimate, text = writing.estimate(author, f"{name}, {size}")
            return show(estimate, as_json, text)
        with console.phase(title) as tick:
            manifest = build_benchmark(
                name,
                folder,
                size=count,
                seed=seed,
                num_proc=num_proc,
                options=options,
                preview=preview,
                progress=tick,
                source=source,
                writer=author,
            ).to_dict()
    text = f"{folder}: {name} {manifest['version']}, {manifest['size']}; check it with `lethe verify {folder}`"
    show(manifest, as_json, text if source is None else f"{_import_text(manifest)}\n{text}")


def verify(folder: Data, as_json: Json = False) -> None:
    """Check a build: hashes, schema, pictures and leaks. Exits 1 and lists every problem.

    Example: lethe verify build/icu
    """
    with importing():
        from lethebench.builders.verify.checks import check_build
        from lethebench.hub.fetch import local_build

    folder = local_build(folder)
    report = check_build(folder).to_dict()
    lines = [f"{check.get('status', 'ok'):>14}  {check['name']}" for check in report["checks"]]
    lines += [problem["text"] for problem in report["problems"]]
    verdict = "all checks passed" if report["ok"] else f"problems: {len(report['problems'])}"
    show(report, as_json, "\n".join([*lines, f"{folder}: {verdict}"]))
    if not report["ok"]:
        raise typer.Exit(1)


def export(
    folder: Data,
    layout: Annotated[str, typer.Option(help="mllmu-bench: the columns of its release; lm-eval or lmms-eval: tasks.")],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist or be empty.")],
    data: Annotated[
        str | None, typer.Option(metavar="ORG/NAME", help="Dataset that the tasks load; default the local DIR.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a build in the layout of another project.

    Example: lethe export build/mllmu --layout mllmu-bench --out build/mllmu-bench

    Example: lethe export build/icu --layout lm-eval --out tasks
    """
    with importing():
        from lethebench.cli.export import export_command

    written, text = export_command(folder, layout, out, data)
    show(written, as_json, text)


def _pairs(options: Sequence[str]) -> dict[str, str]:
    """Return KEY=VALUE texts as a mapping.

    Raises:
        UserError: A text of another form.
    """
    from lethebench.errors import UserError

    pairs = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not (key and equals):
            raise UserError(f"--option {option}: must be KEY=VALUE, e.g. --option overlap=0.2")
        pairs[key] = value
    return pairs


def _import_text(manifest: Mapping[str, Any]) -> str:
    """Return what an import took from the release, what it counted, and what the release lacks."""
    counts = {name: number for name, number in manifest["extra_counts"].items() if number}
    lines = [", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in manifest["paper_counts"].items())]
    lines += [f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items()]
    lines += [f"no {name}: {reason}" for name, reason in manifest["imported"]["missing"].items()]
    return "\n".join(lines)


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for function in (build, verify, export):
        command(app)(function)
