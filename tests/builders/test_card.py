"""Cards: the YAML that the Hub and `datasets` read, numbers from the manifest alone, Croissant under mlcroissant."""

import json
import re
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
import yaml
from clear_release import clear_configs, write_clear
from fiubench_release import fiubench_files, write_fiubench
from hub_values import ALLOWED, EVAL, EVAL_TASK, FIELD_SPEC, FRAMEWORKS, SCORERS, SOLVERS
from huggingface_hub import DatasetCard
from own_data import own_rows, write_map, write_source
from PIL import Image
from releases import mllmu_configs, mlu_files, write_mllmu, write_pictures, write_zip
from remem_release import remem_splits, write_remem
from small_build import arguments_of, quick_build, real_build, use_stand_in_people

from lethebench.builders import BENCHMARKS, build, read_manifest
from lethebench.builders.registry import IMPORTS
from lethebench.builders.write.card import SIZES, card_body, human_size
from lethebench.builders.write.columns import QA, features_of
from lethebench.builders.write.contact_sheet import Band, Thumbnail, contact_sheet
from lethebench.generation.icu import questions as icu
from lethebench.generation.icu.profiles import profiles as icu_profiles

OURS = tuple(BENCHMARKS)
ALL = [*OURS, *(f"{name} imported" for name in IMPORTS)]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Gives the small build of a benchmark, or of an import from a small release."""

    @cache
    def folder(name: str) -> Path:
        if name in OURS:
            return quick_build(name)
        root, name = tmp_path_factory.mktemp("release"), name.split()[0]
        if name == "own":
            build(
                name, root / name, source=write_source(root, "csv", own_rows()), options={"map": str(write_map(root))}
            )
        elif name == "clear":
            build(name, root / name, source=write_clear(root / "download", clear_configs()))
        elif name == "fiubench":
            build(name, root / name, source=write_fiubench(root / "download", *fiubench_files()))
        elif name == "remem":
            build(name, root / name, source=write_remem(root / "download", remem_splits()))
        elif name == "mllmu":
            build(name, root / name, source=write_mllmu(root / "download", mllmu_configs()))
        else:
            write_pictures(root / "pictures", mlu_files())
            options = {"pictures": root / "pictures"}
            build(name, root / name, source=write_zip(root / "release.zip", mlu_files()), options=options)
        return root / name

    return folder


@pytest.mark.parametrize("name", OURS)
def test_contact_sheet_of_every_benchmark(name, monkeypatch):
    use_stand_in_people(monkeypatch)
    benchmark, arguments = BENCHMARKS[name], arguments_of(name)
    count = benchmark.profile_count(arguments["size"])
    options = benchmark.OPTIONS(**arguments["options"] or {}).resolve(count)
    plan = benchmark.plan(count, seed=0, options=options)
    sheet = benchmark.preview(plan)
    assert min(sheet.size) > 900
    assert len(sheet.resize((60, 40)).convert("L").getcolors()) > 60


@pytest.mark.parametrize("name", ALL)
def test_card_yaml_has_values_of_the_hub(name, folder_of):
    data = DatasetCard.load(folder_of(name) / "README.md").data.to_dict()
    for key, allowed in ALLOWED.items():
        values = data.get(key, []) if isinstance(data.get(key, []), list) else [data[key]]
        assert set(values) <= allowed, key
    assert {"language", "license", "size_categories", "task_categories", "pretty_name", "tags"} <= data.keys()
    assert ("license_name" in data and "license_link" in data) is (data["license"] == "other")
    rows = read_manifest(folder_of(name)).splits[data["configs"][0]["config_name"]]["train"]["rows"]
    least, most = {"n<1K": (0, 1e3), "1K<n<10K": (1e3, 1e4), "10K<n<100K": (1e4, 1e5)}[data["size_categories"]]
    assert least <= rows < most


def test_size_categories_are_those_of_the_hub():
    assert {size for _, size in SIZES} <= ALLOWED["size_categories"]


@pytest.mark.parametrize("name", ALL)
def test_eval_yaml_registers_every_scored_split(name, folder_of):
    content = yaml.safe_load((folder_of(name) / "eval.yaml").read_text("utf-8"))
    assert {key: type(value) for key, value in content.items()} == EVAL
    assert content["evaluation_framework"] in FRAMEWORKS
    manifest = read_manifest(folder_of(name))
    default = next(iter(manifest.splits))
    for task in content["tasks"]:
        assert {key: type(value) for key, value in task.items()} == EVAL_TASK
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", task["id"])
        assert {"input", "target"} <= task["field_spec"].keys() <= FIELD_SPEC
        assert set(task["field_spec"].values()) <= set(QA)
        assert {solver["name"] for solver in task["solvers"]} <= SOLVERS
        assert {scorer["name"] for scorer in task["scorers"]} <= SCORERS
    assert {(task["config"], task["split"]) for task in content["tasks"]} == {
        (default, split) for split in manifest.splits[default] if split != "train"
    }
    assert len({task["id"] for task in content["tasks"]}) == len(content["tasks"])


@pytest.mark.parametrize("name", OURS)
def test_card_yaml_has_every_config(name, folder_of):
    manifest, data = read_manifest(folder_of(name)), DatasetCard.load(folder_of(name) / "README.md").data.to_dict()
    configs = {config["config_name"]: config for config in data["configs"]}
    infos = {info["config_name"]: info for info in data["dataset_info"]}
    assert list(configs) == list(manifest.splits)
    assert infos.keys() == configs.keys()
    assert [config.get("default", False) for config in configs.values()] == [True] + [False] * (len(configs) - 1)
    assert {config["version"] for config in configs.values()} == {BENCHMARKS[name].VERSION}
    for config, splits in manifest.splits.items():
        assert [entry["split"] for entry in configs[config]["data_files"]] == list(splits)
        columns = features_of(next(iter(splits.values()))["files"][0])
        assert [feature["name"] for feature in infos[config]["features"]] == list(columns)
        sizes = [split["num_examples"] for split in infos[config].get("splits", [])]
        assert sizes == ([] if "task_id" in columns else [part["rows"] for part in splits.values()])


def test_card_numbers_come_from_the_manifest():
    """A manifest with other numbers gives a card with those, and with none of the old."""
    manifest = read_manifest(real_build())
    other = type(manifest)(
        **vars(manifest)
        | {
            "paper_counts": {name: 7_700_001 + index for index, name in enumerate(manifest.paper_counts)},
            "version": "9.8.7",
            "files": {name: listing for name, listing in manifest.files.items() if name != "preview.png"},
        }
    )
    text = card_body(BENCHMARKS["icu"], other)
    assert all(f"{number:,}" in text for number in other.paper_counts.values())
    assert "9.8.7" in text
    assert "preview.png" not in text
    for what, number in manifest.paper_counts.items():
        assert f"| {what} | {number:,} |" not in text


def card_with_audits(**changes) -> str:
    """The card of a build with other figures of its audits."""
    manifest = read_manifest(real_build())
    return card_body(BENCHMARKS["icu"], replace(manifest, audits=manifest.audits | changes))


@pytest.mark.parametrize(
    ("auc", "apart", "expected"),
    [
        (0.54, False, None),
        (
            0.58,
            False,
            "AUC 0.58, from 0.50 to 0.66 within 2 standard errors. The 9 and 38 subjects of classes",
        ),
        (
            0.38,
            False,
            "AUC 0.38, from 0.30 to 0.46 within 2 standard errors. The 9 and 38 subjects of classes",
        ),
        (0.80, True, "differ by more than 0.05 beyond chance. The cause is not known."),
    ],
)
def test_card_judges_role_differences_by_their_error(auc, apart, expected):
    result = {"auc": auc, "error": 0.04, "split_error": 0.01, "subjects": [77, 50], "compared": [9, 38], "apart": apart}
    text = card_with_audits(text={"forget/retain": result}, pictures={"forget/retain": {"not_measured": "too few"}})
    sentences = re.findall(r"^- The text of forget and retain.*$", text, re.MULTILINE)
    assert len(sentences) == (expected is not None)
    assert expected is None or expected in sentences[0]
    assert f"| forget and retain | {auc:.2f} ± 0.04 | not measured (too few) |" in text


@pytest.mark.parametrize(("answers", "expected"), [(40, "in all 40"), (2001, "in the first 2,000")])
def test_card_counts_the_answers_that_it_measured(answers, expected):
    figures = {"answers": answers, "mean_tokens": 2.5, "p95_tokens": 4, "vocabulary_of_2000": 9}
    text = card_with_audits(answers={"all": figures, "long": {}, "not_measured": "few"})
    assert f"9 different words and marks {expected}." in text
    assert "two or more sentences" not in text


@pytest.mark.parametrize(
    ("attributes", "shortcuts", "expected"),
    [
        (1, {}, "No attribute has choices, or values to guess, of at least 20 subjects; too few to measure."),
        (2, {"town": {}}, "1 of 2 attributes does not have choices, or values to guess, of at least 20 subjects;"),
        (9, {"town": {}, "all others": {}}, "8 of 9 attributes do not have"),
        (
            150,
            {"town": {}},
            "149 of 150 attributes do not have choices, or values to guess, of at least 20 subjects or",
        ),
        (1, {"town": {}}, None),
    ],
)
def test_card_counts_the_attributes_that_it_does_not_list(attributes, shortcuts, expected):
    text = card_with_audits(sample={"subjects": 30, "attributes": attributes}, shortcuts=shortcuts)
    assert ("values to guess" in text) == (expected is not None)
    assert expected is None or expected in text


@pytest.mark.parametrize("name", ALL)
def test_croissant_has_every_record_set_and_hash(name, folder_of):
    folder = folder_of(name)
    import mlcroissant  # takes a second

    dataset = mlcroissant.Dataset(folder / "croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    manifest = read_manifest(folder)
    hashes = {node.id: node.sha256 for node in dataset.metadata.distribution if hasattr(node, "sha256")}
    assert hashes == {name: entry["sha256"] for name, entry in manifest.files.items() if name.endswith(".parquet")}
    expected = {f"{config}/{split}" for config, splits in manifest.splits.items() for split in splits}
    assert {record_set.id for record_set in dataset.metadata.record_sets} == expected
    for config, splits in manifest.splits.items():
        split, part = list(splits.items())[-1]
        (record,) = islice(dataset.records(f"{config}/{split}"), 1)
        columns = features_of(part["files"][0])
        assert set(record) == {f"{config}/{split}/{column}" for column in columns}
        for column in {"images", "thumbnails"} & columns.keys():
            assert all(isinstance(picture, Image.Image) for picture in record[f"{config}/{split}/{column}"])
    _says_who_what_and_how_responsibly(dataset.metadata, imported=name not in OURS)


def _says_who_what_and_how_responsibly(metadata, *, imported):
    assert [str(part) for part in metadata.conforms_to] == [
        "http://mlcommons.org/croissant/1.1",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]
    for field in (
        "data_collection", "data_limitations", "data_biases", "data_use_cases", "data_social_impact",
        "personal_sensitive_information", "data_release_maintenance_plan", "license", "version",
        "date_published", "cite_as", "creators", "keywords", "description", "data_collection_type",
        "data_collection_raw_data",
        "data_collection_missing_data", "data_preprocessing_protocol",
        *(("data_imputation_protocol",) if imported else (
            "data_annotation_protocol", "data_annotation_analysis", "annotations_per_item",
            "annotator_demographics", "machine_annotation_tools",
        )),
    ):  # fmt: skip
        assert getattr(metadata, field), field


@pytest.mark.parametrize("name", ALL)
def test_card_body_is_complete_markdown(name, folder_of):
    """What looks like a tag outside code vanishes on the Hub."""
    text = DatasetCard.load(folder_of(name) / "README.md").text
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    assert not re.search(r"<\w|\{\{ |\{%|Undefined| None[,;)]| (a|same) none", prose)
    assert not re.search(r"```bash\n[^`]*\n\n[^`]*```", text)


def test_contact_sheet_grows_with_its_questions():
    question = icu.train_questions(icu_profiles("medical", 1, seed=0)[0], {})[0]
    few, many = (
        contact_sheet("Title", "Line", [Band("Somebody", [Thumbnail(Image.new("RGB", (9, 9)), "train")], questions)])
        for questions in ([(question, "in train")], [(question, "in train")] * 12)
    )
    assert many.height > few.height
    last = many.convert("L").crop((few.width - 500, many.height - 110, few.width, many.height))
    assert last.getextrema()[0] < 60  # the last question's ink


def test_human_size():
    assert [human_size(n) for n in (12, 4_400, 62_000_000, 2_640_000_000)] == ["12 bytes", "4.4 kB", "62 MB", "2.6 GB"]


def test_manifest_has_no_times_or_paths():
    manifest = json.loads((real_build() / "manifest.json").read_text())
    assert manifest["attributes"]["blood_type"]["candidates"] == 8
    assert manifest["perceptual"]["threshold"] == BENCHMARKS["icu"].PHOTOS.threshold
    assert set(manifest["licences"].values()) >= {"CC-BY-4.0", "Apache-2.0"}
    assert {"lethebench", "pillow", "pyarrow", "python"} <= manifest["versions"].keys()
    assert not re.search(r"20\d\d-\d\d-\d\dT", json.dumps(manifest))
