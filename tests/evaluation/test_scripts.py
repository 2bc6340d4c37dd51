"""Texts of any script: nothing that distinguishes words is lost; ROUGE-L is measured or NaN, never 0 by default."""

import math
import unicodedata

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from lethebench.evaluation.metrics import exact_match, keyword_match, rouge_l, rouge_l_recall, substring_match
from lethebench.evaluation.metrics.text import rouge_l_parts
from lethebench.evaluation.metrics.words import UNSPACED, RougeTokenizer, folded, normalised_tokens, rouge_tokens

DEFAULT = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
SAME = [
    ("Poke\u0301mon", "Pokémon"), ("각", "\u1100\u1161\u11a8"), ("ｺﾝﾋﾟｭｰﾀ", "コンピュータ"), ("１２ ｋｇ", "12 kg"),
    ("می\u200cخواهم", "میخواهم"), ("\u202bعمرو\u202c", "عمرو"), ("\ufeffabc", "abc"),
    ("in\u00adformation", "information"),
    ("马云, 1964 年", "马云，1964年"), ("ภาษา\u200bไทย", "ภาษาไทย"), ("Straße", "STRASSE"),
    ("ΣΟΦΟΣ", "σοφος"), ("½", "1/2"),
    ("New\u200bYork", "New York"), ("👍", "👍\ufe0f"), ("¥５", "¥5"), ("नमस्ते।", "नमस्ते"), ("O´Brien", "O'Brien"),
]  # fmt: skip
DIFFERENT = [
    ("की", "का"), ("कि", "की"), ("ที่", "ทู"), ("ប៉ា", "បា"), ("မြို့", "မြို"),
    ("عَمرو", "عمرو"), ("שָׁלוֹם", "שלום"), ("José", "Jose"),
    ("தமிழ்", "தமழ"), ("ẋ", "x"), ("か\u3099", "か"), ("10²", "102"), ("½", "1 2"),
    ("5½", "51/2"), ("¥5", "₩5"), ("👍", "👎"),
    ("北京", "東京"), ("ı", "i"), ("م", "مـ"),
]  # fmt: skip
FOUND = [
    ("马云出生于杭州。", "杭州"), ("เขาเกิดที่กรุงเทพมหานคร", "กรุงเทพ"), ("彼は東京で生まれた", "東京"),
    ("उसका नाम की है", "की"),
    ("родился в Москве", "Москве"), ("ולד בחיפה", "בחיפה"), ("ភ្នំពេញជារាជធានី", "ភ្នំពេញ"),
]  # fmt: skip
NOT_FOUND = [("उसका नाम की है", "का"), ("เขาเกิดที่นี่", "นี"), ("родился в Москве", "Москв"), ("马云出生于杭州", "州杭")]


@pytest.mark.parametrize("pair", SAME)
def test_same_text_in_another_encoding_matches(pair):
    assert exact_match(*pair) == exact_match(*pair[::-1]) == 1.0


@pytest.mark.parametrize("pair", DIFFERENT)
def test_different_letters_marks_and_signs_differ(pair):
    assert exact_match(*pair) == exact_match(*pair[::-1]) == 0.0


def test_keywords_of_any_script():
    assert [keyword_match(text, [word]) for text, word in FOUND] == [1.0] * len(FOUND)
    assert [keyword_match(text, [word]) for text, word in NOT_FOUND] == [0.0] * len(NOT_FOUND)
    assert substring_match("की", "क") == 0.0


@pytest.mark.parametrize(("text", "keyword"), FOUND)
def test_rouge_l_of_any_script(text, keyword):
    """1 for equal texts, the share of words or letters for a part, 0 for a text of another script."""
    assert rouge_l(text, text) == rouge_l_recall(text, text) == 1.0
    assert rouge_l_recall(keyword, text) == len(rouge_tokens(keyword)) / len(rouge_tokens(text)) < 1.0
    assert rouge_l("nothing of it", text) == 0.0
    scorer = rouge_scorer.RougeScorer(["rougeL"], tokenizer=RougeTokenizer())
    assert rouge_l_parts(keyword, text) == tuple(scorer.score(text, keyword)["rougeL"])


@pytest.mark.parametrize("reference", ["", "   ", "👍", "+", "Ü", "½", "\u200b", "..."])
def test_rouge_l_without_tokens_is_nan(reference):
    assert all(map(math.isnan, rouge_l_parts("some words", reference)))
    assert rouge_l(reference, "some words") == 0.0


