"""Layouts of medical reports."""

import re

from . import parts
from .doc import HEIGHT, WIDTH, Doc
from .wording import ADVICE, CHECKS, REPORT

IDENTITY = ("name", "birth_date", "gender", "nationality", "home_address", "insurance_number")
CLINICAL = ("admission_date", "department", "attending_physician", "diagnosis", "medication", "allergy", "blood_type")


def told(doc: Doc, *topics: str) -> str:
    """The sentences of the topics whose facts the profile has."""
    sentences = [s for topic in topics for s in REPORT[topic]]
    return " ".join(s for s in sentences if all(doc.lookup(key) for key in re.findall(r"\{(\w+):", s)))


def advice(doc: Doc, count: int) -> str:
    order = doc.stream(8).permutation(len(ADVICE))
    return " ".join(ADVICE[i] for i in sorted(order[:count]))


def vitals(doc: Doc) -> list[tuple[str, str]]:
    """Unremarkable readings on the day of the report; they say nothing about any fact asked for."""
    rng = doc.stream(7)
    return [
        ("Pulse", f"{rng.integers(58, 88)} /min"),
        ("Temperature", f"{rng.uniform(36.2, 37.1):.1f} °C"),
        ("Respiration", f"{rng.integers(12, 18)} /min"),
        ("Oxygen saturation", f"{rng.integers(95, 100)} %"),
    ]


def vitals_table(doc: Doc, x: int, y: int, width: int) -> int:
    """Readings in one line of boxes; returns the y below."""
    sheet, look = doc.sheet, doc.look
    readings = vitals(doc)
    step = width / len(readings)
    for k, (name, reading) in enumerate(readings):
        box = (round(x + k * step), y, round(x + (k + 1) * step), y + 42)
        sheet.frame(box, look.tint(0.5))
        sheet.fill((box[0] + 1, y + 1, box[2] - 1, y + 18), look.tint(0.12))
        sheet.label((box[0] + 3, y + 1, box[2] - 3, y + 18), name, 10.5, align="center", fill=(70, 70, 78))
        sheet.label((box[0] + 3, y + 19, box[2] - 3, y + 41), reading, 13, align="center", family=look.value_family)
    return y + 42


def checklist(doc: Doc, x: int, y: int, width: int, columns: int = 2, lines: int = 3) -> int:
    """Boxes ticked or left empty; returns the y below."""
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


