"""Health, height, favorite foods, pets and quirks of fictitious people."""

import random
from typing import NamedTuple


class Condition(NamedTuple):
    """A condition that people live and work with: sex `f`, `m` or `-`, youngest and oldest age (years)."""

    name: str
    sex: str
    youngest: int
    oldest: int


_CONDITIONS = """
asthma - 18 70, hay fever - 18 70, migraines - 18 66, epilepsy - 18 60, narcolepsy - 18 50, insomnia - 25 70,
type 1 diabetes - 18 60, type 2 diabetes - 38 70, hypothyroidism - 25 70, Graves' disease - 20 60,
high blood pressure - 35 70, high cholesterol - 35 70, atrial fibrillation - 50 70, varicose veins - 40 70,
psoriasis - 18 70, eczema - 18 60, rosacea - 30 60, vitiligo - 18 60, chronic hives - 20 60,
celiac disease - 18 60, lactose intolerance - 18 66, Crohn's disease - 18 55, ulcerative colitis - 20 60,
irritable bowel syndrome - 18 60, acid reflux - 25 70, gallstones - 35 70, kidney stones - 25 70,
multiple sclerosis - 25 60, Parkinson's disease - 55 70, restless legs syndrome - 35 70, sleep apnea - 35 70,
tinnitus - 30 70, Ménière's disease - 35 65, vertigo - 30 70, hearing loss - 50 70, glaucoma - 50 70,
cataracts - 57 70, color blindness m 18 66, astigmatism - 18 66, dry eye syndrome - 35 70,
rheumatoid arthritis - 30 70, osteoarthritis - 50 70, osteoporosis f 55 70, gout m 40 70, fibromyalgia - 25 65,
scoliosis - 18 50, sciatica - 30 66, carpal tunnel syndrome - 30 62, tennis elbow - 30 60,
plantar fasciitis - 35 65, chronic back pain - 30 66, lupus - 20 60, Raynaud's disease - 18 60,
iron deficiency anemia - 18 60, hemophilia m 18 60, endometriosis f 20 46, polycystic ovary syndrome f 18 40,
uterine fibroids f 30 52, prostate enlargement m 52 70, a peanut allergy - 18 60, a shellfish allergy - 18 66,
a latex allergy - 18 60, chronic sinusitis - 25 66, generalized anxiety disorder - 18 60, depression - 18 66,
obsessive-compulsive disorder - 18 50, bipolar disorder - 20 60
"""


def _parse(item: str) -> Condition:
    name, sex, youngest, oldest = item.rsplit(" ", 3)
    return Condition(name, sex, int(youngest), int(oldest))


CONDITIONS: tuple[Condition, ...] = tuple(map(_parse, " ".join(_CONDITIONS.split()).split(", ")))

_UNSAFE = ("epilepsy", "narcolepsy", "vertigo", "Ménière's disease", "color blindness", "Parkinson's disease")
_DRIVERS = (
    "airline pilot", "bus driver", "truck driver", "locomotive engineer", "crane operator", "forklift operator",
    "ship captain", "roofer", "power line technician", "wind turbine technician", "electrician", "heart surgeon",
)  # fmt: skip
UNFIT: dict[str, tuple[str, ...]] = dict.fromkeys(_DRIVERS, _UNSAFE) | {
    "baker": ("celiac disease",),
    "pastry chef": ("celiac disease",),
    "hairdresser": ("a latex allergy",),
    "beekeeper": ("hay fever",),
    "piano tuner": ("hearing loss", "tinnitus"),
    "sound engineer": ("hearing loss", "tinnitus"),
    "orchestra conductor": ("hearing loss", "tinnitus"),
    "sommelier": ("chronic sinusitis",),
}  # fmt: skip
"""Occupation -> conditions that rule it out."""

SHORTEST, TALLEST = {"female": 148, "male": 160}, {"female": 180, "male": 194}
"""Sex -> height in centimeters."""


def conditions(gender: str, age: int, occupation: str) -> list[str]:
    """Return the conditions that fit a person of this sex, age (years) and occupation."""
    unfit = UNFIT.get(occupation, ())
    return [
        entry.name
        for entry in CONDITIONS
        if entry.sex in ("-", gender[0]) and entry.youngest <= age <= entry.oldest and entry.name not in unfit
    ]


def draw_height(rng: random.Random, gender: str) -> int:
    """Draw a height in centimeters, between SHORTEST and TALLEST of the sex."""
    shortest, tallest = SHORTEST[gender], TALLEST[gender]
    return round(min(max(rng.gauss((shortest + tallest) / 2, 6.8), shortest), tallest))


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(text.split()).split(", "))


