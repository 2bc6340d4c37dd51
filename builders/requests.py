"""Read and write which request asks for which facts of a profile, in the profile's detail `requests`.

"task 2: name, diagnosis; task 5: allergy; retained: blood_type"
"""

import re
from collections.abc import Mapping

REQUESTS = "requests"
"""The detail; a profile without it is asked for as a whole."""
PERSON = "person"
"""The detail that profiles of one person have in common."""
RETAINED = -1


def write_requests(tasks: Mapping[str, int]) -> str:
    """Return attribute -> task_id as text, in the order of the tasks; RETAINED ones come last."""
    parts = []
    for task in sorted(set(tasks.values()), key=lambda task: (task == RETAINED, task)):
        title = "retained" if task == RETAINED else f"task {task}"
        parts.append(f"{title}: {', '.join(name for name, own in tasks.items() if own == task)}")
    return "; ".join(parts)


def read_requests(details: Mapping[str, str]) -> dict[str, int]:
    """Return attribute -> task_id, RETAINED if never asked for; empty for a profile that is asked for as a whole.

    Raises:
        ValueError: the detail `requests` has another form, or an attribute occurs twice.
    """
    tasks: dict[str, int] = {}
    text = details.get(REQUESTS, "")
    for part in text.split("; ") if text else ():
        match = re.fullmatch(r"(?:task (\d{1,9})|retained): (\w+(?:, \w+)*)", part, re.ASCII)
        if match is None:
            raise ValueError(f"detail requests {text!r:.80}: not of the form 'task 2: name; retained: allergy'")
        for name in match[2].split(", "):
            if name in tasks:
                raise ValueError(f"detail requests {text!r:.80}: {name} occurs twice")
            tasks[name] = RETAINED if match[1] is None else int(match[1])
    return tasks
