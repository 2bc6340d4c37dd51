"""What a job of a grid executes: one command of `lethe`, continued where an earlier job stopped."""

import os
import runpy
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

JOB = "SUBMITIT_EXECUTOR"
"""Variable of the processes that submitit starts."""
STOPPED = 130
FAILED = (1, 2, STOPPED, 141, 143)
"""Exit statuses of `lethe`; any other belongs to the engine, which ends a preempted job by one."""


class CommandFailed(RuntimeError):
    """The command of a job failed; its log has the reason."""


class CommandJob:
    """Executes a command; submitit calls `checkpoint` when the job is preempted or runs out of time.

    Args:
        words: The words of a command, such as those of `Cell.words`; called again, it continues its run.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)

    def __call__(self) -> None:
        """Execute the command in this process.

        Raises:
            CommandFailed: It failed.
        """
        if JOB in os.environ:
            _join_tasks()
        print(shlex.join(self.words), flush=True)
        arguments, sys.argv = sys.argv, list(self.words)
        try:
            runpy.run_module("lethebench", run_name="__main__", alter_sys=True)
        except SystemExit as stop:
            if stop.code in FAILED:
                raise CommandFailed(f"exit status {stop.code}") from None
            if stop.code:
                raise
        finally:
            sys.argv = arguments

    def checkpoint(self) -> "DelayedSubmission":
        """Return what a requeued job executes: the same, since finished stages are kept."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def _join_tasks() -> None:
    """Set the variables by which the tasks of a job find each other, as torchrun does; one task needs none."""
    from submitit import JobEnvironment
    from submitit.helpers import TorchDistributedEnvironment

    if JobEnvironment().num_tasks > 1:
        TorchDistributedEnvironment().export(set_cuda_visible_devices=False, overwrite=True)
