"""Where the runs of a grid are executed: processes of this machine, jobs of Slurm, or this process."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lethebench.contract.errors import border
from lethebench.contract.strict_yaml import ConfigError, dump_value, refuse_unknown
from lethebench.errors import UserError
from lethebench.grid.job import STOPPED, CommandFailed, CommandJob
from lethebench.grid.plan import Grid
from lethebench.grid.states import Live, last_job

KINDS: Mapping[str, Callable[[Any], bool]] = {
    "a number above 0": lambda value: type(value) is int and value > 0,
    "a list of different numbers": lambda value: (
        isinstance(value, list) and all(type(one) is int for one in value) and len(set(value)) == len(value)
    ),
    "a mapping of names to values": lambda value: isinstance(value, Mapping),
    "anything": lambda value: True,
}
"""What a parameter must be -> whether a value is that."""
COUNT, NUMBERS, MAPPING, ANYTHING = KINDS
FOREVER = 365 * 24 * 60
"""Minutes until submitit ends a local job, which it always does."""
DEFAULTS = {"timeout_min": 240, "srun_args": ["--kill-on-bad-exit=1"]}
"""Parameters of a Slurm job: its time limit; and when one of its processes fails, it ends."""
TIMEOUTS = 1000
"""How often a Slurm job is requeued that reached its time limit, unless the file says so."""
WAITING_STATES = {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "SUSPENDED", "RESV_DEL_HOLD"}
"""States of a Slurm job that is not executed now; see `man squeue`."""


class Engine:
    """Submits jobs and knows those that have not ended.

    Args:
        grid: The grid; its parameters are checked.

    Raises:
        UserError: The engine is not installed, or does not take a parameter.
    """

    takes: Mapping[str, str] = MappingProxyType({})
    """Parameter in the section of the engine -> one of `KINDS`."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        if find_spec("submitit") is None:
            raise UserError("lethe grid needs submitit, which is not installed: pip install 'lethebench[grid]'")
        self.check()

    def check(self) -> None:
        """Raise UserError if the engine cannot be used."""
        name = f"{self.grid.path}: {self.grid.engine}"
        refuse_unknown(self.grid.parameters, self.takes, name, "parameter")
        for key, value in self.grid.parameters.items():
            if not KINDS[self.takes[key]](value):
                raise ConfigError(f"{name}: {key} is {dump_value(value)}, and must be {self.takes[key]}")

    def refresh(self) -> None:
        """Ask for the jobs that have not ended."""

    def live(self, folder: Path) -> Live | None:
        """Return the job of a folder of jobs that had not ended at the last `refresh`."""
        return None


