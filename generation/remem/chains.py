"""The questions of `remem` along relations: is a forgotten fact still reachable through somebody else?

By name two hops (name, relation, fact), from a picture two (picture, person, relation) or three (picture, person,
relation, fact). A row is about the person whose fact it asks for; its key and its view tell where the path starts.
"""

from lethebench.generation.questions.phrasing import WRONG_ANSWERS, named
from lethebench.generation.questions.records import Question
from lethebench.generation.remem.people import FACTS, RELATIONS, Person
from lethebench.generation.remem.questions import (
    Population,
    Shot,
    by_first_name,
    cloze_prompt,
    make_question,
    phrasings,
    subject,
    with_heads,
    wrong_values,
)
from lethebench.generation.remem.wordings import in_image, related
from lethebench.generation.seeding import stream

CHAIN = "chain"
"""The `part` of pictures of chain questions."""
FACTS_EACH = 2
"""Facts asked for along each relation by name, and as many from a picture."""


def chain_questions(start: Person, population: Population) -> list[tuple[str, Question]]:
    """Return (profile_id of the subject, question) for every path that starts at a person.

    Args:
        start: whom the question names or shows.
        population: source of wrong answers; its cast holds the person's relations.
    """
    questions = [(start.profile.id, _relation(start, relation, population)) for relation in RELATIONS]
    for relation in RELATIONS:
        # Colleagues have the same employer, so asking for it would not need the relation.
        facts = [attribute for attribute in FACTS if (relation, attribute) != ("colleague", "employer")]
        facts = stream(start.profile.seed, "chain", relation).sample(facts, 2 * FACTS_EACH)
        for index, attribute in enumerate(facts):
            end = population.cast[start.kin[relation].profile_id]
            questions.append((end.profile.id, _fact(start, end, relation, attribute, index >= FACTS_EACH, population)))
    return questions


def _relation(start: Person, relation: str, population: Population) -> Question:
    """Return the question from picture to person to relation: two hops."""
    profile, key = start.profile, f"{CHAIN}/picture/{relation}"
    rng, slots = stream(profile.seed, "question", key), subject(start, relation)
    templates, phrases = population.book.wordings[relation], population.book.phrases
    shown = slots | in_image(phrases)
    question, answer = phrasings(stream(profile.seed, "forms", key), templates, "test")[0]
    answers = with_heads(rng, templates, answer, [bridge.format(**slots) for bridge in phrases["bridges"]])
    wrong = wrong_values(rng, start, relation, WRONG_ANSWERS, population)
    text = question.format(**shown)
    prompt = cloze_prompt(templates, shown)
    shots = [Shot(profile.id, CHAIN, 0)]
    return make_question(
        key, relation, text, answers, by_first_name(slots), profile.fields[relation], wrong, shots, 2, prompt
    )


def _fact(
    start: Person, end: Person, relation: str, attribute: str, from_picture: bool, population: Population
) -> Question:
    """Return the question from name to relation to fact (two hops) or from picture to fact (three)."""
    profile, noun = start.profile, start.kin[relation].noun
    key = f"{CHAIN}/{profile.id}/{relation}/{'picture' if from_picture else 'name'}/{attribute}"
    rng, slots = stream(profile.seed, "question", key), subject(end, attribute)
    templates, phrases = population.book.wordings[attribute], population.book.phrases
    question, answer = phrasings(stream(profile.seed, "forms", key), templates, "test")[0]
    start_slots = named(profile.name)
    links = [link.format(**start_slots, kin=noun, other=end.profile.name) for link in phrases["links"]]
    bridges = [f"{bridge.format(**start_slots)} " if from_picture else "" for bridge in phrases["bridges"]]
    heads = [bridge + link for bridge, link in zip(bridges, links, strict=True)]
    answers = with_heads(rng, templates, answer, heads)
    wrong = wrong_values(rng, end, attribute, WRONG_ANSWERS, population)
    asked = slots | related(in_image(phrases) if from_picture else start_slots, noun, phrases)
    text, prompt = question.format(**asked), cloze_prompt(templates, asked)
    # One picture for the two facts of each relation: it shows where the path starts.
    shots = [Shot(profile.id, CHAIN, 1 + 2 * RELATIONS.index(relation) + from_picture)]
    value = end.profile.fields[attribute]
    return make_question(
        key, attribute, text, answers, by_first_name(slots), value, wrong, shots, 2 + from_picture, prompt
    )
