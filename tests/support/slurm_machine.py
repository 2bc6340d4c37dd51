"""A cluster of Slurm on this machine, from Debian's slurm-wlm and munge: one node that claims to have 8 GPUs."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
PROGRAMS = ("sbatch", "squeue", "slurmctld", "slurmd", "munged")
SBIN = "/usr/sbin:/sbin"
CONFIG = """
ClusterName=lethe
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
MpiDefault=none
ReturnToService=2
KillWait=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PropagatePrioProcess=1
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=131072 Gres=gpu:8
PartitionName=gpu Nodes={host} Default=YES PriorityTier=1 GraceTime=10
PartitionName=urgent Nodes={host} PriorityTier=2 PreemptMode=OFF
"""


def missing_programs() -> list[str]:
    """Return the programs of Slurm that this machine lacks."""
    path = f"{os.environ['PATH']}:{SBIN}"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


@contextmanager
def slurm_cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Start the daemons; yield the environment in which Slurm's commands reach them."""
    folder.mkdir()
    host = socket.gethostname().partition(".")[0]
    ports = dict(zip(("controller", "daemon"), _free_ports(2), strict=True))
    (folder / "slurm.conf").write_text(CONFIG.format(host=host, user=getpass.getuser(), folder=folder, **ports))
    for number in range(8):
        (folder / f"gpu{number}").touch()
    (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu File={folder}/gpu[0-7]\n")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(128))
    folder.chmod(0o755)
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:{SBIN}", "SLURM_CONF": str(folder / "slurm.conf")}
    munge = {"key-file": key, "socket": folder / "munge.socket", "pid-file": folder / "munge.pid"}
    munge |= {"log-file": folder / "munge.log", "seed-file": folder / "munge.seed"}
    with ExitStack() as daemons:
        options = [f"--{name}={path}" for name, path in munge.items()]
        _start(daemons, ["munged", "--foreground", "--force", "--num-threads=1", *options], folder, environment)
        wait_for((folder / "munge.socket").exists, 60, folder / "munged.log")
        _start(daemons, ["slurmctld", "-D", "-c"], folder, environment)
        _start(daemons, ["slurmd", "-D"], folder, environment)
        wait_for(lambda: "idle" in output(environment, "sinfo", "-h", "-o", "%T"), 60, folder / "slurmctld.log")
        try:
            yield environment
        finally:
            output(environment, "scancel", "--me")
            wait_for(lambda: not output(environment, "squeue", "-h").strip(), 60, folder / "slurmctld.log")


def output(environment: dict[str, str], *words: str) -> str:
    """Return what a command prints, nothing where it fails."""
    return subprocess.run(words, env=environment, capture_output=True, text=True).stdout


def _start(daemons: ExitStack, words: list[str], folder: Path, environment: dict[str, str]) -> None:
    log = daemons.enter_context((folder / f"{words[0]}.log").open("w"))
    process = subprocess.Popen(words, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    daemons.callback(process.wait)
    daemons.callback(process.terminate)


def wait_for(value: Callable[[], Result], seconds: float = 900, log: Path | None = None) -> Result:
    """Return what a call returns once it is true; the end of a log is the message if it never is."""
    end = time.monotonic() + seconds
    while not (result := value()):
        assert time.monotonic() < end, log and log.read_text()[-3000:]
        time.sleep(0.2)
    return result


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
