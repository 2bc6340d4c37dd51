"""The commands of `lethe` that score models and runs, and that check judges."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.command import command
from lethebench.cli.output import ApiBatch, ApiBudget, ApiDryRun, ApiPrice, ApiUrl, Json, show
from lethebench.contract.importing import importing


def evaluate(
    target: Annotated[
        Path, typer.Argument(metavar="DIR|ORG/NAME|RUN", help="A build, one on the Hub, or a run to score again.")
    ],
    model: Annotated[
        str | None, typer.Option(help="A folder, a Hub id, or openai:NAME for a model behind an API.")
    ] = None,
    adapter: Annotated[Path | None, typer.Option(help="Folder or Hub id of an adapter for the model.")] = None,
    metrics: Annotated[
        str, typer.Option(metavar="NAME,...", help="Metrics from `lethe list metrics`; default all that apply.")
    ] = "",
    subset: Annotated[str | None, typer.Option(help="Config of the build; default the sequence of requests.")] = None,
    split: Annotated[
        str, typer.Option(metavar="NAME,...", help="Splits to score; default those needed (test with --gold).")
    ] = "",
    gold: Annotated[str | None, typer.Option(help="The retrained model, or a run that has one.")] = None,
    before: Annotated[str | None, typer.Option(help="The initial model, or a run that has one.")] = None,
    general: Annotated[
        str | None, typer.Option(metavar="HARNESS:TASK,...", help="General tasks of lm-eval or lmms-eval.")
    ] = None,
    base_url: ApiUrl = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Concurrent API calls.")] = 8,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for a reply before a call fails.")] = 120.0,
    max_new_tokens: Annotated[int | None, typer.Option(min=1, help="Maximum length of an answer, in tokens.")] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Score at most N rows per split (seeded sample; flagged in the output)."),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=0, metavar="N", help="Also sample N answers per question (temperature 1), for leak@k.")
    ] = 0,
    generate_with: Annotated[
        str | None,
        typer.Option(
            metavar="vllm[:NAME=VALUE,...]", help="Generate answers with vLLM; candidates are still scored here."
        ),
    ] = None,
    task: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Tasks asked so far; later ones count as retained. Default the stage's, or all."
        ),
    ] = None,
    order_seed: Annotated[
        int | None, typer.Option(min=0, help="With --task: shuffle the tasks with this seed, as `lethe run` does.")
    ] = None,
    budget: ApiBudget = "",
    price: ApiPrice = "",
    batch: Annotated[
        bool, typer.Option("--batch", help="Send the model's calls by OpenAI's Batch API: half the price, in a day.")
    ] = False,
    dry_run: ApiDryRun = False,
    judge: Annotated[
        list[str] | None,
        typer.Option(metavar="local|openai:MODEL|package.module:Judge", help="Judge the answers; repeat for several."),
    ] = None,
    rubrics: Annotated[
        str, typer.Option(metavar="NAME,...", help="rejection, correctness, factuality, fluency; default all.")
    ] = "",
    judge_repeats: Annotated[
        int, typer.Option(min=1, max=16, help="Verdicts of each judge on each answer; odd ones see the answer first.")
    ] = 1,
    judge_sample: Annotated[
        int | None, typer.Option(min=1, help="Judge at most N answers of each set and task (seeded sample).")
    ] = None,
    judge_base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="URL of the judges' API; the key is in OPENAI_API_KEY.")
    ] = None,
    judge_budget: Annotated[
        str, typer.Option(metavar="requests=N,tokens=N,usd=X", help="Limits of the judges' calls, all together.")
    ] = "",
    judge_price: Annotated[
        str, typer.Option(metavar="IN,OUT", help="US dollars per million input and output tokens of the judges.")
    ] = "",
    judge_batch: Annotated[
        bool,
        typer.Option("--judge-batch", help="Send the judges' calls by OpenAI's Batch API: half the price, in a day."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default evaluations/..., RUN/evaluation.")] = None,
    print_all: Annotated[bool, typer.Option("--all", help="Print every aggregate, not only the headline.")] = False,
    as_json: Json = False,
) -> None:
    """Score a model, adapter or API on a build, or rescore a run.

    Writes rows.parquet (every row) and scores.json (every aggregate with its number of rows and 95 % interval); with
    --judge also verdicts.parquet (every verdict with its justification).

    Example: lethe evaluate build/icu --model runs/icu/npo/t004 --gold runs/icu

    Example: lethe evaluate build/icu --model my/checkpoint --task 2

    Example: lethe evaluate build/icu --model openai:gpt-4o-mini --sample 100

    Example: lethe evaluate runs/demo

    Example: lethe evaluate runs/demo --judge local --judge openai:gpt-4o-mini --judge-price 0.15,0.60
    """
    with importing():
        from lethebench.scoring.command import evaluate_command
        from lethebench.scoring.judges import JudgeOptions
        from lethebench.scoring.options import EvaluateOptions

    options = EvaluateOptions(
        target=target,
        model=model,
        adapter=adapter,
        metrics=_names(metrics),
        config=subset,
        splits=_names(split),
        gold=gold,
        before=before,
        general=general,
        base_url=base_url,
        concurrency=concurrency,
        timeout=timeout,
        max_new_tokens=max_new_tokens,
        sample=sample,
        task=task,
        order_seed=order_seed,
        samples=samples,
        generate_with=generate_with,
        out=out,
        budget=budget,
        price=price,
        batch=batch,
        dry_run=dry_run,
        judges=JudgeOptions(
            names=tuple(judge or ()),
            rubrics=_names(rubrics),
            repeats=judge_repeats,
            sample=judge_sample,
            base_url=judge_base_url,
            budget=judge_budget,
            price=judge_price,
            batch=judge_batch,
            concurrency=concurrency,
            timeout=timeout,
        ),
    )
    scores, text = evaluate_command(options, full=print_all)
    show(scores, as_json, text)


def judge_check(
    judge: Annotated[str, typer.Argument(metavar="JUDGE", help="local, openai:MODEL or package.module:Judge.")],
    rubrics: Annotated[
        str, typer.Option(metavar="NAME,...", help="rejection, correctness, factuality, fluency; default all.")
    ] = "",
    part: Annotated[str, typer.Option(metavar="test|dev|all", help="Part of the labeled answers.")] = "test",
    sample: Annotated[int | None, typer.Option(min=1, help="Judge N answers, evenly spread.")] = None,
    repeats: Annotated[
        int, typer.Option(min=1, max=16, help="Verdicts on each answer; every other one sees the answer first.")
    ] = 1,
    base_url: ApiUrl = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Concurrent API calls.")] = 8,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for a reply before a call fails.")] = 120.0,
    budget: ApiBudget = "",
    price: ApiPrice = "",
    batch: ApiBatch = False,
    dry_run: ApiDryRun = False,
    as_json: Json = False,
) -> None:
    """Measure how well a judge agrees with answers that people labeled: kappa per rubric and confusion tables.

    Replies of an API are kept in evaluations/judge-check, so that none is paid twice.

    Example: lethe judge-check local

    Example: lethe judge-check openai:gpt-4o-mini --repeats 2 --price 0.15,0.60
    """
    with importing():
        from lethebench.scoring.judge_check import judge_check_command
        from lethebench.scoring.judges import JudgeOptions

    options = JudgeOptions(
        names=(judge,),
        rubrics=_names(rubrics),
        repeats=repeats,
        base_url=base_url,
        budget=budget,
        price=price,
        batch=batch,
        concurrency=concurrency,
        timeout=timeout,
    )
    result, text = judge_check_command(options, part=part, sample=sample, dry_run=dry_run)
    show(result, as_json, text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    command(app)(evaluate)
    command(app, "judge-check")(judge_check)
