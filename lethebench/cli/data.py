"""`lethe build` and `lethe verify`: from what a person typed to the builders and back."""

from collections.abc import Sequence
from pathlib import Path

from lethebench.builders import build, verify
from lethebench.console import Console
from lethebench.errors import UserError


def build_command(
    name: str,
    size: str,
    seed: int,
    out: Path | None,
    num_proc: int,
    options: Sequence[str],
    preview: bool,
    source: Path | None = None,
) -> tuple[dict, str]:
    """Builds, from an official release where there is a `source`, and gives the manifest and what to print.

    Raises:
        UserError: an option that is not K=V.
        BuildError: anything else that a user can cause.
    """
    folder = out or Path("build") / name
    pairs = [option.partition("=") for option in options]
    for option, (key, equals, _) in zip(options, pairs, strict=True):
        if not (key and equals):
            raise UserError(f"--option {option}: give it as K=V, e.g. --option overlap=0.2")
    what = f"{name}, {size}" if source is None else f"{name} from {source.name}"
    with Console().phase(f"build {what}") as tick:
        manifest = build(
            name,
            folder,
            size=int(size) if size.lstrip("-").isdecimal() else size,
            seed=seed,
            num_proc=num_proc,
            options={key: value for key, _, value in pairs},
            preview=preview,
            progress=tick,
            source=source,
        ).to_dict()
    text = f"{folder}: {name} {manifest['version']}, {manifest['size']}; check it with `lethe verify {folder}`"
    return manifest, text if source is None else f"{_import_text(manifest)}\n{text}"


def _import_text(manifest: dict) -> str:
    """What an import took from its release, what it counted on the way, and what it cannot have."""
    counts = {what: number for what, number in manifest["extra_counts"].items() if number}
    lines = [", ".join(f"{number:,} {what.replace('_', ' ')}" for what, number in manifest["paper_counts"].items())]
    lines += [f"{number:,} {what.replace('_', ' ')}" for what, number in counts.items()]
    lines += [f"no {what}: {why}" for what, why in manifest["imported"]["missing"].items()]
    return "\n".join(lines)


def verify_command(folder: Path) -> tuple[dict, str]:
    """Verifies, and gives the report and what to print: one line per check, then the problems."""
    report = verify(folder).to_dict()
    lines = [f"{check.get('status', 'ok'):>14}  {check['name']}" for check in report["checks"]]
    lines += [problem["text"] for problem in report["problems"]]
    lines.append(f"{folder}: {'all checks passed' if report['ok'] else 'problems: ' + str(len(report['problems']))}")
    return report, "\n".join(lines)
