"""The command line. Each command parses, calls the library, and prints the result.

Exit status: 0 done; 1 a check failed; 2 wrong use or bad input, with one line on stderr; 130 stopped by Ctrl-C.
"""

import os

# Read when torch and TRL are imported. Spinning threads starve a shared CPU; a run reports nothing to anyone.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import sys
import traceback
from typing import Annotated

import typer

from lethebench import __version__
from lethebench.cli import data, evaluate, listing, publish, train

STOPPED = 130  # 128 + SIGINT

app = typer.Typer(
    name="lethe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (listing, data, train, evaluate, publish):
    module.add_commands(app)


def _print_version(version: bool) -> None:
    if version:
        typer.echo(f"lethe {__version__}")
        raise typer.Exit()


@app.callback()
def lethe(
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Benchmarks, trainers and metrics for continual unlearning in vision-language models."""


def main() -> None:
    """Run the command line; an error that a user can cause ends in one line and exit status 1 or 2."""
    try:
        code = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = STOPPED
    except Exception as error:
        if show := getattr(error, "show", None):  # click's own: an unknown command, option or argument
            show()
            sys.exit(getattr(error, "exit_code", 2))
        from lethebench.errors import CheckFailed, explain

        if "--debug" in sys.argv:
            traceback.print_exception(error)
        line = str(error) if isinstance(error, CheckFailed) else explain(error)
        if line is None:
            raise
        print(f"lethe: {line}", file=sys.stderr)
        code = 1 if isinstance(error, CheckFailed) else 2
    if code == STOPPED:
        advice = "finished stages of a run are kept; run the command again, with --resume where it takes that"
        print(f"lethe: stopped; {advice}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
