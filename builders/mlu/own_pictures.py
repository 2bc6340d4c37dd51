"""mlu with pictures of the user's own in the place of ours: `<Class>/<Entity>/*.jpg`, each with its provenance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from lethebench.builders.base import Benchmark, Plan, Unit
from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.photos import LONGEST, open_picture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.mlu import text as mlu_text
from lethebench.builders.mlu.builder import LEAST_VIEWS, Look, Mlu, MluOptions, Work, views_of
from lethebench.generation.mlu import questions as mlu
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


class MluOwn(Mlu):
    """`mlu` over a folder of pictures."""

    DESCRIPTION = mlu_text.OWN_DESCRIPTION
    TAGS = tuple(tag for tag in Mlu.TAGS if tag != "synthetic")
    SPLIT_NOTES = mlu_text.OWN_SPLIT_NOTES
    EXAMPLES = mlu_text.OWN_EXAMPLES
    SHEET = "Well-known entities in pictures that were given: what to forget and what to keep, in four tasks."
    LICENCE = {  # noqa: RUF012
        "id": "other", "name": "pictures-as-given", "link": mlu_text.PAPER.url, "url": mlu_text.PAPER.url,
    }  # fmt: skip
    LICENCES = {  # noqa: RUF012
        "pictures": "as whoever gave them says: lethebench adds no right to share them",
        "questions, and facts as written here": "CC-BY-4.0",
        "code that put them together (lethebench)": "Apache-2.0",
    }
    RESPONSIBLE_AI = mlu_text.OWN_RESPONSIBLE_AI
    PERCEPTUAL = {  # noqa: RUF012
        "part": "none", "method": "none: pictures do not say where their subject stands", "threshold": 1.0,
        "every_picture": False,
    }  # fmt: skip

    def plan(self, count: int, *, seed: int, options: MluOptions) -> Plan:
        plan = super().plan(count, seed=seed, options=replace(options, pictures=None))
        root = Path(options.pictures)
        everyone = [profile for unit in plan.units for profile in unit.profiles]
        files, origins = own_pictures(root, everyone)
        return replace(
            plan,
            units=[_told(unit, origins) for unit in plan.units],
            shared=replace(plan.shared, files=files, views={name: len(found) for name, found in files.items()}),
            options={**plan.options, "pictures": "DIR"},
        )

    def look(self, profile: Profile, view: mlu.EntityView, shared: Work) -> Look:
        files = shared.files[profile.id]
        path = files[views_of(len(files)).index(view)]
        try:
            picture, _, _ = open_picture(path.read_bytes())
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise BuildError(f"option pictures: {path.name} could be read and now cannot: {error}") from None
        return Look(picture, f"given:{path.name}", None)

    def variant(self, options: Mapping[str, Any]) -> Benchmark:
        return self

    def paper_counts(self, options: Mapping[str, Any]) -> Mapping[str, int]:
        return {name: number for name, number in self.PAPER_COUNTS.items() if name != "pictures"}

    def facts(self) -> dict:
        return super().facts() | {"own": True, "longest": LONGEST}


def own_pictures(
    root: Path, everyone: Sequence[Profile]
) -> tuple[dict[str, tuple[Path, ...]], dict[str, dict[str, str]]]:
    """The pictures of every entity in a folder, each looked at.

    Args:
        root: holds `<Class>/<Entity>/<file>`, the names being those of the release.
        everyone: the entities of the build.

    Returns:
        (profile id -> its pictures, in an order drawn by seed: those for training come first;
        profile id -> path under the folder -> what the picture was: SHA-256, size and format).

    Raises:
        BuildError: an entity has too few, a picture does not decode or stands twice, or a link leads out of the folder;
            everything that is wrong is named.
    """
    if not root.is_dir():
        raise BuildError(f"option pictures={root}: there is no such folder")
    inside = root.resolve()
    problems = Problems(f"pictures={root.name}", "put whole pictures there, as <Class>/<Entity>/<file>")
    files: dict[str, tuple[Path, ...]] = {}
    origins: dict[str, dict[str, str]] = {}
    seen: dict[str, str] = {}
    for profile in everyone:
        folder = root / profile.id
        found = sorted(path for path in folder.glob("*") if path.suffix.lower() in ENDINGS)
        if len(found) < LEAST_VIEWS:
            problems.add(f"{len(found)} pictures; at least {LEAST_VIEWS} are needed", file=profile.id)
        origins[profile.id] = {}
        for path in found:
            name = f"{profile.id}/{path.name}"
            reason, origin = _look_at(path, inside)
            if reason:
                problems.add(reason, file=name)
                continue
            twin = seen.setdefault(origin.partition(",")[0], name)
            if twin != name:
                problems.add(f"is the same file as {twin}", file=name)
            origins[profile.id][name] = origin
        stream(profile.seed, "own pictures").shuffle(found)
        files[profile.id] = tuple(found)
    problems.check()
    return files, origins


def _look_at(path: Path, inside: Path) -> tuple[str, str]:
    """(what is wrong with a picture, else empty; what it is: `sha256 ..., 640 x 480, JPEG`)."""
    if not path.resolve().is_relative_to(inside):
        return "is a link out of the folder", ""
    try:
        content = path.read_bytes()
        _, (width, height), kind = open_picture(content)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        return f"does not decode: {str(error).splitlines()[0] if str(error) else type(error).__name__}", ""
    return "", f"sha256 {sha256(content).hexdigest()}, {width} x {height}, {kind}"


def _told(unit: Unit, origins: Mapping[str, Mapping[str, str]]) -> Unit:
    """The unit, its profiles telling where each of their pictures came from."""

    def told(profile: Profile) -> Profile:
        known = {f"picture:{name}": origin for name, origin in origins[profile.id].items()}
        return replace(profile, details={**profile.details, **known})

    return replace(unit, profiles=tuple(told(profile) for profile in unit.profiles))
