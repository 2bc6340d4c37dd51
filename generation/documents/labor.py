"""Layouts of labor contracts."""

import re

from . import parts
from .doc import HEIGHT, WIDTH, Doc
from .wording import CLAUSES

PERSON = ("name", "birth_date", "nationality", "national_id", "bank_account")
TERMS = ("position", "monthly_salary", "start_date", "contract_term", "end_date", "notice_period")
PARTIES = "This contract is made between {employer:330}, hereinafter the Employer, and {name:240}, holder of national ID number {national_id:200}, hereinafter the Employee."


def clauses(doc: Doc) -> list[tuple[str, str]]:
    """(heading, text) of the clauses, without sentences whose facts the profile lacks."""
    out = []
    for heading, sentences in CLAUSES:
        text = " ".join(s for s in sentences if all(doc.lookup(key) for key in re.findall(r"\{(\w+):", s)))
        if text:
            out.append((heading, text))
    return out


def numbered(doc: Doc, style: str, index: int, heading: str) -> str:
    return {"article": f"Article {index}. {heading}", "section": f"§ {index}  {heading}", "plain": f"{index}. {heading}"}[style]


def signatures(doc: Doc, x: int, y: int, width: int, *, gap: int = 60) -> int:
    """Both parties sign; returns the y below."""
    half = (width - gap) // 2
    first, second = (x, x + half + gap) if not doc.look.mirror else (x + half + gap, x)
    parts.sign(doc, first, y, half, "For the Employer", key="employer", stream=5)
    return parts.sign(doc, second, y, half, "The Employee", key="name", stream=4)


