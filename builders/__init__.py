"""Build benchmarks as folders that are ready to be Hub dataset repositories, and verify such folders.

from lethebench.builders import build, verify
build("icu", "build/icu", size="small")
verify("build/icu").ok
"""

from lethebench.builders.base import Benchmark
from lethebench.builders.errors import BuildError
from lethebench.builders.registry import BENCHMARKS, IMPORTS
from lethebench.builders.verify.verify import Report, verify
from lethebench.builders.write.build import build, dry_run
from lethebench.builders.write.digest import content_hash, row_digest
from lethebench.builders.write.manifest import Manifest, read_manifest

__all__ = [
    "BENCHMARKS",
    "IMPORTS",
    "Benchmark",
    "BuildError",
    "Manifest",
    "Report",
    "build",
    "content_hash",
    "dry_run",
    "read_manifest",
    "row_digest",
    "verify",
]
