"""Map the top-level folders into one package; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

FOLDERS = ("baselines", "builders", "cards", "contract", "evaluation", "generation")

mapped = [name for folder in FOLDERS for name in (folder, *(f"{folder}.{sub}" for sub in find_packages(folder)))]
setup(
    packages=["lethebench", *(f"lethebench.{name}" for name in (*find_packages("lethebench"), *mapped))],
    package_dir={"lethebench": "lethebench", **{f"lethebench.{folder}": folder for folder in FOLDERS}},
)
