"""Templates of `mllmu` questions about people and public figures.

Slots are those of `questions.wordings`, and `{day}` and `{place}` for when and where the subject was born.
"""

from lethebench.generation.mllmu.descriptions import FORMS
from lethebench.generation.questions.wordings import COMMON_WORDINGS, Book, Wording


def _parent(parent: str) -> Wording:
    """Return the templates of a parent's occupation, true whether the parent still works or not."""
    return Wording(
        (
            f"What is {{ns}} {parent}'s profession?",
            f"What is {{ns}} {parent} by profession?",
            f"What is the profession of {{ns}} {parent}?",
        ),
        (f"Which profession does {{ns}} {parent} have?", f"What is the {parent} of {{n}} by profession?"),
        (
            (f"{{ns}} {parent}'s profession", f"{{ns}} {parent}'s profession is {{v}}."),
            (f"what {{ns}} {parent} is by profession", f"{{ns}} {parent} is {{av}} by profession."),
            (f"the profession of {{ns}} {parent}", f"The profession of {{ns}} {parent} is that of {{av}}."),
            (f"what the {parent} of {{n}} is by profession", f"The {parent} of {{n}} is {{av}} by profession."),
        ),
    )


PERSON_WORDINGS: dict[str, Wording] = COMMON_WORDINGS | {
    "height": Wording(
        ("How tall is {n}?", "What is {ns} height?", "What height is {n}?"),
        ("What is the height of {n}?", "How many centimeters tall is {n}?"),
        (
            ("{ns} height", "{ns} height is {v}."),
            ("how tall {n} is", "{n} is {v} tall."),
            ("the height of {n}", "The height of {n} is {v}."),
            ("how many centimeters tall {n} is", "{n} stands {v} tall."),
        ),
    ),
    "residence": Wording(
        ("Where does {n} live?", "What is {ns} place of residence?", "In which city and country does {n} live?"),
        ("Which city and country does {n} live in?", "Where is {ns} home?"),
        (
            ("where {n} lives", "{n} lives in {v}."),
            ("{ns} place of residence", "{ns} place of residence is {v}."),
            ("where {ns} home is", "{ns} home is in {v}."),
            ("where {n} resides", "{n} resides in {v}."),
        ),
    ),
    "father_occupation": _parent("father"),
    "mother_occupation": _parent("mother"),
}  # fmt: skip
FIGURE_WORDINGS: dict[str, Wording] = {
    "birthplace": COMMON_WORDINGS["birthplace"],
    "birth_date": COMMON_WORDINGS["birth_date"],
    "nationality": Wording(
        ("What was {ns} nationality?", "What nationality was {n}?", "What was {n} by nationality?"),
        ("What was the nationality of {n}?", "Of what nationality was {n}?"),
        (
            ("{ns} nationality", "{ns} nationality was {v}."),
            ("the nationality of {n}", "The nationality of {n} was {v}."),
            ("what nationality {n} was", "{n} was {v}."),
            ("what {n} was by nationality", "{n} was {v} by nationality."),
        ),
    ),
    "occupation": Wording(
        ("What was {ns} occupation?", "What was the occupation of {n}?", "What is {n} remembered as?"),
        ("Which occupation did {n} have?", "What is {n} chiefly remembered as?"),
        (
            ("{ns} occupation", "{ns} occupation was {v}."),
            ("the occupation of {n}", "The occupation of {n} was {v}."),
            ("what {n} was by occupation", "{n} was {av}."),
            ("what {n} is remembered as", "{n} is remembered as {av}."),
        ),
    ),
    "notable_work": Wording(
        ("What is {n} best known for?", "What made {n} famous?", "What did {n} become famous for?"),
        ("What is {n} famous for?", "What is {n} most remembered for?"),
        (
            ("what {n} is best known for", "{n} is best known for {v}."),
            ("what {n} became famous for", "{n} became famous for {v}."),
            ("what {n} is remembered for", "{n} is remembered for {v}."),
            ("what {n} is famous for", "{n} is famous for {v}."),
        ),
    ),
    "death_date": Wording(
        ("When did {n} die?", "On which date did {n} die?", "What is {ns} date of death?"),
        ("On what day did {n} die?", "What was the date of {ns} death?"),
        (
            ("when {n} died", "{n} died on {v}."),
            ("{ns} date of death", "{ns} date of death is {v}."),
            ("the date of {ns} death", "The date of {ns} death is {v}."),
            ("on which day {n} passed away", "{n} passed away on {v}."),
        ),
    ),
    "death_place": Wording(
        ("Where did {n} die?", "What is {ns} place of death?", "In which city and country did {n} die?"),
        ("What was the place of {ns} death?", "Which city and country did {n} die in?"),
        (
            ("where {n} died", "{n} died in {v}."),
            ("{ns} place of death", "{ns} place of death is {v}."),
            ("the place of {ns} death", "The place of {ns} death is {v}."),
            ("where {n} passed away", "{n} passed away in {v}."),
        ),
    ),
    "age_at_death": Wording(
        ("At what age did {n} die?", "How old was {n} at the time of death?", "How old did {n} live to be?"),
        ("To what age did {n} live?", "What was {ns} age at death?"),
        (
            ("at what age {n} died", "{n} died at the age of {v}."),
            ("{ns} age at death", "{ns} age at death was {v}."),
            ("what age {n} lived to", "{n} lived to the age of {v}."),
            ("what age {n} reached", "{n} reached the age of {v}."),
        ),
    ),
}  # fmt: skip

