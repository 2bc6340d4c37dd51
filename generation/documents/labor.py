"""Layouts of labor contracts; each fills the sheet of a `Doc`."""

from functools import partial

from lethebench.generation.documents import parts
from lethebench.generation.documents.doc import Doc, Layouts, printable
from lethebench.generation.documents.look import GRAY
from lethebench.generation.documents.sheet import HEIGHT, INK, WIDTH
from lethebench.generation.documents.wording import CLAUSES, PARTIES, SCHEDULE_CLAUSES, SERVICE
from lethebench.generation.drawing.color import WHITE

TERM_FACTS = ("start_date", "contract_term", "end_date")
CONDITION_FACTS = ("working_hours", "annual_leave", "probation_period", "notice_period", "pay_day")


def clauses(doc: Doc, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return (heading, text) of the page's clauses, without sentences on these facts or on facts that are absent."""
    texts = [
        (heading, printable(doc, sentences, without))
        for heading, sentences in CLAUSES
        if doc.page == any(f"{{{key}:" in sentence for key in doc.continued for sentence in sentences)
    ]
    return [(heading, text) for heading, text in texts if text]


def numbered(items: list[tuple[str, str]], pattern: str = "{}. {}") -> list[tuple[str, str]]:
    """Return the clauses with numbered headings."""
    return [(pattern.format(index, heading), text) for index, (heading, text) in enumerate(items, 1)]


def run_in(items: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the clauses with headings in the line instead of above it."""
    return [("", f"{heading}: {text}") for heading, text in items]


def signatures(doc: Doc, x: int, y: int, width: int, *, gap: int) -> None:
    """Draw both signatures with the stamp between them."""
    if doc.page + 1 < doc.pages:
        return parts.initial(doc, x, y, width)
    half = (width - gap) // 2
    first, second = (x, x + half + gap) if not doc.look.mirror else (x + half + gap, x)
    parts.sign(doc, first, y, half, "For the Employer", key=doc.has("signatory", "employer")[0], stream=5)
    parts.sign(doc, second, y, half, "The Employee", key="name", stream=4)
    parts.stamp(doc, x + (width - 112) // 2, y - 10)


def articles(doc: Doc, *, banded: bool = False) -> None:
    """Draw the contract: title, parties, numbered articles with blanks; `banded` has colored bars beside it."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(46, 52, 58)
    w = WIDTH - 2 * m
    wide, high = 126, 160
    start = m + wide + 20 if look.mirror else m
    room = w - wide - 24
    parts.logo(doc, start, 32, 48)
    parts.organization(doc, (start + 58, 32, start + room, 60), 17)
    parts.contact(doc, (start + 58, 60, start + room, 78))
    parts.photo(doc, m if look.mirror else m + w - wide, 34, wide, high)
    if banded:
        sheet.fill((0, 0, 14, HEIGHT), look.accent)
        sheet.fill((WIDTH - 14, 0, WIDTH, HEIGHT), look.accent)
        sheet.fill((start, 100, start + room, 144), look.accent)
    align, fill = ("left", WHITE) if banded else ("center", INK)
    box = (start + 8 * banded, 104, start + room, 142)
    sheet.label(box, look.heading(doc.title), 21 if banded else 23, weight="bold", align=align, fill=fill)
    sheet.label((start, 144, start + room, 164), f"No. {doc.number}", 12.5, align=align, fill=GRAY)
    sheet.rule(m, 204, m + w, 204, look.accent, 2)
    y = sheet.paragraph(m, 214, w, PARTIES, 13.5, spacing=1.36)
    pattern = doc.pick("Article {}. {}", "§ {}  {}", "{}. {}")
    parts.flow(doc, m, y + 4, w, HEIGHT - 170, numbered(clauses(doc), pattern), 13.5)
    signatures(doc, m, HEIGHT - 158, w, gap=140)
    parts.footer(doc, m, w)


def particulars(doc: Doc, *, outlined: bool = False) -> None:
    """Draw a form of boxes for the particulars, clauses in small print below; `outlined` puts the employment first."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(30, 36)
    w = WIDTH - 2 * m
    x, inner = m + 14, w - 28
    parts.logo(doc, x, 40, 56)
    parts.organization(doc, (x + 68, 40, x + inner - 160, 70), 18)
    parts.contact(doc, (x + 68, 72, x + inner - 160, 90))
    parts.code(doc, x + inner, 42, kind="bar", high=32)
    if outlined:
        sheet.rule(m, 106, m + w, 106, look.second, 2)
        sheet.rule(m, 138, m + w, 138, look.second, 2)
    else:
        sheet.fill((m, 106, m + w, 138), look.accent)
    fill, align = (look.accent, "left") if outlined else (WHITE, "center")
    sheet.label((x, 107, x + inner, 137), look.heading(doc.title), 18, weight="bold", fill=fill, align=align)
    wide, high = 140, 178
    head = "bar" if outlined else doc.pick("tab", "plain")
    y = parts.section(doc, x, 148, inner, "1. Employee", style=head)
    start = x + wide + 10 if look.mirror else x
    parts.photo(doc, x if look.mirror else x + inner - wide, y, wide, high)
    lines: parts.Lines = [
        [("name", 1)],
        [("birth_date", 1.1), ("nationality", 1)],
        [("national_id", 1)],
        [("bank_account", 1)],
    ]
    below = parts.grid(doc, start, y, inner - wide - 10, lines)
    y = parts.section(doc, x, max(below, y + high) + 10, inner, "2. Employment", style=head)
    employment: parts.Lines = [
        [("employer", 1)],
        [("position", 1.3), ("department", 1)],
        [("monthly_salary", 1), ("pay_day", 1)],
    ]
    lines = [
        *employment[:: -1 if outlined else 1],
        [(key, 1) for key in TERM_FACTS],
        [("working_hours", 1.2), ("annual_leave", 0.8), ("probation_period", 0.9), ("notice_period", 0.8)],
    ]
    y = parts.grid(doc, x, y, inner, lines)
    y = parts.section(doc, x, y + 10, inner, "3. Conditions", style=head)
    items = run_in(clauses(doc, ("position", "monthly_salary", "bank_account", *TERM_FACTS, *CONDITION_FACTS)))
    y = parts.flow(doc, x, y, inner, HEIGHT - 170, items, 13, gap=2)
    parts.remarks(doc, x, y + 8, inner, HEIGHT - 178, style=head)
    signatures(doc, x, HEIGHT - 162, inner, gap=150)
    sheet.frame((m, 28, m + w, HEIGHT - 48), look.accent, line=2)
    parts.footer(doc, m, w)


def keyterms(doc: Doc) -> None:
    """Draw clauses in the main column, the person and key terms in a tinted column."""
    sheet, look = doc.sheet, doc.look
    wide = doc.pick(212, 224)
    edge = WIDTH - wide if not look.mirror else 0
    sheet.fill((edge, 0, edge + wide, HEIGHT), look.tint(doc.pick(0.13, 0.18, 0.24)))
    rim = edge if not look.mirror else edge + wide - 5
    sheet.fill((rim, 0, rim + 5, HEIGHT), look.accent)
    s, sw = edge + 24, wide - 46
    size = min(sw, 158)
    parts.photo(doc, s + (sw - size) // 2, 40, size, round(size * 1.27))
    y = 40 + round(size * 1.27) + 10
    sheet.value("name", (s, y, s + sw, y + 42), 16, weight="bold", align="center")
    y += 52
    keys = ("birth_date", "national_id", "bank_account", "position", "monthly_salary", *TERM_FACTS, "signing_date")
    for key in doc.has(*keys):
        sheet.label((s, y, s + sw, y + 15), look.heading(doc.caption(key)), 10.5, weight="bold", fill=look.accent)
        height = 34 if key == "position" else 24
        sheet.value(key, (s, y + 16, s + sw, y + 16 + height), 14, middle=False)
        y += 16 + height + 8
    parts.code(doc, s + sw // 2 + 32, HEIGHT - 112, kind="qr")
    x = wide + 28 if look.mirror else 36
    w = WIDTH - wide - 64
    parts.logo(doc, x, 34, 50)
    parts.organization(doc, (x + 60, 34, x + w, 64), 17)
    parts.contact(doc, (x + 60, 64, x + w, 84))
    sheet.label((x, 100, x + w, 132), look.heading(doc.title), 21, weight="bold")
    sheet.label((x, 132, x + w, 150), f"No. {doc.number}", 12, fill=GRAY)
    y = sheet.paragraph(x, 158, w, PARTIES, 13, spacing=1.34)
    items = numbered(clauses(doc, ("position", "bank_account", *TERM_FACTS)))
    parts.flow(doc, x, y + 4, w, HEIGHT - 172, items, 13)
    signatures(doc, x, HEIGHT - 158, w, gap=126)
    parts.footer(doc, x, w)


def columns(doc: Doc) -> None:
    """Draw a schedule on top, clauses in two columns below."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(36, 42)
    w = WIDTH - 2 * m
    sheet.fill((m, 30, m + w, 34), look.accent)
    sheet.label((m, 42, m + w, 76), look.heading(doc.title), 24, weight="bold", align="center")
    sheet.fill((m, 82, m + w, 83), look.accent)
    wide, high = 136, 172
    start = m + wide + 16 if look.mirror else m
    room = w - wide - 16
    parts.logo(doc, start, 94, 46)
    parts.organization(doc, (start + 56, 94, start + room, 122), 17)
    parts.contact(doc, (start + 56, 122, start + room, 140))
    parts.photo(doc, m if look.mirror else m + w - wide, 96, wide, high)
    keys = doc.has("name", "birth_date", "national_id", "bank_account")
    parts.rows(doc, start, 150, room, keys, label=150, high=29, style="lines")
    y = parts.section(doc, m, 280, w, "Schedule", style=doc.pick("bar", "rule"))
    style = doc.pick("grid", "zebra")
    keys = doc.has("employer", "position", "department", "monthly_salary", *TERM_FACTS, "signing_date")
    y = parts.rows(doc, m, y, w, keys, label=190, style=style) + 12
    half = (w - 26) // 2
    items = clauses(doc, ("position", "monthly_salary", "bank_account", *TERM_FACTS))
    items = numbered([(heading, f"{SCHEDULE_CLAUSES.get(heading, '')} {text}".strip()) for heading, text in items])
    heights = [sheet.measure(half, text, 12.5, 1.2) + 24 for _, text in items]
    turn = min(range(1, len(items)), key=lambda k: max(sum(heights[:k]), sum(heights[k:])))
    for x, column in ((m, items[:turn]), (m + half + 26, items[turn:])):
        parts.flow(doc, x, y, half, HEIGHT - 172, column, 12.5, gap=4)
    sheet.rule(m + half + 13, y + 4, m + half + 13, HEIGHT - 182, look.tint(0.5))
    signatures(doc, m, HEIGHT - 158, w, gap=140)
    parts.footer(doc, m, w)


def certificate(doc: Doc, *, plain: bool = False) -> None:
    """Draw an ornamental border, or bands if `plain`, the agreement in a few sentences, a table of terms."""
    sheet, look = doc.sheet, doc.look
    if plain:
        sheet.fill((0, 0, WIDTH, 30), look.accent)
        sheet.fill((0, HEIGHT - 30, WIDTH, HEIGHT), look.accent)
    else:
        for inset, line in ((20, 3), (27, 1)):
            sheet.frame((inset, inset, WIDTH - inset, HEIGHT - inset), look.accent, line=line)
        for x in (27, WIDTH - 27):
            for y in (27, HEIGHT - 27):
                sheet.fill((x - 7, y - 7, x + 7, y + 7), look.second)
    m = 56
    w = WIDTH - 2 * m
    parts.logo(doc, (WIDTH - 60) // 2, 44, 60)
    parts.organization(doc, (m, 108, m + w, 138), 20, align="center")
    parts.contact(doc, (m, 138, m + w, 156), align="center")
    sheet.label((m, 164, m + w, 200), look.heading(doc.title), 25, weight="bold", align="center")
    sheet.rule(WIDTH / 2 - 90, 206, WIDTH / 2 + 90, 206, look.second, 2)
    wide, high = 138, 175
    start = m + wide + 22 if look.mirror else m
    room = w - wide - 22
    parts.photo(doc, m if look.mirror else m + w - wide, 222, wide, high)
    sheet.paragraph(start, 224, room, SERVICE, 15, spacing=1.55, justify=False)
    sheet.label((start, 374, start + room, 396), f"Contract no. {doc.number}", 12.5, fill=GRAY)
    y = parts.section(doc, m, 412, w, "Terms", style=doc.pick("rule", "plain"))
    keys = doc.has("monthly_salary", *TERM_FACTS, "national_id", "bank_account", *CONDITION_FACTS)
    y = parts.rows(doc, m, y, w, keys, label=210, high=27, style=doc.pick("dots", "zebra", "lines"))
    items = run_in(clauses(doc, ("position", "monthly_salary", "bank_account", *TERM_FACTS, *CONDITION_FACTS))[-2:])
    parts.flow(doc, m, y + 8, w, HEIGHT - 194, items, 13.5)
    signatures(doc, m, HEIGHT - 184, w, gap=140)
    parts.footer(doc, m, w, HEIGHT - 70)


LAYOUTS: Layouts = {
    "articles": articles,
    "banded articles": partial(articles, banded=True),
    "particulars": particulars,
    "outlined particulars": partial(particulars, outlined=True),
    "key terms": keyterms,
    "columns": columns,
    "certificate": certificate,
    "plain certificate": partial(certificate, plain=True),
}
"""Name -> function that fills the sheet."""
