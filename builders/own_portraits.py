"""Read a user's own pictures of faces and give them to the people of a build; see `own_portraits`."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from PIL import Image

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.picture_folder import PictureFolder, is_picture
from lethebench.builders.imports.shared.pictures import bytes_of, open_picture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.origins import OriginReader, Origins, with_origins
from lethebench.builders.records import Plan
from lethebench.contract.image_reader import PictureError
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import shuffled

HELP = "a folder with faces of your own, `<person>/*.jpg` or `<person>.jpg`, to use instead of ours"
TEST_SHARE = 4
"""One in TEST_SHARE of a person's pictures, at least one of two, is for `test` alone."""
_ID = re.compile(r"person \d{4,}")


@dataclass(frozen=True)
class Photo:
    """One of a user's pictures: its number among the person's pictures of a use, and whether to mirror it.

    The only picture of a person is mirrored in `test`.
    """

    path: Path
    number: int
    mirrored: bool

    @property
    def name(self) -> str:
        """What the column `views` says of it, without the name of the file."""
        return f"{self.number:02d}{',mirrored' * self.mirrored}"

    def read(self) -> Image.Image:
        """Return the RGB picture, upright."""
        try:
            picture = open_picture(bytes_of(self.path)).image
        except PictureError as error:
            raise BuildError(f"option portraits: a picture changed during the build: {error}") from error
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.mirrored else picture


@dataclass(frozen=True)
class OwnPortraits:
    """A user's own faces.

    Attributes:
        photos: profile id -> use, `train` or `test` -> the pictures, at least one.
        origins: of the pictures, for `profiles`.
    """

    photos: Mapping[str, Mapping[str, Sequence[Photo]]]
    origins: Origins

    def photo(self, profile: Profile, use: str, number: int) -> Photo:
        """Return a person's picture of a use; they rotate."""
        photos = self.photos[profile.id][use]
        return photos[number % len(photos)]


def with_portraits(plan: Plan, root: Path, *, most: int | None = None) -> Plan:
    """Return the plan with the user's own faces for its people, in `shared.portraits` and the profiles' details."""
    people = [(profile, unit.role) for unit in plan.units for profile in unit.profiles if profile.domain == "person"]
    held_out = {profile.id for profile, role in people if role == "holdout"}
    portraits = own_portraits(root, [profile for profile, _ in people], held_out=held_out, most=most)
    units = [with_origins(unit, portraits.origins) for unit in plan.units]
    return replace(plan, units=units, shared=replace(plan.shared, portraits=portraits))


def own_portraits(
    root: Path, people: Sequence[Profile], *, held_out: Collection[str] = (), most: int | None = None
) -> OwnPortraits:
    """Give the faces in a folder to people, each folder in it or single file being one person.

    Names that are a person's id or name, in any case and with `_` or `-` for spaces, go to that person; the others go
    to the remaining people by id, in the order of their names. Files that are not used are logged.

    Args:
        root: the folder.
        people: everybody who needs a face.
        held_out: ids of those among them who have no pictures in `test`.
        most: the most pictures of a person for each use; None for all.

    Raises:
        BuildError: there are too few people, a picture does not decode or occurs twice, or a link leads out of the
            folder; lists all problems.
    """
    if not root.is_dir():
        raise BuildError(f"option portraits={root}: no such folder; give a folder with one folder or file per person")
    folder = PictureFolder(root, "portraits")
    entries: dict[str, list[Path]] = {}
    for path, name in folder.names.items():
        if is_picture(path) or folder.leads_out(path):
            entries.setdefault(_entry(name), []).append(path)
    chosen = _assigned(entries, people)
    if missing := len(people) - len(chosen):
        raise BuildError(
            f"option portraits={root.name}: {len(chosen)} people with pictures; this build has {len(people)}, "
            f"{len(held_out)} of them held out; add a folder or file for each of the other {missing}, or build a "
            "smaller --size"
        )
    problems = Problems(f"portraits={root.name}", "put intact pictures there, each once, as <person>/<file>")
    reader = OriginReader(folder, problems)
    photos: dict[str, dict[str, list[Photo]]] = {}
    origins: Origins = {}
    used: dict[str, Path] = {}
    for person in people:
        order = shuffled(chosen[person.id], person.seed, "own portraits")
        parts = _divided(order, most, tested=person.id not in held_out)
        photos[person.id] = parts
        uses: dict[Path, list[str]] = {}
        for use, part in parts.items():
            for photo in part:
                uses.setdefault(photo.path, []).append(use)
        read = reader.read((folder.names[path], path) for path in sorted(uses))
        used |= {folder.names[path]: path for path in uses}
        origins[person.id] = {name: f"{origin}, in {' and '.join(uses[used[name]])}" for name, origin in read.items()}
    folder.log_unused(used.values(), "not needed, or of nobody in this build")
    problems.check()
    return OwnPortraits(photos, origins)


def _entry(name: str) -> str:
    """Return the person to whom a relative path belongs, by its first folder or, without one, by its stem."""
    first, *below = PurePosixPath(name).parts
    return _key(first if below else PurePosixPath(first).stem)


def _divided(paths: Sequence[Path], most: int | None, *, tested: bool) -> dict[str, list[Photo]]:
    """Return use -> its pictures, the same one for both where there is no other."""
    tests = max(1, len(paths) // TEST_SHARE) if tested else 0
    parts = {"train": paths[tests:] or paths} | ({"test": paths[:tests]} if tested else {})
    return {
        use: [Photo(path, number, use == "test" and len(paths) == 1) for number, path in enumerate(part[:most])]
        for use, part in parts.items()
    }


def _key(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFC", text).casefold()).strip()


def _assigned(entries: Mapping[str, Sequence[Path]], people: Sequence[Profile]) -> dict[str, Sequence[Path]]:
    """Return profile id -> the pictures of the entry that it gets; ids of other builds go to nobody."""
    chosen: dict[str, Sequence[Path]] = {}
    rest = dict(entries)
    for person in people:
        for key in (_key(person.id), _key(person.name)):
            if key in rest:
                chosen.setdefault(person.id, rest.pop(key))
    others: Iterable[str] = (key for key in sorted(rest) if not _ID.fullmatch(key))
    waiting = sorted(person.id for person in people if person.id not in chosen)
    return chosen | {person_id: rest[key] for person_id, key in zip(waiting, others, strict=False)}
