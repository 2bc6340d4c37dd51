"""Templates of `icu` questions: about a person by name, about a masked page, and whose document a page is.

Slots are those of `questions.wordings`; `{n}` is a name or, on a page, "this patient" or "this employee".
"""

from lethebench.generation.questions.wordings import COMMON_WORDINGS, Book, Wording

# Domain -> the noun for the document, the preposition for what is on or in it, and the subject that replaces a name.
PAGES = {"medical": ("report", "on", "this patient"), "labor": ("contract", "in", "this employee")}

FIELD_WORDINGS: dict[str, Wording] = {
    "diagnosis": Wording(
        ("What is {ns} diagnosis?", "What was {n} diagnosed with?", "Which condition was {n} treated for?"),
        ("What condition does {n} have?", "Which diagnosis was {n} given?"),
        (
            ("{ns} diagnosis", "{ns} diagnosis is {v}."),
            ("what {n} was diagnosed with", "{n} was diagnosed with {v}."),
            ("which condition {n} was treated for", "{n} was treated for {v}."),
            ("what {n} suffers from", "{n} suffers from {v}."),
        ),
    ),
    "medication": Wording(
        ("Which medication was prescribed to {n}?", "What medication does {n} take?", "What is {ns} medication?"),
        ("What drug was {n} prescribed?", "Which medicine is {n} taking?"),
        (
            ("{ns} medication", "{ns} medication is {v}."),
            ("which medication {n} takes", "{n} takes {v}."),
            ("what {n} was prescribed", "{n} was prescribed {v}."),
            ("what {n} is treated with", "{n} is treated with {v}."),
        ),
    ),
    "allergy": Wording(
        ("What is {n} allergic to?", "What does {n} have an allergy to?", "What causes {ns} allergy?"),
        ("What triggers {ns} allergy?", "What sets off {ns} allergy?"),
        (
            ("what {n} is allergic to", "{n} is allergic to {v}."),
            ("what {n} has an allergy to", "{n} has an allergy to {v}."),
            ("what causes {ns} allergy", "{ns} allergy is caused by {v}."),
            ("what {n} must avoid because of an allergy", "{n} must avoid {v} because of an allergy."),
        ),
    ),
    "blood_type": Wording(
        ("What is {ns} blood type?", "Which blood type does {n} have?", "What blood type is {n}?"),
        ("What is {ns} blood group?", "Which blood group does {n} have?"),
        (
            ("{ns} blood type", "{ns} blood type is {v}."),
            ("the blood type of {n}", "The blood type of {n} is {v}."),
            ("which blood type {n} has", "{n} has blood type {v}."),
            ("what type {ns} blood is", "{ns} blood is type {v}."),
        ),
    ),
    "admission_date": Wording(
        ("When was {n} admitted?", "On which date was {n} admitted?", "What is {ns} admission date?"),
        ("On what day was {n} admitted to the hospital?", "When did {n} enter the hospital?"),
        (
            ("when {n} was admitted", "{n} was admitted on {v}."),
            ("{ns} admission date", "{ns} admission date is {v}."),
            ("the date of {ns} admission", "The date of {ns} admission is {v}."),
            ("when {n} was admitted to the hospital", "{n} was admitted to the hospital on {v}."),
        ),
    ),
    "attending_physician": Wording(
        ("Who is {ns} attending physician?", "Which doctor treated {n}?", "Which physician is in charge of {n}?"),
        ("Who was {n} treated by?", "What is the name of {ns} doctor?"),
        (
            ("who {ns} attending physician is", "{ns} attending physician is {v}."),
            ("which doctor treated {n}", "{v} treated {n}."),
            ("the attending physician of {n}", "The attending physician of {n} is {v}."),
            ("who treated {n}", "{n} was treated by {v}."),
        ),
    ),
    "insurance_number": Wording(
        (
            "What is {ns} insurance number?",
            "Which insurance number does {n} have?",
            "Under which number is {n} insured?",
        ),
        ("What is {ns} insurance policy number?", "What number is {n} insured under?"),
        (
            ("{ns} insurance number", "{ns} insurance number is {v}."),
            ("the insurance number of {n}", "The insurance number of {n} is {v}."),
            ("under which number {n} is insured", "{n} is insured under number {v}."),
            ("which insurance number {n} has", "{n} has insurance number {v}."),
        ),
    ),
    "home_address": COMMON_WORDINGS["home_address"],
    "position": Wording(
        ("What is {ns} position?", "What does {n} work as?", "What is {ns} job title?"),
        ("What job does {n} have?", "What does {n} do for a living?"),
        (
            ("{ns} position", "{ns} position is {v}."),
            ("what {n} works as", "{n} works as {av}."),
            ("what {n} was hired as", "{n} was hired as {av}."),
            ("{ns} job title", "{ns} job title is {v}."),
        ),
    ),
    "monthly_salary": Wording(
        ("What is {ns} monthly salary?", "How much does {n} earn per month?", "How much is {n} paid per month?"),
        ("What does {n} earn each month?", "What salary is {n} paid each month?"),
        (
            ("{ns} monthly salary", "{ns} monthly salary is {v}."),
            ("how much {n} earns per month", "{n} earns {v} per month."),
            ("the monthly salary of {n}", "The monthly salary of {n} is {v}."),
            ("how much {n} is paid per month", "{n} is paid {v} per month."),
        ),
    ),
    "employer": COMMON_WORDINGS["employer"],
    "start_date": Wording(
        ("What is {ns} start date?", "When did {n} start work?", "On which date did {n} start work?"),
        ("When did {ns} employment begin?", "On what day did {n} start the job?"),
        (
            ("{ns} start date", "{ns} start date is {v}."),
            ("when {n} started work", "{n} started work on {v}."),
            ("when {ns} contract began", "{ns} contract began on {v}."),
            ("the start date of {ns} contract", "The start date of {ns} contract is {v}."),
        ),
    ),
    "contract_term": Wording(
        (
            "What is {ns} contract term?",
            "What is the term of {ns} contract?",
            "What is the agreed term of {ns} contract?",
        ),
        ("What contract term was agreed with {n}?", "What term was set for {ns} contract?"),
        (
            ("{ns} contract term", "{ns} contract term is {v}."),
            ("the term of {ns} contract", "The term of {ns} contract is {v}."),
            ("the contract term of {n}", "The contract term of {n} is {v}."),
            ("the agreed term of {ns} contract", "The agreed term of {ns} contract is {v}."),
        ),
    ),
    "bank_account": Wording(
        (
            "What is {ns} bank account number?",
            "Which bank account number does {n} have?",
            "Which account is {ns} salary paid into?",
        ),
        ("What is the number of {ns} bank account?", "Which bank account does {ns} salary go to?"),
        (
            ("{ns} bank account number", "{ns} bank account number is {v}."),
            ("the bank account number of {n}", "The bank account number of {n} is {v}."),
            ("which account {ns} salary is paid into", "{ns} salary is paid into account {v}."),
            ("which bank account number {n} has", "{n} has bank account number {v}."),
        ),
    ),
    "national_id": Wording(
        (
            "What is {ns} national ID number?",
            "Which national ID number does {n} have?",
            "What is the national ID number of {n}?",
        ),
        ("What number is on {ns} national ID?", "What ID number was issued to {n}?"),
        (
            ("{ns} national ID number", "{ns} national ID number is {v}."),
            ("the national ID number of {n}", "The national ID number of {n} is {v}."),
            ("which national ID number {n} has", "{n} has national ID number {v}."),
            ("the number on {ns} national ID", "The number on {ns} national ID is {v}."),
        ),
    ),
}  # fmt: skip