def table_form(doc: Doc) -> None:
    """Letterhead, photo, two tables, text, signature."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(38, 44, 50)
    w = WIDTH - 2 * m
    parts.logo(doc, m, 34, 62)
    parts.organisation(doc, (m + 76, 34, m + w - 10, 66), 21)
    parts.address_line(doc, (m + 76, 68, m + w - 10, 86))
    sheet.rule(m, 104, m + w, 104, look.accent, 3)
    sheet.label((m, 112, m + 400, 142), look.heading(doc.title), 20, weight="bold")
    parts.code(doc, m + w, 116, kind="bar", high=22)
    style = doc.pick("lines", "grid", "zebra")
    wide, high = 142, 180
    side = m if look.mirror else m + w - wide
    start = m + wide + 16 if look.mirror else m
    top = 166
    parts.photo(doc, side, top, wide, high)
    y = parts.rows(doc, start, top, w - wide - 16, doc.has(*IDENTITY), label=140, style=style)
    y = parts.section(doc, m, max(y, top + high) + 14, w, "Clinical data", style=doc.pick("bar", "rule", "tab"))
    y = parts.rows(doc, m, y, w, doc.has(*CLINICAL), label=190, style=style)
    y = parts.section(doc, m, y + 14, w, "Vital signs on the day of the report", style="plain")
    y = vitals_table(doc, m, y, w)
    y = sheet.paragraph(m, y + 14, w, advice(doc, 3), 13.5)
    y = max(y + 18, HEIGHT - 190)
    parts.sign(doc, m if not look.mirror else m + w - 240, y, 240, "Attending physician", key="attending_physician")
    parts.stamp(doc, (m + 380) if not look.mirror else m + 150, y - 14)
    parts.footer(doc, m, w)


def letter(doc: Doc) -> None:
    """A letter: address window, subject lines, running text with filled-in blanks, signature."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(52, 58, 64)
    w = WIDTH - 2 * m
    parts.logo(doc, (WIDTH - 58) // 2, 28, 58)
    parts.organisation(doc, (m, 90, m + w, 120), 20, align="center")
    parts.address_line(doc, (m, 120, m + w, 138), align="center")
    sheet.rule(m + 150, 144, m + w - 150, 144, look.second, 2)
    wide, high = 124, 158
    side = m if look.mirror else m + w - wide
    start = m + wide + 22 if look.mirror else m
    top = 164
    parts.photo(doc, side, top, wide, high)
    room = w - wide - 30
    sheet.label((start, top, start + room, top + 16), "Patient", 11, fill=(100, 100, 108))
    sheet.value("name", (start, top + 17, start + room, top + 41), 16, weight="bold")
    sheet.label((start, top + 46, start + room, top + 61), doc.caption("home_address"), 11, fill=(100, 100, 108))
    sheet.value("home_address", (start, top + 62, start + room, top + 104), 14)
    known = doc.has("birth_date", "gender")
    for k, key in enumerate(known):
        x = start + k * room // 2
        sheet.label((x, top + 112, x + room // 2 - 8, top + 127), doc.caption(key), 11, fill=(100, 100, 108))
        sheet.value(key, (x, top + 128, x + room // 2 - 8, top + 150), 13.5)
    y = top + high + 22
    sheet.label((m, y, m + w, y + 28), look.heading(doc.title), 19, weight="bold", fill=look.accent)
    sheet.label((m, y + 28, m + w, y + 46), f"Our reference: {doc.number}", 12, fill=(90, 90, 98))
    y = sheet.paragraph(m, y + 58, w, "Dear colleague,", 14.5)
    y = sheet.paragraph(m, y + 6, w, "we report on the following patient of our hospital. " + told(doc, "history"), 14.5, spacing=1.3)
    y = sheet.paragraph(m, y + 8, w, told(doc, "treatment"), 14.5, spacing=1.3)
    y = sheet.paragraph(m, y + 8, w, told(doc, "care"), 14.5, spacing=1.3)
    y = sheet.paragraph(m, y + 8, w, advice(doc, 3), 14.5, spacing=1.2)
    sheet.paragraph(m, y + 10, w, doc.pick("With kind regards,", "Yours sincerely,", "With best regards,"), 14.5)
    y = HEIGHT - 172
    parts.sign(doc, m, y, 250, "Attending physician", key="attending_physician")
    parts.stamp(doc, m + 290, y - 8, 112)
    parts.code(doc, m + w, y + 16, kind="qr")
    parts.footer(doc, m, w)


def boxed(doc: Doc) -> None:
    """A form of boxes with small captions and filled section bars."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(30, 34, 38)
    w = WIDTH - 2 * m
    sheet.frame((m, 30, m + w, HEIGHT - 52), look.accent, line=2)
    sheet.fill((m, 30, m + w, 100), look.accent)
    parts.logo(doc, m + 12, 38, 54, paper=look.accent, color=(255, 255, 255))
    parts.organisation(doc, (m + 80, 38, m + w - 190, 68), 18, fill=(255, 255, 255))
    parts.address_line(doc, (m + 80, 70, m + w - 190, 90), fill=(236, 236, 240))
    sheet.label((m + w - 186, 40, m + w - 10, 66), look.heading(doc.title), 15, weight="bold", fill=(255, 255, 255), align="right")
    sheet.label((m + w - 186, 68, m + w - 10, 90), f"No. {doc.number}", 12, fill=(236, 236, 240), align="right")
    x, inner = m + 12, w - 24
    wide, high = 136, 172
    y = parts.section(doc, x, 112, inner, "A. Patient")
    left = x if look.mirror else x + inner - wide
    start = x + wide + 10 if look.mirror else x
    parts.photo(doc, left, y + 2, wide, high)
    below = parts.grid(
        doc, start, y + 2, inner - wide - 10,
        [[("name", 1)], [("birth_date", 1.2), ("gender", 0.8), ("nationality", 1.2)], [("home_address", 1)], [("insurance_number", 1)]],
    )  # fmt: skip
    y = parts.section(doc, x, max(below, y + high) + 14, inner, "B. Admission")
    y = parts.grid(doc, x, y, inner, [[("admission_date", 1), ("department", 1.3), ("blood_type", 0.8)], [("attending_physician", 1)]])
    y = parts.section(doc, x, y + 12, inner, "C. Findings and treatment")
    y = parts.grid(doc, x, y, inner, [[("diagnosis", 1)], [("medication", 1)], [("allergy", 1)]])
    y = parts.section(doc, x, y + 12, inner, "D. Performed during the stay")
    y = checklist(doc, x + 8, y + 6, inner - 8, 3, 3)
    y = parts.section(doc, x, y + 10, inner, "E. Confirmation")
    y += 6
    sign_at = x + inner - 250 if look.mirror else x + 6
    parts.sign(doc, sign_at, y, 230, "Signature of the attending physician", key="attending_physician")
    parts.stamp(doc, x + 20 if look.mirror else x + inner - 150, y - 6, 108)
    parts.code(doc, x + inner // 2 + 66, y + 20, kind="qr" if look.variant % 2 else "bar")
    parts.footer(doc, m, w)


def sidebar(doc: Doc) -> None:
    """A tinted column with the patient, the clinical part beside it."""
    sheet, look = doc.sheet, doc.look
    wide = doc.pick(206, 218, 230)
    edge = 0 if look.mirror else WIDTH - wide
    sheet.fill((edge, 0, edge + wide, HEIGHT), look.tint(doc.pick(0.14, 0.2, 0.26)))
    sheet.fill((edge, 0, edge + wide, 14), look.accent)
    s, sw = edge + 26, wide - 50
    size = min(sw, 160)
    parts.photo(doc, s + (sw - size) // 2, 44, size, round(size * 1.27))
    y = 44 + round(size * 1.27) + 12
    sheet.value("name", (s, y, s + sw, y + 44), 16, weight="bold", align="center")
    y += 54
    for key in doc.has("birth_date", "gender", "nationality", "blood_type", "allergy", "insurance_number", "home_address"):
        height = {"home_address": 76, "allergy": 44}.get(key, 26)
        sheet.label((s, y, s + sw, y + 16), look.heading(doc.caption(key)), 10.5, weight="bold", fill=look.accent)
        sheet.value(key, (s, y + 17, s + sw, y + 17 + height), 13.5, middle=False)
        y += 17 + height + 7
    parts.code(doc, s + sw // 2 + 32, HEIGHT - 150, kind="qr")
    sheet.label((s, HEIGHT - 80, s + sw, HEIGHT - 64), doc.number, 10.5, align="center", family="mono")
    x = wide + 30 if look.mirror else 36
    w = WIDTH - wide - 66
    parts.logo(doc, x, 34, 52)
    parts.organisation(doc, (x + 62, 34, x + w, 68), 18)
    parts.address_line(doc, (x + 62, 68, x + w, 86))
    sheet.label((x, 110, x + w, 142), look.heading(doc.title), 21, weight="bold")
    style = doc.pick("rule", "tab")
    y = parts.section(doc, x, 156, w, "Admission", style=style)
    y = parts.rows(doc, x, y, w, doc.has("admission_date", "department", "attending_physician"), label=150, style="dots")
    for title, key in (("Diagnosis", "diagnosis"), ("Medication", "medication")):
        y = parts.section(doc, x, y + 14, w, title, style=style)
        sheet.value(key, (x, y, x + w, y + 42), 15, weight="bold" if key == "diagnosis" else "regular")
        y += 44
    y = parts.section(doc, x, y + 14, w, "Course", style=style)
    y = sheet.paragraph(x, y, w, told(doc, "care") + " " + advice(doc, 3), 13.5, spacing=1.22)
    y = parts.section(doc, x, y + 14, w, "Vital signs on the day of the report", style=style)
    y = vitals_table(doc, x, y, w)
    y = HEIGHT - 176
    parts.sign(doc, x, y, 220, "Attending physician", key="attending_physician")
    parts.stamp(doc, x + w - 150, y - 10, 112)
    parts.footer(doc, x, w)


def cards(doc: Doc) -> None:
    """Rounded cards in two columns under a full-width band."""
    sheet, look = doc.sheet, doc.look
    sheet.fill((0, 0, WIDTH, 128), look.accent)
    sheet.fill((0, 128, WIDTH, 134), look.second)
    m = 34
    w = WIDTH - 2 * m
    wide, high = 138, 174
    px = m + 8 if look.mirror else WIDTH - m - wide - 8
    tx = m + wide + 32 if look.mirror else m
    parts.logo(doc, tx, 32, 60, paper=look.accent, color=(255, 255, 255))
    room = w - wide - 36
    parts.organisation(doc, (tx + 72, 30, tx + room, 64), 19, fill=(255, 255, 255))
    parts.address_line(doc, (tx + 72, 66, tx + room, 86), fill=(236, 236, 240))
    sheet.fill((px - 6, 34, px + wide + 5, 34 + high + 11), (255, 255, 255))
    parts.photo(doc, px, 40, wide, high)
    sheet.label((tx, 146, tx + room, 174), look.heading(doc.title), 19, weight="bold", fill=look.accent)
    sheet.value("name", (tx, 176, tx + room, 204), 18, weight="bold")
    half = (w - 14) // 2
    columns = (m, m + half + 14)

    def card(x: int, y: int, width: int, title: str, height: int) -> int:
        sheet.fill((x, y, x + width, y + height), look.tint(0.06), radius=9)
        sheet.frame((x, y, x + width, y + height), look.tint(0.5), radius=9)
        sheet.label((x + 12, y + 6, x + width - 12, y + 26), look.heading(title), 12, weight="bold", fill=look.accent)
        return y + 28

    y = 236
    top = card(columns[0], y, half, "Patient", 206)
    parts.rows(doc, columns[0] + 10, top, half - 20, doc.has("birth_date", "gender", "nationality", "insurance_number", "home_address"), label=112, size=13, tall=64, style="plain")
    top = card(columns[1], y, half, "Admission", 206)
    parts.rows(doc, columns[1] + 10, top, half - 20, doc.has("admission_date", "department", "attending_physician", "blood_type", "allergy"), label=118, size=13, tall=60, style="plain")
    y += 220
    top = card(m, y, w, "Diagnosis and medication", 126)
    parts.rows(doc, m + 10, top, w - 20, ["diagnosis", "medication"], label=160, size=15, tall=46, style="plain")
    y += 140
    top = card(columns[0], y, half, "Performed during the stay", 164)
    checklist(doc, columns[0] + 14, top + 4, half - 20, 1, 6)
    top = card(columns[1], y, half, "Notes", 164)
    sheet.paragraph(columns[1] + 14, top + 2, half - 28, advice(doc, 2), 12.5, justify=False)
    y += 182
    parts.sign(doc, m + 8 if not look.mirror else m + w - 248, y + 6, 240, "Attending physician", key="attending_physician")
    parts.stamp(doc, m + 276 if not look.mirror else m + 250, y - 2, 116)
    parts.code(doc, m + w - 6 if not look.mirror else m + 190, y + 24, kind="bar")
    parts.footer(doc, m, w)


LAYOUTS = (table_form, letter, boxed, sidebar, cards)
