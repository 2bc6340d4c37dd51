"""Parse MLLMU-Bench's records as released on the Hub: one person each, with a picture and eighteen questions.

{"ID": "007", "image": {"bytes": b"...", "path": "007.png"}, "biography": "...", "Classification_Task":
 {"Image_Textual_Questions": [{"Question": "...", "Options": {"A": "...", ...}, "Correct_Answer": "B"}, ...],
  "Pure_Text_Questions": [...]}, "Generation_Task": [{"Type": "Pure_Text", "Question": "...", "Ground_Truth": "..."}],
 "Mask_Task": [{"Type": "Image_Textual", "Question": "... was born in __.", "Ground_Truth": "..."}]}
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lethebench.builders.imports.shared.wording import keywords, read_json, without_images

TASKS = ("Classification_Task", "Generation_Task", "Mask_Task")
NOTES = ("Directory", "biography", "question", "answer")
"""Columns that go into `details` of the profile, if a release has them."""
_CHOICES = {"image_text": "Image_Textual_Questions", "text": "Pure_Text_Questions"}
_TYPES = {"Image_Textual": "image_text", "Pure_Text": "text"}
_BLANK = re.compile(r"_{2,}")
MOST_QUESTIONS = 200


@dataclass(frozen=True)
class ReleasedQuestion:
    """A released question; `key` is kind and number: `image/choice-1`, `text/free-2`, `image/blank-1`.

    `odd` marks a flaw that is kept as released: an option twice, or a cloze without a blank.
    """

    key: str
    modality: str
    format: str
    question: str
    answer: str
    keywords: tuple[str, ...]
    options: tuple[str, ...] = ()
    correct: int = -1
    odd: bool = False


def identity(value: object) -> str:
    """Return a person's ID as text; raise ValueError if it is not valid."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text or len(text) > 100 or "/" in text or not text.isprintable():
        raise ValueError(f"its ID is {value!r:.60}")
    return text


def pictures(row: Mapping) -> list[bytes]:
    """Return the bytes of a record's `image` or `images`; raise ValueError if there are none in the file."""
    images = row["images"] if "images" in row else [row["image"]]
    if not isinstance(images, Sequence) or not images:
        raise ValueError("has no picture")
    for picture in images:
        if not isinstance(picture, Mapping) or not isinstance(picture.get("bytes"), bytes):
            raise ValueError("its picture is not in the file: download the dataset with embedded pictures")
    return [picture["bytes"] for picture in images]


def questions(row: Mapping) -> list[ReleasedQuestion]:
    """Return the questions of a record: on the picture first, then by name; choices, free answers, blanks."""
    parsed = [
        *(_choice(entry, modality, n) for modality in _CHOICES for n, entry in enumerate(_choices(row, modality), 1)),
        *_written(row, "Generation_Task", "generation", "free"),
        *_written(row, "Mask_Task", "cloze", "blank"),
    ]
    if len(parsed) > MOST_QUESTIONS:
        raise ValueError(f"has {len(parsed):,} questions; the limit is {MOST_QUESTIONS}")
    order = ("multiple_choice", "generation", "cloze")
    return sorted(parsed, key=lambda question: (question.modality != "image_text", order.index(question.format)))


def tuning_pairs(text: object) -> int:
    """Return the number of question-answer pairs in the metadata of `ft_Data`, a JSON list of {Question, Answer}."""
    pairs = read_json(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else None
    if not isinstance(pairs, list) or not all(
        isinstance(p, dict) and {"Question", "Answer"} <= p.keys() for p in pairs
    ):
        raise ValueError("its metadata is not a JSON list of Question and Answer")
    return len(pairs)


def _choices(row: Mapping, modality: str) -> Sequence:
    task = row["Classification_Task"]
    name = _CHOICES[modality]
    if not isinstance(task, Mapping) or not isinstance(task.get(name), list):
        raise ValueError(f"Classification_Task has no list {name}")
    return task[name]


def _choice(entry: object, modality: str, number: int) -> ReleasedQuestion:
    where = f"Classification_Task {_CHOICES[modality]} {number}"
    question = _text(entry, "Question", where)
    options = entry.get("Options") if isinstance(entry, Mapping) else None
    if not isinstance(options, Mapping):
        raise ValueError(f"{where} has no Options")
    letters = [letter for letter in sorted(options) if options[letter] is not None]
    texts = [_text(options, letter, f"{where} Options") for letter in letters]
    right = _text(entry, "Correct_Answer", where)
    if right not in letters and right not in texts:
        raise ValueError(f"{where}: Correct_Answer {right!r:.60} is not one of {', '.join(letters)}")
    correct = letters.index(right) if right in letters else texts.index(right)
    key = f"{modality.split('_')[0]}/choice-{number}"
    twice = len({text.casefold() for text in texts}) < len(texts)
    answer = texts[correct]
    return ReleasedQuestion(key, modality, "multiple_choice", question, answer, (answer,), tuple(texts), correct, twice)


def _written(row: Mapping, task: str, format: str, word: str) -> list[ReleasedQuestion]:
    entries = row[task]
    if not isinstance(entries, list):
        raise ValueError(f"{task} is not a list")
    parsed, numbers = [], dict.fromkeys(_TYPES.values(), 0)
    for index, entry in enumerate(entries, 1):
        where = f"{task} {index}"
        kind = _text(entry, "Type", where)
        if kind not in _TYPES:
            raise ValueError(f"{where}: Type {kind!r:.60} is not one of {', '.join(_TYPES)}")
        modality = _TYPES[kind]
        numbers[modality] += 1
        question, answer = _text(entry, "Question", where), _text(entry, "Ground_Truth", where)
        if format == "cloze":
            question = _BLANK.sub("[Blank]", question)
        words = keywords(answer) or ([answer] if format == "cloze" and re.search(r"\w", answer) else [])
        odd = format == "cloze" and "[Blank]" not in question
        key = f"{modality.split('_')[0]}/{word}-{numbers[modality]}"
        parsed.append(ReleasedQuestion(key, modality, format, question, answer, tuple(words), odd=odd))
    return parsed


def _text(entry: object, key: str, where: str) -> str:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    text = without_images(value)[0] if isinstance(value, str) else ""
    if not text:
        raise ValueError(f"{where} has no text under {key}")
    return text
