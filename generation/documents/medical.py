"""Layouts of medical reports; each fills the sheet of a `Doc`."""

from functools import partial

from lethebench.generation.documents import parts
from lethebench.generation.documents.doc import Doc, Layouts, printable
from lethebench.generation.documents.look import GRAY, PALE
from lethebench.generation.documents.sheet import HEIGHT, WIDTH
from lethebench.generation.documents.wording import ADVICE, CHECKS, REPORT
from lethebench.generation.drawing.color import WHITE

IDENTITY = ("name", "birth_date", "gender", "nationality", "home_address", "insurance_number")
STAY = ("admission_date", "discharge_date", "department", "room", "attending_physician")
CLINICAL = ("diagnosis", "medication", "allergy", "blood_type")
READINGS = ("height", "heart_rate", "temperature", "blood_pressure")


def advice(doc: Doc, count: int) -> str:
    """Draw `count` of the standard closing sentences."""
    order = doc.stream(8).permutation(len(ADVICE))
    return " ".join(ADVICE[i] for i in sorted(order[-count:] if doc.page else order[:count]))


def checklist(doc: Doc, x: int, y: int, width: int, columns: int, lines: int) -> int:
    """Draw standard procedures with ticks by hand; return the y below."""
    sheet, rng = doc.sheet, doc.stream(9)
    order = rng.permutation(len(CHECKS))
    for k in range(columns * lines):
        left, top = round(x + (k % columns) * width / columns), y + (k // columns) * 21
        sheet.frame((left, top + 4, left + 12, top + 16), (80, 80, 86))
        if rng.random() < 0.6:
            sheet.rule(left + 2, top + 10, left + 5, top + 14, doc.look.pen, 2)
            sheet.rule(left + 5, top + 14, left + 11, top + 4, doc.look.pen, 2)
        sheet.label((left + 17, top, round(left + width / columns), top + 20), CHECKS[order[k]], 12.5)
    return y + 21 * lines


def closing(doc: Doc, x: int, y: int, width: int, *, kind: str = "") -> None:
    """Draw the physician's signature, the stamp and a code in one line, mirrored with the photo."""
    if doc.page + 1 < doc.pages:
        return parts.initial(doc, x, y, width)
    wide = min(240, round(width * 0.46))
    mirrored = doc.look.mirror
    left = x + width - wide if mirrored else x
    parts.sign(doc, left, y, wide, doc.caption("attending_physician"), key="attending_physician")
    parts.stamp(doc, left - 130 if mirrored else x + wide + 18, y - 12)
    if kind:
        right = x + (132 if kind == "bar" else 70) if mirrored else x + width
        parts.code(doc, right, y + 12, kind=kind)


def table_form(doc: Doc, *, banded: bool = False) -> None:
    """Draw letterhead, photo, tables, text and signature; `banded` has a colored head and begins with the findings."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(38, 44, 50)
    w = WIDTH - 2 * m
    if banded:
        sheet.fill((0, 0, WIDTH, 100), look.accent)
        sheet.fill((0, 100, WIDTH, 105), look.second)
        parts.logo(doc, m, 24, 62, paper=look.accent, color=WHITE)
    else:
        parts.logo(doc, m, 34, 62)
        sheet.rule(m, 104, m + w, 104, look.accent, 3)
    up = 10 if banded else 0
    parts.organization(doc, (m + 76, 34 - up, m + w - 10, 66 - up), 21, fill=WHITE if banded else None)
    parts.contact(doc, (m + 76, 68 - up, m + w - 10, 86 - up), fill=PALE if banded else (92, 92, 100))
    sheet.label((m, 114, m + 400, 146), look.heading(doc.title), 20, weight="bold")
    parts.code(doc, m + w, 114, kind="bar", high=24)
    style, head = doc.pick("lines", "grid", "zebra"), doc.pick("bar", "rule", "tab")
    wide = doc.pick(138, 146, 152)
    high = round(wide * 1.27)
    side = m if look.mirror else m + w - wide
    start = m + wide + 16 if look.mirror else m
    parts.photo(doc, side, 166, wide, high)
    y = parts.rows(doc, start, 166, w - wide - 16, doc.has(*IDENTITY), label=136, style=style, high=27, tall=40)
    y = max(y, 166 + high)
    tables = [("Stay", STAY), ("Clinical data", CLINICAL)]
    tables = [(title, keys) for title, keys in tables if doc.has(*keys)]
    for title, keys in reversed(tables) if banded else tables:
        y = parts.section(doc, m, y + 14, w, title, style=head)
        y = parts.rows(doc, m, y, w, doc.has(*keys), label=190, style=style)
    if doc.has(*READINGS):
        y = parts.readings(doc, m, y + 14, w, doc.has(*READINGS))
    y = parts.flow(doc, m, y + 12, w, HEIGHT - 168, [("", advice(doc, 3))], 13.5)
    parts.remarks(doc, m, y + 8, w, HEIGHT - 180)
    closing(doc, m, HEIGHT - 160, w)
    parts.footer(doc, m, w)


def letter(doc: Doc, *, ruled: bool = False) -> None:
    """Draw a letter: address window, subject lines, running text with filled-in blanks, signature.

    `ruled` has its letterhead on the left and a bar along the page instead of a centered one.
    """
    sheet, look = doc.sheet, doc.look
    m = doc.pick(52, 58, 64)
    w = WIDTH - 2 * m
    if ruled:
        sheet.fill((0, 0, 18, HEIGHT), look.accent)
        sheet.fill((18, 0, 24, HEIGHT), look.second)
        parts.logo(doc, m, 40, 72)
        parts.organization(doc, (m + 86, 46, m + w, 78), 21)
        parts.contact(doc, (m + 86, 80, m + w, 98))
        sheet.rule(m, 130, m + w, 130, look.accent, 2)
    else:
        parts.logo(doc, (WIDTH - 58) // 2, 28, 58)
        parts.organization(doc, (m, 90, m + w, 120), 20, align="center")
        parts.contact(doc, (m, 120, m + w, 138), align="center")
        sheet.rule(m + 150, 146, m + w - 150, 146, look.second, 2)
    wide, high = 132, 168
    side = m if look.mirror else m + w - wide
    start = m + wide + 24 if look.mirror else m
    room, top = w - wide - 30, 164
    parts.photo(doc, side, top, wide, high)

    def item(key: str, x: int, y: int, width: int, height: int, size: float, weight: str = "regular") -> None:
        sheet.label((x, y, x + width, y + 16), doc.caption(key), 11, fill=GRAY)
        sheet.value(key, (x, y + 17, x + width, y + 17 + height), size, weight=weight, middle=False)

    item("name", start, top, room, 26, 17, "bold")
    item("home_address", start, top + 50, room, 40, 14.5)
    for k, key in enumerate(doc.has("birth_date", "gender", "nationality")):
        item(key, start + k * room // 3, top + 116, room // 3 - 8, 22, 13.5)
    y = top + high + 22
    sheet.label((m, y, m + w, y + 28), look.heading(doc.title), 19, weight="bold", fill=look.accent)
    sheet.label((m, y + 28, m + w, y + 46), f"Our reference: {doc.number}", 12, fill=GRAY)
    y = sheet.paragraph(m, y + 56, w, "Dear colleague,", 14.5)
    history, treatment, care = (printable(doc, REPORT[topic]) for topic in ("history", "treatment", "care"))
    texts = [f"we report on the following patient of our hospital. {history}", treatment, care, advice(doc, 4)]
    regards = doc.pick("With kind regards,", "Yours sincerely,", "With best regards,")
    texts.append(regards if doc.page + 1 == doc.pages else "")
    items = [("", text) for text in texts if text]
    parts.flow(doc, m, y + 8, w, HEIGHT - 172, items, 14.5, gap=9)
    closing(doc, m, HEIGHT - 164, w, kind="qr")
    parts.footer(doc, m, w)


def boxed(doc: Doc, *, outlined: bool = False) -> None:
    """Draw a form of boxes with small captions and filled section bars; `outlined` has lines and the findings first."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(30, 34, 38)
    w = WIDTH - 2 * m
    if outlined:
        sheet.rule(m, 100, m + w, 100, look.accent, 2)
        parts.logo(doc, m + 12, 38, 54)
    else:
        sheet.fill((m, 30, m + w, 100), look.accent)
        parts.logo(doc, m + 12, 38, 54, paper=look.accent, color=WHITE)
    strong, faint, head = (look.accent, GRAY, "rule") if outlined else (WHITE, PALE, "bar")
    parts.organization(doc, (m + 80, 38, m + w - 190, 68), 18, fill=strong)
    parts.contact(doc, (m + 80, 70, m + w - 190, 90), fill=faint)
    right = (m + w - 186, m + w - 10)
    sheet.label((right[0], 40, right[1], 66), look.heading(doc.title), 15, weight="bold", fill=strong, align="right")
    sheet.label((right[0], 68, right[1], 90), f"No. {doc.number}", 12, fill=faint, align="right")
    x, inner = m + 12, w - 24
    wide, high = 140, 178
    y = parts.section(doc, x, 110, inner, "A. Patient", style=head)
    start = x + wide + 10 if look.mirror else x
    parts.photo(doc, x if look.mirror else x + inner - wide, y + 2, wide, high)
    lines: parts.Lines = [
        [("name", 1)],
        [("birth_date", 1.3), ("gender", 0.8), ("nationality", 1.2)],
        [("home_address", 1)],
        [("insurance_number", 1), ("age", 0.4)],
    ]
    below = parts.grid(doc, start, y + 2, inner - wide - 10, lines)
    admission: parts.Lines = [
        [("admission_date", 1.1), ("discharge_date", 1.1), ("room", 0.5)],
        [("attending_physician", 1.4), ("department", 1), ("blood_type", 0.8)],
    ]
    findings: parts.Lines = [[("diagnosis", 1)], [("medication", 1), ("allergy", 1)], [(key, 1) for key in READINGS]]
    blocks = [("Admission", admission), ("Findings and treatment", findings)]
    blocks = [(title, block) for title, block in blocks if doc.has(*(key for line in block for key, _ in line))]
    marks = iter("BCDE")
    y = max(below, y + high)
    for title, block in reversed(blocks) if outlined else blocks:
        y = parts.section(doc, x, y + 12, inner, f"{next(marks)}. {title}", style=head)
        y = parts.grid(doc, x, y, inner, block, size=13 if outlined else 14)
    y = parts.section(doc, x, y + 12, inner, f"{next(marks)}. Performed during the stay", style=head)
    y = checklist(doc, x + 8, y + 5, inner - 8, 3, 3)
    parts.remarks(doc, x, y + 8, inner, HEIGHT - 196, style=head)
    y = HEIGHT - 194
    if doc.page + 1 == doc.pages:
        y = parts.section(doc, x, y, inner, f"{next(marks)}. Confirmation", style=head)
    closing(doc, x + 8, y + 12, inner - 16, kind="qr" if look.variant % 2 else "bar")
    sheet.frame((m, 30, m + w, HEIGHT - 48), look.accent, line=2)
    parts.footer(doc, m, w, HEIGHT - 44)


def sidebar(doc: Doc) -> None:
    """Draw a tinted column with the patient, the clinical part beside it."""
    sheet, look = doc.sheet, doc.look
    wide = doc.pick(206, 218, 230)
    edge = 0 if look.mirror else WIDTH - wide
    sheet.fill((edge, 0, edge + wide, HEIGHT), look.tint(doc.pick(0.14, 0.2, 0.26)))
    sheet.fill((edge, 0, edge + wide, 14), look.accent)
    s, sw = edge + 26, wide - 50
    size = min(sw, 164)
    parts.photo(doc, s + (sw - size) // 2, 44, size, round(size * 1.27))
    y = 44 + round(size * 1.27) + 12
    sheet.value("name", (s, y, s + sw, y + 42), 16, weight="bold", align="center")
    y += 54
    keys = ("birth_date", "gender", "nationality", "blood_type", "allergy", "insurance_number", "home_address")
    for key in doc.has(*keys):
        height = 60 if key == "home_address" else 24
        sheet.label((s, y, s + sw, y + 16), look.heading(doc.caption(key)), 11, weight="bold", fill=look.accent)
        sheet.value(key, (s, y + 17, s + sw, y + 17 + height), 14, middle=False)
        y += 17 + height + 9
    parts.code(doc, s + sw // 2 + 32, HEIGHT - 140, kind="qr")
    sheet.label((s, HEIGHT - 70, s + sw, HEIGHT - 54), doc.number, 11, align="center", family="mono")
    x = wide + 30 if look.mirror else 36
    w = WIDTH - wide - 66
    parts.logo(doc, x, 34, 52)
    parts.organization(doc, (x + 62, 34, x + w, 66), 18)
    parts.contact(doc, (x + 62, 66, x + w, 86))
    sheet.label((x, 106, x + w, 140), look.heading(doc.title), 21, weight="bold")
    style = doc.pick("rule", "tab")
    y = parts.section(doc, x, 154, w, "Stay", style=style)
    y = parts.rows(doc, x, y, w, doc.has(*STAY), label=150, style="dots", high=27)
    for key in doc.has("diagnosis", "medication"):
        y = parts.section(doc, x, y + 14, w, doc.caption(key), style=style)
        sheet.value(key, (x, y, x + w, y + 32), 16, weight="bold" if key == "diagnosis" else "regular")
        y += 34
    y = parts.section(doc, x, y + 12, w, "Course", style=style)
    y = parts.flow(doc, x, y, w, HEIGHT - 262, [("", printable(doc, REPORT["care"])), ("", advice(doc, 3))], 13.5)
    if doc.has(*READINGS):
        y = parts.section(doc, x, y + 14, w, "Vital signs", style=style)
        y = parts.readings(doc, x, y + 2, w, doc.has(*READINGS))
    parts.remarks(doc, x, y + 14, w, HEIGHT - 190, style=style)
    closing(doc, x, HEIGHT - 162, w)
    parts.footer(doc, x, w)


def cards(doc: Doc) -> None:
    """Draw rounded cards in two columns under a full-width band."""
    sheet, look = doc.sheet, doc.look
    sheet.fill((0, 0, WIDTH, 128), look.accent)
    sheet.fill((0, 128, WIDTH, 134), look.second)
    m, wide, high = 34, 144, 183
    w = WIDTH - 2 * m
    px = m + 8 if look.mirror else WIDTH - m - wide - 8
    tx = m + wide + 32 if look.mirror else m
    room = w - wide - 36
    parts.logo(doc, tx, 32, 60, paper=look.accent, color=WHITE)
    parts.organization(doc, (tx + 72, 32, tx + room, 64), 19, fill=WHITE)
    parts.contact(doc, (tx + 72, 66, tx + room, 86), fill=PALE)
    sheet.fill((px - 6, 34, px + wide + 5, 40 + high + 5), WHITE)
    parts.photo(doc, px, 40, wide, high)
    sheet.label((tx, 144, tx + room, 172), look.heading(doc.title), 19, weight="bold", fill=look.accent)
    sheet.value("name", (tx, 176, tx + room, 206), 19, weight="bold")
    half = (w - 14) // 2
    second = m + half + 14

    def card(x: int, y: int, width: int, height: int, title: str) -> int:
        sheet.fill((x, y, x + width, y + height), look.tint(0.06), radius=9)
        sheet.frame((x, y, x + width, y + height), look.tint(0.5), radius=9)
        sheet.label((x + 12, y + 6, x + width - 12, y + 26), look.heading(title), 12.5, weight="bold", fill=look.accent)
        return y + 30

    def table(
        x: int, y: int, width: int, height: int, title: str, keys: tuple[str, ...], label: int, *,
        size: float = 13.5, high: int = 27, tall: int = 46,
    ) -> None:  # fmt: skip
        top, present = card(x, y, width, height, title), doc.has(*keys)
        parts.rows(doc, x + 8, top, width - 16, present, label=label, size=size, high=high, tall=tall, style="plain")

    y = 240
    table(m, y, half, 212, "Patient", IDENTITY[1:], 122)
    table(second, y, half, 212, "Stay", (*STAY, "blood_type"), 132)
    y += 226
    if doc.has(*CLINICAL[:3]):
        table(m, y, w, 136, "Clinical data", CLINICAL[:3], 160, size=15, high=25, tall=33)
        y += 150
    if doc.has(*READINGS):
        y = parts.readings(doc, m, y, w, doc.has(*READINGS)) + 14
    top = card(m, y, half, 162, "Performed during the stay")
    checklist(doc, m + 14, top, half - 20, 1, 6)
    top = card(second, y, half, 162, "Notes")
    parts.flow(doc, second + 14, top, half - 28, top + 128, [("", advice(doc, 2))], 13)
    closing(doc, m + 8, HEIGHT - 166, w - 16, kind="bar")
    parts.footer(doc, m, w)


LAYOUTS: Layouts = {
    "table form": table_form,
    "banded form": partial(table_form, banded=True),
    "letter": letter,
    "ruled letter": partial(letter, ruled=True),
    "boxes": boxed,
    "outlined boxes": partial(boxed, outlined=True),
    "sidebar": sidebar,
    "cards": cards,
}
"""Name -> function that fills the sheet."""
