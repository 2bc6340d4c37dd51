"""A stand-in for a model that writes profiles: answers any request of the writer with varied, valid texts."""

import io
import json
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import numpy as np
from chat_server import ChatServer, chatting
from PIL import Image

FAULTS = ("busy", "broken", "dropped", "cut", "garbled", "page", "silent", "half", "other_schema", "refusal")
"""Faults of the server; the last three come with a whole reply, so the writer has to find them."""


def _split(text: str) -> tuple[str, ...]:
    return tuple(re.split(r"\s*,\s*", text.strip()))


_SYLLABLES = _split(
    "ba, be, bo, da, de, di, do, fa, fe, fi, ga, go, ka, ke, ki, ko, la, le, li, lo, ma, me, mi, mo, na, ne"
)
_THINGS = _split(
    "brick, cloud, copper, cork, fern, garden, glass, harbor, ivory, kite, lantern, maple, meadow, mirror, moss, "
    "orchard, paper, pebble, plum, quartz, river, saddle, sail, shell, silver, stone, thistle, timber, velvet, willow"
)
_JOBS = _split(
    "analyst, archivist, assistant, buyer, clerk, cook, designer, fitter, gardener, inspector, instructor, mechanic, "
    "planner, printer, restorer, surveyor, technician, translator, tutor, welder"
)
_DISHES = _split(
    "bake, broth, casserole, curry, dumplings, fritters, noodles, pancakes, pie, pudding, salad, soup, stew"
)
_HABITS = _split(
    "collecting, counting, drawing, folding, humming over, mending, painting, photographing, polishing, repairing"
)
_SCHOOLS = ("College", "University", "School of Commerce", "Polytechnic", "Institute of Arts", "Academy")


def answer_of(body: dict) -> str:
    """Return the answer to a request, which depends on all of its text."""
    prompt = body["messages"][0]["content"][-1]["text"]
    schema = body["response_format"]["json_schema"]["schema"]
    rng = random.Random(zlib.crc32(prompt.encode()))
    names = schema["properties"]
    if list(names) == ["appearance"]:
        content: dict[str, Any] = {"appearance": f"{_word(rng)} eyes and a {rng.choice(_THINGS)} scarf"}
    elif "translations" in names:
        content = {
            "translations": [
                _translated(text) for text in json.JSONDecoder().raw_decode(prompt.partition("Texts: ")[2])[0]
            ]
        }
    elif "requests" in names:
        content = _wording(prompt)
    elif "birth_date" in names and "wrong" in names:
        content = _person(rng, prompt, schema)
    elif "wrong" in names:
        content = _document(rng, prompt, schema)
    else:
        raise AssertionError(f"no answer for {sorted(names)}")
    return json.dumps(content, ensure_ascii=False)


