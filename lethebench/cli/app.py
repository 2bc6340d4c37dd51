"""The command line. Each command parses, calls the library, and prints the result.

Exit status: 0 done; 1 a check failed; 2 wrong use or bad input, with one line on stderr; 130 stopped by Ctrl-C, 143 by
SIGTERM; 141 nobody reads the output.
"""

import os

# Read when torch and TRL are imported. Spinning threads starve a shared CPU; a run reports nothing to anyone.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import sys
import time
import traceback
from functools import cache
from types import TracebackType
from typing import Annotated, Any

import typer

from lethebench import __version__, terminal
from lethebench.cli import attack, data, evaluate, grid, listing, publish, reproduce, results, train
from lethebench.contract.errors import printable
from lethebench.contract.processes import is_main_process, num_processes, process_index

STOPPED = 130  # 128 + SIGINT
LAUNCHED = ("learn", "run", "unlearn")
"""Commands that several processes can work on."""
AFTER_MAIN = 15.0
"""Seconds that another process of a launch waits before it prints an error: the launcher ends it when the main process
has failed, usually of the same."""

app = typer.Typer(
    name="lethe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (listing, data, train, grid, reproduce, evaluate, attack, results, publish):
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


@cache
def _command() -> Any:
    """Return the click command, which takes 20 ms to make."""
    return typer.main.get_command(app)


def main() -> None:
    """Run the command line; an error that a user can cause ends in one line and exit status 1 or 2."""
    terminal.prepare()
    with terminal.signals() as received:
        try:
            code = _run()
        except BrokenPipeError:
            terminal.discard_output()
            code = terminal.BROKEN_PIPE
        if code == STOPPED:
            code = 128 + received[-1] if received else STOPPED
            if not is_main_process():
                terminal.leave(code)
            advice = "finished stages of a run are kept; run the command again, with --resume where it takes that"
            print(f"lethe: stopped; {advice}", file=sys.stderr)
    terminal.leave(code)


def _run() -> int | None:
    """Return the exit status of the command; print the line of an error."""
    from lethebench.errors import CheckFailed, explain

    try:
        _check_paths()
        _check_launch()
        code = _command()(standalone_mode=False)
        sys.stdout.flush()
        return code
    except (typer.Abort, KeyboardInterrupt):
        return STOPPED
    except SystemExit as stop:  # typer exits where nobody reads the output
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        raise
    except BrokenPipeError:
        raise
    except Exception as error:
        if show := getattr(error, "show", None):  # click's own: an unknown command, option or argument
            show()
            return getattr(error, "exit_code", 2)
        if "--debug" in sys.argv:
            _print_traceback(type(error), error, None)
        line = printable(str(error)) if isinstance(error, CheckFailed) else explain(error)
        if line is None:
            if not is_main_process():
                time.sleep(AFTER_MAIN)
            sys.excepthook = _print_traceback
            raise
        if isinstance(error, OSError):
            terminal.discard_output()
        if not is_main_process():
            time.sleep(AFTER_MAIN)
            line = f"process {process_index()}: {line}"
        print(f"lethe: {line}", file=sys.stderr)
        return 1 if isinstance(error, CheckFailed) else 2


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of an error, whose messages may repeat a key or hold escape sequences."""
    print(printable("".join(traceback.format_exception(error))), end="", file=sys.stderr)


def _check_paths() -> None:
    """Raise UserError if the current directory is gone, or a path is not UTF-8, which not all libraries can open."""
    from lethebench.errors import UserError

    try:
        paths = [*sys.argv[1:], os.getcwd()]
    except FileNotFoundError:
        raise UserError("the current directory was removed: change to another") from None
    for path in paths:
        try:
            path.encode()
        except UnicodeEncodeError:
            name = path.encode(errors="backslashreplace").decode()
            raise UserError(f"{name}: not UTF-8: rename it, or set PYTHONUTF8=1 if the locale is C") from None


def _check_launch() -> None:
    """Raise UserError if a launcher started several processes of a command that works in one."""
    from lethebench.errors import UserError

    name = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if num_processes() > 1 and "LOCAL_RANK" in os.environ and name not in (*LAUNCHED, ""):
        raise UserError(
            f"{name} works in one process, and {num_processes()} were launched: start it without torchrun or "
            f"accelerate launch; {', '.join(LAUNCHED)} take several"
        )


if __name__ == "__main__":
    main()
