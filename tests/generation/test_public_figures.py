"""The data file of public figures, which is corrected by hand, and its reader."""

from collections import Counter
from datetime import datetime

import pytest
import yaml

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


def day(text):
    return datetime.strptime(text, "%d %B %Y").date()


def test_153_figures_with_unique_names_and_works(figures):
    assert len(figures) == 153
    assert len({figure.name.casefold() for figure in figures}) == 153
    assert len({figure.notable_work.casefold() for figure in figures}) == 153


def test_values_are_clean_text(figures):
    for figure in figures:
        for value in (value for field, value in vars(figure).items() if field != "source"):
            assert value == " ".join(value.split()), figure.name
            assert not value.endswith("."), f"{figure.name}: {value}: would end a sentence with two full stops"


def test_lifespans_are_18_to_110_years(figures):
    for figure in figures:
        birth, death = day(figure.birth_date), day(figure.death_date)
        age = death.year - birth.year - ((death.month, death.day) < (birth.month, birth.day))
        assert 18 <= age <= 110, figure.name
        assert birth.year >= 1600, figure.name


def test_places_are_a_city_and_a_country(figures):
    for figure in figures:
        for text in (figure.birthplace, figure.death_place):
            city, country = text.split(", ")
            assert city[0].isupper(), text
            assert country[0].isupper(), text


@pytest.mark.parametrize("field", ["occupation", "nationality", "birthplace", "death_place"])
def test_no_value_dominates(figures, field):
    value, count = Counter(getattr(figure, field) for figure in figures).most_common(1)[0]
    assert count <= 0.15 * len(figures), value


def test_countries_are_spread(figures):
    countries = Counter(figure.birthplace.split(", ")[1] for figure in figures)
    assert len(countries) >= 35
    assert countries.most_common(1)[0][1] <= 0.15 * len(figures)
    for each in ("Kenya", "Japan", "France", "Canada", "Brazil", "New Zealand"):  # one of every inhabited continent
        assert countries[each], each


def test_women_and_men_are_near_even(figures):
    women = sum(figure.gender == "female" for figure in figures)
    assert 0.42 <= women / len(figures) <= 0.55


def test_notable_works_are_short_and_do_not_contain_the_name(figures):
    for figure in figures:
        words = figure.notable_work.split()
        assert len(words) <= 8, figure.notable_work
        parts = {part.casefold() for part in figure.name.replace("-", " ").split() if len(part) > 3}
        assert not [part for part in parts if part in figure.notable_work.casefold()], figure.notable_work


def test_occupations_have_no_article(figures):
    assert not [f.name for f in figures if f.occupation.split()[0] in ("a", "an", "the")]


def test_sources_are_distinct_pages(figures):
    assert len({figure.source for figure in figures}) == 153
    for figure in figures:
        start, _, page = figure.source.partition("/wiki/")
        assert start == "https://en.wikipedia.org"
        assert page
        assert " " not in page


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
