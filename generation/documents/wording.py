"""The printed words of documents: captions, details that give facts away, and running text with blanks."""

# Fact -> possible captions, of which a document uses one.
CAPTIONS: dict[str, tuple[str, ...]] = {
    "name": ("Name", "Full name"),
    "birth_date": ("Date of birth", "Born on"),
    "age": ("Age",),
    "gender": ("Sex", "Gender"),
    "nationality": ("Nationality", "Citizenship"),
    # medical
    "diagnosis": ("Diagnosis", "Primary diagnosis", "Principal diagnosis"),
    "medication": ("Medication", "Prescribed medication", "Current medication"),
    "allergy": ("Allergy", "Known allergy", "Allergies"),
    "blood_type": ("Blood type", "Blood group"),
    "admission_date": ("Admission date", "Date of admission", "Admitted on"),
    "attending_physician": ("Attending physician", "Physician in charge"),
    "insurance_number": ("Insurance number", "Insurance no.", "Policy number"),
    "home_address": ("Home address", "Address", "Residence"),
    "discharge_date": ("Discharge date", "Date of discharge", "Discharged on"),
    "room": ("Room", "Room no."),
    "height": ("Height", "Body height"),
    "heart_rate": ("Heart rate", "Pulse"),
    "temperature": ("Temperature", "Body temp."),
    "blood_pressure": ("Blood pressure", "BP"),
    # labor
    "position": ("Position", "Job title"),
    "monthly_salary": ("Monthly salary", "Gross monthly salary"),
    "employer": ("Employer", "Company"),
    "start_date": ("Start date", "Date of commencement", "First day of work"),
    "contract_term": ("Contract term", "Term of contract"),
    "bank_account": ("Bank account", "Account for payment"),
    "national_id": ("National ID number", "National ID no."),
    "end_date": ("End of contract", "Contract ends on"),
    "signing_date": ("Date of signing", "Signed on"),
    "working_hours": ("Working time", "Hours of work"),
    "annual_leave": ("Annual leave", "Paid leave"),
    "probation_period": ("Probation period", "Probation"),
    "notice_period": ("Notice period", "Notice"),
    "pay_day": ("Pay day", "Payment on"),
    # both
    "department": ("Department", "Unit"),
}

# Printed detail -> the maskable attributes that it is computed from; `giveaways` measures the rest.
COMPUTED: dict[str, tuple[str, ...]] = {
    "discharge_date": ("admission_date",),
    "end_date": ("start_date", "contract_term"),
    "signing_date": ("start_date",),
    "contact": ("employer",),
}

# Domain -> facts that a document of two pages has on the second.
CONTINUED: dict[str, tuple[str, ...]] = {
    "medical": (
        "diagnosis", "medication", "allergy", "blood_type", "height", "heart_rate", "temperature", "blood_pressure",
    ),
    "labor": ("monthly_salary", "pay_day", "bank_account", "start_date", "contract_term", "end_date", "signing_date"),
}  # fmt: skip

# Domain -> groups of facts that a document may have filled in by hand: no names or codes, where one letter decides.
BY_HAND: dict[str, tuple[tuple[str, ...], ...]] = {
    "medical": (
        ("diagnosis", "medication", "allergy", "blood_type"),
        ("admission_date", "discharge_date", "room"),
        ("height", "heart_rate", "temperature", "blood_pressure"),
        ("birth_date", "gender", "nationality", "home_address"),
    ),
    "labor": (
        ("start_date", "contract_term", "end_date", "signing_date"),
        ("monthly_salary", "pay_day"),
        ("working_hours", "annual_leave", "probation_period", "notice_period"),
        ("position", "department"),
    ),
}

# Domain -> key of who issues the document.
ORGANIZATIONS = {"medical": "hospital", "labor": "employer"}
NUMBER_FIELDS = {"medical": "record_number", "labor": "contract_number"}
OFFICES = {
    "medical": (
        "Medical Records Office",
        "Patient Administration",
        "Clinical Documentation Unit",
        "Health Information",
    ),
    "labor": ("Human Resources", "Personnel Department", "People and Administration", "Human Resources Office"),
}
TITLES = {
    "medical": ("Medical Report", "Inpatient Report", "Clinical Summary", "Hospital Report"),
    "labor": ("Employment Contract", "Labor Contract", "Contract of Employment", "Employment Agreement"),
}
FORMS = {
    "medical": ("Confidential patient information", "Medical file copy · confidential", "Subject to medical secrecy"),
    "labor": (
        "Personnel file copy · confidential",
        "Executed in two originals",
        "For the parties to this contract only",
    ),
}
STAMP_WORDS = {
    "medical": ("medical records", "archive copy", "verified"),
    "labor": ("personnel office", "registered", "hr · verified"),
}

