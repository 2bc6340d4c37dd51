"""The commands of `lethe` that publish on the Hub."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.command import command
from lethebench.cli.output import Json, show

Repository = Annotated[str, typer.Argument(metavar="ORG/NAME", help="Repository on the Hub.")]
Private = Annotated[bool, typer.Option("--private", help="Make a new repository private.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change without changing it.")]


def push(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder written by `lethe build`.")],
    name: Repository,
    private: Private = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Publish a build on the Hub. Merges the card, commits once, tags the data version, loads it back and compares.

    Uses the token in HF_TOKEN or of `hf auth login`. Asks nothing and never moves a tag.

    Example: lethe push build/icu your-name/icu --dry-run
    """
    from lethebench.hub.dataset import push_command

    result, text = push_command(folder, name, private=private, dry_run=dry_run)
    show(result, as_json, text)


def push_metric(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A metric: see `lethe list metrics`.")],
    owner: Annotated[str, typer.Argument(metavar="ORG", help="Owner of the Space ORG/NAME.")],
    private: Private = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Publish a metric as a Space. Tags it with the version of lethebench and loads it with `evaluate`.

    Example: lethe push-metric unlearning your-name
    """
    from lethebench.hub.metric import push_metric_command

    result, text = push_metric_command(name, owner, private=private, dry_run=dry_run)
    show(result, as_json, text)


def push_model(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    name: Repository,
    method: Annotated[str | None, typer.Option(help="Method to push; needed if the run has several.")] = None,
    stage: Annotated[int | None, typer.Option(min=1, help="Push the model after this task; default the last.")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="ORG/NAME", help="The build on the Hub, for .eval_results; default ORG/<benchmark>."),
    ] = None,
    private: Private = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Publish the model or adapter of a run. Its card holds its scores, the gold model's, and how to repeat them.

    Example: lethe push-model runs/icu your-name/icu-npo --method npo
    """
    from lethebench.hub.model import push_model_command

    result, text = push_model_command(run, name, method, stage, dataset, private=private, dry_run=dry_run)
    show(result, as_json, text)


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    command(app)(push)
    command(app, "push-metric")(push_metric)
    command(app, "push-model")(push_model)
