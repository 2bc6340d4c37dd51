"""The printed words of documents: captions, what each fact would give away, and running text with blanks."""

# Captions of facts; a document keeps to one of them.
CAPTIONS: dict[str, tuple[str, ...]] = {
    "name": ("Name", "Full name"),
    "birth_date": ("Date of birth", "Born on"),
    "age": ("Age",),
    "gender": ("Sex", "Gender"),
    "nationality": ("Nationality", "Citizenship"),
    "record_number": ("Record no.", "File no."),
    # medical
    "diagnosis": ("Diagnosis", "Primary diagnosis", "Principal diagnosis"),
    "medication": ("Medication", "Prescribed medication", "Current medication"),
    "allergy": ("Allergy", "Known allergy", "Allergies"),
    "blood_type": ("Blood type", "Blood group"),
    "admission_date": ("Admission date", "Date of admission", "Admitted on"),
    "attending_physician": ("Attending physician", "Physician in charge"),
    "insurance_number": ("Insurance number", "Insurance no.", "Policy number"),
    "home_address": ("Home address", "Address", "Residence"),
    "hospital": ("Hospital", "Facility"),
    "department": ("Department", "Ward"),
    # labor
    "position": ("Position", "Job title"),
    "monthly_salary": ("Monthly salary", "Gross monthly salary"),
    "employer": ("Employer", "Company"),
    "start_date": ("Start date", "Date of commencement", "First day of work"),
    "contract_term": ("Contract term", "Term of contract"),
    "bank_account": ("Bank account", "Account for payment"),
    "national_id": ("National ID number", "National ID no."),
    "end_date": ("End date", "Contract ends on"),
    "notice_period": ("Notice period", "Notice"),
    "weekly_hours": ("Working time", "Weekly hours"),
}

# Printed details that would give a maskable attribute away: they are blacked out with it.
DERIVED: dict[str, tuple[str, ...]] = {
    "department": ("diagnosis", "medication", "attending_physician"),
    "end_date": ("start_date", "contract_term"),
}

# domain -> (key of who issues the document, key of their address)
ORGANISATIONS = {"medical": ("hospital", "hospital_address"), "labor": ("employer", "employer_address")}
NUMBERS = ("record_number", "contract_number", "document_number")
OFFICES = {
    "medical": ("Medical Records Office", "Patient Administration", "Clinical Documentation Unit", "Health Information Services"),
    "labor": ("Human Resources", "Personnel Department", "People and Administration", "Human Resources Office"),
}
TITLES = {
    "medical": ("Medical Report", "Inpatient Report", "Clinical Summary", "Hospital Report"),
    "labor": ("Employment Contract", "Labor Contract", "Contract of Employment", "Employment Agreement"),
}
FORMS = {
    "medical": ("Confidential patient information", "Medical file copy · confidential", "Subject to medical secrecy"),
    "labor": ("Personnel file copy · confidential", "Executed in two originals", "For the parties to this contract only"),
}
STAMP_WORDS = {"medical": ("medical records", "archive copy", "verified"), "labor": ("personnel office", "registered", "hr · verified")}

# Running text of medical reports. Blanks are {fact:width in pixels}; a sentence is left out where the profile lacks its facts.
REPORT = {
    "history": (
        "{name:230} was admitted to our care on {admission_date:150}.",
        "The diagnosis entered on admission reads {diagnosis:330}.",
    ),
    "treatment": (
        "Treatment consists of {medication:330}.",
        "Before treatment the file was checked for allergies; the entry reads {allergy:190}.",
        "Blood type on file: {blood_type:110}.",
    ),
    "care": (
        "Care was directed by {attending_physician:230}.",
        "Costs are settled under insurance number {insurance_number:190}.",
    ),
}
ADVICE = (
    "The findings were explained to the patient, who was given written instructions and had the opportunity to ask questions.",
    "Please continue the treatment as prescribed. Changes should be made only after consultation with the treating team.",
    "A follow-up visit is recommended within four weeks. The patient was advised to return at once if symptoms worsen.",
    "This report was compiled from the electronic file and is valid with signature and stamp.",
    "Copies are kept with the medical file for the period required by law. Disclosure to third parties needs written consent.",
    "The course of the stay was discussed in the daily ward round and documented in the nursing record.",
)
CHECKS = (
    "Blood count", "Electrocardiogram", "Chest X-ray", "Urinalysis", "Ultrasound", "Medication review", "Nutrition screening",
    "Fall risk assessment", "Physiotherapy", "Vaccination status",
)  # fmt: skip

# Running text of labor contracts: (heading, sentences).
CLAUSES = (
    ("Position", (
        "The Employer engages the Employee as {position:300}.",
        "The Employee shall carry out the duties of the position with due care and follow the reasonable instructions of the Employer.",
    )),
    ("Commencement and term", (
        "Employment begins on {start_date:150} and is agreed for the following term: {contract_term:170}.",
        "Unless it is renewed in writing, the contract ends on {end_date:150}.",
    )),
    ("Remuneration", (
        "The Employee receives a gross monthly salary of {monthly_salary:160}, payable at the end of each month to bank account {bank_account:270}.",
    )),
    ("Working time", (
        "Regular working time is {weekly_hours:110} a week.",
        "Breaks, overtime and rest periods follow the statutory rules and the roster in force at the place of work.",
    )),
    ("Leave", ("Paid annual leave and leave in case of illness are granted as provided by law.",)),
    ("Confidentiality", (
        "The Employee keeps business matters confidential during the employment and after its end, and returns all documents and equipment on leaving.",
    )),
    ("Termination", (
        "Either party may end this contract in writing with a notice period of {notice_period:120}.",
        "The right to terminate for good cause remains unaffected.",
    )),
    ("Final provisions", (
        "Amendments to this contract must be made in writing. Should one provision be invalid, the others remain in force.",
    )),
)  # fmt: skip