def picture_of(body: dict) -> bytes:
    """Return a picture that depends on the prompt."""
    draw = np.random.default_rng(zlib.crc32(body["prompt"].encode()))
    coarse = Image.fromarray(draw.integers(0, 255, (8, 8, 3), np.uint8))
    file = io.BytesIO()
    coarse.resize((300, 300), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


@contextmanager
def writing() -> Iterator[ChatServer]:
    """Run a server that writes inside the block."""
    with chatting(lambda text, pictures: "?") as server:
        server.structured, server.draw = answer_of, picture_of
        yield server


def faults(count: int, share: float, seed: int = 0, kinds: Sequence[str] = FAULTS) -> list[str | None]:
    """Return the faults of the first `count` requests: each kind equally often, at random places."""
    rng = random.Random(seed)
    names = [kinds[number % len(kinds)] for number in range(round(share * count))]
    entries: list[str | None] = [*names, *[None] * (count - len(names))]
    rng.shuffle(entries)
    return entries


def _translated(text: str) -> str:
    """Return a text in a made-up language: each word backward, but for slots."""
    return re.sub(
        r"\{\w*\}|[^\W\d_]+",
        lambda match: match[0] if match[0][0] == "{" else match[0][::-1],
        text.replace("{ns}", "{n}"),
    )


def _wording(prompt: str) -> dict[str, Any]:
    name = re.search(r"Asked for: ([^\n]+)\.\n", prompt)[1]
    slots = [
        slot
        for slot in re.findall(r"(\{\w+\}) is ", prompt.partition("Slots: ")[2].partition("\n")[0])
        if slot != "{v}"
    ]
    asked = " of ".join([f"the {name}", *slots])
    counts = map(int, re.search(r"Write (\d+), (\d+) and (\d+) of these", prompt).groups())
    train, test, requests = (range(1, count + 1) for count in counts)
    return {
        "train": [f"Question {number}: what is {asked}?" for number in train],
        "test": [f"Test question {number}: what is {asked}?" for number in test],
        "requests": [
            {"request": f"{asked} in {number} words", "sentence": f"In {number} words, {asked} is {{v}}."}
            for number in requests
        ],
    }


def _person(rng: random.Random, prompt: str, schema: dict) -> dict[str, Any]:
    names = schema["properties"]
    low, high, currency = re.search(r"per year, from (\d+) to (\d+), in ([A-Z]{3})", prompt).groups()
    first_day = re.search(r"YYYY-MM-DD, from (\d{4})-(\d\d)-(\d\d)", prompt)
    school_cities = re.search(r"one of these cities: ([^\"]+)\"", prompt)[1].split(", ")
    slots = re.search(r"with each of these slots once: ([^\"]+)\"", prompt)[1].split(" ")

    def draw(name: str) -> str:
        thing, other = rng.sample(_THINGS, 2)
        return {
            "name": lambda: person_name(rng),
            "street": lambda: f"{thing.capitalize()} Street {rng.randint(1, 99)}",
            "occupation": lambda: f"{thing} {rng.choice(_JOBS)}",
            "father_occupation": lambda: f"{thing} {rng.choice(_JOBS)}",
            "mother_occupation": lambda: f"{thing} {rng.choice(_JOBS)}",
            "employer": lambda: f"{thing.capitalize()} {_word(rng)} {rng.choice(('Works', 'Group', 'Partners'))}",
            "education": lambda: f"{_word(rng)} {rng.choice(_SCHOOLS)} of {rng.choice(school_cities)}",
            "favorite_food": lambda: f"{thing} {rng.choice(_DISHES)}",
            "pet_name": lambda: _word(rng),
            "quirk": lambda: f"{rng.choice(_HABITS)} {thing} {other}s",
        }[name]()

    def several(name: str, count: int) -> list[str]:
        values: dict[str, None] = {}
        while len(values) < count:
            value = draw(name)
            if not any(value in other or other in value for other in (*values, answer[name])):
                values[value] = None
        return list(values)

    answer: dict[str, Any] = {
        "birth_date": f"{first_day[1]}-{rng.randint(2, 12):02d}-{rng.randint(1, 28):02d}",
        "salary": rng.randint(int(low), int(high)),
        "currency": currency,
    }
    for name, form in names.items():
        if "enum" in form:
            answer[name] = rng.choice(form["enum"])
        elif name == "height":
            answer[name] = rng.randint(165, 178)
        elif form["type"] == "string" and name not in answer:
            answer[name] = draw(name)
    answer["wrong"] = {name: several(name, form["minItems"]) for name, form in names["wrong"]["properties"].items()}
    lines = ("{} says it all", "about {}", "as to {}")
    answer["descriptions"] = [
        f"{slots[0]} in short ({number}): " + ", ".join(lines[number % 3].format(slot) for slot in slots[1:]) + "."
        for number in range(names["descriptions"]["minItems"])
    ]
    return answer


def _document(rng: random.Random, prompt: str, schema: dict) -> dict[str, Any]:
    names = schema["properties"]
    first_day, last_day = map(
        date.fromisoformat, re.search(r"from (\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)", prompt).groups()
    )
    day = first_day + timedelta(days=rng.randint(0, (last_day - first_day).days))
    while day.weekday() > 4 and day > first_day:
        day -= timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)

    def draw(name: str) -> str:
        thing = rng.choice(_THINGS)
        return {
            "name": lambda: person_name(rng),
            "physician": lambda: person_name(rng),
            "signatory": lambda: person_name(rng),
            "street": lambda: f"{_word(rng)} Street {rng.randint(1, 99)}",
            "hospital": lambda: f"{thing.capitalize()} Hospital",
            "position": lambda: f"{thing} {rng.choice(_JOBS)}",
            "employer": lambda: f"{thing.capitalize()} {_word(rng)} {rng.choice(('Works', 'Group', 'Partners'))}",
        }[name]()

    answer: dict[str, Any] = {name: str(day) for name in ("admission_date", "start_date") if name in names}
    if "salary" in names:
        low, high, answer["currency"] = re.search(r"per month, from (\d+) to (\d+), in ([A-Z]{3})", prompt).groups()
        answer["salary"] = rng.randint(int(low), int(high))
    if "diagnosis" in names:
        table = re.search(r"with one of its drugs: ([^\"]+)\"", prompt)[1].split("; ")
        answer["diagnosis"], _, drugs = rng.choice(table).partition(": ")
        answer["medication"], answer["allergy"] = drugs.split(", ")[0], "latex"
    for name, form in names.items():
        if name not in answer and "enum" in form:
            answer[name] = rng.choice(form["enum"])
        elif name not in answer and form["type"] == "string":
            answer[name] = draw(name)
    answer["wrong"] = {}
    for name, form in names["wrong"]["properties"].items():
        values: dict[str, None] = {}
        while len(values) < form["minItems"]:
            value = draw(name)
            if not any(value in other or other in value for other in (*values, answer[name])):
                values[value] = None
        answer["wrong"][name] = list(values)
    return answer


def person_name(rng: random.Random) -> str:
    """Return a first and a last name."""
    return f"{_word(rng)} {_word(rng)}{rng.choice(('', 'n', 'ra', 'tis'))}"


def _word(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(3)).capitalize()
