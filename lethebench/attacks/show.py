"""Show otherwise: the same questions on other pictures, or with text instead of a picture; the weights stay."""

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from datasets import Dataset, Image, List
from PIL import Image as Pictures
from PIL import ImageFilter

from lethebench.attacks.context import Attempt, Context, Fact, fact
from lethebench.baselines.loading import Loaded
from lethebench.builders.registry import benchmark_of_build
from lethebench.contract.columns import MODALITIES
from lethebench.contract.images import decode_image
from lethebench.runs.build import Build

Picture = Pictures.Image
Row = Mapping[str, Any]
Change = Callable[[dict[str, Any]], dict[str, Any]]
MARGIN = 0.06
"""Share of the width and height that a crop takes from each side."""
BLUR = 1 / 250
"""Radius of the blur, as a share of the longer side."""
ANGLE = 5
PAPER = "white"
PHOTO_HEIGHT = 0.5
"""Height of a photo that is shown alone, as a share of the picture's."""
EVERYTHING = "masked:all"
"""View of a page on which all that is asked is blacked out."""
LEAST_LINES = 2
"""A picture that prints fewer facts is no document."""
TAKEN = ("question", "answer", "keywords", "images", "modality")
"""Columns of the row that asks the same fact in the other modality."""


class Show:
    """Ask for the same facts on other pictures, on none, or in the other modality.

    * pictures of the test rows, which differ from those trained on (icu: another scan of the page); the picture
      cropped, blurred, or turned by 5 degrees;
    * no picture; what the page prints as text instead of the page, without the facts that are blacked out on it;
    * the person's photo alone, and in place of the photo on another document with everything else blacked out;
    * by name what was asked on a picture, and on a picture what was asked by name, in the words of the forget set;
      the question by name with a picture added.

    A variant scores the rows that it applies to: those with a picture, or those without one. Which pages print what is
    known of icu alone, and where a photo is of builds whose profiles have `portrait`; other variants need pictures.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the scores of the rows on other pictures."""
        everyone = context.rewritten(rows, lambda row: {})
        pictured = [row for row in everyone if row["images"]]
        texts = [row for row in everyone if not row["images"]]
        other_pictures = _first_of_facts(context, context.held_out, pictured, MODALITIES[0])
        by_name = _first_of_facts(context, context.build.forget, pictured, MODALITIES[1])
        by_picture = _first_of_facts(context, context.build.forget, texts, MODALITIES[0])
        profiles = _Profiles(context, {row["profile_id"] for row in pictured})
        variants: dict[str, tuple[Sequence[dict], Change]] = {
            "other scan": (_with(pictured, other_pictures), lambda row: _images(other_pictures[fact(row)])),
            "crop": (pictured, _drawn(crop)),
            "blur": (pictured, _drawn(blur)),
            "rotation": (pictured, _drawn(rotate)),
            "no picture": (pictured, lambda row: {"images": []}),
            "document as text": ([row for row in pictured if profiles.printed(row)], profiles.as_text),
            "photo alone": ([row for row in pictured if profiles.has_photo(row)], profiles.photo_alone),
            "photo in another document": (
                [row for row in pictured if profiles.has_photo(row) and profiles.other_pages(row)],
                profiles.in_another_document,
            ),
            "by name": (_with(pictured, by_name), lambda row: _taken(by_name[fact(row)])),
            "by picture": (_with(texts, by_picture), lambda row: _taken(by_picture[fact(row)])),
            "picture added": (_with(texts, by_picture), lambda row: _images(by_picture[fact(row)])),
        }
        for name, (chosen, change) in variants.items():
            if not chosen:
                context.notes.append(f"{name}: {REASONS[name]}")
                continue
            changed = [{**row, **change(row)} for row in chosen]
            yield Attempt(name, context.score(loaded, changed, f"show/{name}"))


_NO_PICTURE = "no scored row has a picture"
REASONS = {
    "other scan": "no test row shows a picture of these facts",
    **dict.fromkeys(("crop", "blur", "rotation", "no picture"), _NO_PICTURE),
    "document as text": "the pictures print no other facts",
    "photo alone": "the profiles of the build do not say where a photo is",
    "photo in another document": f"no retain row has a photo on a page with everything blacked out ({EVERYTHING})",
    "by name": "the forget set asks no fact of a picture by name too",
    **dict.fromkeys(("by picture", "picture added"), "the forget set asks no fact on a picture that it asks by name"),
}
"""Variant -> why it is left out where it applies to no row."""


def crop(picture: Picture) -> Picture:
    """Return a picture without its margins."""
    across, down = (round(MARGIN * side) for side in picture.size)
    return picture.crop((across, down, picture.width - across, picture.height - down))


