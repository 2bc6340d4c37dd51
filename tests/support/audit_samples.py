"""Samples of texts for audits: 80 subjects with a name, a nationality and a town, and questions with options."""

import random

from lethebench.builders.audits.sample import Sample, Subject

NATIONS = ("Kenyan", "Dutch", "Peruvian", "Thai")
COUNT = 80


def subjects(count=COUNT, roles=("forget", "retain")) -> dict[str, Subject]:
    rng = random.Random(0)
    people = {}
    for number in range(count):
        nation = rng.choice(NATIONS)
        details = {"nationality": nation, "gender": rng.choice(("female", "male"))}
        values = {"name": f"First{rng.randrange(30)} Last{number}", "height": f"{rng.randint(150, 200)} cm"}
        values["town"] = f"Town{rng.randrange(40)}, {nation}land"
        identity = f"person-{number:04d}"
        people[identity] = Subject(identity, "person", roles[number % len(roles)], values, details)
    return people


def row(
    subject, question, answer, options=(), correct=-1, perturbed=(), paraphrases=(), part="train", attribute="town"
):
    return {
        "id": f"{subject.id}/{part}/{question}/{answer}",
        "profile_id": subject.id,
        "attribute": attribute,
        "question": question,
        "answer": answer,
        "options": list(options),
        "correct": correct,
        "perturbed": list(perturbed),
        "paraphrases": list(paraphrases),
        "part": part,
    }  # fmt: skip


def choices(rng, right, wrong) -> tuple[list[str], int]:
    correct = rng.randrange(len(wrong) + 1)
    return [*wrong[:correct], right, *wrong[correct:]], correct


def sample(make, seed=1, **arguments) -> Sample:
    """Return a sample with two rows of each subject, `make(rng, subject, part)`."""
    rng, people = random.Random(seed), subjects(**arguments)
    return Sample(people, [make(rng, subject, part) for subject in people.values() for part in ("train", "test")])