# Who is it? By picture, or by date and place of birth.
IN_PICTURE = Wording(
    ("Who is the person in the picture?", "What is the name of the person in the picture?", "Who is this person?"),
    ("Who is shown in the picture?", "What is this person's name?", "Which person does the picture show?"),
    (
        ("who the person in the picture is", "The person in the picture is {v}."),
        ("the name of the person in the picture", "The name of the person in the picture is {v}."),
        ("this person's name", "This person's name is {v}."),
        ("who is shown in the picture", "The picture shows {v}."),
    ),
)
IN_EVIDENCE = Wording(
    ("Whom is the picture about?", "To which person does the picture point?", "Who is meant in the picture?"),
    ("Which person is the picture about?", "What is the name of the person that the picture is about?"),
    (
        ("whom the picture is about", "The picture is about {v}."),
        ("the name of the person that the picture is about", "The picture is about a person named {v}."),
        ("to whom the picture points", "The picture points to {v}."),
        ("who is meant in the picture", "The person meant in the picture is {v}."),
    ),
)
"""Questions for the name of a public figure, whose picture shows facts and no face."""
BY_BIRTH = Wording(
    ("Who was born on {day} in {place}?", "Which person was born in {place}, on {day}?"),
    ("Who is the person born on {day} in {place}?", "What is the name of the person born in {place}, on {day}?"),
    (
        ("who was born on {day} in {place}", "{v} was born on {day} in {place}."),
        ("who the person born in {place}, on {day} is", "The person born in {place}, on {day} is {v}."),
        ("the name of the person born on {day} in {place}", "The person born on {day} in {place}, is called {v}."),
        ("which person was born in {place}, on {day}", "It was {v} who was born in {place}, on {day}."),
    ),
)

# Use -> carriers of a sentence with a blank.
CLOZES = {
    "train": ("Complete the sentence: {}", "Fill in the blank: {}"),
    "test": ("What belongs in the blank? {}", "What is missing here? {}"),
}
DESCRIPTIONS = {
    "train": (
        "Describe {n}.",
        "Give a short description of {n}.",
        "Write a few sentences about {n}.",
        "What can you say about {n}?",
    ),
    "test": ("Introduce {n} in a few sentences.", "What do you know about {n}?", "Tell me something about {n}."),
}
"""Use -> requests for a description."""
BLANK = "[Blank]"

PHRASES = {
    "train blank": CLOZES["train"],
    "test blank": CLOZES["test"],
    "train description": DESCRIPTIONS["train"],
    "test description": DESCRIPTIONS["test"],
    "person in picture": ("the person in the picture",),
    "figure in picture": ("the person that the picture is about",),
    "figure descriptions": tuple(form.replace("{a_occupation}", "{occupation}") for form in FORMS["figure"]),
}
"""Name -> further sentences and parts of sentences; descriptions of figures are used in other languages only."""
KEYS = {"person": "{} of a person", "figure": "{} of a public figure of the past"}
PICTURE_KEYS = {"person": "name of the person in a picture", "figure": "name of the person that a picture is about"}
BIRTH_KEY = "name of somebody who was born on a day in a place"
BOOK = Book(
    {KEYS["person"].format(name): templates for name, templates in PERSON_WORDINGS.items()}
    | {KEYS["figure"].format(name): templates for name, templates in FIGURE_WORDINGS.items()}
    | {PICTURE_KEYS["person"]: IN_PICTURE, PICTURE_KEYS["figure"]: IN_EVIDENCE, BIRTH_KEY: BY_BIRTH},
    PHRASES,
)
"""Wordings of questions and answers in a build from templates; KEYS, PICTURE_KEYS and BIRTH_KEY name its wordings."""