# By hand on the lines for remarks; they carry no fact.
NOTES = (
    "copy sent by mail", "original in the archive", "read and explained", "checked, no corrections", "two copies made",
    "file with earlier papers", "signed in my presence", "copy handed over", "scanned and filed", "to be kept on file",
)  # fmt: skip

# Running text of medical reports. A blank is {fact:width in pixels}; a sentence whose facts are absent is dropped.
REPORT = {
    "history": (
        "{name:210} was admitted to our care on {admission_date:150}.",
        "The stay ended with discharge on {discharge_date:150}.",
        "The diagnosis on file reads {diagnosis:250}.",
    ),
    "treatment": (
        "Treatment consists of {medication:190}.",
        "The file was checked for allergies; the entry reads {allergy:150}.",
        "Blood type on file: {blood_type:110}.",
    ),
    "care": (
        "Care was directed by {attending_physician:220}.",
        "Costs are settled under insurance number {insurance_number:140}.",
    ),
}
ADVICE = (
    "The findings were explained to the patient, who was given written instructions and time to ask questions.",
    "Please continue the treatment as prescribed. Changes should be made only in agreement with the treating team.",
    "A follow-up visit is recommended within four weeks. The patient was advised to return at once if symptoms worsen.",
    "This report was compiled from the electronic file and is valid with signature and stamp.",
    "Copies are kept with the medical file for the period required by law. Disclosure to third parties needs consent.",
    "The course of the stay was discussed in the daily ward round and documented in the nursing record.",
)
CHECKS = (
    "Blood count", "Electrocardiogram", "Chest X-ray", "Urinalysis", "Ultrasound", "Medication review",
    "Nutrition screening", "Fall risk assessment", "Physical therapy", "Vaccination status",
)  # fmt: skip

# Running text of labor contracts.
PARTIES = (
    "This contract is made between {employer:240}, hereinafter the Employer, and {name:210}, holder of national ID "
    "number {national_id:150}, hereinafter the Employee."
)
SERVICE = (
    "The undersigned agree that {name:210} enters the service of {employer:240} as {position:230}, on the terms "
    "set out below."
)
# (Heading, sentences).
CLAUSES = (
    (
        "Position and duties",
        (
            "The Employer engages the Employee as {position:240}.",
            "The Employee carries out these duties with care and follows the Employer's reasonable instructions.",
            "Agreed probation period: {probation_period:100}.",
        ),
    ),
    (
        "Commencement and term",
        (
            "Employment begins on {start_date:150} and is agreed for the following term: {contract_term:110}.",
            "End of contract: {end_date:150}.",
        ),
    ),
    (
        "Remuneration",
        (
            "The gross monthly salary is {monthly_salary:140}.",
            "It is paid to bank account {bank_account:180}.",
            "Payment is due on {pay_day:160} of each month.",
        ),
    ),
    (
        "Working time",
        (
            "Regular working time is {working_hours:170}.",
            "Breaks, overtime and rest periods follow the law and the roster in force at the place of work.",
        ),
    ),
    (
        "Leave",
        (
            "Paid annual leave is {annual_leave:90} in each calendar year.",
            "Absence because of illness is to be reported on the first day.",
        ),
    ),
    (
        "Confidentiality",
        (
            "The Employee keeps business matters confidential during the employment and after its end, and returns all "
            "documents and equipment on leaving.",
        ),
    ),
    (
        "Termination",
        (
            "Either party may end this contract in writing with a notice period of {notice_period:100}.",
            "The right to terminate for good cause remains unaffected.",
        ),
    ),
    (
        "Final provisions",
        ("Amendments must be made in writing. Should one provision be invalid, the others remain in force.",),
    ),
)
# Heading -> text that replaces the sentences whose facts are in a schedule.
SCHEDULE_CLAUSES = {
    "Position and duties": "The Employer engages the Employee on the terms of the schedule above.",
    "Remuneration": "The salary stated in the schedule is gross and is paid to the account named above.",
}