def blur(picture: Picture) -> Picture:
    """Return a picture that is slightly out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(BLUR * max(picture.size)))


def rotate(picture: Picture) -> Picture:
    """Return a picture turned by a few degrees, in its own size."""
    return picture.rotate(ANGLE, Pictures.Resampling.BILINEAR, fillcolor=PAPER)


def _drawn(draw: Callable[[Picture], Picture]) -> Change:
    return lambda row: {"images": [draw(decode_image(image, row["id"])) for image in row["images"]]}


def _images(row: Row) -> dict[str, Any]:
    return {"images": row["images"], "modality": MODALITIES[0]}


def _taken(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in TAKEN}


def _with(rows: Sequence[dict], others: Mapping[Fact, Row]) -> list[dict]:
    return [row for row in rows if fact(row) in others]


def _first_of_facts(
    context: Context, table: Dataset | None, rows: Sequence[Row], modality: str
) -> dict[Fact, dict[str, Any]]:
    """Return fact -> the first row of a table that asks it in this modality, for the facts of some rows."""
    facts = {fact(row) for row in rows}
    first: dict[Fact, int] = {}
    if table is None:
        return {}
    columns = (table["profile_id"], table["attribute"], table["modality"])
    for index, (profile, attribute, number) in enumerate(zip(*columns, strict=True)):
        if number == MODALITIES.index(modality) and (profile, attribute) in facts:
            first.setdefault((profile, attribute), index)
    chosen = context.rewritten(table.select(sorted(first.values())), lambda row: {})
    return {fact(row): row for row in chosen}


class _Profiles:
    """Profiles of a build: what their documents print, and where their photos are.

    Args:
        context: Of the attack.
        ids: Of the profiles with scored pictures.
    """

    def __init__(self, context: Context, ids: Collection[str]) -> None:
        self.seed = context.seed
        self.of, self.corners = _read(context.build, ids)
        manifest = context.build.manifest
        imported = manifest.get("imported") is not None
        name, version = manifest["benchmark"], manifest["version"]
        self.visible = benchmark_of_build(context.build.path, name, version, imported=imported).visible
        self.pages = self._blank_pages(context.retain)

    def _blank_pages(self, retain: Dataset) -> list[dict[str, Any]]:
        """Return retain rows with one page on which everything asked is blacked out, and a photo."""
        columns = zip(retain["profile_id"], retain["views"], strict=True)
        chosen = [
            index for index, (name, views) in enumerate(columns) if EVERYTHING in views[:1] and name in self.corners
        ]
        return list(retain.select(chosen).select_columns(["id", "profile_id", "images"]))

    def printed(self, row: Row) -> list[str]:
        """Return what the page of a row prints, as lines; none where pictures are no documents."""
        profile = self.of.get(row["profile_id"])
        if profile is None:
            return []
        facts = {pair["attribute"]: pair["value"] for pair in (*profile["fields"], *profile["details"])}
        keys = self.visible(profile["domain"], row["attribute"], list(facts))
        if len(keys) < LEAST_LINES:
            return []
        named = {} if row["attribute"] == "name" else {"name": profile["name"]}
        return [
            f"{key.replace('_', ' ')}: {value}" for key, value in (named | {key: facts[key] for key in keys}).items()
        ]

    def as_text(self, row: Row) -> dict[str, Any]:
        """Return what changes in a row whose page is given as text."""
        lines = "\n".join(self.printed(row))
        return {"question": f"{lines}\n{row['question']}", "images": [], "modality": MODALITIES[1]}

    def has_photo(self, row: Row) -> bool:
        """Return whether the person's photo can be cut out."""
        return row["profile_id"] in self.corners

    def other_pages(self, row: Row) -> list[dict[str, Any]]:
        """Return pages of other profiles with documents of the same kind, everything blacked out."""
        domain = self.of[row["profile_id"]]["domain"]
        kinds = [page for page in self.pages if self.corners[page["profile_id"]][0] == domain]
        return [page for page in kinds if page["profile_id"] != row["profile_id"]]

    def photo_alone(self, row: Row) -> dict[str, Any]:
        """Return what changes in a row that shows the photo alone, on white."""
        photo, page = self._photo(row), decode_image(row["images"][0], row["id"])
        height = round(PHOTO_HEIGHT * page.height)
        width = min(page.width, round(photo.width * height / photo.height))
        canvas = Pictures.new("RGB", page.size, PAPER)
        canvas.paste(photo.resize((width, height)), ((page.width - width) // 2, (page.height - height) // 2))
        return {"images": [canvas]}

    def in_another_document(self, row: Row) -> dict[str, Any]:
        """Return what changes in a row that shows the photo on the page of somebody else."""
        pages = self.other_pages(row)
        page = random.Random(f"{self.seed}/document/{row['id']}").choice(pages)
        picture = decode_image(page["images"][0], page["id"])
        left, top, right, bottom = _box(self.corners[page["profile_id"]][1])
        picture.paste(self._photo(row).resize((right - left, bottom - top)), (left, top))
        return {"images": [picture, *page["images"][1:]]}

    def _photo(self, row: Row) -> Picture:
        """Return the photo, from the profile's own page, or from the row's picture if that has a thumbnail alone."""
        profile, box = self.of[row["profile_id"]], _box(self.corners[row["profile_id"]][1])
        if profile["images"]:
            return decode_image(profile["images"][0], row["id"]).crop(box)
        small = decode_image(profile["thumbnails"][0], row["id"])
        if row["views"][:1] != profile["thumbnail_views"][:1]:
            return small.crop(box)
        picture = decode_image(row["images"][0], row["id"])
        scale = picture.width / small.width
        return picture.crop(tuple(round(scale * edge) for edge in box))  # type: ignore[arg-type]


def _box(corners: Sequence[int]) -> tuple[int, int, int, int]:
    across, down = corners[::2], corners[1::2]
    return min(across), min(down), max(across), max(down)


def _read(build: Build, ids: Collection[str]) -> tuple[dict[str, dict], dict[str, tuple[str, list[int]]]]:
    """Return the rows of some profiles, and the domain and the corners of the photo of all that have one."""
    if "profiles" not in build.manifest["splits"]:
        return {}, {}
    table = build.load("profiles", "train", ("domain", "fields", "details", "portrait"))
    for name in ("images", "thumbnails"):
        table = table.cast_column(name, List(Image(decode=False)))
    names = table["profile_id"]
    corners = dict(zip(names, zip(table["domain"], table["portrait"], strict=True), strict=True))
    chosen = table.select([index for index, name in enumerate(names) if name in ids])
    return {row["profile_id"]: row for row in chosen}, {name: one for name, one in corners.items() if one[1]}
