"""The commands of `lethe` that publish on the Hub."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.output import Json, show

commands = typer.Typer(rich_markup_mode=None)

Repository = Annotated[str, typer.Argument(metavar="ORG/NAME", help="The repository on the Hub.")]
Private = Annotated[bool, typer.Option("--private", help="Make a new repository private.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@commands.command()
def push(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `lethe build` wrote.")],
    name: Repository,
    private: Private = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Publish a build on the Hub: card merged, one commit, tagged with the data version, loaded back and compared.

    The token is HF_TOKEN's, or that of `hf auth login`. Nothing is asked, and a tag is never moved.

    Example: lethe push build/icu your-name/icu --dry-run
    """
    from lethebench.hub.dataset import push_command

    result, text = push_command(folder, name, private=private, dry_run=dry_run)
    show(result, as_json, text)


@commands.command("push-metric")
def push_metric(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A metric: see `lethe list metrics`.")],
    owner: Annotated[str, typer.Argument(metavar="ORG", help="Who will own the Space ORG/NAME.")],
    private: Private = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Publish a metric as a Space, tagged with the version of lethebench, and try it as evaluate loads it.

    Example: lethe push-metric unlearning your-name
    """
    from lethebench.hub.metric import push_metric_command

    result, text = push_metric_command(name, owner, private=private, dry_run=dry_run)
    show(result, as_json, text)


@commands.command("push-model")
def push_model(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    name: Repository,
    method: Annotated[str | None, typer.Option(help="Which of the run's; needed where it has several.")] = None,
    stage: Annotated[int | None, typer.Option(min=1, help="After which request; default the last one done.")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="ORG/NAME", help="The build on the Hub, for .eval_results; default ORG/<benchmark>"),
    ] = None,
    private: Private = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Publish the model or adapter of a run, with a card of its scores, gold's beside them, and how to repeat it.

    Example: lethe push-model runs/icu your-name/icu-npo --method npo
    """
    from lethebench.hub.model import push_model_command

    result, text = push_model_command(run, name, method, stage, dataset, private=private, dry_run=dry_run)
    show(result, as_json, text)
