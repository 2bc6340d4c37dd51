"""Infer which question of its class a row of MLUBench asks, since the release does not tell.

Wordings that get the same answer about one entity ask the same question, which groups the wordings of a class. If there
are as many groups as the class has questions, in one order about every entity, and each entity has as many wordings in
each as the data files of mlu say that the release kept, a group is the question at its index. Otherwise rows get a
neutral `question-<n>`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from lethebench.builders.imports.mlu.release import Row
from lethebench.generation.mlu.facts import release as facts

Entities = Mapping[str, Sequence[Row]]


def attributes(entities: Entities) -> dict[tuple[str, str], str]:
    """Return (class, wording) -> the attribute it asks for, from `<Class>/<Entity>` -> rows."""
    classes: dict[str, dict[str, Sequence[Row]]] = defaultdict(dict)
    for profile_id, rows in entities.items():
        name, _, key = profile_id.partition("/")
        classes[name][key] = rows
    attribute_of: dict[tuple[str, str], str] = {}
    for name, members in classes.items():
        groups = _groups(members)
        keys = proven(name, members, groups) or [f"question-{number + 1}" for number in range(len(groups))]
        for key, wordings in zip(keys, groups, strict=True):
            attribute_of |= {(name, wording): key for wording in wordings}
    return attribute_of


def _groups(members: Mapping[str, Sequence[Row]]) -> list[list[str]]:
    """Return the wordings of a class by question, in the order of first occurrence."""
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
    """Return the question of each group, None if the class differs from the data files."""
    entity_class = facts().classes.get(name)
    if entity_class is None or len(groups) != len(entity_class.questions):
        return None
    if not members.keys() <= entity_class.entities.keys():
        return None
    group_of = {wording: number for number, wordings in enumerate(groups) for wording in wordings}
    order = _order([list(dict.fromkeys(group_of[row.question] for row in rows)) for rows in members.values()])
    if order is None:
        return None
    keys = dict(zip(order, entity_class.questions, strict=True))
    for key, rows in members.items():
        wordings = defaultdict(set)
        for row in rows:
            wordings[keys[group_of[row.question]]].add(row.question)
        phrasings = entity_class.entities[key].phrasings
        if any(len(wordings[question]) != count for question, count in phrasings.items()):
            return None
    return [keys[number] for number in range(len(groups))]


def _order(sequences: Sequence[Sequence[int]]) -> list[int] | None:
    """Return the only order that is consistent with all sequences, None if there is none or more than one."""
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
