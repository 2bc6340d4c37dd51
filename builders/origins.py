"""Note where a user's own pictures come from; report links out of their folder, broken files and duplicates."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from lethebench.builders.imports.shared.picture_folder import PictureFolder
from lethebench.builders.imports.shared.pictures import bytes_of, open_picture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.records import Unit
from lethebench.contract.image_reader import PictureError

Origins = dict[str, dict[str, str]]
"""Profile id -> path under the folder -> SHA-256, size and format of the picture."""


class OriginReader:
    """Reads the pictures of one folder, each once; what is wrong with them goes to `problems`."""

    def __init__(self, folder: PictureFolder, problems: Problems) -> None:
        self._folder = folder
        self._problems = problems
        self._first_use: dict[bytes, str] = {}

    def read(self, pictures: Iterable[tuple[str, Path]]) -> dict[str, str]:
        """Return the name of each picture -> `sha256 ..., 640 x 480, JPEG`, for those that can be used."""
        origins: dict[str, str] = {}
        for name, path in pictures:
            try:
                origin, pixels = self._origin(path)
            except PictureError as error:
                self._problems.add(str(error), file=name)
                continue
            twin = self._first_use.setdefault(pixels, name)
            if twin != name:
                self._problems.add(f"is the same picture as {twin}", file=name)
            if name in origins:
                self._problems.add("is there twice, in two spellings", file=name)
            origins[name] = origin
        return origins

    def _origin(self, path: Path) -> tuple[str, bytes]:
        """Return what a picture is and a hash of its pixels; raise if it is a link or not a whole picture."""
        if self._folder.leads_out(path):
            raise PictureError("is a link out of the folder")
        content = bytes_of(path)
        try:
            picture = open_picture(content)
        except PictureError as error:
            raise PictureError(f"does not decode: {error}") from error
        origin = f"sha256 {sha256(content).hexdigest()}, {picture.size[0]} x {picture.size[1]}, {picture.format}"
        return origin, sha256(f"{picture.image.size}".encode() + picture.image.tobytes()).digest()


def with_origins(unit: Unit, origins: Mapping[str, Mapping[str, str]]) -> Unit:
    """Return the unit with the origin of each picture in the details of its profile."""
    profiles = []
    for profile in unit.profiles:
        pictures = {f"picture:{name}": origin for name, origin in origins.get(profile.id, {}).items()}
        profiles.append(replace(profile, details={**profile.details, **pictures}))
    return replace(unit, profiles=tuple(profiles))
