"""Medical conditions with department, patients and drugs: coarse textbook medicine, plausible and no more.

Row: department | condition | sex (f, m or -), youngest and oldest age (years) | first-line or common drugs.
"""

from typing import NamedTuple


class Diagnosis(NamedTuple):
    """A condition: the department that treats it, its patients (sex `f`, `m` or `-`; ages in years) and its drugs."""

    department: str
    name: str
    sex: str
    youngest: int
    oldest: int
    medications: tuple[str, ...]


SPECIALISTS = {
    "Cardiology": "cardiologist",
    "Endocrinology": "endocrinologist",
    "Pulmonology": "pulmonologist",
    "Gastroenterology": "gastroenterologist",
    "Neurology": "neurologist",
    "Rheumatology": "rheumatologist",
    "Nephrology": "nephrologist",
    "Urology": "urologist",
    "Hematology": "hematologist",
    "Gynecology": "gynecologist",
    "Dermatology": "dermatologist",
    "Infectious Diseases": "infectious disease specialist",
    "Psychiatry": "psychiatrist",
    "Ophthalmology": "ophthalmologist",
    "Orthopedics": "orthopedic surgeon",
    "Oncology": "oncologist",
}

_TABLE = """
Cardiology | atrial fibrillation | - 45 88 | apixaban, bisoprolol, digoxin, flecainide
Cardiology | congestive heart failure | - 55 88 | furosemide, carvedilol, sacubitril
Cardiology | hypertension | - 35 85 | amlodipine, ramipril, losartan, lisinopril
Cardiology | angina pectoris | - 45 85 | nitroglycerin, ranolazine, diltiazem
Cardiology | pericarditis | - 20 70 | colchicine, ibuprofen
Cardiology | familial hypercholesterolemia | - 25 70 | atorvastatin, rosuvastatin, ezetimibe, evolocumab
Endocrinology | type 1 diabetes | - 18 55 | insulin glargine, insulin lispro, insulin degludec
Endocrinology | type 2 diabetes | - 38 82 | metformin, empagliflozin, semaglutide, gliclazide
Endocrinology | hypothyroidism | - 25 80 | levothyroxine
Endocrinology | Graves' disease | - 20 60 | methimazole, propylthiouracil
Endocrinology | Addison's disease | - 20 60 | hydrocortisone, fludrocortisone
Endocrinology | acromegaly | - 30 65 | octreotide, lanreotide, pegvisomant
Endocrinology | Cushing's syndrome | - 25 60 | osilodrostat, metyrapone
Pulmonology | asthma | - 18 70 | budesonide, albuterol, montelukast, formoterol
Pulmonology | emphysema | - 50 85 | tiotropium, umeclidinium, indacaterol
Pulmonology | pneumonia | - 20 88 | amoxicillin, azithromycin, levofloxacin
Pulmonology | sarcoidosis | - 25 60 | prednisone, methotrexate
Pulmonology | pulmonary embolism | - 30 82 | rivaroxaban, edoxaban, enoxaparin
Pulmonology | pulmonary fibrosis | - 55 82 | nintedanib, pirfenidone
Pulmonology | cystic fibrosis | - 18 40 | ivacaftor, dornase alfa
Gastroenterology | Crohn's disease | - 18 55 | infliximab, azathioprine, ustekinumab
Gastroenterology | ulcerative colitis | - 18 65 | mesalamine, sulfasalazine, vedolizumab
Gastroenterology | gastritis | - 30 80 | omeprazole, pantoprazole, sucralfate
Gastroenterology | reflux esophagitis | - 25 75 | esomeprazole, lansoprazole, famotidine
Gastroenterology | diverticulitis | - 45 82 | metronidazole, ciprofloxacin
Gastroenterology | chronic hepatitis B | - 25 70 | entecavir, tenofovir
Gastroenterology | chronic hepatitis C | - 30 75 | sofosbuvir, glecaprevir
Gastroenterology | liver cirrhosis | - 45 78 | spironolactone, lactulose, rifaximin
Gastroenterology | gallstones | - 30 80 | ursodiol
Neurology | migraine | - 18 55 | sumatriptan, topiramate, propranolol, erenumab
Neurology | epilepsy | - 18 75 | levetiracetam, lamotrigine, lacosamide
Neurology | multiple sclerosis | - 22 55 | ocrelizumab, fingolimod, natalizumab
Neurology | Parkinson's disease | - 55 86 | levodopa, pramipexole, rasagiline
Neurology | Alzheimer's disease | - 65 88 | donepezil, rivastigmine, memantine
Neurology | myasthenia gravis | - 25 75 | pyridostigmine, efgartigimod
Neurology | trigeminal neuralgia | - 45 80 | carbamazepine, oxcarbazepine
Neurology | restless legs syndrome | - 35 75 | ropinirole, gabapentin
Neurology | carotid stenosis | - 58 86 | clopidogrel, aspirin, pravastatin
Neurology | narcolepsy | - 18 45 | modafinil, pitolisant
Rheumatology | rheumatoid arthritis | - 30 78 | methotrexate, etanercept, leflunomide, tofacitinib
Rheumatology | gout | - 40 80 | allopurinol, febuxostat, colchicine
Rheumatology | lupus | - 20 55 | hydroxychloroquine, belimumab
Rheumatology | ankylosing spondylitis | - 20 50 | secukinumab, naproxen, golimumab
Rheumatology | psoriatic arthritis | - 30 65 | apremilast, ixekizumab, guselkumab
Rheumatology | fibromyalgia | - 25 65 | duloxetine, pregabalin
Rheumatology | giant cell arteritis | - 60 86 | prednisone, tocilizumab
Rheumatology | osteoporosis | - 60 88 | alendronate, denosumab, teriparatide
Nephrology | chronic kidney disease | - 45 86 | epoetin alfa, dapagliflozin, sevelamer
Nephrology | nephrotic syndrome | - 20 65 | prednisone, cyclosporine
Nephrology | pyelonephritis | - 20 75 | ciprofloxacin, ceftriaxone
Urology | kidney stones | - 25 70 | tamsulosin, potassium citrate
Urology | benign prostatic hyperplasia | m 52 86 | tamsulosin, finasteride, dutasteride
Urology | overactive bladder | - 45 82 | mirabegron, solifenacin, tolterodine
Hematology | iron deficiency anemia | - 18 75 | ferrous sulfate, iron sucrose
Hematology | pernicious anemia | - 45 82 | cyanocobalamin
Hematology | deep vein thrombosis | - 30 80 | warfarin, dabigatran, enoxaparin
Hematology | hemophilia A | m 18 60 | emicizumab, desmopressin
Hematology | multiple myeloma | - 55 84 | bortezomib, lenalidomide, daratumumab
Hematology | chronic myeloid leukemia | - 40 78 | imatinib, dasatinib, nilotinib
Hematology | immune thrombocytopenia | - 20 70 | eltrombopag, romiplostim, prednisone
Gynecology | endometriosis | f 20 46 | dienogest, leuprolide, elagolix
Gynecology | uterine fibroids | f 30 52 | relugolix, leuprolide
Gynecology | polycystic ovary syndrome | f 18 40 | metformin, letrozole, spironolactone
Gynecology | pelvic inflammatory disease | f 18 42 | doxycycline, metronidazole
Dermatology | plaque psoriasis | - 20 70 | ustekinumab, calcipotriol, acitretin
Dermatology | atopic dermatitis | - 18 60 | dupilumab, tacrolimus, upadacitinib
Dermatology | cellulitis | - 25 82 | cephalexin, clindamycin
Dermatology | shingles | - 50 86 | valacyclovir, acyclovir
Dermatology | chronic urticaria | - 20 60 | omalizumab, cetirizine
Infectious Diseases | tuberculosis | - 20 75 | isoniazid, rifampin, ethambutol
Infectious Diseases | Lyme disease | - 20 70 | doxycycline, ceftriaxone
Infectious Diseases | malaria | - 20 60 | artemether, atovaquone, primaquine
Infectious Diseases | typhoid fever | - 18 50 | azithromycin, ciprofloxacin
Infectious Diseases | influenza | - 20 88 | oseltamivir, baloxavir
Infectious Diseases | bacterial meningitis | - 18 65 | vancomycin, ceftriaxone
Psychiatry | major depression | - 20 70 | sertraline, escitalopram, venlafaxine, mirtazapine
Psychiatry | bipolar disorder | - 20 60 | lithium, quetiapine, lamotrigine
Psychiatry | schizophrenia | - 20 60 | olanzapine, risperidone, aripiprazole
Psychiatry | generalized anxiety disorder | - 20 60 | buspirone, escitalopram, pregabalin
Psychiatry | obsessive-compulsive disorder | - 18 50 | fluvoxamine, clomipramine
Ophthalmology | open-angle glaucoma | - 50 86 | latanoprost, timolol, brimonidine
Ophthalmology | uveitis | - 20 60 | adalimumab, prednisolone
Ophthalmology | macular degeneration | - 62 88 | ranibizumab, aflibercept
Orthopedics | osteomyelitis | - 25 75 | vancomycin, clindamycin
Orthopedics | sciatica | - 30 65 | naproxen, gabapentin, diclofenac
Orthopedics | spinal stenosis | - 50 80 | diclofenac, tramadol
Oncology | breast cancer | f 38 80 | tamoxifen, anastrozole, trastuzumab
Oncology | prostate cancer | m 55 84 | bicalutamide, leuprolide, enzalutamide
Oncology | colorectal cancer | - 48 82 | capecitabine, oxaliplatin, bevacizumab
Oncology | melanoma | - 30 78 | nivolumab, vemurafenib, dabrafenib
Oncology | ovarian cancer | f 45 78 | olaparib, paclitaxel
Oncology | lung cancer | - 52 82 | osimertinib, pembrolizumab, pemetrexed
"""


