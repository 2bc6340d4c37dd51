"""Which question of its class a row of MLUBench asks. The release does not say; its wordings prove it, or nothing does.

Wordings that get the same answer about one entity ask the same question. That groups the wordings of a class. Where
the groups are as many as the class has questions, stand in one order about every entity, and each entity has as many
wordings in each as the data files of mlu say that the release kept, a group is the question at its place. Anywhere
else rows get a neutral `question-<n>`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from lethebench.builders.imports.mlu.release import Row
from lethebench.generation.mlu.facts import release as facts

Entities = Mapping[str, Sequence[Row]]


def attributes(entities: Entities) -> dict[tuple[str, str], str]:
    """(class, wording) -> the attribute it asks for.

    Args:
        entities: `<Class>/<Entity>` -> rows.
    """
    classes: dict[str, dict[str, Sequence[Row]]] = defaultdict(dict)
    for profile_id, rows in entities.items():
        name, _, key = profile_id.partition("/")
        classes[name][key] = rows
    found = {}
    for name, members in classes.items():
        groups = _groups(members)
        keys = proven(name, members, groups) or [f"question-{number + 1}" for number in range(len(groups))]
        for key, wordings in zip(keys, groups, strict=True):
            found |= {(name, wording): key for wording in wordings}
    return found


def _groups(members: Mapping[str, Sequence[Row]]) -> list[list[str]]:
    """The wordings of a class by question, in the order in which they first occur."""
    parent: dict[str, str] = {}

    def root(wording: str) -> str:
        while parent[wording] != wording:
            wording = parent[wording]
        return wording

    for rows in members.values():
        first: dict[str, str] = {}
        for row in rows:
            parent.setdefault(row.question, row.question)
            other = first.setdefault(row.answer, row.question)
            parent[root(row.question)] = root(other)
    groups: dict[str, list[str]] = defaultdict(list)
    for wording in parent:
        groups[root(wording)].append(wording)
    return list(groups.values())


def proven(name: str, members: Mapping[str, Sequence[Row]], groups: Sequence[Sequence[str]]) -> list[str] | None:
    """The question of each group, None where the class is not as the data files say."""
    known = facts().classes.get(name)
    if known is None or len(groups) != len(known.questions) or not members.keys() <= known.entities.keys():
        return None
    place = {wording: number for number, wordings in enumerate(groups) for wording in wordings}
    order = _order([list(dict.fromkeys(place[row.question] for row in rows)) for rows in members.values()])
    if order is None:
        return None
    keys = dict(zip(order, known.questions, strict=True))
    for key, rows in members.items():
        asked = defaultdict(set)
        for row in rows:
            asked[keys[place[row.question]]].add(row.question)
        if any(len(asked[question]) != count for question, count in known.entities[key].phrasings.items()):
            return None
    return [keys[number] for number in range(len(groups))]


def _order(sequences: Sequence[Sequence[int]]) -> list[int] | None:
    """The one order that all sequences are parts of, None where there is none or more than one."""
    before: dict[int, set[int]] = {number: set() for sequence in sequences for number in sequence}
    for sequence in sequences:
        for at, number in enumerate(sequence):
            before[number].update(sequence[:at])
    order: list[int] = []
    while len(order) < len(before):
        free = [number for number in before if number not in order and before[number] <= set(order)]
        if len(free) != 1:
            return None
        order += free
    return order
