"""Benchmarks as folders that are ready to be Hub dataset repositories, and a check that reads them as a stranger would.

from lethebench.builders import build, verify
build("icu", "build/icu", size="small")
verify("build/icu").ok
"""

from lethebench.builders.build import build
from lethebench.builders.digest import content_hash, row_digest
from lethebench.builders.errors import BuildError
from lethebench.builders.manifest import Manifest, read_manifest
from lethebench.builders.registry import BENCHMARKS
from lethebench.builders.verify import Report, verify

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
