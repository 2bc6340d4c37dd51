"""Jobs and who offers them.

Each row: sector | department | position | schooling | youngest age, starting pay in the country's typical wages.
"""

from typing import NamedTuple


class Position(NamedTuple):
    """One job: its sector and department, the schooling it asks for, the youngest age (years), the starting pay."""

    sector: str
    department: str
    name: str
    education: str
    youngest: int
    pay: float


SCHOOLING = {
    "school": "secondary school certificate",
    "trade": "vocational certificate",
    "bachelor": "bachelor's degree in",
    "master": "master's degree in",
    "doctor": "doctorate in",
}

# sector -> words that end the name of a company in it
SECTORS: dict[str, tuple[str, ...]] = {
    "software": ("Software", "Systems", "Digital", "Data", "Cloudworks"),
    "health": ("Health", "Care", "Clinics", "Wellness", "Diagnostics"),
    "construction": ("Construction", "Builders", "Structures", "Homes", "Building"),
    "engineering": ("Engineering", "Machines", "Instruments", "Robotics", "Technologies"),
    "energy": ("Energy", "Power", "Utilities", "Resources", "Works"),
    "finance": ("Finance", "Financial", "Trust", "Partners", "Mutual"),
    "media": ("Media", "Studios", "Creative", "Communications", "Productions"),
    "hospitality": ("Hotels", "Resorts", "Hospitality", "Lodges", "Inns"),
    "food": ("Foods", "Provisions", "Harvest", "Produce", "Fare"),
    "logistics": ("Logistics", "Freight", "Transport", "Shipping", "Lines"),
    "retail": ("Retail", "Stores", "Trading", "Shops", "Outfitters"),
    "education": ("Academy", "Institute", "Learning", "School", "Education"),
    "science": ("Research", "Sciences", "Analytics", "Discovery", "Foundation"),
    "services": ("Services", "Consulting", "Group", "Associates", "Solutions"),
}

