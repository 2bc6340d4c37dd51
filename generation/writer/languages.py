"""Languages that texts can be written in, and whether the fonts of documents and pictures can print them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from lethebench.contract.errors import UserError
from lethebench.generation.drawing.fonts import lacking
from lethebench.generation.people.dates import MONTHS, parse_date
from lethebench.generation.questions.records import Profile

_DATE = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}")
_PLACES = ("birthplace", "residence", "death_place", "hospital_address")
_FREE = (
    "name", "position", "employer", "education", "favorite_food", "pet_name", "quirk", "father_occupation",
    "mother_occupation", "attending_physician", "hospital", "signatory", "description",
)  # fmt: skip
"""Attributes that a model writes in the language itself."""
_KEPT = ("gender", "age")
"""Details that drawing needs in English."""


class Words:
    """What code chooses, in the language of a build.

    Args:
        texts: English -> translation; texts that are not in it stay.
        months: names of the months.
        form: of dates, with the slots {d}, {month} and {y}.
    """

    def __init__(
        self, texts: Mapping[str, str] | None = None, months: Sequence[str] = MONTHS, form: str = "{d} {month} {y}"
    ) -> None:
        self.texts, self.months, self.form = texts or {}, months, form

    def __call__(self, english: str) -> str:
        """Return a text in the language."""
        return self.texts.get(english, english)

    def fact(self, attribute: str, english: str) -> str:
        """Return the value of an attribute in the language: dates and places part by part."""
        if attribute.endswith("_date") and _DATE.fullmatch(english):
            day = parse_date(english)
            return self.form.format(d=day.day, month=self.months[day.month - 1], y=day.year)
        if attribute in _PLACES:
            return ", ".join(map(self, english.split(", ")))
        if attribute.endswith("_address"):
            street, _, city = english.rpartition(", ")
            return f"{street}, {self(city)}"
        return self(english)


class Language(NamedTuple):
    """A language: its English name, and letters that it has beside a to z."""

    name: str
    letters: str = ""


LANGUAGES = {
    "bg": Language("Bulgarian", "абвгдежзийклмнопрстуфхцчшщъьюя"),
    "ca": Language("Catalan", "àéèíïóòúüç·"),
    "cs": Language("Czech", "áčďéěíňóřšťúůýž"),
    "cy": Language("Welsh", "âêîôûŵŷ"),
    "da": Language("Danish", "æøå"),
    "de": Language("German", "äöüß"),
    "el": Language("Greek", "αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ"),
    "en": Language("English"),
    "es": Language("Spanish", "áéíñóúü¿¡"),
    "et": Language("Estonian", "äõöüšž"),
    "eu": Language("Basque", "ñ"),
    "fi": Language("Finnish", "äöå"),
    "fr": Language("French", "àâæçéèêëîïôœùûüÿ"),
    "ga": Language("Irish", "áéíóú"),
    "gl": Language("Galician", "áéíñóú"),
    "hr": Language("Croatian", "čćđšž"),
    "hu": Language("Hungarian", "áéíóöőúüű"),
    "hy": Language("Armenian", "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև"),
    "id": Language("Indonesian"),
    "is": Language("Icelandic", "áðéíóúýþæö"),
    "it": Language("Italian", "àèéìòù"),
    "ka": Language("Georgian", "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ"),
    "lt": Language("Lithuanian", "ąčęėįšųūž"),
    "lv": Language("Latvian", "āčēģīķļņšūž"),
    "ms": Language("Malay"),
    "nb": Language("Norwegian Bokmål", "æøå"),
    "nl": Language("Dutch", "éëïóöü"),
    "pl": Language("Polish", "ąćęłńóśźż"),
    "pt": Language("Portuguese", "ãáâàçéêíõóôú"),
    "ro": Language("Romanian", "ăâîșț"),
    "ru": Language("Russian", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"),
    "sk": Language("Slovak", "áäčďéíĺľňóôŕšťúýž"),
    "sl": Language("Slovenian", "čšž"),
    "sq": Language("Albanian", "çë"),
    "sr": Language("Serbian", "абвгдђежзијклљмнњопрстћуфхцчџш"),
    "sv": Language("Swedish", "åäöé"),
    "sw": Language("Swahili"),
    "tr": Language("Turkish", "çğıöşü"),
    "uk": Language("Ukrainian", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
    "vi": Language("Vietnamese", "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"),
    "am": Language("Amharic", "ሀለሐመሠረሰ"),
    "ar": Language("Arabic", "ابتثجحخ"),
    "bn": Language("Bengali", "অআইঈউঊ"),
    "fa": Language("Persian", "ابپتثجچ"),
    "he": Language("Hebrew", "אבגדהוז"),
    "hi": Language("Hindi", "अआइईउऊ"),
    "ja": Language("Japanese", "あいうえお日本語"),
    "ko": Language("Korean", "가나다라마"),
    "ta": Language("Tamil", "அஆஇஈ"),
    "th": Language("Thai", "กขคงจ"),
    "ur": Language("Urdu", "ابپتٹثج"),
    "zh": Language("Chinese", "中文的一是"),
}
"""Code of ISO 639 -> language. `check_language` tells which of them the fonts can print."""
_RIGHT_TO_LEFT = ("ar", "fa", "he", "ur")


def check_language(code: str) -> None:
    """Raise UserError unless texts can be written, and printed in pictures, in a language."""
    if code not in LANGUAGES:
        names = [known for known in LANGUAGES if known not in _RIGHT_TO_LEFT and not lacking(LANGUAGES[known].letters)]
        raise UserError(f"--language {code}: unknown; pass one of {', '.join(sorted(names))}")
    language = LANGUAGES[code]
    if code in _RIGHT_TO_LEFT:
        raise UserError(f"--language {code}: pictures are printed from left to right, {language.name} is not")
    if missing := lacking(language.letters + language.letters.upper()):
        raise UserError(f"--language {code}: the fonts of the pictures lack letters of {language.name}: {missing:.12}")


def localized(profile: Profile, words: Words) -> Profile:
    """Return a written profile with what code chose in the language of the build."""
    assert profile.written is not None
    free = _FREE if profile.domain == "figure" else (*_FREE, "occupation")

    def put(name: str, entry: str) -> str:
        return entry if name in free else words.fact(name, entry)

    fields = {name: put(name, entry) for name, entry in profile.fields.items()}
    details = {name: put(name, entry) if name not in _KEPT else entry for name, entry in profile.details.items()}
    wrong = {name: tuple(put(name, entry) for entry in entries) for name, entries in profile.written.wrong.items()}
    return replace(profile, fields=fields, details=details, written=replace(profile.written, wrong=wrong))
