"""Check a build's files: hashes, columns, card, croissant.json, and loading by `datasets`."""

import glob
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import datasets
from datasets import Features, load_dataset
from datasets import logging as datasets_logging

from lethebench.builders.errors import BuildError
from lethebench.builders.verify.findings import Findings
from lethebench.builders.write.columns import FEATURES
from lethebench.builders.write.digest import file_hash
from lethebench.builders.write.manifest import Manifest
from lethebench.contract.errors import UserError, border
from lethebench.contract.folder_kinds import BUILD
from lethebench.contract.hub_cache import is_inside
from lethebench.contract.parquet import ParquetError, ParquetTooLarge, check_parquet
from lethebench.contract.records import Card, Croissant, check_record, read_record
from lethebench.contract.strict_yaml import parse_strict

_CONFIG_KEYS = {"config_name", "version", "data_files", "default", "description"}
"""What a card says of a config. Others could send `datasets` to files outside the build."""


def refuse_links_out(folder: Path) -> None:
    """Raise BuildError for a link that leads out of a build, before anything is read; the Hub's cache may link."""
    for path in folder.rglob("*"):
        if path.is_symlink() and not is_inside(path, folder):
            raise BuildError(f"{path} is a link out of the build, and is not read: put the file itself there")


def check_checksums(folder: Path, manifest: Manifest, findings: Findings) -> None:
    """Check that every file of the manifest is present and unchanged, and that there is no other file."""
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name, listing in manifest.files.items():
        if name not in present:
            findings.add("checksums", "is missing, but in the manifest", file=name)
        elif (size := (folder / name).stat().st_size) != listing["bytes"]:
            findings.add("checksums", f"has {size} bytes, the manifest says {listing['bytes']}", file=name)
        elif file_hash(folder / name) != listing["sha256"]:
            findings.add("checksums", "its SHA-256 differs from the manifest's: it was changed", file=name)
    hidden = {name for name in present if name.startswith(".")}  # the Hub's or git's own files
    for name in sorted(present - hidden - manifest.files.keys() - {BUILD.marker, *BUILD.unlisted}):
        findings.add("checksums", "is not in the manifest", file=name)
    findings.passed("checksums", f"{len(manifest.files)} files")


def check_schema(folder: Path, shards: Iterable[str], findings: Findings) -> list[str]:
    """Check that every shard is within bounds and has exactly the columns of its kind; return the readable shards."""
    names, readable = list(shards), []
    for name in names:
        try:
            schema = check_parquet(folder / name)
        except ParquetError as error:
            findings.add("schema", str(error), file=name)
            if isinstance(error, ParquetTooLarge):
                findings.skip("loading", f"not tried, since {name} is too large")
            continue
        expected = FEATURES.get(name.split("/")[0], Features())
        actual = Features()
        with findings.failing("schema", "has columns of unknown types", file=name):
            actual = Features.from_arrow_schema(schema)
        if actual == expected and schema.equals(expected.arrow_schema):
            readable.append(name)
            continue
        wrong = [column for column in expected if actual.get(column) != expected[column]]
        wrong += [column for column in actual if column not in expected]
        findings.add("schema", f"columns differ from the contract: {', '.join(wrong) or 'their order'}", file=name)
    findings.passed("schema", f"{len(names)} shards")
    return readable


def check_card(folder: Path, manifest: Manifest, findings: Findings) -> None:
    """Check that README.md declares the manifest's configs, splits, files and version, croissant.json its hashes."""

    def add(reason: str) -> None:
        findings.add("card", reason, file="README.md")

    try:
        configs = {config["config_name"]: config for config in _card(folder)["configs"]}
    except UserError as error:
        configs = {}
        add(str(error))
    for name, splits in manifest.splits.items():
        for reason in _differences(configs.get(name), splits, manifest):
            add(f"config {name}{reason}")
    for name in configs.keys() - manifest.splits.keys():
        add(f"config {name} is not in the manifest")
    _check_croissant(folder, manifest, findings)
    findings.passed("card", f"{len(configs)} configs, croissant.json")


