"""Parts of layouts. Sizes and positions depend on the seed, never on a fact."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from lethebench.generation.documents.codes import barcode, qr
from lethebench.generation.documents.doc import Doc
from lethebench.generation.documents.look import pick
from lethebench.generation.documents.marks import emblem, signature
from lethebench.generation.documents.printed import STAMPS
from lethebench.generation.documents.sheet import HEIGHT, Box, FloatBox, Slot
from lethebench.generation.documents.stamps import box_stamp, round_stamp
from lethebench.generation.documents.wording import NOTES
from lethebench.generation.drawing.color import WHITE, Color
from lethebench.generation.portraits import draw_face, id_photo
from lethebench.generation.portraits.papers import photo_print
from lethebench.generation.seeding import digest

LONG_FACTS = frozenset(("diagnosis", "medication", "allergy", "home_address", "employer", "position"))
"""Facts that may need two lines; their rows are tall whatever their value."""
Lines = Sequence[Sequence[tuple[str, float]]]
"""Lines of form cells, each (key, share of the width)."""


def photo(doc: Doc, x: float, y: float, width: int, height: int, *, frame: bool = True) -> Box:
    """Paste the ID photo at (x, y) and return its box."""
    details = doc.profile.details
    age = details.get("age", "")
    person = details.get("person")  # whose other document shows the same face
    face_rng = np.random.default_rng([digest("face", person), 0xD0C]) if person else doc.stream(1)
    face = draw_face(
        face_rng, "male" if details.get("gender") == "male" else "female", int(age) if age.isdigit() else 40
    )
    box = doc.sheet.paste(photo_print(id_photo(face, doc.stream(2), (width, height)), doc.stream(7)), x, y)
    if frame:
        doc.sheet.frame((box[0] - 1, box[1] - 1, box[2], box[3]), (120, 120, 126))
    doc.sheet.portrait = box
    return box


def logo(doc: Doc, x: float, y: float, size: int, *, paper: Color | None = None, color: Color | None = None) -> Box:
    """Paste the letterhead's emblem and return its box."""
    look = doc.look
    picture = emblem(doc.stream(3), size, color or look.accent, look.second, paper or look.paper, doc.profile.domain)
    return doc.sheet.paste(picture, x, y)


def organization(doc: Doc, box: FloatBox, size: float, *, fill: Color | None = None, align: str = "left") -> None:
    """Print the name of the hospital or employer in the letterhead."""
    doc.sheet.value(
        doc.organization, box, size, weight="bold", fill=fill or doc.look.accent, align=align, family=doc.look.family
    )


def contact(doc: Doc, box: FloatBox, size: float = 11.5, *, fill: Color = (92, 92, 100), align: str = "left") -> None:
    """Print the organization's address and telephone, or the office's name if the profile has neither."""
    if doc.lookup("contact"):
        doc.sheet.value("contact", box, size, fill=fill, align=align, family=doc.look.family)
    else:
        doc.sheet.label(box, doc.office, size, fill=fill, align=align)


def rows(
    doc: Doc,
    x: int,
    y: int,
    width: int,
    keys: list[str],
    *,
    label: int = 170,
    size: float = 14,
    high: int = 25,
    tall: int = 31,
    style: str = "lines",
) -> int:
    """Draw a table, captions left and facts right; styles lines, grid, zebra, dots, plain. Returns the y below."""
    sheet, look = doc.sheet, doc.look
    for index, key in enumerate(keys):
        height = tall if key in LONG_FACTS else high
        if style == "zebra" and index % 2 == 0:
            sheet.fill((x, y, x + width, y + height), look.tint(0.09))
        if style == "grid":
            sheet.fill((x, y, x + label, y + height), look.tint(0.12))
            sheet.frame((x, y, x + width, y + height), look.tint(0.55))
            sheet.rule(x + label, y, x + label, y + height, look.tint(0.55))
        sheet.label((x + 4, y + 1, x + label - 4, y + height - 1), doc.caption(key), size - 1.5, fill=(70, 70, 78))
        edge = 1 if sheet.by_hand(key) else 3
        sheet.value(key, (x + label + 6, y + edge, x + width - 5, y + height - edge), size, blank=True)
        y += height
        if style == "lines":
            sheet.rule(x, y, x + width, y, look.tint(0.35))
        elif style == "dots" or (style == "plain" and sheet.by_hand(key)):
            for dot in range(x + label, x + width, 4):
                sheet.image.putpixel((dot, y - 1), (130, 130, 136))
    return y


