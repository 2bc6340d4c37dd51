"""The command of `lethe` that attacks the models of a run."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.command import command
from lethebench.cli.output import Json, show
from lethebench.contract.importing import importing


def attack(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with gold models.")],
    stage: Annotated[str, typer.Option(metavar="N|last|all", help="Attack the models after N requests.")] = "last",
    attacks: Annotated[
        str,
        typer.Option(
            metavar="NAME,...",
            help="Names from `lethe list attacks`, or package.module:Class; default all that need no extra library.",
        ),
    ] = "",
    budget: Annotated[
        str, typer.Option(metavar="small|paper", help="What an attacker may spend: rows, samples, steps.")
    ] = "small",
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Run whose results on the same initial and gold models to use."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Attack unlearned models: is it gone, or only hidden?

    Every attack is run on the unlearned models, on gold models and on the initial model. Recovery is what an attack
    gets beyond what it gets from gold: 0 = as gold, 1 = as the initial model. Finished results are kept; an interrupted
    command is resumed by running it again. Writes RUN/attacks.

    Example: lethe attack runs/icu

    Example: lethe attack runs/icu --stage all --attacks relearn,round

    Example: lethe attack runs/simnpo --from runs/icu --budget paper
    """
    with importing():
        from lethebench.attacks.command import AttackOptions, attack_command

    names = tuple(name.strip() for name in attacks.split(",") if name.strip())
    result, text = attack_command(AttackOptions(run=run, stage=stage, attacks=names, budget=budget, source=source))
    show(result, as_json, text)


def add_commands(app: typer.Typer) -> None:
    """Add the command to the command line."""
    command(app)(attack)
