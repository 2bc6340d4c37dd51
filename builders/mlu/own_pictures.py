"""Read a user's own pictures for mlu, `<Class>/<Entity>/` with pictures at any depth, and note where each came from."""

from collections.abc import Sequence
from pathlib import Path

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.picture_folder import PictureFolder
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.mlu.plan import LEAST_VIEWS
from lethebench.builders.origins import OriginReader, Origins
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream


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
    reader = OriginReader(folder, problems)
    files: dict[str, tuple[Path, ...]] = {}
    origins: Origins = {}
    for profile in profiles:
        entity = profile.details["released_as"]
        paths = folder.pictures(entity)
        if len(paths) < LEAST_VIEWS:
            problems.add(f"{len(paths)} pictures; at least {LEAST_VIEWS} are needed", file=entity)
        origins[profile.id] = reader.read((entity + folder.names[path][len(entity) :], path) for path in paths)
        stream(profile.seed, "own pictures").shuffle(paths)
        files[profile.id] = tuple(paths)
    folder.log_unused({path for paths in files.values() for path in paths}, "in folders of no entity of this build")
    problems.check()
    return files, origins
