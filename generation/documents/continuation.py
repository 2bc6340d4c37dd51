"""The second page of a document: the facts that the first page leaves out, remarks and signatures."""

from lethebench.generation.documents import labor, medical, parts
from lethebench.generation.documents.doc import Doc
from lethebench.generation.documents.look import GRAY
from lethebench.generation.documents.sheet import HEIGHT, WIDTH

_GRID: dict[str, parts.Lines] = {
    "medical": [[("diagnosis", 1)], [("medication", 1)], [("allergy", 1.4), ("blood_type", 1)]],
    "labor": [
        [("monthly_salary", 1), ("pay_day", 1)],
        [("bank_account", 1)],
        [("start_date", 1), ("contract_term", 0.8), ("end_date", 1)],
        [("signing_date", 1)],
    ],
}


def continuation(doc: Doc) -> None:
    """Draw a head with the name, the remaining facts as table, form or sentences, remarks and signatures."""
    sheet, look = doc.sheet, doc.look
    m = doc.pick(40, 48, 56)
    w = WIDTH - 2 * m
    parts.logo(doc, m, 34, 44)
    parts.organization(doc, (m + 56, 34, m + w - 170, 60), 16)
    sheet.label((m + 56, 60, m + w - 170, 78), f"{doc.title}, continued", 12.5, fill=GRAY)
    sheet.label((m + w - 160, 36, m + w, 56), f"No. {doc.number}", 12, fill=GRAY, align="right")
    sheet.rule(m, 90, m + w, 90, look.accent, 2)
    sheet.label((m, 102, m + 90, 124), doc.caption("name"), 12, fill=GRAY)
    sheet.value("name", (m + 92, 101, m + w, 125), 15, weight="bold")
    head = doc.pick("bar", "rule", "tab")
    draw = _medical if doc.profile.domain == "medical" else _labor
    draw(doc, m, 144, w, head)
    parts.footer(doc, m, w)


def _facts(doc: Doc, x: int, y: int, width: int, keys: list[str], title: str, head: str) -> int:
    """Draw facts as a table or as boxes of a form; return the y below."""
    y = parts.section(doc, x, y, width, title, style=head)
    style = doc.pick("boxes", "lines", "grid", "zebra", "dots")
    if style == "boxes":
        return parts.grid(doc, x, y, width, _GRID[doc.profile.domain])
    return parts.rows(doc, x, y, width, keys, label=200, high=32, tall=40, style=style)


def _medical(doc: Doc, x: int, y: int, width: int, head: str) -> None:
    y = _facts(doc, x, y, width, doc.has(*medical.CLINICAL), "Findings and treatment", head)
    if keys := doc.has(*medical.READINGS):
        y = parts.section(doc, x, y + 20, width, "Vital signs", style=head)
        y = parts.readings(doc, x, y + 2, width, keys)
    y = parts.section(doc, x, y + 20, width, "Course", style=head)
    y = parts.flow(doc, x, y + 4, width, y + 130, [("", medical.advice(doc, 2))], 13.5)
    parts.remarks(doc, x, y + 20, width, HEIGHT - 190, style=head, most=12)
    medical.closing(doc, x, HEIGHT - 164, width, kind="qr")


def _labor(doc: Doc, x: int, y: int, width: int, head: str) -> None:
    if doc.pick(True, False):
        y = parts.flow(doc, x, y, width, y + 240, labor.clauses(doc), 14, gap=10)
        rest = doc.has("signing_date")
        y = parts.rows(doc, x, y + 14, width, rest, label=200, high=32, style="lines")
    else:
        y = _facts(doc, x, y, width, doc.has(*doc.continued), "Pay and term", head)
    parts.remarks(doc, x, y + 24, width, HEIGHT - 230, style=head, most=14)
    labor.signatures(doc, x, HEIGHT - 166, width, gap=140)
