"""Read a user's own pictures for mlu, `<Class>/<Entity>/*.jpg`, and note where each came from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from lethebench.builders.errors import BuildError, first_line
from lethebench.builders.imports.shared.pictures import open_picture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.mlu.plan import LEAST_VIEWS
from lethebench.builders.records import Unit
from lethebench.contract.text import clean_text
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")

Origins = dict[str, dict[str, str]]
"""Profile id -> path under the folder -> SHA-256, size and format of the picture."""


def own_pictures(root: Path, profiles: Sequence[Profile]) -> tuple[dict[str, tuple[Path, ...]], Origins]:
    """Return profile id -> its pictures in `root`, in an order drawn by seed, those for training first; and origins.

    Raises:
        BuildError: an entity has too few pictures, one does not decode or occurs twice, or a link leads out of the
            folder; lists all problems.
    """
    if not root.is_dir():
        raise BuildError(f"option pictures={root}: no such folder")
    resolved_root = root.resolve()
    problems = Problems(f"pictures={root.name}", "put intact pictures there, as <Class>/<Entity>/<file>")
    files: dict[str, tuple[Path, ...]] = {}
    origins: Origins = {}
    first_use: dict[str, str] = {}
    for profile in profiles:
        paths = sorted(path for path in (root / profile.id).glob("*") if path.suffix.lower() in ENDINGS)
        if len(paths) < LEAST_VIEWS:
            problems.add(f"{len(paths)} pictures; at least {LEAST_VIEWS} are needed", file=profile.id)
        origins[profile.id] = {}
        for path in paths:
            name = clean_text(f"{profile.id}/{path.name}")
            try:
                origin = _origin(path, resolved_root)
            except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
                problems.add(first_line(error), file=name)
                continue
            twin = first_use.setdefault(origin.partition(",")[0], name)
            if twin != name:
                problems.add(f"is the same file as {twin}", file=name)
            origins[profile.id][name] = origin
        stream(profile.seed, "own pictures").shuffle(paths)
        files[profile.id] = tuple(paths)
    problems.check()
    return files, origins


def _origin(path: Path, root: Path) -> str:
    """Return what a picture is: `sha256 ..., 640 x 480, JPEG`; raise if it is a link or not a whole picture."""
    if not path.resolve().is_relative_to(root):
        raise ValueError("is a link out of the folder")
    content = path.read_bytes()
    try:
        _, (width, height), kind = open_picture(content)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise ValueError(f"does not decode: {error or type(error).__name__}") from None
    return f"sha256 {sha256(content).hexdigest()}, {width} x {height}, {kind}"


def with_origins(unit: Unit, origins: Mapping[str, Mapping[str, str]]) -> Unit:
    """Return the unit with the origin of each picture in the details of its profile."""
    profiles = []
    for profile in unit.profiles:
        pictures = {f"picture:{name}": origin for name, origin in origins[profile.id].items()}
        profiles.append(replace(profile, details={**profile.details, **pictures}))
    return replace(unit, profiles=tuple(profiles))
