"""Let a model translate what code chooses and phrases: places, conditions, dates, relations, sentences on pictures."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lethebench.generation.documents.printed import Pairs, printed_words
from lethebench.generation.people.dates import MONTHS
from lethebench.generation.questions.wordings import CARRIERS, Book
from lethebench.generation.writer.answers import RejectedError, items, record, text
from lethebench.generation.writer.languages import LANGUAGES, Words
from lethebench.generation.writer.values import clean
from lethebench.generation.writer.wordings import check_slots, slots, write_book
from lethebench.generation.writer.writer import Task, Writer

AT_ONCE = 40
"""Texts per request."""
DATE = "{d} {month} {y}"
_BLANK = re.compile(r"\{(\w+):(\d+)\}")


def write_words(writer: Writer, texts: Iterable[str]) -> Words:
    """Return the language of a build for these English texts."""
    if writer.language == "en":
        return Words()
    listed = list(dict.fromkeys(texts))
    months = _task(writer, "the months, as they stand in dates", MONTHS)
    form = _task(writer, "a date of birth: day, name of the month and year, in the usual order", [DATE])
    *parts, twelve, (date,) = writer.write(
        [*_tasks(writer, "places, conditions and other short texts of profiles", listed), months, form]
    )
    translations = [translation for part in parts for translation in part]
    return Words(dict(zip(listed, translations, strict=True)), twelve, date)


def write_language(writer: Writer, book: Book) -> Book:
    """Return a book with wordings by the model and, in another language than English, all phrases too."""
    if writer.language != "en":
        book = _translated(writer, book)
    return write_book(writer, book)


def write_printed(writer: Writer) -> Pairs:
    """Return the printed words of documents with their translations; none in English."""
    if writer.language == "en":
        return ()
    words = printed_words()
    plain = [_BLANK.sub(r"{\1}", text) for text in words]
    parts = writer.write(_tasks(writer, "words printed in medical reports and labor contracts", plain))
    translations = [translation for part in parts for translation in part]
    return tuple((text, _with_widths(text, other)) for text, other in zip(words, translations, strict=True))


def _with_widths(source: str, translation: str) -> str:
    """Return a translation whose blanks have the widths of those of its source."""
    widths = dict(_BLANK.findall(source))
    return re.sub(r"\{(\w+)\}", lambda match: f"{{{match[1]}:{widths[match[1]]}}}", translation)


def _translated(writer: Writer, book: Book) -> Book:
    """Return a book whose phrases and carriers are translated; its wordings stay."""
    phrases = {name: part for name, part in book.phrases.items() if name != "yes and no"}
    carriers = [f"{carrier}" for part in CARRIERS.values() for carrier in part]
    *parts, frames = writer.write(
        [
            *(_task(writer, f"phrases of questions and answers: {name}", part) for name, part in phrases.items()),
            _task(writer, "frames of a request, in which {} is an indirect question or a noun phrase", carriers),
        ]
    )
    translated = {name: tuple(part) for name, part in zip(phrases, parts, strict=True)}
    if "yes and no" in book.phrases:
        translated["yes and no"] = ("", "")  # their words are not known
    count = len(CARRIERS["train"])
    both = tuple(frames[:count]), tuple(frames[count:])
    wordings = {name: templates._replace(carriers=both) for name, templates in book.wordings.items()}
    return Book(wordings, translated)


def _tasks(writer: Writer, what: str, texts: Sequence[str]) -> list[Task[list[str]]]:
    return [_task(writer, what, texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]


def _task(writer: Writer, what: str, texts: Sequence[str]) -> Task[list[str]]:
    """Return a task to translate texts, which must keep their slots and differ where the texts do."""
    prompt = (
        f"Translate these texts into {LANGUAGES[writer.language].name}: {what}. Keep slots such as {{n}} as they are; "
        "use the usual names of places, the lower case where the text has it, and other words for each text.\n"
        f"Texts: {json.dumps(list(texts), ensure_ascii=False)}"
    )

    def read(answer: Mapping[str, Any]) -> list[str]:
        translations = [clean(translation) for translation in answer["translations"]]
        for source, translation in zip(texts, translations, strict=True):
            present = slots(source)
            check_slots(translation, {slot for slot in present if present.count(slot) == 1}, present)
            if missing := set(present) - set(slots(translation)):
                raise RejectedError(f"{translation!r:.100} lacks {{{sorted(missing)[0]}}}")
        if any("{" in source for source in texts) and len(set(translations)) < len(set(texts)):
            raise RejectedError("two translations of different texts are the same")
        return translations

    key = f"{what}: {texts[0]}"
    schema = record(translations=items(text(), len(texts)))
    return Task(key, prompt, schema, read, list(texts), tokens=12 * len(texts))
