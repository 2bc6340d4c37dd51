"""`lethe export`: a build in another project's layout."""

from pathlib import Path

from lethebench.builders import read_manifest
from lethebench.contract.own_folder import tidy
from lethebench.errors import UserError
from lethebench.harnesses.mllmu_bench import export_mllmu_bench
from lethebench.runs.build import open_build

LAYOUTS = ("mllmu-bench", "lm-eval", "lmms-eval")


def export_command(folder: Path, layout: str, out: Path, data: str | None) -> tuple[dict, str]:
    """Exports, and gives what was written and what to print.

    Raises:
        UserError: no build, no such layout, something in `out`, or `--data` where nothing loads it.
        BuildError: a build that the layout cannot hold.
    """
    if layout not in LAYOUTS:
        raise UserError(f"--layout {layout}: unknown; give one of {', '.join(LAYOUTS)}")
    folder = open_build(folder).path
    tidy(out)
    if out.is_dir() and (present := min((path.name for path in out.iterdir()), default=None)):
        # A folder with a build in it would be free for another build; an export must not take its place.
        raise UserError(f"--out {out} holds {present} already: give a folder that is free or empty")
    manifest = read_manifest(folder)
    if layout == "mllmu-bench":
        if data is not None:
            raise UserError(f"--data {data}: only tasks load data; leave it out with --layout {layout}")
        counts = export_mllmu_bench(folder, manifest, out)
        left = manifest.splits["forget5"].get("holdout", {}).get("rows", 0)
        lines = [f"{count:6,}  {name}" for name, count in counts.items()]
        lines.append(f"{out}: {len(counts)} configs; {left:,} questions about people held out have no place there")
        return {"out": str(out), "records": counts, "left_out": {"holdout": left}}, "\n".join(lines)
    try:
        from lethebench.harnesses.tasks import export_tasks
    except ModuleNotFoundError as error:
        raise UserError(f"--layout {layout} needs {error.name}: pip install 'lethebench[metrics]'") from None
    names = export_tasks(layout, folder, manifest, out, data=data)
    command = "lm_eval" if layout == "lm-eval" else "python -m lmms_eval"
    example = next((name for name in names if name.endswith("_forget")), "TASK")
    text = f"{out}: {len(names)} tasks, e.g. `{command} --include_path {out} --tasks {example} --model ...`"
    return {"out": str(out), "tasks": names}, text
