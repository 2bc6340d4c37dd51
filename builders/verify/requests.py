"""Check requests for a part of a profile, and the documents of one person."""

from lethebench.builders.requests import PERSON, RETAINED
from lethebench.builders.verify.row_pass import IDENTITY, BuildCheck


def requested_tasks(check: BuildCheck) -> set[int]:
    """Return the tasks of requests for a part of a profile; report those without rows."""
    tasks: set[int] = set()
    for profile_id, person in check.people.items():
        parts = set(person.requests.values())
        tasks |= parts - {RETAINED}
        for task in sorted(parts):
            if (profile_id, task) not in check.asked:
                title = "no row of what is retained" if task == RETAINED else f"no row of its request in task {task}"
                check.findings.add("tasks", title, id=profile_id)
    return tasks


def check_persons(check: BuildCheck) -> None:
    """Check that profiles of one person agree on who it is and are asked for at different times."""
    first: dict[str, str] = {}
    for profile_id, details in check.details.items():
        other = first.setdefault(details[PERSON], profile_id) if PERSON in details else profile_id
        if other == profile_id or check.manifest.imported is not None:
            continue
        if check.people[other].task_id == check.people[profile_id].task_id:
            check.findings.add("tasks", f"is asked for together with {other}, the same person", id=profile_id)
        for key in ("name", *IDENTITY):
            mine, theirs = _identity(check, profile_id, key), _identity(check, other, key)
            if mine != theirs:
                check.findings.add("facts", f"{key} {mine}, but {theirs} in {other}, the same person", id=profile_id)


def same_person(check: BuildCheck, profile_id: str, other: str) -> bool:
    """Return whether two profiles are documents of one person."""
    person = check.details[profile_id].get(PERSON)
    return person is not None and person == check.details[other].get(PERSON) and check.manifest.imported is None


def _identity(check: BuildCheck, profile_id: str, key: str) -> str | None:
    return check.people[profile_id].values.get(key) or check.details[profile_id].get(key)
