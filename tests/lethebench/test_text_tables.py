"""Tables in a terminal: headings wrap between words, numbers stay whole, nothing is cut."""

import pytest

from lethebench.cli.output import text_table

HEADER = ["Method", "Score", "As gold to attackers", "Exposure, bits"]
ROWS = [["bounded.BoundedTrainer", 0.12345, 0.5, -1.25], ["npo", None, 1.0, 12.0]]


@pytest.mark.parametrize("width", [52, 80, 200])
def test_headings_wrap_between_words(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = text_table(HEADER, ROWS, right=HEADER[1:]).splitlines()
    assert max(map(len, lines)) <= width
    words = " ".join(HEADER).split()
    assert all(word in words for line in lines[:-2] for word in line.split())
    assert len(lines) == (5 if width == 52 else 3)
    assert [line.split() for line in lines[-2:]] == [
        ["bounded.BoundedTrainer", "0.123", "0.500", "-1.250"],
        ["npo", "-", "1.000", "12.000"],
    ]


def test_narrow_table_loses_no_digit(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = text_table(HEADER, ROWS, right=HEADER[1:])
    assert max(map(len, text.splitlines())) <= 40
    digits = [character for character in text if character.isdigit()]
    assert sorted(digits) == sorted("012305001250" + "100012000")


def test_cell_of_words_wraps_beside_whole_numbers(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    text = text_table([*HEADER[:2], "Reason"], [["npo", 0.5, "word " * 20]], right=["Score"])
    assert "0.500" in text
    assert text.count("word") == 20
