"""Pages of documents: laid out once, blacked out as the view says, and scanned for each view."""

from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType

from PIL import Image

from lethebench.generation.documents.continuation import continuation
from lethebench.generation.documents.doc import Doc, Layouts
from lethebench.generation.documents.labor import LAYOUTS as LABOR
from lethebench.generation.documents.medical import LAYOUTS as MEDICAL
from lethebench.generation.documents.printed import Pairs
from lethebench.generation.documents.scan import Pass, draw_pass, flat_box, printed, scan
from lethebench.generation.documents.sheet import Box, Sheet, redact
from lethebench.generation.questions.records import Profile, View

PAGES = (1, 2)
"""Numbers of pages that a document may have."""
LAYOUTS: dict[str, Layouts] = {"medical": MEDICAL, "labor": LABOR}
_Key = tuple[str, str, str, tuple, tuple, int, Pairs]


def render(profile: Profile, view: View, *, pages: int = 1) -> Image.Image:
    """Draw a page of a profile's document.

    Every mention of a masked attribute, and every line that would give it away, is covered by a solid bar whose size
    does not depend on what it hides; photo, signature, stamp and letterhead graphics stay.

    Args:
        profile: of domain `medical` or `labor`.
        view: `masked` may hold any of the profile's fields and `name`; each view is a scan of its own, as is each
            number `scan` >= 0 of a view and each `page` of the document.
        pages: of the document, 1 or 2; with two, the facts are spread over both.

    Returns:
        An RGB image of SIZE (width, height) pixels. The same arguments give the same pixels in any process.

    Raises:
        ValueError: for an unknown domain, an attribute that the profile does not have, a negative scan or a page that
            the document does not have.
    """
    masked = frozenset(view.masked)
    unknown = masked - set(profile.fields) - {"name"}
    if unknown:
        raise ValueError(f"cannot mask {sorted(unknown)}; {profile.id} has {sorted(profile.fields)} and name")
    if view.scan < 0:
        raise ValueError(f"scan {view.scan}: must be 0 or more")
    if pages not in PAGES or not 0 <= view.page < pages:
        raise ValueError(f"page {view.page} of {pages}: a document has 1 or 2 pages, counted from 0")
    sheet = _sheet(_key(profile), view.page, pages)
    return taken(sheet, masked, draw_pass(profile.seed, view, sheet.image.size))


def taken(sheet: Sheet, masked: frozenset[str], settings: Pass) -> Image.Image:
    """Return the picture of a page with the masked attributes blacked out."""
    slots = [slot for slot in sheet.slots if slot.hides & masked]
    return scan(redact(printed(sheet.image, settings), slots), settings)


def portrait_corners(profile: Profile, view: View, *, pages: int = 1) -> list[int]:
    """Return the corners of the ID photo on the picture of a view: x and y, clockwise from the top left, in pixels."""
    sheet = _sheet(_key(profile), view.page, pages)
    settings = draw_pass(profile.seed, view, sheet.image.size)
    x0, y0, x1, y1 = sheet.portrait
    return [round(edge) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)) for edge in settings.place(x, y)]


def portrait_box(profile: Profile) -> Box:
    """Return the box of the ID photo in pixels of the picture, before the scanner tilts and shifts it."""
    sheet = _sheet(_key(profile))
    return flat_box(sheet.portrait, sheet.image.size)


def layout_name(profile: Profile) -> str:
    """Return the name of the layout that the profile's seed chooses."""
    return _layout(profile.domain, profile.seed)[0]


def _layout(domain: str, seed: int) -> tuple[str, Callable[[Doc], None]]:
    if domain not in LAYOUTS:
        raise ValueError(f"unknown domain {domain!r}; use {' or '.join(LAYOUTS)}")
    layouts = list(LAYOUTS[domain].items())
    return layouts[seed % 1_000_003 % len(layouts)]


def _key(profile: Profile) -> _Key:
    """Return the profile as a hashable key; mappings are not hashable."""
    return (
        profile.id, profile.domain, profile.name, tuple(profile.fields.items()), tuple(profile.details.items()),
        profile.seed, profile.written.printed if profile.written else (),
    )  # fmt: skip


# Views of a profile are rendered one after another, so a small cache suffices to lay out each page once.
@lru_cache(maxsize=4)
def _sheet(key: _Key, page: int = 0, pages: int = 1) -> Sheet:
    """Lay out a page with everything readable, flat and clean."""
    identity, domain, name, fields, details, seed, words = key
    _, layout = _layout(domain, seed)
    profile = Profile(identity, domain, name, MappingProxyType(dict(fields)), MappingProxyType(dict(details)), seed)
    doc = Doc(profile, page, pages, words)
    (continuation if page else layout)(doc)
    return doc.sheet