FOODS = _split("""
mushroom risotto, lamb tagine, pumpkin ravioli, beef rendang, chicken adobo, pad thai, tom yum soup, miso ramen,
okonomiyaki, shakshuka, falafel, moussaka, spinach pie, paella, gazpacho, patatas bravas, ceviche, beef empanadas,
arepas, tamales, chiles rellenos, fish tacos, feijoada, poutine, clam chowder, lobster rolls, shrimp gumbo, jambalaya,
macaroni and cheese, cornbread, shepherd's pie, fish and chips, Irish stew, Scotch eggs, raclette, cheese fondue,
potato rösti, Wiener schnitzel, cheese spaetzle, currywurst, sauerbraten, potato pierogi, borscht, beef goulash,
stuffed cabbage rolls, khachapuri, lamb plov, stuffed grape leaves, baklava, hummus, tabbouleh, lentil soup,
injera with lentils, jollof rice, peanut stew, bobotie, bunny chow, vegetable couscous, harira, koshari,
chicken biryani, butter chicken, palak paneer, masala dosa, chana masala, vegetable samosas, steamed momos,
Sichuan hot pot, mapo tofu, soup dumplings, Peking duck, dan dan noodles, shrimp laksa, nasi goreng, gado-gado,
chicken satay, beef pho, banh mi, summer rolls, bibimbap, kimchi stew, bulgogi, tuna sushi, vegetable tempura,
beef bourguignon, ratatouille, onion soup, quiche Lorraine, buckwheat crêpes, bouillabaisse, gnocchi with sage, lasagna,
pesto pasta, tiramisu, panna cotta, Swedish meatballs, pickled herring, Karelian pasties, apple strudel, Sachertorte,
poppy seed cake, lemon tart, pecan pie, key lime pie, banana bread, churros, pavlova, mango sticky rice, rice pudding,
chocolate mousse, grilled halloumi, roast chestnuts, corn on the cob, blueberry pancakes, cinnamon rolls
""")
ANIMALS = ("dog", "cat", "parrot", "rabbit", "hamster", "tortoise", "guinea pig", "goldfish", "canary", "ferret")
PET_NAMES = _split("""
Biscuit, Pickles, Marmalade, Nutmeg, Waffles, Peppercorn, Mocha, Truffle, Noodle, Pumpkin, Cocoa, Peanut, Muffin,
Pancake, Dumpling, Cinnamon, Caramel, Toffee, Fudge, Marble, Pebbles, Cricket, Sprout, Button, Domino, Pixel, Gizmo,
Widget, Comet, Nebula, Saturn, Pluto, Rocket, Zephyr, Thunder, Blizzard, Snowball, Smokey, Shadow, Midnight, Velvet,
Patches, Freckles, Boots, Mittens, Socks, Whiskers, Bandit, Rascal, Pirate, Sherlock, Tofu, Mochi, Wasabi, Taco, Nacho,
Burrito, Clover, Acorn, Hazelnut, Walnut, Almond, Pistachio, Raisin, Blueberry, Cranberry, Mango, Papaya, Kiwi, Apricot,
Radish, Turnip, Parsnip, Zucchini, Pretzel, Bagel, Crumpet, Brioche, Strudel, Sprinkles, Jellybean, Gumdrop,
Marshmallow, Popcorn, Cupcake, Espresso, Latte, Matcha, Bubbles, Ripple, Puddle, Breeze, Sunbeam, Stardust, Galaxy,
Orbit, Quasar, Photon, Doodle, Scribble, Tango, Polka, Banjo, Ukulele, Piccolo, Bongo, Tuxedo, Checkers, Trinket
""")
QUIRKS = _split("""
collecting antique keys, collecting vintage postcards, collecting old bus tickets, collecting snow globes, collecting
sea glass, collecting typewriters, collecting matchboxes, collecting novelty socks, collecting old maps, collecting
vintage teapots, collecting foreign coins, collecting fountain pens, collecting vinyl records, humming while cooking,
whistling in elevators, talking to houseplants, naming every houseplant, singing in the shower, narrating everyday
chores aloud, laughing at bad puns, telling knock-knock jokes, speaking in rhymes, writing letters by hand, writing
poems on napkins, writing haiku about the weather, keeping a diary of dreams, keeping a rain gauge on the balcony,
alphabetizing the spice rack, sorting books by color, reading the last page first, reading atlases for fun, reading
dictionaries at breakfast, memorizing train schedules, memorizing license plates, reciting the digits of pi, counting
stairs, walking backward uphill, walking barefoot in the rain, wearing odd socks, wearing a different hat every day,
wearing yellow on Mondays, never wearing a watch, carrying a lucky marble, carrying a pocket kaleidoscope, knitting
tiny hats for eggs, knitting on the train, folding paper cranes in meetings, folding napkins into swans, building
ships in bottles, building card towers, building birdhouses, repairing old radios, restoring broken clocks, juggling
oranges, practicing card tricks, practicing yo-yo tricks, yodeling on hikes, playing the spoons, playing the musical
saw, playing chess by mail, playing the banjo at dawn, solving crosswords in pen, solving puzzle cubes blindfolded,
doing jigsaw puzzles upside down, doodling owls in notebooks, drawing on foggy windows, painting miniature
lighthouses, photographing doorknobs, photographing clouds, sketching strangers on buses, watching the sunrise every
day, stargazing from the roof, swimming in icy lakes, climbing trees after work, roller-skating to work, unicycling to
the market, dancing in the kitchen, dancing in supermarket aisles, eating dessert before dinner, eating pizza with
chopsticks, putting chili on fruit, drinking tea from a jam jar, baking bread at midnight, inventing new soups,
growing giant pumpkins, growing herbs in old boots, feeding crows every morning, greeting every dog by name, imitating
bird calls, imitating famous accents, guessing people's star signs, quoting old films, rewatching one film every
birthday, sleeping with the window open, napping under the desk, waking up at four in the morning, setting every clock
five minutes fast, giving nicknames to umbrellas, making lists of lists, learning one new word a day
""")
