"""The writer: what its checks reject, near-duplicates, languages, and what is asked again."""

import json
import random
import re
import time
from dataclasses import replace
from datetime import date

import pytest
from chat_server import chatting
from model_writer import answer_of, writing

from lethebench.contract.errors import UserError
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import Endpoint
from lethebench.generation.documents.pages import _key, _sheet
from lethebench.generation.documents.printed import printed_words, translator
from lethebench.generation.icu.diagnoses import DIAGNOSES
from lethebench.generation.icu.profiles import profiles as icu_profiles
from lethebench.generation.mllmu.people import people
from lethebench.generation.mllmu.wordings import BOOK as MLLMU_BOOK
from lethebench.generation.questions.records import Written
from lethebench.generation.remem.people import groups
from lethebench.generation.remem.wordings import BOOK as REMEM_BOOK
from lethebench.generation.writer import translation, wordings
from lethebench.generation.writer.answers import RejectedError, parse
from lethebench.generation.writer.documents import Documents
from lethebench.generation.writer.languages import LANGUAGES, Words, check_language
from lethebench.generation.writer.names import Used, check_company, check_person
from lethebench.generation.writer.people import ALIKE, People
from lethebench.generation.writer.values import person_name, value
from lethebench.generation.writer.writer import Writer

FOR_MLLMU = people(3, seed=0)
FOR_REMEM = [person.profile for person in groups(4, 4, seed=0)["forget"]]
MEDICAL, LABOR = (icu_profiles(domain, 2, seed=0) for domain in ("medical", "labor"))


def writer_to(url="http://localhost:9/v1", cache=None, **options):
    defaults = {"timeout": 1.0, "first_wait": 0.01}
    return Writer(Endpoint(model="m", key="none", base_url=url, **defaults | options), cache or Cache(), seed=0)


def task_of(template):
    if template.domain == "person":
        return People(writer_to(), [template], Words()).task(template)
    return Documents(writer_to(), [template], Words()).task(template)


def good_answer(task):
    return json.loads(answer_of(writer_to().request(task)))


def read(task, answer):
    text = task.read(parse(json.dumps(answer), task.schema))
    task.accept(text)
    return text


@pytest.mark.parametrize("template", [*FOR_MLLMU, *FOR_REMEM, *MEDICAL, *LABOR], ids=lambda profile: profile.id)
def test_valid_answer_is_accepted(template):
    task = task_of(template)
    profile = read(task, good_answer(task))
    assert profile.name != template.name
    assert list(profile.fields)[: len(profile.fields)] == list(template.fields)[: len(profile.fields)]
    assert all(profile.fields.values()) or "relative" in profile.fields
    assert (profile.id, profile.seed, profile.turn) == (template.id, template.seed, template.turn)


def change(path, new):
    def apply(answer):
        *parents, last = path
        part = answer
        for key in parents:
            part = part[key]
        part[last] = new(part[last]) if callable(new) else new

    return apply


PERSON_FAULTS = {
    "age": (("birth_date",), "1900-02-03", "date of birth 1900-02-03 is not from"),
    "date form": (("birth_date",), "3 May 1980", "has not the form YYYY-MM-DD"),
    "no such day": (("birth_date",), "1980-02-31", "has not the form YYYY-MM-DD"),
    "place": (("birth_city",), "Atlantis", "birth_city is 'Atlantis', which is not one of the choices"),
    "currency": (("currency",), "XXX", "the salary XXX"),
    "salary": (("salary",), 3, "is not from"),
    "salary as text": (("salary",), "3", "salary must be a whole number"),
    "height": (("height",), 300, "height 300 is out of range"),
    "condition": (("medical_condition",), "the plague", "not one of the choices"),
    "public figure": (("name",), "Ada Lovelace", "that of a real or famous person"),
    "order of a real name": (("name",), "Curie Marie Anna", "that of a real or famous person"),
    "one name": (("name",), "Cher", "not a first and a last name"),
    "digits": (("name",), "Ana R3is", "not a first and a last name"),
    "real company": (("employer",), "Google Foods", "has the name of a real one"),
    "school elsewhere": (("education",), "University of Atlantis", "has none of the cities"),
    "markup": (("quirk",), "**singing**", "no part of plain text"),
    "line of a novel": (("quirk",), "x" * 200, "at most 80"),
    "empty": (("pet_name",), "  ", "pet_name must be a text"),
    "true wrong value": (("wrong", "quirk", 0), "TRUTH", "is not wrong"),
    "twice": (("wrong", "favorite_food", 1), "FIRST", "two wrong values"),
    "too few": (("wrong", "employer"), lambda values: values[:5], "must be a list of 6 items"),
    "real wrong name": (("wrong", "name", 0), "Albert Einstein", "that of a real or famous person"),
    "slot": (("descriptions", 0), "{name} lives.", "must have {birthplace} once"),
    "unknown slot": (("descriptions", 1), lambda text: text + " {color}", "unknown slot {color}"),
    "more": (("color",), "red", "must not have 'color'"),
}


