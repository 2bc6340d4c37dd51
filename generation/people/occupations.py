"""What fictitious people and their parents do for a living: the jobs of the contracts, and more."""

from lethebench.generation.people.positions import POSITIONS, Position, parse

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
construction | Sites | tiler | trade | 19 0.82
construction | Design | landscape designer | bachelor landscape architecture | 23 1.1
construction | Planning | urban planner | master urban planning | 25 1.25
engineering | Development | chemical engineer | bachelor chemical engineering | 23 1.4
engineering | Development | biomedical engineer | master biomedical engineering | 25 1.4
engineering | Maintenance | car mechanic | trade | 19 0.8
engineering | Maintenance | elevator technician | trade | 21 1.0
finance | Legal | notary | master law | 30 1.7
finance | Property | real estate agent | trade | 21 1.0
finance | Research | economist | master economics | 25 1.5
media | Art | cartoonist | bachelor fine arts | 22 0.85
media | Radio | radio presenter | bachelor journalism | 23 1.0
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
logistics | Rail | train driver | trade | 22 1.05
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

OCCUPATIONS: tuple[Position, ...] = POSITIONS + tuple(parse(line) for line in _MORE.strip().splitlines())

BY_NAME: dict[str, Position] = {entry.name: entry for entry in OCCUPATIONS}
"""Name of a job -> the job."""

_TOO_NEW = (
    "wind turbine technician", "solar installer", "energy consultant", "game designer", "call center agent",
    "school counselor", "yoga instructor", "product manager", "usability researcher", "barista", "biomedical engineer",
)  # fmt: skip
PARENTS: tuple[str, ...] = tuple(
    entry.name for entry in OCCUPATIONS if entry.sector != "software" and entry.name not in _TOO_NEW
)
"""Jobs that someone born in the 1930s to 1970s may have held."""