def articles(doc: Doc) -> None:
    """The classic contract: centred title, parties, numbered articles with blanks."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(48, 54, 60)
    w = WIDTH - 2 * m
    wide, high = 118, 150
    side = m if look.mirror else m + w - wide
    start = m + wide + 20 if look.mirror else m
    room = w - wide - 24
    parts.logo(doc, start, 32, 46)
    parts.organisation(doc, (start + 56, 32, start + room, 60), 16)
    parts.address_line(doc, (start + 56, 60, start + room, 78))
    parts.photo(doc, side, 34, wide, high)
    sheet.label((start, 96, start + room, 134), look.heading(doc.title), 23, weight="bold", align="center")
    sheet.label((start, 134, start + room, 154), f"No. {doc.number}", 12.5, align="center", fill=(90, 90, 98))
    sheet.rule(m, 196, m + w, 196, look.accent, 2)
    y = sheet.paragraph(m, 206, w, PARTIES, 13.5, spacing=1.32)
    style = doc.pick("article", "section", "plain")
    for index, (heading, text) in enumerate(clauses(doc), 1):
        sheet.label((m - 2, y + 4, m + w, y + 23), numbered(doc, style, index, heading), 13, weight="bold", fill=look.accent)
        y = sheet.paragraph(m, y + 24, w, text, 13, spacing=1.24)
    y = HEIGHT - 168
    signatures(doc, m, y, w, gap=130)
    parts.stamp(doc, m + w // 2 - 56, y - 4, 110)
    parts.footer(doc, m, w)


def particulars(doc: Doc) -> None:
    """A form of boxes for the particulars, clauses in small print below."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(30, 36)
    w = WIDTH - 2 * m
    sheet.frame((m, 28, m + w, HEIGHT - 52), look.accent, line=2)
    x, inner = m + 14, w - 28
    parts.logo(doc, x, 40, 56)
    parts.organisation(doc, (x + 68, 40, x + inner - 210, 70), 17)
    parts.address_line(doc, (x + 68, 72, x + inner - 210, 90))
    parts.code(doc, x + inner, 42, kind="bar", high=32)
    sheet.fill((m, 106, m + w, 138), look.accent)
    sheet.label((x, 106, x + inner, 138), look.heading(doc.title), 18, weight="bold", fill=(255, 255, 255), align="center")
    wide, high = 132, 168
    y = parts.section(doc, x, 148, inner, "1. Employee", style="tab")
    left = x if look.mirror else x + inner - wide
    start = x + wide + 10 if look.mirror else x
    parts.photo(doc, left, y, wide, high)
    below = parts.grid(
        doc, start, y, inner - wide - 10,
        [[("name", 1)], [("birth_date", 1), ("nationality", 1)], [("national_id", 1)], [("bank_account", 1)]],
    )  # fmt: skip
    y = parts.section(doc, x, max(below, y + high) + 10, inner, "2. Employment", style="tab")
    y = parts.grid(
        doc, x, y, inner,
        [[("employer", 1)], [("position", 1.4), ("monthly_salary", 1)], [("start_date", 1), ("contract_term", 1), ("end_date", 1)],
         [("weekly_hours", 1), ("notice_period", 1), ("department", 1)]],
    )  # fmt: skip
    y = parts.section(doc, x, y + 10, inner, "3. Conditions", style="tab")
    plain = [(h, t) for h, t in clauses(doc) if "{" not in t]
    for heading, text in plain:
        y = sheet.paragraph(x, y + 2, inner, f"{heading}. {text}", 12.5, spacing=1.14)
    y = HEIGHT - 172
    signatures(doc, x, y, inner, gap=150)
    parts.stamp(doc, x + inner // 2 - 54, y - 2, 108)
    parts.footer(doc, m, w)


def keyterms(doc: Doc) -> None:
    """Clauses in the main column, the person and key terms in a tinted column."""
    sheet, look = doc.sheet, doc.look
    wide = doc.pick(214, 226)
    edge = WIDTH - wide if not look.mirror else 0
    sheet.fill((edge, 0, edge + wide, HEIGHT), look.tint(doc.pick(0.13, 0.18, 0.24)))
    rim = edge if not look.mirror else edge + wide - 5
    sheet.fill((rim, 0, rim + 5, HEIGHT), look.accent)
    s, sw = edge + 26, wide - 50
    size = min(sw, 150)
    parts.photo(doc, s + (sw - size) // 2, 40, size, round(size * 1.27))
    y = 40 + round(size * 1.27) + 10
    sheet.value("name", (s, y, s + sw, y + 44), 16, weight="bold", align="center")
    y += 50
    for key in doc.has("birth_date", "national_id", "bank_account", "position", "monthly_salary", "start_date", "contract_term", "end_date", "notice_period"):
        height = {"position": 44, "bank_account": 40}.get(key, 25)
        sheet.label((s, y, s + sw, y + 15), look.heading(doc.caption(key)), 10, weight="bold", fill=look.accent)
        sheet.value(key, (s, y + 16, s + sw, y + 16 + height), 13.5, middle=False)
        y += 16 + height + 6
    parts.code(doc, s + sw // 2 + 32, HEIGHT - 124, kind="qr")
    x = wide + 30 if look.mirror else 38
    w = WIDTH - wide - 68
    parts.logo(doc, x, 34, 50)
    parts.organisation(doc, (x + 60, 32, x + w, 68), 16)
    parts.address_line(doc, (x + 60, 68, x + w, 86))
    sheet.label((x, 104, x + w, 136), look.heading(doc.title), 21, weight="bold")
    sheet.label((x, 136, x + w, 154), f"No. {doc.number}", 12, fill=(90, 90, 98))
    y = sheet.paragraph(x, 164, w, PARTIES, 13, spacing=1.3)
    for index, (heading, text) in enumerate(clauses(doc), 1):
        if index > 7:
            break
        y = parts.section(doc, x, y + 4, w, f"{index}. {heading}", style="plain", size=12.5) - 2
        y = sheet.paragraph(x, y, w, text, 12.5, spacing=1.22)
    y = HEIGHT - 150
    signatures(doc, x, y, w, gap=40)
    parts.stamp(doc, x + w // 2 - 40, y - 74, 100)
    parts.footer(doc, x, w)


def columns(doc: Doc) -> None:
    """A schedule on top, clauses in two columns below."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(36, 42)
    w = WIDTH - 2 * m
    sheet.fill((m, 30, m + w, 34), look.accent)
    sheet.label((m, 42, m + w, 76), look.heading(doc.title), 24, weight="bold", align="center")
    sheet.fill((m, 82, m + w, 83), look.accent)
    wide, high = 128, 164
    side = m if look.mirror else m + w - wide
    start = m + wide + 16 if look.mirror else m
    room = w - wide - 16
    parts.logo(doc, start, 96, 44)
    parts.organisation(doc, (start + 54, 94, start + room, 124), 16)
    parts.address_line(doc, (start + 54, 124, start + room, 142))
    parts.photo(doc, side, 96, wide, high)
    y = parts.rows(doc, start, 150, room, doc.has("name", "birth_date", "national_id", "bank_account"), label=150, high=27, style="lines")
    y = parts.section(doc, m, 274, w, "Schedule", style="bar")
    y = parts.rows(doc, m, y, w, doc.has("employer", "position", "monthly_salary", "start_date", "contract_term", "end_date"), label=190, style=doc.pick("grid", "zebra"))
    half = (w - 26) // 2
    texts = [(h, t) for h, t in clauses(doc) if not {"position", "start_date", "monthly_salary"} & set(re.findall(r"\{(\w+):", t))]
    texts.insert(0, ("Subject", "The Employer engages the Employee on the terms of the schedule above, which is part of this contract."))
    texts.insert(1, ("Remuneration", "The salary stated in the schedule is gross and is paid at the end of each month to the account named above."))
    tops = [y + 14, y + 14]
    for index, (heading, text) in enumerate(texts):
        side = index * 2 // len(texts)
        cx = m + side * (half + 26)
        sheet.label((cx - 2, tops[side], cx + half, tops[side] + 19), f"{index + 1}. {heading}", 12.5, weight="bold", fill=look.accent)
        tops[side] = sheet.paragraph(cx, tops[side] + 19, half, text, 12.5, spacing=1.18) + 6
    sheet.rule(m + half + 13, y + 18, m + half + 13, max(tops), look.tint(0.5))
    y = HEIGHT - 168
    signatures(doc, m, y, w, gap=140)
    parts.stamp(doc, m + w // 2 - 58, y - 8, 114)
    parts.code(doc, m + w, y - 62, kind="qr")
    parts.footer(doc, m, w)


def certificate(doc: Doc) -> None:
    """An ornamental border, the agreement told in a few sentences, a table of terms."""
    sheet, look = doc.sheet, doc.look
    for inset, line in ((20, 3), (27, 1)):
        sheet.frame((inset, inset, WIDTH - inset, HEIGHT - inset), look.accent, line=line)
    for cx in (27, WIDTH - 27):
        for cy in (27, HEIGHT - 27):
            sheet.fill((cx - 7, cy - 7, cx + 7, cy + 7), look.second)
    m = 56
    w = WIDTH - 2 * m
    parts.logo(doc, (WIDTH - 60) // 2, 44, 60)
    parts.organisation(doc, (m, 108, m + w, 138), 19, align="center")
    parts.address_line(doc, (m, 138, m + w, 156), align="center")
    sheet.label((m, 162, m + w, 200), look.heading(doc.title), 25, weight="bold", align="center")
    sheet.rule(WIDTH / 2 - 90, 204, WIDTH / 2 + 90, 204, look.second, 2)
    wide, high = 128, 163
    side = m if look.mirror else m + w - wide
    start = m + wide + 20 if look.mirror else m
    room = w - wide - 20
    parts.photo(doc, side, 220, wide, high)
    intro = "The undersigned agree that {name:220} enters the service of {employer:300} as {position:280}, on the terms set out below."
    sheet.paragraph(start, 220, room, intro, 14.5, spacing=1.5, justify=False)
    sheet.label((start, 358, start + room, 382), f"Contract no. {doc.number}", 12.5, fill=(90, 90, 98))
    y = parts.section(doc, m, 402, w, "Terms", style=doc.pick("rule", "plain"))
    y = parts.rows(doc, m, y, w, doc.has("monthly_salary", "start_date", "contract_term", "end_date", "national_id", "bank_account", "weekly_hours", "notice_period"), label=210, high=28, style=doc.pick("dots", "zebra", "lines"))
    y += 10
    for heading, text in [(h, t) for h, t in clauses(doc) if "{" not in t][:3]:
        y = sheet.paragraph(m, y + 3, w, f"{heading}. {text}", 13, spacing=1.16)
    y = HEIGHT - 192
    signatures(doc, m, y, w, gap=130)
    parts.stamp(doc, WIDTH // 2 - 56, y - 6, 112)
    parts.code(doc, m + w, HEIGHT - 250, kind="qr") if look.variant % 2 else None
    parts.footer(doc, m, w, HEIGHT - 70)


LAYOUTS = (articles, particulars, keyterms, columns, certificate)