def cell(doc: Doc, box: Box, key: str, *, size: float = 14) -> None:
    """Draw a box of a form: a small caption above, the fact below."""
    sheet, look = doc.sheet, doc.look
    left, top, right, bottom = box
    sheet.frame(box, look.tint(0.6))
    sheet.label((left + 4, top + 2, right - 4, top + 17), doc.caption(key), 10.5, fill=look.accent)
    edge = 1 if sheet.by_hand(key) else 3
    sheet.value(key, (left + 5, top + 18, right - 5, bottom - edge), size, blank=True)


def grid(doc: Doc, x: int, y: int, width: int, lines: Lines, *, size: float = 14) -> int:
    """Draw lines of form cells; absent facts are left out. Returns the y below."""
    for line in lines:
        cells = [(key, share) for key, share in line if doc.lookup(key)]
        if not cells:
            continue
        total = sum(share for _, share in cells)
        height = 48 if any(key in LONG_FACTS for key, _ in cells) else 41
        left = float(x)
        for key, share in cells:
            right = left + width * share / total
            cell(doc, (round(left), y, round(right), y + height), key, size=size)
            left = right
        y += height
    return y


def section(doc: Doc, x: int, y: int, width: int, text: str, *, style: str = "bar", size: float = 13) -> int:
    """Draw a section heading; styles bar, rule, plain, tab. Returns the y below it."""
    sheet, look = doc.sheet, doc.look
    text = look.heading(text)
    if style == "bar":
        sheet.fill((x, y, x + width, y + 22), look.accent)
        sheet.label((x + 6, y, x + width, y + 22), text, size, weight="bold", fill=WHITE)
        return y + 24
    if style == "tab":
        sheet.fill((x, y, x + 5, y + 21), look.second)
        sheet.label((x + 10, y, x + width, y + 21), text, size + 0.5, weight="bold", fill=look.accent)
        return y + 25
    sheet.label((x - 2, y, x + width, y + 21), text, size + 0.5, weight="bold", fill=look.accent)
    if style == "rule":
        sheet.rule(x, y + 22, x + width, y + 22, look.accent, 2)
        return y + 27
    return y + 23


def flow(
    doc: Doc, x: int, y: int, width: int, bottom: int, items: list[tuple[str, str]], size: float, *, gap: int = 5
) -> int:
    """Print headed paragraphs, spaced as widely as the room down to `bottom` allows; return the y below.

    Args:
        items: (heading, text with blanks); an empty heading takes no room.
        size: of the text in pixels; it shrinks only if the tightest lines do not fit.
    """
    sheet, head = doc.sheet, round(size * 1.5)
    room = bottom - y - sum(gap + (head if heading else 0) for heading, _ in items)
    texts = [text for _, text in items]
    settings = [(scale, spacing / 100) for scale in (1, 0.95, 0.9, 0.85, 0.8) for spacing in range(145, 99, -5)]
    fits = (s for s in settings if sum(sheet.measure(width, text, size * s[0], s[1]) for text in texts) <= room)
    scale, spacing = next(fits, settings[-1])
    for heading, text in items:
        if heading:
            box = (x - 2, y, x + width, y + head)
            sheet.label(box, heading, size, weight="bold", fill=doc.look.accent)
            y += head
        y = sheet.paragraph(x, y, width, text, size * scale, spacing=spacing) + gap
    return y


def sign(doc: Doc, x: int, y: int, width: int, role: str, *, key: str = "", stream: int = 4, high: int = 54) -> None:
    """Draw a signature over a line, with the signer's name (fact `key`) and role below."""
    sheet = doc.sheet
    wide = min(width - 10, 200)
    sheet.paste(signature(doc.stream(stream), wide, high, doc.look.pen), x + 6, y)
    y += high - 8
    sheet.rule(x, y, x + width, y, (90, 90, 96))
    y += 6
    if key:
        sheet.value(key, (x, y, x + width, y + 19), 12.5, family=doc.look.family)
        y += 19
    sheet.label((x, y, x + width, y + 16), role, 11, fill=(90, 90, 98))


