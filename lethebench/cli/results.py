"""The commands of `lethe` for results: submit, check-results and board."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.command import command
from lethebench.cli.output import Json, show

RepositoryOrFolder = Annotated[
    str, typer.Argument(metavar="DIR|ORG/NAME", help="A results repository: a folder, or a dataset on the Hub.")
]


def submit(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders; all seeds of an experiment.")],
    to: Annotated[str, typer.Option(metavar="DIR|ORG/NAME", help="The results repository.")],
    method: Annotated[str | None, typer.Option(help="Methods, comma-separated; default all that are finished.")] = None,
    model_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the model, where the run used a folder.")
    ] = None,
    tuned: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="tuned.json of `lethe tune`, one for each method.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=0, help="Settings tried for each method without a tuned.json.")
    ] = None,
    link: Annotated[str | None, typer.Option(metavar="URL", help="Paper or code of the method.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; needs no token.")] = False,
    as_json: Json = False,
) -> None:
    """Submit runs to a results repository: write them into a folder, or open a pull request on the Hub.

    Each method makes a result over all seeds, with the rows from which its figures follow. It is checked first, as by
    `lethe check-results`.

    Example: lethe submit runs/s0 runs/s1 runs/s2 --to ORG/NAME --dry-run
    """
    from lethebench.results.submit import submit_command

    methods = None if method is None else [name.strip().replace(":", ".") for name in method.split(",")]
    result, text = submit_command(
        runs, to, methods=methods, model=model_name, tuned=tuned or (), trials=trials, link=link, dry_run=dry_run
    )
    show(result, as_json, text)


def check_results(
    repository: RepositoryOrFolder,
    base: Annotated[
        str | None,
        typer.Option(metavar="DIR|ORG/NAME", help="The repository before the change: only what is new is checked."),
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A build, whose questions its results must have.")
    ] = None,
    comment: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a comparison with earlier results, as Markdown.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a results repository: schema, gate, budget, seeds, data, and every figure again from its rows.

    Exits with 1 and a line for each result that is refused. A pull request on the Hub is ORG/NAME@refs/pr/N.

    Example: lethe check-results . --base ../main --comment comment.md
    """
    from lethebench.results.submit import check_command

    result, text = check_command(repository, base, data or (), comment)
    show(result, as_json, text)


def board(
    repository: RepositoryOrFolder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 = a free one.")] = 7860,
    space: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the files of a Space instead of serving the board.")
    ] = None,
) -> None:
    """Show a results repository in the browser: filters, forgetting against keeping, and each run.

    Example: lethe board results-repository
    """
    from lethebench.board.command import board_command

    board_command(repository, port=port, space=space)


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    command(app)(submit)
    command(app, "check-results")(check_results)
    command(app)(board)
