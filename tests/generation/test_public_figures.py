"""The data file of public figures, which is corrected by hand, and its reader."""

import re
from collections import Counter

import pytest
import yaml

from lethebench.generation.people.dates import age_on, parse_date
from lethebench.generation.people.public_figures import PublicFigure, parse, public_figures

GOOD = {
    "name": "Emma Woodhouse",
    "gender": "female",
    "birth_date": "14 March 1879",
    "birthplace": "Ulm, Germany",
    "nationality": "Swiss",
    "occupation": "physicist",
    "notable_work": "the theory of relativity",
    "death_date": "18 April 1955",
    "death_place": "Princeton, United States",
    "source": "https://en.wikipedia.org/wiki/Emma_(novel)",
}


@pytest.fixture(scope="module")
def figures():
    return public_figures()


def test_figures_are_distinct(figures):
    for texts in ([f.name.casefold() for f in figures], [f.notable_work.casefold() for f in figures]):
        assert len(set(texts)) == len(texts) == 153
    assert len({figure.source for figure in figures}) == 153


def test_values_are_clean_and_plausible(figures):
    for figure in figures:
        birth, death = (parse_date(text) for text in (figure.birth_date, figure.death_date))
        assert 18 <= age_on(birth, death) <= 110, figure.name
        assert birth.year >= 1600, figure.name
        for value in (value for field, value in vars(figure).items() if field != "source"):
            assert value == " ".join(value.split()), figure.name
            assert not value.endswith("."), f"{figure.name}: {value}: would end a sentence with two full stops"
        for text in (figure.birthplace, figure.death_place):
            assert all(part[0].isupper() for part in text.split(", ", 1)), text
            assert text.count(", ") == 1, text
        work = figure.notable_work.casefold()
        assert len(work.split()) <= 8, work
        assert not any(part in work for part in figure.name.casefold().replace("-", " ").split() if len(part) > 3), work
        assert figure.occupation.split()[0] not in ("a", "an", "the"), figure.name
        assert re.fullmatch(r"https://en\.wikipedia\.org/wiki/[^ ]+", figure.source)


def test_no_value_dominates(figures):
    for field in ("occupation", "nationality", "birthplace", "death_place"):
        value, count = Counter(getattr(figure, field) for figure in figures).most_common(1)[0]
        assert count <= 0.15 * len(figures), value
    countries = Counter(figure.birthplace.split(", ")[1] for figure in figures)
    assert len(countries) >= 35
    assert countries.most_common(1)[0][1] <= 0.15 * len(figures)
    continents = {"Kenya", "Japan", "France", "Canada", "Brazil", "New Zealand"}  # one of every inhabited continent
    assert continents <= countries.keys()
    assert 0.42 <= sum(figure.gender == "female" for figure in figures) / len(figures) <= 0.55


def test_parse_reads_every_field():
    assert parse(yaml.safe_dump([GOOD])) == (PublicFigure(**GOOD),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"occupation": None}, "Emma Woodhouse: occupation"),
        ({"birthplace": " "}, "Emma Woodhouse: birthplace"),
        ({"notable_work": 1984}, "Emma Woodhouse: notable_work: .*1984"),
        ({"birth_date": "1879-03-14"}, "Emma Woodhouse: birth_date"),
        ({"death_date": "31 June 1955"}, "Emma Woodhouse: death_date: .*31 June 1955"),
        ({"birth_date": "04 March 1879"}, "Emma Woodhouse: birth_date"),
        ({"gender": "f"}, "Emma Woodhouse: gender"),
        ({"height": "1.75 m"}, "Emma Woodhouse: height: unknown"),
        ({"name": ""}, "name"),
    ],
)
def test_malformed_entry_names_the_field(changes, message):
    with pytest.raises(ValueError, match=message):
        parse(yaml.safe_dump([GOOD | changes]))


def test_malformed_files_raise():
    with pytest.raises(ValueError, match="expected a list"):
        parse("name: Emma")
    with pytest.raises(ValueError, match="entry 1"):
        parse("- Emma")
    with pytest.raises(ValueError, match="Emma Woodhouse: name: occurs twice"):
        parse(yaml.safe_dump([GOOD, GOOD]))