class Local(Engine):
    """Processes of this machine, which outlive the command; each gets a GPU of its own where there are any.

    Attributes:
        parallel: Number of runs at once.
        gpus: The GPUs that runs are given.
    """

    takes = MappingProxyType({"parallel": COUNT, "gpus": NUMBERS})

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        gpus = grid.parameters["gpus"] if "gpus" in grid.parameters else visible_gpus()
        self.gpus = [str(gpu) for gpu in gpus]
        self.parallel = grid.parameters.get("parallel", max(1, len(self.gpus)))
        if self.gpus and self.parallel > len(self.gpus):
            raise ConfigError(f"{grid.path}: local: parallel is {self.parallel}, but there are {len(self.gpus)} GPUs")
        self._jobs: dict[str, Any] = {}
        self._live: dict[str, Live] = {}

    def refresh(self) -> None:
        for job in self._jobs.values():
            job.done()  # collects its exit status
        self._live = {}
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                self._add(process)

    def _add(self, process: Path) -> None:
        """Note the job that a process belongs to: both processes of one end with the name of its folder."""
        try:
            words = (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            if not any(word.startswith(b"submitit.") for word in words):
                return
            entries = (process / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended, or is somebody else's
            return
        environment = dict(entry.split(b"=", 1) for entry in entries if b"=" in entry)
        device = os.fsdecode(environment.get(b"CUDA_VISIBLE_DEVICES", b"")) or None
        folder = os.fsdecode(words[-1])
        job = last_job(Path(folder)) or process.name
        self._live[folder] = Live(job, device=device)

    def live(self, folder: Path) -> Live | None:
        return self._live.get(str(folder))

    def free(self) -> list[str]:
        """Return the GPUs, or nameless places, for further runs."""
        own = [live for folder, live in self._live.items() if Path(folder).parent == self.grid.jobs("")]
        used = {live.device for live in own}
        gpus = [gpu for gpu in self.gpus if gpu not in used] if self.gpus else [""] * self.parallel
        return gpus[: max(0, self.parallel - len(own))]

    def submit(self, name: str, words: list[str], gpu: str) -> str:
        """Start a command; return the id of its job."""
        from submitit import LocalExecutor

        executor = LocalExecutor(folder=self.grid.jobs(name))
        devices = {"gpus_per_node": 1, "visible_gpus": [int(gpu)]} if gpu else {}
        executor.update_parameters(timeout_min=FOREVER, **devices)
        self._jobs[name] = executor.submit(CommandJob(words))
        self._live[str(self.grid.jobs(name))] = Live(self._jobs[name].job_id, device=gpu or None)
        return self._jobs[name].job_id


def visible_gpus() -> list[int]:
    """Return the numbers of the GPUs of this machine that the environment lets processes use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        names = [name.strip() for name in chosen.split(",") if name.strip()]
        if other := [name for name in names if not name.isdecimal()]:
            raise UserError(f"engine local: CUDA_VISIBLE_DEVICES holds {other[0]}; set it to the numbers of GPUs")
        return [int(name) for name in names]
    return sorted(int(path.name[6:]) for path in Path("/dev").glob("nvidia[0-9]*"))


class Slurm(Engine):
    """Jobs of Slurm; they are requeued when they are preempted or reach their time limit."""

    def check(self) -> None:
        if shutil.which("sbatch") is None:
            raise UserError(
                "engine slurm: sbatch is not on this machine; submit from one of the cluster, or use --engine local"
            )
        from submitit import AutoExecutor, SlurmExecutor

        self.shared = AutoExecutor._valid_parameters()
        own = SlurmExecutor._valid_parameters() - set(SlurmExecutor._equivalence_dict().values())
        checks = {"timeout_min": COUNT, "max_num_timeout": COUNT, "additional_parameters": MAPPING}
        self.takes = dict.fromkeys(sorted({*self.shared, *own}), ANYTHING) | checks
        super().check()

    def refresh(self) -> None:
        self._live = {}
        for line in _output("squeue", "--me", "-r", "-h", "-o", "%i|%T|%r").splitlines():
            job, state, reason = line.split("|", 2)
            waits = state in WAITING_STATES
            self._live[job] = Live(job, not waits, reason if waits and reason != "None" else "")

    def live(self, folder: Path) -> Live | None:
        return self._live.get(last_job(folder) or "")

    def submit(self, name: str, words: list[str], *, after: str = "") -> str:
        """Submit a command; return the id of its job.

        Args:
            name: The run's.
            words: The command.
            after: What it waits for, as Slurm's `--dependency` takes it, such as `afterok:12`.
        """
        from submitit import AutoExecutor

        parameters = dict(self.grid.parameters)
        requeues = parameters.pop("max_num_timeout", TIMEOUTS)
        extra = {"requeue": True, **parameters.pop("additional_parameters", {})}
        if after:
            extra |= {"dependency": after, "kill-on-invalid-dep": "yes"}
        parameters = {"name": f"{self.grid.out.name}-{name}", **DEFAULTS, **parameters, "additional_parameters": extra}
        prefixed = {key if key in self.shared else f"slurm_{key}": value for key, value in parameters.items()}
        with border(f"{name} cannot be submitted to Slurm", f"see the section slurm of {self.grid.path}"):
            executor = AutoExecutor(self.grid.jobs(name), cluster="slurm", slurm_max_num_timeout=requeues)
            executor.update_parameters(**prefixed)
            return executor.submit(CommandJob(words)).job_id

    def cancel(self, job: str) -> None:
        """Cancel a job."""
        _output("scancel", job)


class Debug(Engine):
    """This process, one run after the other; output goes to the terminal.

    Attributes:
        failures: Name -> reason of runs that failed.
    """

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self.failures: dict[str, str] = {}

    def execute(self, name: str, words: list[str]) -> None:
        """Execute a command."""
        from submitit import DebugExecutor

        job = DebugExecutor(self.grid.jobs(name)).submit(CommandJob(words))
        error = job.exception()
        if error is not None and not isinstance(error, CommandFailed):
            raise error
        if error is not None:
            if str(error).endswith(str(STOPPED)):
                raise KeyboardInterrupt
            self.failures[name] = f"{error}, see above"


def _output(*words: str) -> str:
    """Return what a command of Slurm prints; raise UserError with its last line if it fails."""
    result = subprocess.run(words, capture_output=True, text=True)
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()] or [f"exit status {result.returncode}"]
        raise UserError(f"engine slurm: {lines[-1].strip()}")
    return result.stdout