def initial(doc: Doc, x: int, y: int, width: int) -> None:
    """Draw the end of a page that another one follows: where initials go, at the right."""
    sheet = doc.sheet
    right, wide = x + width, 120
    sheet.paste(signature(doc.stream(12), 70, 36, doc.look.pen), right - 96, y + 58)
    sheet.rule(right - wide, y + 92, right, y + 92, (90, 90, 96))
    sheet.label((right - wide, y + 94, right, y + 110), "Initials", 11, fill=(90, 90, 98), align="center")
    sheet.label((x, y + 94, right - wide - 20, y + 110), "Continued on page 2", 11, fill=(90, 90, 98))


def stamp(doc: Doc, x: int, y: int, size: int = 112) -> None:
    """Draw the rubber stamp in a square at (x, y): round with the organization's name, or a box with one word."""
    sheet, rng, look = doc.sheet, doc.stream(6), doc.look
    angle = float(rng.uniform(-24, 24))
    if rng.random() < 0.7:
        owner = doc.lookup(doc.organization) or doc.say(doc.office)
        picture, cover = round_stamp(rng, size, look.stamp, owner, doc.say(doc.words), angle, doc.profile.domain)
        box = sheet.paste(picture, x, y)
        sheet.slots.append(Slot(doc.organization, box, sheet.hides[doc.organization], cover))
    else:
        word = doc.say(STAMPS[int(rng.integers(4))])
        picture = box_stamp(rng, size, round(size * 0.42), look.stamp, word, doc.number)
        picture = picture.rotate(angle / 2, Image.Resampling.BICUBIC, expand=True)
        sheet.paste(picture, x + (size - picture.width) / 2, y + (size - picture.height) / 2)


def readings(doc: Doc, x: int, y: int, width: int, keys: list[str]) -> int:
    """Draw short facts side by side, caption above, fact below; return the y below."""
    sheet, look = doc.sheet, doc.look
    step = width / max(1, len(keys))
    for k, key in enumerate(keys):
        left, right = round(x + k * step), round(x + (k + 1) * step)
        sheet.fill((left, y, right, y + 18), look.tint(0.12))
        sheet.frame((left, y, right, y + 42), look.tint(0.5))
        sheet.label((left + 3, y + 1, right - 3, y + 18), doc.caption(key), 10.5, align="center", fill=(70, 70, 78))
        edge = 1 if sheet.by_hand(key) else 2
        sheet.value(key, (left + 3, y + 18 + edge, right - 3, y + 42 - edge), 13, align="center", blank=True)
    return y + 42 if keys else y


def remarks(doc: Doc, x: int, y: int, width: int, bottom: int, *, style: str = "plain", most: int = 5) -> None:
    """Draw three to `most` dotted lines above `bottom`, none if fewer fit; the first ones may hold notes by hand."""
    sheet, rng = doc.sheet, doc.stream(11 + 100 * doc.page)
    if bottom - y < 100:
        return
    y = section(doc, x, y, width, doc.remark, style=style)
    notes = [NOTES[number] for number in rng.permutation(len(NOTES))[: pick(rng, (0, 1, 2))]]
    for line in range(min(most, (bottom - y) // 25)):
        below = y + 22 + 25 * line
        for dot in range(x, x + width, 4):
            sheet.image.putpixel((dot, below), (120, 120, 126))
        if line < len(notes) and doc.has_hand:
            sheet.write((x + 4, below - 21, x + width - 8, below + 2), doc.say(notes[line]), 14)


def code(doc: Doc, right: int, y: int, *, kind: str, high: int = 34) -> None:
    """Draw the bar or QR code, right-aligned at `right`, with the document number under a barcode."""
    sheet = doc.sheet
    if kind == "qr":
        picture = qr(doc.number, 3)
        sheet.paste(picture, right - picture.width, y)
        return
    picture = barcode(doc.number, high, 1)
    box = sheet.paste(picture, right - picture.width, y)
    sheet.label((box[0] - 6, box[3], box[2] + 6, box[3] + 14), doc.number, 10.5, align="center", family="mono")


def footer(doc: Doc, x: int, width: int, y: int = HEIGHT - 44) -> None:
    """Draw the line at the foot of the page."""
    sheet = doc.sheet
    sheet.rule(x, y, x + width, y, doc.look.tint(0.5))
    gray = (110, 110, 118)
    sheet.label((x, y + 3, x + width * 0.62, y + 18), doc.form, 10, fill=gray)
    sheet.label(
        (x + width * 0.62, y + 3, x + width, y + 18),
        f"No. {doc.number} · Page {doc.page + 1} of {doc.pages}",
        10,
        fill=gray,
        align="right",
    )