_TABLE = """
software | Engineering | software developer | bachelor computer science | 22 1.3
software | Engineering | data engineer | bachelor computer science | 23 1.4
software | Engineering | web designer | bachelor graphic design | 22 0.95
software | Operations | database administrator | bachelor information systems | 23 1.2
software | Operations | network technician | trade | 20 0.9
software | Operations | security analyst | bachelor information systems | 24 1.4
software | Product | product manager | master business administration | 28 1.7
software | Product | usability researcher | master psychology | 25 1.3
software | Quality | test engineer | bachelor computer science | 22 1.1
software | Support | help desk agent | trade | 19 0.75
health | Pharmacy | pharmacist | master pharmacy | 25 1.4
health | Nursing | registered nurse | bachelor nursing | 22 1.0
health | Therapy | physiotherapist | bachelor physiotherapy | 23 1.0
health | Therapy | speech therapist | master speech therapy | 25 1.0
health | Dentistry | dental hygienist | trade | 21 0.95
health | Dentistry | dentist | doctor dental medicine | 28 2.0
health | Laboratory | laboratory technician | trade | 20 0.85
health | Imaging | radiographer | bachelor radiography | 22 1.1
health | Nutrition | dietitian | bachelor nutrition | 23 0.95
health | Veterinary | veterinarian | doctor veterinary medicine | 28 1.5
construction | Sites | civil engineer | bachelor civil engineering | 23 1.3
construction | Design | architect | master architecture | 26 1.4
construction | Design | interior designer | bachelor interior design | 23 0.95
construction | Sites | electrician | trade | 20 0.95
construction | Sites | plumber | trade | 20 0.95
construction | Sites | carpenter | trade | 19 0.85
construction | Sites | bricklayer | trade | 19 0.8
construction | Sites | crane operator | trade | 23 1.0
construction | Surveying | land surveyor | bachelor surveying | 23 1.15
construction | Finishing | house painter | trade | 19 0.75
engineering | Development | mechanical engineer | bachelor mechanical engineering | 23 1.35
engineering | Development | electrical engineer | bachelor electrical engineering | 23 1.35
engineering | Development | technical draftsman | trade | 20 0.85
engineering | Production | welder | trade | 19 0.85
engineering | Production | machine operator | school | 19 0.75
engineering | Production | toolmaker | trade | 20 0.95
engineering | Quality | quality inspector | trade | 22 0.9
engineering | Maintenance | maintenance fitter | trade | 20 0.9
engineering | Development | aerospace engineer | master aerospace engineering | 25 1.6
engineering | Production | plant manager | master industrial engineering | 34 2.2
energy | Fieldwork | wind turbine technician | trade | 21 1.05
energy | Planning | energy consultant | master environmental engineering | 26 1.3
energy | Planning | geologist | master geology | 26 1.4
energy | Grid | power line technician | trade | 21 1.05
energy | Water | water treatment operator | trade | 22 0.9
energy | Fieldwork | solar installer | trade | 20 0.85
energy | Mining | mining engineer | bachelor mining engineering | 24 1.6
finance | Accounts | accountant | bachelor accounting | 23 1.15
finance | Accounts | payroll clerk | trade | 20 0.8
finance | Audit | internal auditor | master accounting | 26 1.4
finance | Actuarial | actuary | master mathematics | 26 1.8
finance | Advice | financial adviser | bachelor economics | 24 1.3
finance | Claims | insurance agent | bachelor business administration | 22 0.95
finance | Branches | bank teller | trade | 19 0.8
finance | Legal | tax lawyer | master law | 28 1.9
finance | Trading | risk analyst | master economics | 25 1.6
media | Editorial | journalist | bachelor journalism | 23 1.0
media | Editorial | copy editor | bachelor linguistics | 23 0.9
media | Language | translator | master translation | 25 0.95
media | Production | film editor | bachelor film production | 23 1.0
media | Production | sound engineer | trade | 21 0.9
media | Production | camera operator | trade | 21 0.9
media | Art | illustrator | bachelor fine arts | 22 0.85
media | Art | photographer | trade | 20 0.8
media | Games | game designer | bachelor game design | 23 1.1
hospitality | Kitchen | pastry chef | trade | 20 0.75
hospitality | Kitchen | head chef | trade | 28 1.2
hospitality | Service | waiter | school | 18 0.62
hospitality | Service | sommelier | trade | 23 0.9
hospitality | Front Office | hotel receptionist | trade | 19 0.7
hospitality | Front Office | concierge | trade | 21 0.75
hospitality | Events | event planner | bachelor event management | 23 0.95
hospitality | Tours | tour guide | school | 20 0.7
food | Bakery | baker | trade | 18 0.72
food | Production | butcher | trade | 18 0.75
food | Production | food technologist | bachelor food technology | 23 1.05
food | Farming | farm manager | bachelor agriculture | 27 1.1
food | Farming | gardener | trade | 19 0.7
food | Brewing | brewer | trade | 21 0.9
food | Dairy | cheesemaker | trade | 20 0.8
logistics | Fleet | truck driver | trade | 22 0.85
logistics | Fleet | bus driver | trade | 22 0.8
logistics | Warehouse | forklift operator | school | 19 0.72
logistics | Warehouse | warehouse supervisor | trade | 26 0.95
logistics | Air | flight dispatcher | bachelor aviation management | 24 1.2
logistics | Sea | ship captain | bachelor nautical science | 32 2.0
logistics | Planning | supply chain planner | bachelor logistics | 24 1.15
logistics | Customs | customs broker | bachelor international trade | 24 1.05
retail | Sales | sales assistant | school | 18 0.65
retail | Sales | store manager | bachelor business administration | 27 1.2
retail | Purchasing | purchasing agent | bachelor business administration | 24 1.1
retail | Sales | florist | trade | 18 0.66
retail | Workshop | tailor | trade | 19 0.7
retail | Workshop | optician | trade | 21 0.95
retail | Workshop | watchmaker | trade | 20 0.9
retail | Marketing | marketing manager | master marketing | 28 1.5
education | Teaching | music teacher | bachelor music education | 24 0.95
education | Teaching | mathematics teacher | master mathematics | 25 1.1
education | Teaching | language instructor | bachelor linguistics | 23 0.9
education | Library | librarian | bachelor library science | 23 0.9
education | Counseling | school counselor | master psychology | 26 1.05
education | Childcare | kindergarten teacher | bachelor early education | 22 0.85
education | Administration | admissions officer | bachelor education | 25 0.95
science | Chemistry | chemist | master chemistry | 25 1.3
science | Biology | microbiologist | doctor microbiology | 29 1.4
science | Physics | optical physicist | doctor physics | 29 1.6
science | Statistics | statistician | master statistics | 25 1.4
science | Fieldwork | marine biologist | master marine biology | 26 1.1
science | Fieldwork | meteorologist | master meteorology | 25 1.25
science | Collections | archivist | master history | 26 0.95
services | People | recruiter | bachelor human resources | 23 1.0
services | People | training coordinator | bachelor education | 24 1.0
services | Office | office manager | bachelor business administration | 26 1.0
services | Office | legal secretary | trade | 21 0.85
services | Advice | management consultant | master business administration | 26 1.7
services | Facilities | security guard | school | 20 0.66
services | Facilities | building caretaker | trade | 24 0.7
services | Customers | call center agent | school | 18 0.65
services | Language | sign language interpreter | bachelor sign language | 24 1.0
"""


def parse(line: str) -> Position:
    """A job from a row of a table."""
    sector, department, name, schooling, rest = (part.strip() for part in line.split("|"))
    level, _, subject = schooling.partition(" ")
    youngest, pay = rest.split()
    return Position(sector, department, name, f"{SCHOOLING[level]} {subject}".strip(), int(youngest), float(pay))


POSITIONS = tuple(parse(line) for line in _TABLE.strip().splitlines())

# Parts of invented company names.
STEMS = (
    "Alder", "Amber", "Arden", "Ash", "Basalt", "Birch", "Bramble", "Briar", "Calder", "Cinder", "Copper", "Cove",
    "Dapple", "Dorn", "Drift", "Eider", "Elder", "Ember", "Esker", "Fallow", "Fen", "Finch", "Flint", "Garnet", "Glen",
    "Gorse", "Granite", "Harrow", "Haven", "Hazel", "Heron", "Hollow", "Indigo", "Iris", "Juniper", "Kelp", "Lark",
    "Linden", "Lumen", "Maple", "Marl", "Meadow", "Merle", "Mistral", "Moss", "Nettle", "Ochre", "Osprey", "Otter",
    "Pebble", "Plover", "Quill", "Raven", "Reed", "Rowan", "Sable", "Sedge", "Shale", "Sorrel", "Tarn", "Teal",
    "Thistle", "Umber", "Vesper", "Wander", "Willow", "Wren", "Yarrow",
)  # fmt: skip
ENDINGS = (
    "bank", "beck", "bourne", "brook", "crest", "dale", "fall", "field", "ford", "gate", "grove", "holm", "hurst",
    "lea", "mark", "mere", "moor", "point", "ridge", "shore", "stead", "stone", "vale", "wick", "wood",
)  # fmt: skip
