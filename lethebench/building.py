"""`lethe build` and `lethe verify`: from what a person typed to the builders and back."""

from collections.abc import Sequence
from pathlib import Path

from .builders import build, verify
from .console import Console
from .errors import UserError


def build_command(
    name: str, size: str, seed: int, out: Path | None, num_proc: int, options: Sequence[str], preview: bool
) -> tuple[dict, str]:
    """Builds, and gives the manifest and what to print.

    Raises:
        UserError: an option that is not K=V.
        BuildError: anything else that a user can cause.
    """
    folder = out or Path("build") / name
    pairs = [option.partition("=") for option in options]
    for option, (key, equals, _) in zip(options, pairs, strict=True):
        if not (key and equals):
            raise UserError(f"--option {option}: give it as K=V, e.g. --option overlap=0.2")
    with Console().phase(f"build {name}, {size}") as tick:
        manifest = build(
            name,
            folder,
            size=int(size) if size.lstrip("-").isdecimal() else size,
            seed=seed,
            num_proc=num_proc,
            options={key: value for key, _, value in pairs},
            preview=preview,
            progress=tick,
        ).to_dict()
    text = f"{folder}: {name} {manifest['version']}, {manifest['size']}; check it with `lethe verify {folder}`"
    return manifest, text


def verify_command(folder: Path) -> tuple[dict, str]:
    """Verifies, and gives the report and what to print: one line per check, then the problems."""
    report = verify(folder).to_dict()
    lines = [f"{check.get('status', 'ok'):>14}  {check['name']}" for check in report["checks"]]
    lines += [problem["text"] for problem in report["problems"]]
    lines.append(f"{folder}: {'all checks passed' if report['ok'] else 'problems: ' + str(len(report['problems']))}")
    return report, "\n".join(lines)
