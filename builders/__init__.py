"""Benchmarks as folders that are ready to be Hub dataset repositories, and a check that reads them as a stranger would.

from lethebench.builders import build, verify
build("icu", "build/icu", size="small")
verify("build/icu").ok
"""

from .build import build
from .digest import content_hash, row_digest
from .errors import BuildError
from .manifest import Manifest, read_manifest
from .registry import BENCHMARKS
from .verify import Report, verify

__all__ = [
    "BENCHMARKS",
    "BuildError",
    "Manifest",
    "Report",
    "build",
    "content_hash",
    "read_manifest",
    "row_digest",
    "verify",
]
