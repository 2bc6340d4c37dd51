"""Audit a build: shortcuts to answers, roles that can be told apart, and variety of answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lethebench.builders.audits.sample import read_sample
from lethebench.builders.audits.shortcuts import Visible, shortcuts
from lethebench.builders.audits.texts import texts
from lethebench.builders.audits.two_samples import picture_features, text_features, two_samples


def audit(folder: Path, splits: Mapping[str, Mapping[str, Mapping]], visible: Visible) -> dict[str, Any]:
    """Return the figures of a build's audits as plain data, the same for the same rows.

    Args:
        folder: with the shards of the build.
        splits: those of its manifest.
        visible: what pictures may show (see `Benchmark.visible`).

    Returns:
        `sample`: how many `subjects`, and `attributes` of trained ones; `shortcuts`: attribute -> scores (see
        `shortcuts.shortcuts`); `text` and `pictures`: pair of roles -> AUC (see `two_samples.two_samples`); `answers`:
        lengths and self-BLEU (see `texts.texts`). What a build is too small for has `not_measured`, the reason.
    """
    sample = read_sample(folder, splits)
    trained = {name for name, subject in sample.subjects.items() if subject.role in ("forget", "retain")}
    attributes = {row["attribute"] for row in sample.rows if row["profile_id"] in trained}
    files = [name for part in splits.get("profiles", {}).values() for name in part["files"]]
    return {
        "sample": {"subjects": len(sample.subjects), "attributes": len(attributes)},
        "shortcuts": shortcuts(sample, visible),
        "text": two_samples(text_features(sample), sample),
        "pictures": two_samples(picture_features(folder, files, sample), sample),
        "answers": texts(sample),
    }
