"""Occupations, the schooling that they ask for and what they pay.

Row: sector | department | position | schooling | youngest age, starting pay in multiples of the country's typical wage.
"""

from typing import NamedTuple


class Position(NamedTuple):
    """An occupation: sector and department, required schooling, youngest age (years), pay in typical wages."""

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

_CONTRACTS = """
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
health | Therapy | physical therapist | bachelor physical therapy | 23 1.0
health | Therapy | speech therapist | master speech therapy | 25 1.0
health | Dentistry | dental hygienist | trade | 21 0.95
health | Dentistry | dentist | doctor dental medicine | 28 2.0
health | Laboratory | laboratory technician | trade | 20 0.85
health | Imaging | radiologic technologist | bachelor radiologic technology | 22 1.1
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
engineering | Development | drafting technician | trade | 20 0.85
engineering | Production | welder | trade | 19 0.85
engineering | Production | machine operator | school | 19 0.75
engineering | Production | toolmaker | trade | 20 0.95
engineering | Quality | quality inspector | trade | 22 0.9
engineering | Maintenance | maintenance mechanic | trade | 20 0.9
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
retail | Sales | sales associate | school | 18 0.65
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
services | Facilities | building custodian | trade | 24 0.7
services | Customers | call center agent | school | 18 0.65
services | Language | sign language interpreter | bachelor sign language | 24 1.0
"""

_MORE = """
software | Engineering | mobile app developer | bachelor computer science | 22 1.3
software | Operations | cloud engineer | master computer science | 28 1.8
software | Science | machine learning engineer | master computer science | 25 1.7
health | Surgery | heart surgeon | doctor medicine | 34 3.2
health | Practice | family doctor | doctor medicine | 31 2.2
health | Nursing | midwife | bachelor midwifery | 22 1.05
health | Rescue | paramedic | trade | 21 0.95
health | Therapy | occupational therapist | bachelor occupational therapy | 22 1.0
health | Therapy | clinical psychologist | doctor psychology | 29 1.5
construction | Sites | roofer | trade | 19 0.85
construction | Sites | tile setter | trade | 19 0.82
construction | Design | landscape designer | bachelor landscape architecture | 23 1.1
construction | Planning | urban planner | master urban planning | 25 1.25
engineering | Development | chemical engineer | bachelor chemical engineering | 23 1.4
engineering | Development | biomedical engineer | master biomedical engineering | 25 1.4
engineering | Maintenance | auto mechanic | trade | 19 0.8
engineering | Maintenance | elevator technician | trade | 21 1.0
finance | Legal | notary | master law | 30 1.7
finance | Property | real estate agent | trade | 21 1.0
finance | Research | economist | master economics | 25 1.5
media | Art | cartoonist | bachelor fine arts | 22 0.85
media | Radio | radio host | bachelor journalism | 23 1.0
media | Production | makeup artist | trade | 20 0.8
media | Music | orchestra conductor | master music | 28 1.3
media | Music | piano tuner | trade | 20 0.8
media | Publishing | literary agent | bachelor literature | 25 1.1
hospitality | Service | barista | school | 18 0.62
hospitality | Service | bartender | school | 20 0.65
hospitality | Sports | ski instructor | trade | 20 0.8
food | Production | chocolatier | trade | 20 0.8
food | Farming | beekeeper | trade | 21 0.75
food | Farming | winemaker | bachelor winemaking | 24 1.1
food | Farming | dairy farmer | trade | 21 0.8
food | Forestry | forester | bachelor forestry | 23 0.95
logistics | Air | airline pilot | bachelor aviation | 25 2.2
logistics | Air | flight attendant | trade | 20 0.85
logistics | Rail | locomotive engineer | trade | 22 1.05
retail | Workshop | jeweler | trade | 20 0.9
retail | Workshop | bookbinder | trade | 20 0.8
retail | Fashion | fashion designer | bachelor fashion design | 22 1.0
retail | Beauty | hairdresser | trade | 18 0.68
education | Teaching | chemistry teacher | master chemistry | 25 1.1
education | Teaching | dance teacher | bachelor dance | 22 0.85
education | Sports | swimming coach | bachelor sports science | 22 0.85
education | Research | history professor | doctor history | 32 1.7
science | Astronomy | astronomer | doctor astronomy | 29 1.4
science | Biology | botanist | master botany | 25 1.1
science | Collections | museum curator | master art history | 27 1.05
science | Collections | art restorer | master art conservation | 25 1.0
science | Fieldwork | archaeologist | master archaeology | 25 1.0
services | Facilities | locksmith | trade | 19 0.85
services | Investigation | private detective | trade | 24 0.9
services | Legal | court reporter | trade | 21 0.9
services | Social | social worker | bachelor social work | 22 0.9
services | Wellness | yoga instructor | trade | 21 0.75
"""


def _parse(line: str) -> Position:
    sector, department, name, schooling, numbers = (part.strip() for part in line.split("|"))
    level, _, subject = schooling.partition(" ")
    youngest, pay = numbers.split()
    return Position(sector, department, name, f"{SCHOOLING[level]} {subject}".strip(), int(youngest), float(pay))


POSITIONS = tuple(map(_parse, _CONTRACTS.strip().splitlines()))
"""The positions of labor contracts."""
OCCUPATIONS = (*POSITIONS, *map(_parse, _MORE.strip().splitlines()))
"""The occupations of fictitious people: the positions of contracts and more."""
OCCUPATION_BY_NAME = {entry.name: entry for entry in OCCUPATIONS}

_TOO_NEW = (
    "wind turbine technician", "solar installer", "energy consultant", "game designer", "call center agent",
    "school counselor", "yoga instructor", "product manager", "usability researcher", "barista", "biomedical engineer",
)  # fmt: skip
PARENT_OCCUPATIONS = tuple(
    entry.name for entry in OCCUPATIONS if entry.sector != "software" and entry.name not in _TOO_NEW
)
"""Occupations that somebody born in the 1930s to 1970s may have had."""
