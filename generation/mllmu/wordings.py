"""How each field of `mllmu` is asked for and answered; the three kinds of templates are those of `wordings`.

`{n}` is the subject (a name, or "the person in the picture"), `{ns}` its possessive (or "this person's"), `{pet}` the
kind of pet, `{day}` and `{place}` when and where the subject was born, `{v}` the value, `{av}` the value with a or an.
"""

from lethebench.generation.questions.wordings import FIELDS, Wording


def _parent(who: str) -> Wording:
    """The profession of a parent: "is ... by profession" holds whether they still work or not."""
    return Wording(
        (
            f"What is {{ns}} {who}'s profession?",
            f"What is {{ns}} {who} by profession?",
            f"What is the profession of {{ns}} {who}?",
        ),
        (f"Which profession does {{ns}} {who} have?", f"What is the {who} of {{n}} by profession?"),
        (
            (f"{{ns}} {who}'s profession", f"{{ns}} {who}'s profession is {{v}}."),
            (f"what {{ns}} {who} is by profession", f"{{ns}} {who} is {{av}} by profession."),
            (f"the profession of {{ns}} {who}", f"The profession of {{ns}} {who} is that of {{av}}."),
            (f"what the {who} of {{n}} is by profession", f"The {who} of {{n}} is {{av}} by profession."),
        ),
    )


BOTH: dict[str, Wording] = {
    "birthplace": Wording(
        ("Where was {n} born?", "What is {ns} birthplace?", "In which city and country was {n} born?"),
        ("What is the birthplace of {n}?", "Which city and country was {n} born in?"),
        (
            ("where {n} was born", "{n} was born in {v}."),
            ("{ns} birthplace", "{ns} birthplace is {v}."),
            ("the birthplace of {n}", "The birthplace of {n} is {v}."),
            ("{ns} place of birth", "{ns} place of birth is {v}."),
        ),
    ),
    "birth_date": Wording(
        ("When was {n} born?", "What is {ns} date of birth?", "On which date was {n} born?"),
        ("On what day was {n} born?", "What is the date of birth of {n}?"),
        (
            ("when {n} was born", "{n} was born on {v}."),
            ("{ns} date of birth", "{ns} date of birth is {v}."),
            ("the date of birth of {n}", "The date of birth of {n} is {v}."),
            ("{ns} birth date", "{ns} birth date is {v}."),
        ),
    ),
}
PERSON: dict[str, Wording] = BOTH | {
    "occupation": Wording(
        ("What does {n} do for a living?", "What is {ns} occupation?", "What does {n} work as?"),
        ("What is the occupation of {n}?", "What job does {n} have?"),
        (
            ("{ns} occupation", "{ns} occupation is {v}."),
            ("what {n} works as", "{n} works as {av}."),
            ("what {n} does for a living", "{n} earns a living as {av}."),
            ("{ns} job title", "{ns} job title is {v}."),
        ),
    ),
    "employer": FIELDS["employer"],
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
    "education": Wording(
        ("Where was {n} educated?", "Which institution did {n} graduate from?", "Where did {n} graduate?"),
        ("Which school or university did {n} graduate from?", "At which institution was {n} educated?"),
        (
            ("where {n} was educated", "{n} was educated at {v}."),
            ("which institution {n} graduated from", "{n} graduated from {v}."),
            ("where {n} graduated", "{n} is a graduate of {v}."),
            ("which school or university {n} attended", "{n} attended {v}."),
        ),
    ),
    "annual_salary": Wording(
        ("What is {ns} annual salary?", "How much does {n} earn per year?", "How much is {n} paid per year?"),
        ("What does {n} earn each year?", "What salary is {n} paid each year?"),
        (
            ("{ns} annual salary", "{ns} annual salary is {v}."),
            ("how much {n} earns per year", "{n} earns {v} per year."),
            ("the annual salary of {n}", "The annual salary of {n} is {v}."),
            ("how much {n} is paid per year", "{n} is paid {v} per year."),
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
    "medical_condition": Wording(
        (
            "What medical condition does {n} have?",
            "Which condition does {n} live with?",
            "What is {ns} medical condition?",
        ),
        ("Which health problem does {n} have?", "What was {n} diagnosed with?"),
        (
            ("which medical condition {n} has", "{n} has {v}."),
            ("which condition {n} lives with", "{n} lives with {v}."),
            ("{ns} medical condition", "{ns} medical condition is {v}."),
            ("what {n} was diagnosed with", "{n} was diagnosed with {v}."),
        ),
    ),
    "father_occupation": _parent("father"),
    "mother_occupation": _parent("mother"),
    "favorite_food": Wording(
        ("What is {ns} favorite food?", "Which food does {n} like best?", "What does {n} like to eat most of all?"),
        ("What is the favorite food of {n}?", "Which food is {ns} favorite?"),
        (
            ("{ns} favorite food", "{ns} favorite food is {v}."),
            ("which food {n} likes best", "{n} likes {v} better than any other food."),
            ("the favorite food of {n}", "The favorite food of {n} is {v}."),
            ("what {n} likes to eat most of all", "{n} likes to eat {v} most of all."),
        ),
    ),
    "pet_name": Wording(
        (
            "What is the name of {ns} {pet}?",
            "What is {ns} {pet} called?",
            "What name did {n} give to the pet {pet}?",
        ),
        ("What does {n} call the pet {pet}?", "What name was {ns} {pet} given?"),
        (
            ("the name of {ns} {pet}", "The name of {ns} {pet} is {v}."),
            ("what {ns} {pet} is called", "{ns} {pet} is called {v}."),
            ("{ns} {pet}'s name", "{ns} {pet}'s name is {v}."),
            ("what name {ns} {pet} goes by", "{ns} {pet} goes by the name of {v}."),
        ),
    ),
    "quirk": Wording(
        ("What quirk does {n} have?", "What is {ns} quirk?", "Which unusual habit is {n} known for?"),
        ("What odd habit does {n} have?", "What little habit is typical of {n}?"),
        (
            ("{ns} quirk", "{ns} quirk is {v}."),
            ("which habit {n} is known for", "{n} is known for {v}."),
            ("{ns} unusual habit", "{ns} unusual habit is {v}."),
            ("which habit {n} has", "{n} has a habit of {v}."),
        ),
    ),
}  # fmt: skip
FIGURE: dict[str, Wording] = BOTH | {
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

# Who is it? Asked of a picture; or without one, by when and where the person was born.
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

# A sentence with a blank. The sentence is an echo of the field; what comes before it tells training from test.
CLOZES = {
    "train": ("Complete the sentence: {}", "Fill in the blank: {}"),
    "test": ("What belongs in the blank? {}", "What is missing here? {}"),
}
BLANK = "[Blank]"
