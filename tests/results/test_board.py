"""The board without a browser: its table, the page of a result, its Parquet files, and what is refused."""

import json
import math

import pytest
from command_line import lethe
from many_results import many_results
from results_folder import edit

from lethebench.board.data import FACETS, SCALE, board_of_repository, read_board, write_board


@pytest.fixture(scope="module")
def board(submitted):
    return board_of_repository(submitted)


def decoded(table, name):
    facet = table["facets"][name]
    return [facet["values"][code] for code in facet["codes"]]


def test_table_holds_every_line(board):
    table = board.table()
    for name in FACETS:
        assert decoded(table, name) == [line[name] for line in board.lines]
    assert decoded(table, "method") == ["ga", "npo"]
    for key, values in table["figures"].items():
        expected = [line[key] for line in board.lines]
        assert [value is None for value in values] == [value is None for value in expected]
        pairs = zip(values, expected, strict=True)
        assert all(one is None or math.isclose(one / SCALE, other, abs_tol=0.5 / SCALE) for one, other in pairs), key
    assert [line["path"].rpartition("/")[2] for line in board.lines] == [f"{name}.json" for name in table["names"]]


def test_values_are_sorted_by_number_and_large_tables_are_small():
    table = many_results(500).table()
    assert table["facets"]["tasks"]["values"] == ["1", "4", "10", "25", "100"]
    assert len(json.dumps(table, separators=(",", ":"))) < 200 * 500


def test_page_of_a_result_has_matrix_series_and_examples(board, submitted):
    detail = board.detail(1)
    (path,) = submitted.glob("results/*/*/*/npo/*.json")
    result = json.loads(path.read_text())
    first = [seed["summary"]["knowledge"] for seed in result["seeds"]]
    means = [[sum(column) / 3 for column in zip(*rows, strict=True)] for rows in zip(*first, strict=True)]
    assert [value for row in detail["knowledge"] for value in row] == pytest.approx(
        [value for row in means for value in row], abs=1e-4
    )
    assert [len(row) for row in detail["knowledge"]] == [2, 2, 2]
    assert [seed[0] for seed in detail["seeds"]] == [0, 1, 2]
    assert [title for title, _ in detail["series"]] == ["Forget", "As gold to attackers", "Keep", "Fluent"]
    assert {answer[0] for example in detail["examples"] for answer in example["answers"]} == {"before", "npo", "gold"}
    assert detail["link"] == "https://example.org/paper"
    assert "lethe run" in detail["commands"][1]


def test_attacks_and_hidden_characters_are_shown(submitted, tmp_path):
    (path,) = submitted.glob("results/*/*/*/ga/*.json")
    copy = tmp_path / path.name
    copy.write_text(path.read_text())
    edit(copy, lambda content: content.update(attacks={"relearn \u202e": {"forget": 0.25}}))
    from lethebench.board.detail import detail_of

    detail = detail_of(copy)
    assert detail["attacks"] == [["relearn ⟨U+202E⟩", [["forget", "0.250"]]]]
    assert detail["examples"] == []


def test_parquet_files_hold_the_board(board, tmp_path):
    write_board(board, tmp_path)
    copy = read_board(tmp_path)
    assert list(copy.lines) == list(board.lines)
    assert [copy.detail(number) for number in (0, 1)] == json.loads(
        json.dumps([board.detail(number) for number in (0, 1)])
    )


def test_space_folder_is_complete_and_its_app_opens(submitted, tmp_path):
    done = lethe("board", submitted, "--space", tmp_path / "space")
    assert done.status == 0, done.error
    files = {path.name for path in (tmp_path / "space").iterdir() if not path.name.startswith(".")}
    assert files == {"README.md", "app.py", "requirements.txt", "runs.parquet", "details.parquet"}
    assert "lethebench[board] @ git+" in (tmp_path / "space/requirements.txt").read_text()
    again = lethe("board", submitted, "--space", tmp_path / "space")
    assert again.status == 0, again.error


REFUSED = {
    "no repository": ([], "is not a results repository"),
    "no results": (["results/"], "has no results yet"),
    "no result": (["results/a.json"], "format is missing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_folders_are_refused(tmp_path, case):
    names, reason = REFUSED[case]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).write_text("{}")
    done = lethe("board", tmp_path, "--space", tmp_path / "space")
    assert (done.status, reason in done.line) == (2, True), done.error


def test_missing_gradio_is_named(submitted, monkeypatch):
    monkeypatch.setattr("lethebench.board.command.find_spec", lambda name: None)
    assert "pip install 'lethebench[board]'" in lethe("board", submitted).line


def test_damaged_parquet_is_refused(board, tmp_path):
    write_board(board, tmp_path)
    (tmp_path / "details.parquet").write_bytes(b"PAR1")
    copy = read_board(tmp_path)
    with pytest.raises(ValueError, match=r"details.parquet cannot be read.*--space"):
        copy.detail(0)
