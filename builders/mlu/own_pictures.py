"""Read a user's own pictures for mlu, `<Class>/<Entity>/` with pictures at any depth, and note where each came from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.picture_folder import PictureFolder
from lethebench.builders.imports.shared.pictures import bytes_of, open_picture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.mlu.plan import LEAST_VIEWS
from lethebench.builders.records import Unit
from lethebench.contract.image_reader import PictureError
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

Origins = dict[str, dict[str, str]]
"""Profile id -> path under the folder -> SHA-256, size and format of the picture."""


def own_pictures(root: Path, profiles: Sequence[Profile]) -> tuple[dict[str, tuple[Path, ...]], Origins]:
    """Return profile id -> its pictures in `root`, in an order drawn by seed, those for training first; and origins.

    Names of classes and entities are found in any case and normal form of Unicode. Files that are not used are logged.

    Raises:
        BuildError: an entity has too few pictures, one does not decode or occurs twice, or a link leads out of the
            folder; lists all problems.
    """
    if not root.is_dir():
        raise BuildError(f"option pictures={root}: no such folder")
    folder = PictureFolder(root)
    problems = Problems(f"pictures={root.name}", "put intact pictures there, as <Class>/<Entity>/<file>")
    files: dict[str, tuple[Path, ...]] = {}
    origins: Origins = {}
    first_use: dict[str, str] = {}
    for profile in profiles:
        place = profile.details["released_as"]
        paths = folder.pictures(place)
        if len(paths) < LEAST_VIEWS:
            problems.add(f"{len(paths)} pictures; at least {LEAST_VIEWS} are needed", file=place)
        origins[profile.id] = {}
        for path in paths:
            name = place + folder.names[path][len(place) :]
            try:
                origin = _origin(path, folder)
            except PictureError as error:
                problems.add(str(error), file=name)
                continue
            twin = first_use.setdefault(origin.partition(",")[0], name)
            if twin != name:
                problems.add(f"is the same file as {twin}", file=name)
            if name in origins[profile.id]:
                problems.add("is there twice, in two spellings", file=name)
            origins[profile.id][name] = origin
        stream(profile.seed, "own pictures").shuffle(paths)
        files[profile.id] = tuple(paths)
    folder.log_unused({path for paths in files.values() for path in paths}, "in folders of no entity of this build")
    problems.check()
    return files, origins


def _origin(path: Path, folder: PictureFolder) -> str:
    """Return what a picture is: `sha256 ..., 640 x 480, JPEG`; raise if it is a link or not a whole picture."""
    if folder.leads_out(path):
        raise PictureError("is a link out of the folder")
    content = bytes_of(path)
    try:
        picture = open_picture(content)
    except PictureError as error:
        raise PictureError(f"does not decode: {error}") from error
    return f"sha256 {sha256(content).hexdigest()}, {picture.size[0]} x {picture.size[1]}, {picture.format}"


def with_origins(unit: Unit, origins: Mapping[str, Mapping[str, str]]) -> Unit:
    """Return the unit with the origin of each picture in the details of its profile."""
    profiles = []
    for profile in unit.profiles:
        pictures = {f"picture:{name}": origin for name, origin in origins[profile.id].items()}
        profiles.append(replace(profile, details={**profile.details, **pictures}))
    return replace(unit, profiles=tuple(profiles))