@pytest.mark.parametrize("fault", PERSON_FAULTS)
def test_person_with_a_fault_is_rejected_with_the_reason(fault):
    path, new, reason = PERSON_FAULTS[fault]
    task = task_of(FOR_MLLMU[0])
    answer = good_answer(task) | ({"color": ""} if fault == "more" else {})
    new = {"TRUTH": answer["quirk"], "FIRST": answer["wrong"]["favorite_food"][0]}.get(str(new), new)
    change(path, new)(answer)
    with pytest.raises(RejectedError, match=reason.replace("{", r"\{").replace("(", r"\(")):
        read(task, answer)


DOCUMENT_FAULTS = {
    "drug of another condition": (MEDICAL[0], ("medication",), "OTHER", "is not a drug for"),
    "allergy to the drug": (MEDICAL[0], ("allergy",), "ALLERGY", "rules out"),
    "admission": (MEDICAL[0], ("admission_date",), "2019-01-01", "is not from"),
    "real doctor": (MEDICAL[0], ("physician",), "Florence Nightingale", "that of a real or famous person"),
    "no house number": (MEDICAL[0], ("street",), "Long Street", "no house number"),
    "weekend": (LABOR[0], ("start_date",), "WEEKEND", "is no weekday"),
    "pay": (LABOR[0], ("salary",), 1, "is not from"),
    "term": (LABOR[0], ("contract_term",), "forever", "not one of the choices"),
}


@pytest.mark.parametrize("fault", DOCUMENT_FAULTS)
def test_document_with_a_fault_is_rejected_with_the_reason(fault):
    template, path, new, reason = DOCUMENT_FAULTS[fault]
    task = task_of(template)
    answer = good_answer(task)
    if new == "OTHER":
        drugs = next(set(entry.medications) for entry in DIAGNOSES if entry.name == answer["diagnosis"])
        new = next(drug for drug in task.schema["properties"]["medication"]["enum"] if drug not in drugs)
    if new == "ALLERGY":
        task.schema["properties"]["allergy"]["enum"].append("itself")
        new = "itself"
    if new == "WEEKEND":
        day = date.fromisoformat(answer["start_date"])
        new = str(day.replace(day=1 + (5 - day.replace(day=1).weekday()) % 7))
    change(path, new)(answer)
    with pytest.raises(RejectedError, match=reason):
        read(task, answer)


@pytest.mark.parametrize("text", ["", "I cannot help with that.", '{"name": "Ana"', "[1]", '{"a": 1}', "null"])
def test_answer_of_another_form_is_rejected(text):
    with pytest.raises(RejectedError):
        parse(text, task_of(MEDICAL[0]).schema)


def test_answer_may_be_in_a_code_fence():
    task = task_of(MEDICAL[0])
    answer = good_answer(task)
    assert parse(f"Here you are:\n```json\n{json.dumps(answer)}\n```", task.schema) == answer


WORDING_FAULTS = {
    "no subject": (("train", 0), "What is it?", r"must have \{n\} once"),
    "possessive": (("train", 0), "What is {n}'s birthplace?", "an ending after a slot"),
    "value in a question": (("test", 0), "Is {n} from {v}?", r"unknown slot \{v\}"),
    "no value": (("requests", 1, "sentence"), "{n} was born.", r"must have \{v\} once"),
    "end": (("requests", 0, "sentence"), "It is {v} where {n} was born.", r"must end with \{v\} and a period"),
    "unknown slot": (("test", 0), "Where was {person} born, {n}?", r"unknown slot \{person\}"),
    "brace": (("test", 0), "Where was {n} born}?", "a brace outside a slot"),
    "train in test": (("test", 0), "TRAIN", "is in `train` and in `test`"),
    "same": (("train", 1), "TRAIN", "are the same"),
}


