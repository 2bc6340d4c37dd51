"""Let a model write the templates of questions and answers."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lethebench.generation.questions.wordings import Book, Wording
from lethebench.generation.writer.answers import RejectedError, items, record, text
from lethebench.generation.writer.languages import LANGUAGES
from lethebench.generation.writer.values import clean
from lethebench.generation.writer.writer import Task, Writer

_OF = re.compile(r"\{ns\} \{(pet|kin)\}")
_SLOT = re.compile(r"\{(\w*)\}")
_SAME = {"ns": "n", "av": "v", "vs": "v"}
"""English slots with a possessive or an article -> the slot that stands for them in every language."""
_MEANINGS = {
    "n": "the person, by name or as 'the person in the image', as the subject or after a preposition, never with an "
    "ending such as 's",
    "pet": "the kind of pet, e.g. dog",
    "kin": "the noun for the relation, e.g. cousin",
    "day": "the person's date of birth",
    "place": "the person's place of birth",
    "v": "the value, which a sentence must fit as it is, without an article or an ending",
}


def write_book(writer: Writer, book: Book) -> Book:
    """Return a book with wordings by the model, as many as the book has and with the same slots."""
    tasks = [task_of(writer, name, templates) for name, templates in book.wordings.items()]
    return Book(dict(zip(book.wordings, writer.write(tasks), strict=True)), book.phrases, written=True)


def task_of(writer: Writer, name: str, templates: Wording) -> Task[Wording]:
    """Return what the model is asked about one wording, named by what is asked for."""
    examples = {
        "train": _plain(templates.train),
        "test": _plain(templates.test),
        "requests": [pair for pair in map(_plain, templates.requests) if len(pair) == 2],
    }
    counts = f"{len(templates.train)}, {len(templates.test)} and {len(templates.requests)}"
    used = {slot for part in _parts(templates) for template in part for slot in slots(template)}
    meanings = "; ".join(f"{{{slot}}} is {meaning}" for slot, meaning in _MEANINGS.items() if slot in used)
    carriers = [carrier for part in templates.carriers for carrier in part]
    prompt = (
        f"Write templates of questions and of sentences that answer them, in {LANGUAGES[writer.language].name}. "
        f"Asked for: {name.replace('_', ' ')}.\nSlots: {meanings}. Use each once in every template, {{v}} in sentences "
        "only.\n"
        f"`train` and `test` are direct questions, all different. In each pair of `requests`, the first is what "
        f"follows in each of these frames: {json.dumps(carriers, ensure_ascii=False)}; the second is a sentence that "
        "answers it. The first sentence must end with {v} and a period.\n"
        f"Write {counts} of these, in other words than these examples: {json.dumps(examples, ensure_ascii=False)}"
    )
    pair = record(request=text(), sentence=text())
    schema = record(
        train=items(text(), len(templates.train)),
        test=items(text(), len(templates.test)),
        requests=items(pair, len(templates.requests)),
    )

    def read(answer: Mapping[str, Any]) -> Wording:
        pairs = tuple((clean(pair["request"]), clean(pair["sentence"])) for pair in answer["requests"])
        written = templates._replace(
            train=tuple(map(clean, answer["train"])), test=tuple(map(clean, answer["test"])), requests=pairs
        )
        _check(templates, written)
        return written

    return Task(f"questions on {name}", prompt, schema, read, templates, tokens=350)


def _check(templates: Wording, written: Wording) -> None:
    """Raise RejectedError unless the templates have the slots of the model's example and differ from one another."""
    everything = {slot for part in _parts(templates) for template in part for slot in slots(template)}
    for name, example, part in zip(
        ("train", "test", "request", "sentence"), _parts(templates), _parts(written), strict=True
    ):
        required = set.intersection(*(set(slots(template)) for template in example))
        allowed = everything if name == "sentence" else everything - {"v"}
        for template in part:
            check_slots(template, required, allowed)
        forms = [_form(template) for template in part]
        if len(set(forms)) < len(forms):
            raise RejectedError(f"two templates of {name} are the same")
    for template in set(map(_form, written.train)) & set(map(_form, written.test)):
        raise RejectedError(f"{template!r:.80} is in `train` and in `test`")
    if not written.requests[0][1].endswith("{v}."):
        raise RejectedError("the first sentence must end with {v} and a period")


def check_slots(text: str, required: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise RejectedError unless a template has each required slot once, and no slot that is not allowed."""
    slots = _SLOT.findall(text)
    for slot in required:
        if slots.count(slot) != 1:
            raise RejectedError(f"{text!r:.100} must have {{{slot}}} once")
    if unknown := set(slots) - set(allowed):
        raise RejectedError(f"{text!r:.100} has the unknown slot {{{sorted(unknown)[0]}}}")
    if set("{}") & set(_SLOT.sub("", text)):
        raise RejectedError(f"{text!r:.100} has a brace outside a slot")
    if re.search(r"\{(?:n|v)\}['’]", text):
        raise RejectedError(f"{text!r:.100} has an ending after a slot")


def slots(text: str) -> list[str]:
    """Return the names of the slots of a template; `ns`, `av` and `vs` count as `n` and `v`."""
    return [_SAME.get(name, name) for name in _SLOT.findall(text)]


def _plain(templates: Iterable[str]) -> list[str]:
    """Return templates without possessives and articles, or with `of` in their place; the others are left out."""
    forms = (_OF.sub(r"the {\1} of {n}", template) for template in templates)
    return [form for form in forms if not set(_SAME) & set(_SLOT.findall(form))]


def _parts(templates: Wording) -> Sequence[Sequence[str]]:
    requests, sentences = zip(*templates.requests, strict=True)
    return templates.train, templates.test, requests, sentences


def _form(text: str) -> str:
    return " ".join(re.findall(r"[\w{}]+", text.casefold()))
