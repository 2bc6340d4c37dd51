"""Which process of a launch (`torchrun`, `accelerate launch`) this is, by the variables that launchers set."""

import os


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else default


def num_processes() -> int:
    """Return the number of processes that were launched together, 1 without a launcher."""
    return max(1, _number("WORLD_SIZE", 1))


def process_index() -> int:
    """Return the number of this process, from 0; 0 without a launcher."""
    return _number("RANK", 0) if num_processes() > 1 else 0


def is_main_process() -> bool:
    """Return whether this process writes and prints."""
    return process_index() == 0