def _differences(config: Mapping[str, Any] | None, splits: Mapping, manifest: Manifest) -> Iterator[str]:
    """Yield how a config of the card differs from the manifest's."""
    if config is None:
        yield " is not declared"
        return
    if config["version"] != manifest.version:
        yield f" has version {config['version']}, not {manifest.version}"
    if unknown_keys := sorted(config.keys() - _CONFIG_KEYS):
        yield f" has the unknown key {unknown_keys[0]!r}"
    declared = {entry["split"]: entry["path"] for entry in config["data_files"]}
    if declared.keys() != splits.keys():
        yield f" has splits {', '.join(declared)}, not {', '.join(splits)}"
    for split, patterns in declared.items():
        matches = [{file for file in manifest.files if fnmatch(file, pattern)} for pattern in patterns]
        if not all(matches) or set().union(*matches) != set(splits.get(split, {}).get("files", ())):
            yield f", split {split} does not name the manifest's shards"


def _card(folder: Path) -> dict[str, Any]:
    """Return the YAML of README.md."""
    with border("its YAML cannot be read", "rebuild it"):
        parts = (folder / "README.md").read_text("utf-8").split("---\n")
        return check_record(parse_strict(parts[1], "its YAML"), Card, "its YAML", cure="rebuild it")


def check_loading(folder: Path, manifest: Manifest, findings: Findings) -> None:
    """Check that `datasets` loads the first row of every split of every config, without opening a picture.

    Not tried if a shard is too large, or the card differs from the manifest: it could name files outside the build.
    """
    if findings.counts["card"]:
        findings.skip("loading", "not tried, since the card differs from the manifest")
    if "loading" in findings.skipped:
        return
    level = datasets_logging.get_verbosity()
    datasets_logging.set_verbosity(datasets_logging.CRITICAL)  # failures are reported as findings
    opened = 0
    links = ExitStack()
    try:
        links.enter_context(_without_torch())
        loadable = links.enter_context(_without_patterns(folder))
        cache = links.enter_context(TemporaryDirectory())  # HF_HOME may be read-only
        for config, splits in manifest.splits.items():
            with findings.failing("loading", f"load_dataset(..., {config!r}) fails"):
                loaded = load_dataset(str(loadable), config, streaming=True, cache_dir=cache)
                for split in splits:
                    with findings.failing("loading", f"load_dataset(..., {config!r}, split={split!r}) fails"):
                        next(iter(loaded[split].decode(False)))
                        opened += 1
    finally:
        links.close()
        datasets_logging.set_verbosity(level)
    findings.passed("loading", f"{opened} splits")


@contextmanager
def _without_torch() -> Iterator[None]:
    """Keep `datasets` from importing torch, for seconds, only to share the epoch of a stream with other processes."""
    available = datasets.config.TORCH_AVAILABLE
    datasets.config.TORCH_AVAILABLE = False
    try:
        yield
    finally:
        datasets.config.TORCH_AVAILABLE = available


@contextmanager
def _without_patterns(folder: Path) -> Iterator[Path]:
    """Yield a path of a folder in which `datasets` sees neither a pattern nor a URL."""
    path = str(folder.absolute())
    if glob.escape(path) == path and "::" not in path and "://" not in path:
        yield folder
        return
    with TemporaryDirectory() as parent:
        # Links to files: `datasets` follows one to a folder before it looks for a pattern.
        for file in filter(Path.is_file, Path(path).rglob("*")):
            link = Path(parent) / file.relative_to(path)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
        yield Path(parent)


def _check_croissant(folder: Path, manifest: Manifest, findings: Findings) -> None:
    try:
        entries = read_record(folder / "croissant.json", Croissant, cure="rebuild it")["distribution"]
    except UserError as error:
        findings.add("card", str(error), file="croissant.json")
        return
    hashes = {entry.get("contentUrl"): entry.get("sha256") for entry in entries}
    for name, listing in manifest.files.items():
        if name.endswith(".parquet") and hashes.get(name) != listing["sha256"]:
            findings.add("card", f"does not give the manifest's SHA-256 of {name}", file="croissant.json")