@pytest.mark.parametrize("fault", WORDING_FAULTS)
def test_wording_with_a_fault_is_rejected_with_the_reason(fault):
    path, new, reason = WORDING_FAULTS[fault]
    task = wordings.task_of(writer_to(), "birthplace", REMEM_BOOK.wordings["birthplace"])
    answer = good_answer(task)
    change(path, answer["train"][0] if new == "TRAIN" else new)(answer)
    with pytest.raises(RejectedError, match=reason):
        read(task, answer)


@pytest.mark.parametrize("book", [REMEM_BOOK, MLLMU_BOOK])
def test_valid_wordings_have_the_slots_of_the_templates(book):
    for name, templates in book.wordings.items():
        task = wordings.task_of(writer_to(), name, templates)
        written = read(task, good_answer(task))
        assert (len(written.train), len(written.requests)) == (len(templates.train), len(templates.requests))
        assert not {"{ns}", "{av}", "{vs}"} & set(" ".join(written.train + written.test).split())


@pytest.mark.parametrize(
    "name", ["Marie Curie", "curie, marie", "Barack Obama", "Wolfgang Amadeus Mozart", "Tom Hanks"]
)
def test_real_people_are_on_the_list(name):
    with pytest.raises(RejectedError):
        check_person(name)


def test_invented_names_that_share_a_word_with_real_ones_are_not():
    for name in ("Marie Lindqvist", "Ada Novak", "Tomás Cruz"):
        check_person(name)
    check_company("Orchard & Applegate")


def test_near_duplicates_are_one_letter_apart():
    used = Used()
    used.add("Anna Keller")
    for text in ("Anna Keller", "anna-keller", "Ánna Keller", "Ana Keller", "Anna Kellerr", "Anna Kelner"):
        with pytest.raises(RejectedError, match="nearly that of another"):
            used.check(text, "the name")
    used.check("Anna Kelber-Ott", "the name")


def test_people_alike_in_all_but_name_are_rejected():
    work = People(writer_to(), FOR_MLLMU, Words())
    first, second = (work.task(template) for template in FOR_MLLMU[:2])
    profile = read(first, good_answer(first))
    answer = good_answer(second)
    free = ("occupation", "favorite_food", "pet_name", "quirk", "father_occupation", "mother_occupation")
    answer |= {name: profile.fields[name] for name in free}
    with pytest.raises(RejectedError, match=rf"nearly those of {profile.name}"):
        read(second, answer)


def test_people_alike_are_those_of_a_comparison_with_everyone():
    rng = random.Random(0)
    work = People(writer_to(), [], Words())
    for number in range(300):
        words = frozenset(rng.sample("abcdefghij", rng.randint(3, 7)))
        nearly = [name for name, other in work.earlier if len(words & other) >= ALIKE * len(words | other)]
        assert work._alike(words) == (nearly[0] if nearly else None)
        work.remember(f"person {number}", words)


@pytest.mark.parametrize("text", ["a\nb", "  a   b ", "a b.", "a\u00a0b"])
def test_values_are_one_line_without_a_period(text):
    assert value(text, "quirk") == "a b"


def test_names_of_many_countries_are_accepted():
    for name in ("Jean-Luc O'Neill", "Nguyễn Thị Hoa", "José de la Cruz", "Łucja Żak", "Anna M. Keller"):
        assert person_name(name) == name


def test_reason_and_number_of_the_try_are_in_the_next_request():
    answers = ['{"no": 1}', "I cannot."]
    with writing() as server:
        server.structured = lambda body: answers.pop(0) if answers else answer_of(body)
        writer = writer_to(server.url)
        People(writer, FOR_MLLMU[:1], Words()).write()
        texts = [request["text"] for request in server.requests]
    assert "rejected" not in texts[0]
    assert "- the answer lacks 'name'" in texts[1]
    assert texts[2].endswith("- it is not one complete JSON object\nWrite another answer.")
    assert writer.record()["rejected"] == 2


