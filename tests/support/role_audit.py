"""The audit of two samples as `verify` computes it, from profiles, without building their other rows and pictures."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lethebench.builders.audits.sample import MOST_SUBJECTS, Sample, Subject, checksum
from lethebench.builders.audits.two_samples import encoded_look, picture_count, text_features, two_samples
from lethebench.generation.questions.records import Profile, Question


def role_audit(
    roles: Mapping[str, Sequence[Profile]],
    pictures: Callable[[Profile, str, int], list[bytes]],
    questions: Callable[[Profile], Sequence[Question]],
) -> dict[str, float]:
    """Return `text forget/retain` etc. -> AUC.

    Args:
        roles: role -> profiles in the order of the build; neighbors only give names to leave out.
        pictures: (profile, role, most) -> its first thumbnails, encoded.
        questions: profile -> its questions outside `test`.
    """
    subjects, rows = {}, []
    for role, members in roles.items():
        for one in sorted(members, key=lambda profile: checksum(profile.id))[:MOST_SUBJECTS]:
            subjects[one.id] = Subject(one.id, one.domain, role, {"name": one.name}, {})
            rows += [
                {"profile_id": one.id, "question": row.question, "answer": row.answer, "part": "train"}
                for row in (questions(one) if role != "neighbour" else ())
            ]
    sample, looks = Sample(subjects, rows), {}
    for role, members in roles.items():
        for one in members:
            if one.id in subjects and role != "neighbour":
                looks[one.id] = np.array(
                    [encoded_look(data) for data in pictures(one, role, picture_count(len(subjects)))]
                )
    figures = {"text": text_features(sample), "pictures": looks}
    return {
        f"{part} {pair}": result["auc"]
        for part, features in figures.items()
        for pair, result in two_samples(features, sample).items()
    }
