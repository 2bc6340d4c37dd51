"""Check a build's audits: the figures in its manifest, and that no shortcut is left without an explanation."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lethebench.builders.audits.audit import audit
from lethebench.builders.audits.shortcuts import LEAST_SUBJECTS
from lethebench.builders.audits.texts import MOST_SELF_BLEU
from lethebench.builders.audits.two_samples import BAND
from lethebench.builders.base import Benchmark
from lethebench.builders.verify.findings import Findings
from lethebench.builders.write.manifest import Manifest

CHECKS = ("shortcuts", "two samples", "answers")
_NEEDED = ("schema", "counts", "content hashes", "nulls", "options", "pictures")
_TOLERANCE = 0.03
"""By which figures of another processor may differ, since a fit may rank two choices the other way."""


def check_audits(folder: Path, manifest: Manifest, benchmark: Benchmark, findings: Findings) -> None:
    """Check that the audits of the rows give the manifest's figures, and that the card explains every shortcut."""
    damaged = [name for name in _NEEDED if findings.counts[name]]
    if damaged or not manifest.audits:
        reason = f"not tried, since {damaged[0]} failed" if damaged else "the manifest has no audits: rebuild it"
        for name in CHECKS:
            findings.skip(name, reason)
        return
    with findings.failing("shortcuts", "the audits fail"):
        measured = audit(folder, manifest.splits, benchmark.visible)
        for name, part in (("shortcuts", "shortcuts"), ("two samples", "text"), ("two samples", "pictures")):
            for reason in _differences(measured[part], manifest.audits.get(part), part):
                findings.add(name, reason)
        for reason in _differences(measured["answers"], manifest.audits.get("answers"), "answers"):
            findings.add("answers", reason)
        # What other builds give away, their card names; no text could explain it beforehand.
        strict = manifest.imported is None and manifest.written is None and manifest.size == "paper"
        _shortcuts(measured["shortcuts"], benchmark, findings, strict)
        _two_samples(measured, benchmark, findings, strict)
        _answers(measured["answers"], benchmark, findings, strict)


def _differences(measured: Any, declared: Any, path: str) -> Iterator[str]:
    """Yield where two records of figures differ."""
    if isinstance(measured, Mapping) and isinstance(declared, Mapping):
        for key in (*measured, *(key for key in declared if key not in measured)):
            if key not in ("cue", "shortcut", "apart", "monotonous"):  # follow from the figures
                yield from _differences(measured.get(key), declared.get(key), f"{path}: {key}")
        return
    numbers = all(isinstance(one, int | float) for one in (measured, declared))
    if measured != declared and not (numbers and abs(measured - declared) <= _TOLERANCE):
        yield f"{path} is {measured}, the manifest says {declared!s:.80}"


def _shortcuts(scores: Mapping[str, Mapping], benchmark: Benchmark, findings: Findings, strict: bool) -> None:
    if not scores:
        findings.skip("shortcuts", f"no attribute of {LEAST_SUBJECTS} or more subjects with values or choices")
        return
    texts = []
    for attribute, kinds in scores.items():
        for kind, score in kinds.items():
            if not score["shortcut"]:
                continue
            shares = f"{score['score']:.1%}, {score['chance']:.1%} by chance"
            texts.append(f"{attribute}: {kind.replace('_', ' ')} found by {score['cue']} in {shares}")
            if strict and attribute not in benchmark.CARD.audit_notes:
                findings.add("shortcuts", f"{texts[-1]}, and the card does not say why")
    detail = f"{len(scores)} attributes measured"
    findings.passed("shortcuts", "; ".join([detail, *texts]))


def _two_samples(measured: Mapping[str, Mapping], benchmark: Benchmark, findings: Findings, strict: bool) -> None:
    aucs = []
    for part in ("text", "pictures"):
        for pair, result in measured[part].items():
            if "not_measured" in result:
                findings.skip("two samples", result["not_measured"])
                continue
            aucs.append(f"{part} of {pair} {result['auc']:.2f}")
            if result["apart"] and strict and pair not in benchmark.CARD.audit_notes:
                one, other = pair.split("/")
                findings.add(
                    "two samples",
                    f"the {part} of {one} and {other} differ: AUC {result['auc']:.2f}, at most {BAND} from .5 expected",
                )
    if aucs:
        findings.passed("two samples", f"AUC: {', '.join(aucs)}")


def _answers(measured: Mapping[str, Any], benchmark: Benchmark, findings: Findings, strict: bool) -> None:
    if "not_measured" in measured:
        findings.skip("answers", measured["not_measured"])
        return
    if measured["monotonous"] and strict and "answers" not in benchmark.CARD.audit_notes:
        findings.add("answers", f"self-BLEU-3 of sentences is {measured['self_bleu_3']:.2f}; at most {MOST_SELF_BLEU}")
    findings.passed("answers", f"self-BLEU-3 of sentences {measured['self_bleu_3']:.2f}")