def test_rouge_l_of_decomposed_letters():
    assert rouge_l("Poke\u0301mon", "Pokémon") == 1.0
    assert rouge_tokens("Cafe\u0301s") == tuple(DEFAULT._tokenizer.tokenize("Cafés"))


LATIN = st.characters(max_codepoint=0x24F) | st.sampled_from("–—‘’“”…•№²½€™ﬁẞạṡ\u2028")
WORDS = st.sampled_from(["running", "runs", "Nation's", "national", "12.5", "don't", "Müller", "naïve", "A+", "x" * 40])


@settings(max_examples=150, deadline=None)
@given(*[st.lists(WORDS | st.text(LATIN, max_size=8), max_size=12).map(" ".join)] * 2)
def test_latin_rouge_l_equals_rouge_score(prediction, reference):
    prediction, reference = (unicodedata.normalize("NFC", text) for text in (prediction, reference))
    oracle = DEFAULT._tokenizer.tokenize
    assert rouge_tokens(prediction) == tuple(oracle(prediction))
    if oracle(reference):
        assert rouge_l_parts(prediction, reference) == tuple(DEFAULT.score(reference, prediction)["rougeL"])


ALPHABETS = (
    "अकखनमस्तेीािुू़ँं।०१", "กขคทนีู่้ำเแไ๑", "ကခမြို့်ာ", "កខប៉ាំ្ភនំ", "ກຂຄີ່",
    "عمرو ًَُِّـ٠١", "שלום ָׁ", "தமிழ்ா", "あいがカバー々〇",
    "北京东大学，。", "각한글\u1100\u1161\u11a8", "Приветё", "ΣΟΦός",
    "Pokémon e\u0301\u0304x\u030aİıß", "0123.,:/-+%$#@ ²½①",
    "\u200b\u200c\u200d\u200e\u202b\ufeff\u00ad\ufe0f\u034f", "👍👨\u200d👩🇩🇪", "ＡＢｺﾝﾋﾟ１２",
    "\x00\t\n\x1b_\ud800\udc00\ufffd",
)  # fmt: skip
MIXED = st.lists(st.sampled_from(ALPHABETS).flatmap(lambda letters: st.text(letters, max_size=5)), max_size=4).map(
    "".join
)
ANY = MIXED | st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"]), max_size=12)


def content(text: str) -> str:
    """The letters, marks and numbers of a text in NFKC and folded, by Python's own Unicode tables.

    U+200B ends a word in Khmer, Lao, Thai and Burmese: like a space, it keeps the marks on its sides in their order.
    """
    text = text.replace("\u200b", " ")
    text = regex.sub(r"\p{Sk}", " ", regex.sub(r"\p{Default_Ignorable_Code_Point}", "", text))
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in text if unicodedata.category(letter)[0] in "LMN")


def check_normalization(first: str, second: str) -> None:
    """No letter, mark or number is lost, normalizing twice changes nothing, and equality is that of the tokens."""
    for text in (first, second):
        tokens = normalised_tokens(text)
        assert content(" ".join(tokens)) == content(text)
        assert folded(folded(text)) == folded(text)
        assert normalised_tokens(" ".join(tokens)) == tokens
        assert normalised_tokens(unicodedata.normalize("NFD", text)) == tokens
        assert exact_match(text, text) == 1.0
        if tokens:
            assert keyword_match(text, [text]) == substring_match(text, text) == 1.0
        if rouge_tokens(text):
            assert rouge_l(text, text) == 1.0
    if content(first) != content(second):
        assert exact_match(first, second) == 0.0


@settings(max_examples=200, deadline=None)
@given(ANY, ANY)
@example("\u0ec8\u200b\u094d", "\u0ec8\u094d")
def test_normalization_keeps_what_distinguishes(first, second):
    check_normalization(first, second)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None)
@given(ANY, ANY)
def test_normalization_of_many_texts(first, second):
    check_normalization(first, second)


@pytest.mark.parametrize("name", UNSPACED)
def test_unspaced_script_has_a_token_per_letter(name):
    letters = regex.findall(rf"[\p{{Script={name}}}&&\p{{Lo}}]", "".join(map(chr, range(0xB000))), regex.V1)[:3]
    assert normalised_tokens("".join(letters)) == list(rouge_tokens("".join(letters))) == letters
