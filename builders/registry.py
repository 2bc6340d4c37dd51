"""The benchmarks there are. Adding one adds a line here."""

from .benchmark import Benchmark
from .errors import BuildError
from .icu import Icu

BENCHMARKS: dict[str, Benchmark] = {
    "icu": Icu(),
}


def find(name: str) -> Benchmark:
    """The benchmark of a name.

    Raises:
        BuildError: there is none of that name.
    """
    if name not in BENCHMARKS:
        raise BuildError(f"benchmark {name!r}: there is no such benchmark; there are {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]
