"""Print the lowest version of each runtime dependency that pyproject.toml accepts, as pins for pip."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

EXTRAS = ("train", "metrics", "eval", "tune", "openai")


def floors() -> list[str]:
    """`name==version` for the core and the extras that the core tests use."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    requirements = map(Requirement, [*project["dependencies"], *(line for extra in EXTRAS for line in optional[extra])])
    pins = {item.name: item.specifier for item in requirements if item.name != "lethebench"}
    return sorted(f"{name}=={next(iter(specifier)).version}" for name, specifier in pins.items())


if __name__ == "__main__":
    print("\n".join(floors()))