def _parse(line: str) -> Diagnosis:
    department, name, patients, medications = (part.strip() for part in line.split("|"))
    sex, youngest, oldest = patients.split()
    return Diagnosis(department, name, sex, int(youngest), int(oldest), tuple(medications.split(", ")))


DIAGNOSES = tuple(_parse(line) for line in _TABLE.strip().splitlines())

_PENICILLINS = frozenset({"amoxicillin"})
_CEPHALOSPORINS = frozenset({"ceftriaxone", "cephalexin"})
_NSAIDS = frozenset({"ibuprofen", "naproxen", "diclofenac", "aspirin"})
# Allergy -> drugs that it rules out: the same class and known cross-reactions.
ALLERGIES: dict[str, frozenset[str]] = {
    "penicillin": _PENICILLINS | _CEPHALOSPORINS,
    "cefuroxime": _CEPHALOSPORINS | _PENICILLINS,
    "sulfa drugs": frozenset({"sulfasalazine", "furosemide", "sumatriptan", "gliclazide", "tamsulosin"}),
    "codeine": frozenset({"tramadol"}),
    "erythromycin": frozenset({"azithromycin"}),
    "lidocaine": frozenset({"flecainide"}),
    "contrast dye": frozenset(),
    "latex": frozenset(),
    "nickel": frozenset(),
    "peanuts": frozenset(),
    "walnuts": frozenset(),
    "hazelnuts": frozenset(),
    "cashews": frozenset(),
    "shellfish": frozenset(),
    "eggs": frozenset(),
    "cow's milk": frozenset(),
    "soy": frozenset(),
    "sesame": frozenset(),
    "strawberries": frozenset(),
    "kiwi": frozenset(),
    "celery": frozenset(),
    "mustard": frozenset(),
    "bee venom": frozenset(),
    "wasp venom": frozenset(),
    "birch pollen": frozenset(),
    "ragweed": frozenset(),
    "house dust": frozenset(),
    "cat hair": frozenset(),
    "mold": frozenset(),
    "ketorolac": _NSAIDS,
}
