"""Ratios that a measurement hands to `record.py`."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for the file that ratios are written to."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the ratios to a file")


def write_ratios(path: Path | None, lower: Mapping[str, float] = {}, higher: Mapping[str, float] = {}) -> None:
    """Write ratios of which a lower, or a higher, one is better."""
    if path is not None:
        path.write_text(json.dumps({"lower": dict(lower), "higher": dict(higher)}))