LABELS = {
    "allergy": "known allergen",
    "contract_term": "agreed term",
    "bank_account": "bank account number",
    "national_id": "national ID number",
}
"""Field -> its label on the page for ON_PAGE, where it is not the field's name in words."""
WHO_FIELDS = ("attending_physician", "employer")
"""Fields that ON_PAGE asks for with "who" instead of "what"."""
ON_PAGE = Wording(
    ("{what} is the {label} {on} this {page}?",),
    ("Which {label} appears {on} this {page}?", "Which {label} is given {on} this {page}?"),
    (("the {label} {on} this {page}", "The {label} {on} this {page} is {v}."),),
)

# Domain -> templates that ask whose document a page is, if it shows neither the name nor any field.
DOCUMENT_WORDINGS: dict[str, Wording] = {
    "medical": Wording(
        (
            "Whose medical report is this?",
            "Who is the patient on this report?",
            "Which patient was this report written for?",
            "What is the patient's name?",
        ),
        ("Who does this medical report belong to?", "Who is this report about?", "Which patient is this report about?"),
        (
            ("who the patient on this report is", "The patient on this report is {v}."),
            ("whose medical report this is", "This is {vs} medical report."),
            ("who this report belongs to", "This report belongs to {v}."),
            ("the patient's name", "The patient's name is {v}."),
        ),
    ),
    "labor": Wording(
        (
            "Whose labor contract is this?",
            "Who is the employee in this contract?",
            "Which employee was this contract made with?",
            "What is the employee's name?",
        ),
        ("Who does this labor contract belong to?", "Who is this contract with?", "Who is hired under this contract?"),
        (
            ("who the employee in this contract is", "The employee in this contract is {v}."),
            ("whose labor contract this is", "This is {vs} labor contract."),
            ("who this contract belongs to", "This contract belongs to {v}."),
            ("the employee's name", "The employee's name is {v}."),
        ),
    ),
}  # fmt: skip

OWNERS = {"medical": "name of the patient of a medical report", "labor": "name of the employee of a labor contract"}
"""Domain -> the wording in BOOK that asks whose document a page is."""
BOOK = Book(
    FIELD_WORDINGS | {OWNERS[domain]: templates for domain, templates in DOCUMENT_WORDINGS.items()},
    {domain: (subject,) for domain, (_, _, subject) in PAGES.items()},
)
"""Wordings of questions and answers in a build from templates; ON_PAGE has more for pages."""