def test_server_without_structured_outputs_gets_none():
    with chatting(lambda text, pictures: "?") as server:
        server.structured = lambda body: (
            400, {"error": {"message": "Unrecognized request argument: response_format", "param": None}}, {}
        )  # fmt: skip
        template = FOR_MLLMU[0]
        writer = writer_to(server.url)
        task = People(writer, [template], Words()).task(template)
        answer = answer_of(writer.request(task))
        server.answer = lambda text, pictures: answer
        profile = People(writer, [template], Words()).write()[0]
    assert profile.written is not None
    assert "response_format" not in server.requests[-1]["body"]


def test_order_of_replies_does_not_change_the_texts():
    templates = people(12, seed=0)
    hashes = []
    for delay in (0.0, 0.02):
        draw = random.Random(0)
        with writing() as server:
            server.structured = lambda body, delay=delay, draw=draw: (
                time.sleep(delay * draw.random()),
                answer_of(body),
            )[1]
            writer = writer_to(server.url.replace("127.0.0.1", "localhost"))
            hashes.append(People(writer, templates, Words()).write())
    assert hashes[0] == hashes[1]


def test_languages_have_fonts_or_are_refused_in_one_line():
    refused = {}
    for code in LANGUAGES:
        try:
            check_language(code)
        except UserError as error:
            refused[code] = str(error)
    assert set(refused) == {"am", "ar", "bn", "fa", "he", "hi", "ja", "ka", "ko", "ta", "th", "ur", "zh"}
    assert all(f"--language {code}: " in line and "\n" not in line for code, line in refused.items())


@pytest.mark.parametrize(
    ("sources", "translations", "reason"),
    [
        (["{n} is in the {ordinal} image."], ["{n} ist im Bild."], r"must have \{ordinal\} once"),
        (["{n} and {other}."], ["{n} und {other} und {color}."], r"unknown slot \{color\}"),
        (["{n}. {n} died."], ["Er starb."], r"lacks \{n\}"),
        (["{n} is here.", "Here is {n}."], ["{n}.", "{n}."], "are the same"),
        (["cousin"], ["表弟"], "cannot be printed"),
    ],
)
def test_translation_with_a_fault_is_rejected(sources, translations, reason):
    task = translation._task(writer_to(), "phrases", sources)
    with pytest.raises(RejectedError, match=reason):
        read(task, {"translations": translations})


def test_dates_and_places_are_put_into_a_language():
    months = [f"M{number}" for number in range(1, 13)]
    words = Words({"Graz": "Gratz", "Austria": "Österreich", "asthma": "Asthma"}, months, "{d}. {month} {y}")
    assert words.fact("birth_date", "14 March 1990") == "14. M3 1990"
    assert words.fact("birthplace", "Graz, Austria") == "Gratz, Österreich"
    assert words.fact("home_address", "Bergstraße 3, Graz") == "Bergstraße 3, Gratz"
    assert words.fact("medical_condition", "asthma") == "Asthma"
    assert words.fact("end_date", "open-ended") == "open-ended"


@pytest.mark.parametrize("domain", ["medical", "labor"])
def test_every_printed_word_of_documents_is_translated(domain):
    word_or_blank = re.compile(r"\{[^}]*\}|[^\W\d_]+")
    pairs = tuple(
        (text, word_or_blank.sub(lambda match: match[0] if match[0].startswith("{") else "ж", text))
        for text in printed_words()
    )
    for number, template in enumerate(icu_profiles(domain, 40, seed=1)):
        profile = replace(template, written=Written({}, printed=pairs))
        facts = " ".join([profile.name, *profile.fields.values(), *profile.details.values()])
        for page in range(2):
            sheet = _sheet(_key(profile), page, 1 + number % 2) if page <= number % 2 else None
            for text, _ in sheet.texts if sheet else ():
                words = set(re.findall(r"[A-Za-z]{3,}", text))
                assert not {word for word in words if word.casefold() not in facts.casefold()}, (number, text)


def test_printed_words_are_replaced_in_capitals_and_whole():
    say = translator((("Stay", "Aufenthalt"), ("Remarks", "Notizen"), ("Room no.", "Zimmer"), ("Room", "Raum")))
    assert say("STAY, Stay and Stayed; Room no. 3, Room 4") == "AUFENTHALT, Aufenthalt and Stayed; Zimmer 3, Raum 4"
    assert translator(())("Stay") == "Stay"
