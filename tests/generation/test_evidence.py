"""Evidence of people, works and companies: true facts, the name only where it is meant to be, and legible type."""

import inspect

import numpy as np
import pytest
from PIL import Image

from lethebench.generation.drawing.board import Board
from lethebench.generation.evidence.drawing import THINGS, draw_evidence
from lethebench.generation.evidence.settings import PLACES
from lethebench.generation.evidence.sheet import Sheet, Type
from lethebench.generation.evidence.texts import KINDS, entity_text, figure_text, shared_words
from lethebench.generation.mlu.facts import release
from lethebench.generation.people.public_figures import public_figures

ENTITIES = [(name, key) for name in KINDS for key in release().classes[name].entities]
TEXTS = {
    **{f"{name}/{key}": entity_text(name, key) for name, key in ENTITIES},
    **{figure.name: figure_text(figure.name, figure.facts) for figure in public_figures()},
}
PAIRS = [(kind, thing) for kind, uses in THINGS.items() for thing in dict.fromkeys((*uses[True], *uses[False]))]


@pytest.mark.parametrize("place", PLACES)
def test_places_have_one_use_and_depend_on_their_seed(place):
    settings = PLACES[place]
    assert not set(settings["train"].values()) & set(settings["test"].values())
    assert min(len(part) for part in settings.values()) >= 3
    for setting in (*settings["train"].values(), *settings["test"].values()):
        boards = [Board((40, 40)) for _ in range(3)]
        for board, seed in zip(boards, (1, 1, 2), strict=True):
            board.image.paste((255, 0, 255), (0, 0, 40, 40))
            setting(board, np.random.default_rng(seed))
        first, second, other = (np.asarray(board.image) for board in boards)
        assert (first != (255, 0, 255)).any(axis=2).all()
        assert (first == second).all()
        assert (first != other).any()


def test_clues_are_facts_of_the_data_and_never_name_the_subject():
    stated = {
        f"{name}/{key}": " ".join(fact.value for fact in release().classes[name].entities[key].facts.values())
        for name, key in ENTITIES
    } | {figure.name: " ".join(figure.facts.values()) for figure in public_figures()}
    for name, text in TEXTS.items():
        assert 3 <= len(text.clues) <= 4, name
        for _, value in text.clues:
            assert not shared_words(text.name, value)
            assert all(word in stated[name] for word in value.replace(",", " ").replace("–", " ").split()), value


def test_clues_tell_subjects_of_a_class_apart():
    """Whatever a picture prints of a subject is not all true of another one."""
    for name in KINDS:
        texts = [TEXTS[f"{name}/{key}"] for key in release().classes[name].entities]
        for text in texts:
            printed = {frozenset(text.rows(np.random.default_rng(seed))) for seed in range(30)}
            assert len({*text.clues} & set.union(*map(set, printed))) == len(text.clues)
            for other in texts:
                assert other is text or not any(rows <= set(other.clues) for rows in printed)


@pytest.mark.parametrize(("kind", "thing"), PAIRS, ids=lambda value: getattr(value, "__name__", value))
def test_thing_shows_what_it_is_given(kind, thing):
    """Its pixels depend on the name or the rows, and on nothing else about the subject."""
    first, second = [text for text in TEXTS.values() if text.kind == kind][:2]
    for named, things in THINGS[kind].items():
        if thing not in things:
            continue
        rows = () if named else first.rows(np.random.default_rng(4))
        pictures = [thing(text, rows, np.random.default_rng(3), 120) for text in (first, first, second)]
        assert {(picture.mode, picture.size) for picture in pictures} == {("RGBA", (120, 120))}
        assert pictures[0].tobytes() == pictures[1].tobytes()
        assert (pictures[0].tobytes() == pictures[2].tobytes()) == (not named)
        left, top, right, bottom = pictures[0].getchannel("A").getbbox()
        assert max(right - left, bottom - top) >= 116
        other = first.clues if not named else rows
        if not named:
            assert thing(first, other[::-1], np.random.default_rng(3), 120).tobytes() != pictures[0].tobytes()


@pytest.mark.parametrize("named", [True, False])
def test_words_are_never_broken(named, monkeypatch):
    """Names and facts with the longest words, on every thing that shows them; a line may end after a hyphen."""
    lines = []
    monkeypatch.setattr(Sheet, "_line", lambda sheet, line, *_: lines.append(line))

    def longest(text):
        return max(map(len, " ".join([text.name] if named else [value for _, value in text.clues]).split()))

    for text in sorted(TEXTS.values(), key=longest)[-6:]:
        words = [text.name] if named else [value for _, value in text.clues[:3]]
        for thing in THINGS[text.kind][named]:
            for seed in range(3):
                lines.clear()
                thing(text, () if named else text.clues[:3], np.random.default_rng(seed), 300)
                printed = " ".join(lines).casefold().replace("- ", "-").split()
                assert set(" ".join(words).casefold().split()) <= set(printed), (text.name, thing.__name__, lines)


def test_type_stays_on_its_sheet():
    """The longest names and rows of the data leave a margin around them on every sheet."""
    longest = sorted(TEXTS.values(), key=lambda text: sum(len(value) for _, value in text.clues))[-6:]
    for text in longest:
        sheet = Sheet(340, 1.3, (255, 255, 255))
        sheet.rows((0.1, 0.1, 0.9, 0.9), text.clues[:3], Type("serif", (0, 0, 0), (60, 60, 60)))
        dark = np.asarray(sheet.image.convert("L")) < 200
        assert dark.any()
        assert not dark[:, : int(0.08 * sheet.width)].any()
        assert not dark[: int(0.06 * sheet.height)].any()
        assert not dark[int(0.96 * sheet.height) :].any()


@pytest.mark.parametrize("named", [True, False])
def test_view_names_the_thing_and_whether_it_has_the_name(named):
    text = TEXTS["Personage/Alan_Turing"]
    shots = [draw_evidence(text, seed, "train", (64, 64), named=named) for seed in range(40)]
    assert len({shot.picture.tobytes() for shot in shots}) == 40
    words = [shot.name.split(",") for shot in shots]
    assert {word[0] for word in words} == {"name:printed" if named else "name:absent"}
    assert len({word[1] for word in words}) >= 8
    names = {thing.__name__.replace("_", "-") for thing in THINGS["person"][named]}
    assert {word[1] for word in words} <= names


def test_name_and_facts_are_printed_apart(monkeypatch):
    """Rows are given to a thing exactly if the name is not to be printed."""
    seen = []

    def thing(text, rows, rng, pixels):
        seen.append(rows)
        return Image.new("RGBA", (pixels, pixels), (255, 255, 255, 255))

    from lethebench.generation.evidence import drawing

    monkeypatch.setattr(drawing, "THINGS", {"person": {True: (thing,), False: (thing,)}})
    monkeypatch.setitem(drawing._PLACE_OF, thing, "wall")
    for named in (True, False):
        draw_evidence(TEXTS["Personage/Alan_Turing"], 1, "train", (64, 64), named=named)
    assert seen[0] == ()
    assert len(seen[1]) >= 2


def test_things_take_no_subject_but_a_text():
    for _, thing in PAIRS:
        assert list(inspect.signature(thing).parameters) == ["text", "rows", "rng", "pixels"]
