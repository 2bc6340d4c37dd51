"""A benchmark of another package: an entry point is enough to list, build, verify, load and open it."""

import pytest
from datasets import load_dataset

from lethebench.builders import BENCHMARKS, BuildError, build, entries, verify
from lethebench.builders.options import option_help
from lethebench.builders.registry import IMPORTS, find
from lethebench.cli.listing import catalog
from lethebench.runs.build import open_build

SHAPES = """
from PIL import Image, ImageDraw

from lethebench.builders.base import Benchmark, Sizes
from lethebench.builders.card_text import CardText, Paper
from lethebench.builders.records import Plan, ProfileRecord, Unit
from lethebench.builders.write.pictures import encode_view
from lethebench.generation.questions.records import Profile, Question

COLORS = ("red", "green", "blue", "black")


class Shapes(Benchmark):
    NAME = "shapes"
    VERSION = "1.2.0"
    RELEASE_NOTES = {"1.2.0": "First release."}
    SUMMARY = "colored disks"
    PAPER = Paper("Shapes", "Disks to forget", "Doe, Jo", 2026, "2601.00001")
    CARD = CardText(
        title="Shapes",
        description="Colored disks.",
        released="2026-01-01",
        tags=("machine-unlearning",),
        configs={"requests": "one disk after another.", "profiles": "one row per disk."},
        splits={
            "requests": {"train": "all", "forget": "to forget", "retain": "to retain"},
            "profiles": {"train": "all"},
        },
        licenses={"everything": "CC0-1.0"},
        responsible_ai={"dataCollection": "Drawn by a program."},
    )
    SEQUENCE = "requests"
    CONFIGS = {
        "requests": {
            "train": ("qa/forget", "qa/retain"), "forget": ("qa/forget",), "retain": ("qa/retain",),
        },
        "profiles": {"train": ("profiles/forget", "profiles/retain")},
    }
    SIZES = Sizes(paper=4, small=2, step=2, least=2, reason="half to forget")

    def plan(self, count, *, seed, options):
        units = []
        for number in range(count):
            role = ("forget", "retain")[number % 2]
            profile = Profile(f"disk-{number}", "disk", f"Disk {number}", {"color": COLORS[number]}, {}, seed)
            task_id = number // 2 if role == "forget" else -1
            units.append(Unit((f"qa/{role}", f"profiles/{role}"), (profile,), role, task_id))
        return Plan(units, None, tasks=count // 2)

    def record(self, profile, unit, shared):
        color = profile.fields["color"]
        picture = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(picture).ellipse((8, 8, 56, 56), color)
        question = Question(
            key="color", modality="image_text", format="generation", attribute="color",
            question=f"What color is {profile.name}?", answer=color, value=color, keywords=(color,),
            paraphrases=(f"It is {color}.", f"The color is {color}."),
            perturbed=tuple(f"It is shade {n}." for n in range(5)), view="front",
        )
        subject = unit.subject(profile)
        views = {"front": encode_view(profile.id, picture, "front")}
        return ProfileRecord(subject, {unit.groups[0]: [(subject, question)]}, views)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that puts a module and its entry point on sys.path."""

    def add(entry_point: str, module: str, code: str) -> None:
        site = tmp_path / f"site-{module}"
        info = site / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[lethebench.benchmarks]\n{entry_point}\n")
        (site / f"{module}.py").write_text(code)
        monkeypatch.syspath_prepend(site)

    return add


@pytest.mark.parametrize("name", entries.BENCHMARKS)
def test_row_of_a_benchmark_agrees_with_its_class(name):
    row = entries.BENCHMARKS[name]
    assert row == entries.benchmark_entry(row.target, BENCHMARKS[name])


@pytest.mark.parametrize("name", entries.IMPORTS)
def test_row_of_an_import_agrees_with_its_class(name):
    row, importer = entries.IMPORTS[name], IMPORTS[name]
    assert (row.version, row.after) == (importer.VERSION, entries.publication(importer.PAPER))
    assert row.options == option_help(importer.OPTIONS)


def test_entry_point_is_listed_built_verified_loaded_and_opened(install, tmp_path):
    install("shapes = shapes_bench:Shapes", "shapes_bench", SHAPES)
    assert list(BENCHMARKS) == ["icu", "mllmu", "mlu", "remem", "shapes"]
    assert "colored disks" in str(catalog("benchmarks"))
    manifest = build("shapes", tmp_path / "out", size=4)
    assert (manifest.version, manifest.paper_counts["questions"]) == ("1.2.0", 4)
    report = verify(tmp_path / "out")
    assert report.ok, report.problems
    rows = load_dataset(str(tmp_path / "out"), "requests", split="forget")
    assert rows["answer"] == ["red", "blue"]
    assert rows[0]["images"][0].size == (64, 64)
    opened = open_build(tmp_path / "out")
    assert (opened.config, opened.tasks, len(opened.retain)) == ("requests", 2, 2)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Drawn by a program." in card
    with pytest.raises(BuildError, match=r"size 3: shapes needs a multiple of 2, at least 2 \(half to forget\); try 4"):
        build("shapes", tmp_path / "other", size=3)
    with pytest.raises(BuildError, match="Shapes has no contact sheet"):
        build("shapes", tmp_path / "other", preview=True)


@pytest.mark.parametrize(
    ("entry_point", "module", "code", "reason"),
    [
        ("icu = mine1:Mine", "mine1", "", "'icu' (mine1:Mine of package mine1) has the name of a built-in benchmark"),
        ("mine = mine2:Mine", "mine2", "import absent_package", "cannot be imported: ModuleNotFoundError: No module"),
        ("mine = mine3:Mine", "mine3", "", "cannot be imported: AttributeError"),
        ("mine = mine4:Mine", "mine4", "Mine = dict", "is not a subclass of lethebench.builders.Benchmark"),
        (
            "mine = mine5:Mine",
            "mine5",
            "from lethebench.builders import Benchmark\nclass Mine(Benchmark):\n    NAME = 'mine'",
            "does not define VERSION, RELEASE_NOTES, SUMMARY, PAPER, CARD, CONFIGS, SIZES, plan, record",
        ),
        ("mine = mine6:Shapes", "mine6", SHAPES, "has NAME = 'shapes': give both the same name"),
    ],
)
def test_bad_entry_point_is_refused_in_one_line(install, entry_point, module, code, reason):
    install(entry_point, module, code)
    with pytest.raises(BuildError) as raised:
        find(entry_point.split()[0])
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_packages_with_one_name_are_refused(install):
    install("mine = mine7:Mine", "mine7", "")
    install("mine = mine8:Mine", "mine8", "")
    with pytest.raises(BuildError, match="has the name of benchmark 'mine'"):
        find("mine")


def test_unknown_benchmark_suggests_the_nearest_name():
    with pytest.raises(BuildError, match="unknown benchmark 'rememm'; did you mean 'remem'"):
        find("rememm")
