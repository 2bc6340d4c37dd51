"""The benchmarks there are. Adding one adds a line here."""

from lethebench.builders.base import Benchmark
from lethebench.builders.errors import BuildError
from lethebench.builders.icu.builder import Icu
from lethebench.builders.imports import IMPORTS
from lethebench.builders.mllmu.builder import Mllmu
from lethebench.builders.mlu.builder import Mlu
from lethebench.builders.remem.builder import Remem

BENCHMARKS: dict[str, Benchmark] = {
    "icu": Icu(),
    "mllmu": Mllmu(),
    "mlu": Mlu(),
    "remem": Remem(),
}


def find(name: str, *, imported: bool = False) -> Benchmark:
    """The benchmark of a name.

    Args:
        imported: its official release as input, not our own build.

    Raises:
        BuildError: there is none of that name.
    """
    if imported:
        if name not in IMPORTS:
            raise BuildError(
                f"benchmark {name!r}: no official release of it can be read; --from is for {', '.join(IMPORTS)}"
            )
        return IMPORTS[name]
    if name not in BENCHMARKS:
        raise BuildError(f"benchmark {name!r}: there is no such benchmark; there are {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]
