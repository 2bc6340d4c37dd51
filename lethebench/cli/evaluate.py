"""The command of `lethe` that scores models and runs."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.output import Json, show


def evaluate(
    target: Annotated[Path, typer.Argument(metavar="DIR|RUN", help="A build, or a run to score again.")],
    model: Annotated[
        str | None, typer.Option(help="A folder, a Hub id, or openai:NAME for a model behind an API.")
    ] = None,
    adapter: Annotated[Path | None, typer.Option(help="A folder with an adapter for the model.")] = None,
    metrics: Annotated[
        str, typer.Option(metavar="NAME,...", help="Names of `lethe list metrics`; default all that can be measured.")
    ] = "",
    config: Annotated[str | None, typer.Option(help="Of the build; default the sequence of requests.")] = None,
    split: Annotated[str, typer.Option(help="Which, with commas; default forget, retain, neighbour, holdout.")] = "",
    gold: Annotated[str | None, typer.Option(help="The retrained model, or a run that has one.")] = None,
    before: Annotated[str | None, typer.Option(help="The model before unlearning, or a run that has one.")] = None,
    general: Annotated[
        str | None, typer.Option(metavar="HARNESS:TASK,...", help="General tasks of lm-eval or lmms-eval.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Of an OpenAI-compatible API; its key is in OPENAI_API_KEY.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls of the API at a time.")] = 8,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds until a call without a reply has failed.")] = 120.0,
    max_new_tokens: Annotated[int | None, typer.Option(min=1, help="Where an answer is cut.")] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Score at most N rows per split (seeded sample; flagged in the output).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where scores go; default evaluations/..., RUN/evaluation.")] = None,
    print_all: Annotated[bool, typer.Option("--all", help="Print every aggregate, not the headline alone.")] = False,
    as_json: Json = False,
) -> None:
    """Score any model, adapter or API on a build; or score a run again, which gives its own numbers.

    Writes rows.parquet (every row) and scores.json (every aggregate with its number of rows and 95 % interval).

    Example: lethe evaluate build/icu --model runs/icu/npo/t004 --gold runs/icu

    Example: lethe evaluate build/icu --model openai:gpt-4o-mini --sample 100

    Example: lethe evaluate runs/demo
    """
    from lethebench.scoring.command import evaluate_command
    from lethebench.scoring.options import EvaluateOptions

    options = EvaluateOptions(
        target=target,
        model=model,
        adapter=adapter,
        metrics=_names(metrics),
        config=config,
        splits=_names(split),
        gold=gold,
        before=before,
        general=general,
        base_url=base_url,
        concurrency=concurrency,
        timeout=timeout,
        max_new_tokens=max_new_tokens,
        sample=sample,
        out=out,
    )
    scores, text = evaluate_command(options, full=print_all)
    show(scores, as_json, text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
