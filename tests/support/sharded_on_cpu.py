"""Runs a script with its arguments under FSDP on processors, where accelerate shards on accelerators alone.

It is told that these are accelerators; sharding, gathering and saving are PyTorch's own, over gloo.

accelerate launch --config_file baselines/examples/fsdp.yaml tests/support/sharded_on_cpu.py SCRIPT ...
"""

import runpy
import sys

from accelerate import DistributedType, PartialState
from accelerate.state import AcceleratorState

begin = AcceleratorState.__init__


def begin_as_if_on_accelerators(self, *args, **kwargs):
    if PartialState(cpu=True).distributed_type == DistributedType.MULTI_CPU:
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    begin(self, *args, **kwargs)


if __name__ == "__main__":
    AcceleratorState.__init__ = begin_as_if_on_accelerators
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
