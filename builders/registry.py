"""The benchmarks there are. Adding one adds a line here."""

from lethebench.builders.benchmark import Benchmark
from lethebench.builders.errors import BuildError
from lethebench.builders.icu import Icu
from lethebench.builders.mllmu import Mllmu

BENCHMARKS: dict[str, Benchmark] = {
    "icu": Icu(),
    "mllmu": Mllmu(),
}


def find(name: str) -> Benchmark:
    """The benchmark of a name.

    Raises:
        BuildError: there is none of that name.
    """
    if name not in BENCHMARKS:
        raise BuildError(f"benchmark {name!r}: there is no such benchmark; there are {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]
