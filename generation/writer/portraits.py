"""Let a model draw portraits of written people, after descriptions by the writer."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.contract.errors import UserError
from lethebench.contract.requests.replies import PICTURE
from lethebench.generation.questions.records import Profile
from lethebench.generation.writer.answers import RejectedError, record, text
from lethebench.generation.writer.values import value
from lethebench.generation.writer.writer import ATTEMPTS, Task, Writer

MOST_LETTERS = 400


def write_portraits(writer: Writer, people: Sequence[Profile]) -> None:
    """Write a portrait of each person into the writer's folder, as `<profile id>.jpg`; nothing if it draws none.

    Raises:
        UserError: A portrait is the same as another ATTEMPTS times, or no further request can be sent.
    """
    if writer.portraits is None:
        return
    model, folder = writer.portraits
    looks = writer.write([_look(person) for person in people])
    waiting = dict(zip((person.id for person in people), map(_prompt, people, looks), strict=True))
    files: dict[str, bytes] = {}
    hashes: set[str] = set()
    reason = ""
    for attempt in range(ATTEMPTS):
        requests = [_request(model, prompt, attempt) for prompt in waiting.values()]
        for key, answer in zip(list(waiting), writer.ask(requests, batch=False), strict=False):
            if isinstance(answer, RejectedError):
                reason = f"the picture of {key} failed: {answer}"
                continue
            content = base64.b64decode(answer.removeprefix(PICTURE))
            digest = hashlib.sha256(content).hexdigest()
            if digest in hashes:
                reason = f"the picture of {key} is that of another person"
                continue
            hashes.add(digest)
            files[key] = content
            del waiting[key]
        if not reason or not waiting:
            break
    if reason and waiting:
        raise UserError(f"--portraits openai:{model}: {len(waiting)} pictures are missing; {reason}; try another model")
    if files:
        folder.mkdir(parents=True, exist_ok=True)
    for key, content in files.items():
        (folder / f"{key}.jpg").write_bytes(content)


def _look(person: Profile) -> Task[str]:
    """Return a task to describe what somebody looks like."""
    prompt = (
        "Describe in English how an invented person looks: "
        f"{person.details['gender']}, {person.details['age']} years old, {person.details['nationality']} by birth. "
        "Give face, hair, skin, clothes and one peculiarity, without a name, in one sentence. Property: appearance."
    )

    def read(answer: Mapping[str, Any]) -> str:
        look = value(answer["appearance"], "appearance", MOST_LETTERS)
        if any(part in look for part in person.name.split()):
            raise RejectedError("the appearance has the person's name")
        return look

    return Task(f"look of {person.id}", prompt, record(appearance=text()), read, "an ordinary face", tokens=60)


def _prompt(person: Profile, look: str) -> str:
    noun = "woman" if person.details["gender"] == "female" else "man"
    return (
        f"Photographic portrait of an invented {noun} of {person.details['age']} who resembles nobody famous: {look}. "
        "Head and shoulders, facing the camera, in the middle, plain background, no text."
    )


def _request(model: str, prompt: str, attempt: int) -> dict[str, Any]:
    again = f" Version {attempt + 1}." if attempt else ""
    return {
        "model": model,
        "prompt": prompt + again,
        "n": 1,
        "size": "1024x1024",
        "response_format": "b64_json",  # models that always send it refuse the setting, and it is left out
    }
