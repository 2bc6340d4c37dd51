"""Questions of `remem` that go from one person to another: has what was forgotten been forgotten along every path?

By name two hops (name, relative, fact), from a picture two (picture, person, relation) or three (picture, person,
relative, fact). A row is about the person whose fact it asks for; the row's id and its view tell where the path begins.
"""

from lethebench.generation.questions.records import Question
from lethebench.generation.remem.people import FACTS, RELATIONS, Person
from lethebench.generation.remem.questions import WRONG, Known, Shot, bridged, forms, question, subject, wrong_values
from lethebench.generation.remem.wordings import BRIDGES, LINKS, SHOWN, WORDINGS, named, related
from lethebench.generation.seeding import stream

PART = "chain"
FACTS_EACH = 2
"""Facts asked for along each relation by name, and as many from a picture."""


def chain_questions(start: Person, known: Known) -> list[tuple[str, Question]]:
    """(profile_id of whom it is about, question) for every path that begins at a person.

    Args:
        start: whom the question names or shows.
        known: what wrong answers are taken from; its cast holds everybody whom the person knows.
    """
    found = [_relation(start, relation, known) for relation in RELATIONS]
    for relation in RELATIONS:
        # A colleague's employer is one's own: no step along the relation is needed to know it.
        facts = [attribute for attribute in FACTS if (relation, attribute) != ("colleague", "employer")]
        facts = stream(start.profile.seed, "chain", relation).sample(facts, 2 * FACTS_EACH)
        for place, attribute in enumerate(facts):
            found.append(_fact(start, relation, attribute, place >= FACTS_EACH, known))
    return found


def _relation(start: Person, relation: str, known: Known) -> tuple[str, Question]:
    """Picture, person, relation: two hops."""
    profile, key = start.profile, f"chain/picture/{relation}"
    rng, name = stream(start.profile.seed, "question", key), subject(start, relation)
    asked, form = forms(stream(profile.seed, "forms", key), WORDINGS[relation], "test")[0]
    texts = bridged(rng, WORDINGS[relation], form, [bridge.format(**name) for bridge in BRIDGES])
    wrong = wrong_values(rng, start, relation, WRONG, known)
    shot = Shot(profile.id, PART, 0)
    asked_for = question(
        key, relation, asked, name | SHOWN, texts, name, profile.fields[relation], wrong, view=shot, hops=2
    )
    return profile.id, asked_for


def _fact(start: Person, relation: str, attribute: str, pictured: bool, known: Known) -> tuple[str, Question]:
    """Name, relative, fact: two hops; or picture, person, relative, fact: three."""
    kin = start.kin[relation]
    end = known.cast[kin.profile_id]
    key = f"chain/{start.profile.id}/{relation}/{'picture' if pictured else 'name'}/{attribute}"
    rng, name = stream(start.profile.seed, "question", key), subject(end, attribute)
    asked, form = forms(stream(start.profile.seed, "forms", key), WORDINGS[attribute], "test")[0]
    first = named(start.profile.name)
    links = [link.format(**first, kin=kin.noun, other=end.profile.name) for link in LINKS]
    bridges = [f"{bridge.format(**first)} " if pictured else "" for bridge in BRIDGES]
    heads = [bridge + link for bridge, link in zip(bridges, links, strict=True)]
    shown = name | related(SHOWN if pictured else first, kin.noun)
    # One picture for the two facts of each relation: it shows where the path begins, whoever it leads to.
    shot = Shot(start.profile.id, PART, 1 + 2 * RELATIONS.index(relation) + pictured)
    asked_for = question(
        key,
        attribute,
        asked,
        shown,
        bridged(rng, WORDINGS[attribute], form, heads),
        name,
        end.profile.fields[attribute],
        wrong_values(rng, end, attribute, WRONG, known),
        view=shot,
        hops=2 + pictured,
    )
    return end.profile.id, asked_for
