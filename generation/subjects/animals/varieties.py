"""Varieties and postures of the animals: coats and plumages, as colors in place of those of the drawing."""

from collections.abc import Mapping

from lethebench.generation.drawing.color import Color

Dyes = Mapping[Color, Color]
_BEAR, _BEAR_PALE = (122, 80, 52), (188, 142, 94)
_CAT, _CAT_STRIPE, _CAT_PALE = (230, 146, 66), (172, 92, 36), (252, 238, 216)
_COW, _COW_DARK = (248, 244, 236), (40, 34, 36)
_DOG, _HORSE, _MANE = (206, 144, 82), (150, 88, 50), (44, 32, 30)
_HEN, _HEN_DARK = (196, 118, 58), (104, 58, 34)
_RED, _GOLD, _BLUE = (214, 42, 40), (248, 196, 52), (38, 96, 178)
_BACK, _BELLY = (38, 42, 54), (250, 248, 242)
_PIG, _RABBIT, _WOOL, _FACE = (242, 172, 172), (172, 142, 116), (246, 240, 226), (58, 50, 52)
_WOLF, _WOLF_PALE = (140, 138, 142), (226, 222, 214)

VARIETIES: Mapping[str, tuple[Dyes, ...]] = {
    "Bear": (
        {_BEAR: (58, 48, 46), _BEAR_PALE: (150, 116, 84), (96, 62, 42): (44, 38, 38)},
        {_BEAR: (176, 128, 80), _BEAR_PALE: (222, 186, 136), (96, 62, 42): (140, 98, 62)},
    ),
    "Butterfly": (
        {(240, 138, 36): (250, 190, 70)},
        {(240, 138, 36): (206, 88, 30)},
        {(240, 138, 36): (92, 146, 220)},
        {(240, 138, 36): (244, 240, 230)},
    ),
    "Cat": (
        {_CAT: (156, 154, 152), _CAT_STRIPE: (86, 84, 86), _CAT_PALE: (238, 236, 232)},
        {_CAT: (52, 48, 50), _CAT_STRIPE: (34, 31, 33), _CAT_PALE: (84, 78, 78)},
        {_CAT: (240, 226, 202), _CAT_STRIPE: (206, 176, 140), _CAT_PALE: (255, 250, 240)},
        {_CAT: (132, 98, 70), _CAT_STRIPE: (70, 50, 38), _CAT_PALE: (226, 206, 178)},
    ),
    "Cow": (
        {_COW_DARK: (146, 78, 44)},
        {_COW: (176, 112, 66), _COW_DARK: (150, 90, 50)},
        {_COW: (70, 62, 62)},
    ),
    "Dog": (
        {_DOG: (60, 54, 54), (236, 214, 184): (150, 110, 76)},
        {_DOG: (112, 70, 44), (236, 214, 184): (160, 112, 76)},
        {_DOG: (238, 226, 206)},
        {_DOG: (150, 148, 148), (236, 214, 184): (226, 224, 220)},
    ),
    "Dolphin": ({(98, 128, 156): (142, 156, 168)}, {(98, 128, 156): (66, 84, 108)}),
    "Elephant": (
        {(146, 146, 154): (158, 136, 118)},
        {(146, 146, 154): (96, 96, 104)},
        {(146, 146, 154): (188, 182, 176)},
        {(146, 146, 154): (128, 96, 76)},
    ),
    "Horse": (
        {_HORSE: (62, 52, 50), _MANE: (30, 26, 28)},
        {_HORSE: (226, 222, 216), _MANE: (190, 186, 182)},
        {_HORSE: (212, 166, 98), _MANE: (244, 230, 200)},
        {_HORSE: (176, 98, 52), _MANE: (196, 124, 70)},
    ),
    "Live_Chicken": (
        {_HEN: (246, 242, 232), _HEN_DARK: (220, 212, 198)},
        {_HEN: (62, 56, 58), _HEN_DARK: (34, 44, 44)},
        {_HEN: (226, 176, 110), _HEN_DARK: (60, 60, 66)},
    ),
    "Parrot": (
        {_RED: (40, 118, 196), _GOLD: (60, 150, 200), _BLUE: (246, 192, 54)},
        {_RED: (74, 160, 72), _GOLD: (236, 208, 70), _BLUE: (46, 112, 160)},
        {_RED: (146, 150, 158), _GOLD: (176, 180, 186), _BLUE: (196, 56, 54)},
    ),
    "Penguin": ({_BACK: (120, 106, 98), _BELLY: (206, 196, 186)}, {_BACK: (84, 96, 122)}),
    "Pig": ({_PIG: (224, 196, 176)}, {_PIG: (112, 90, 88)}, {_PIG: (196, 118, 84)}),
    "Rabbit": (
        {_RABBIT: (246, 242, 236)},
        {_RABBIT: (150, 152, 156)},
        {_RABBIT: (64, 58, 60), (250, 244, 234): (120, 112, 112)},
        {_RABBIT: (214, 160, 104)},
    ),
    "Sheep": (
        {_WOOL: (74, 64, 62), _FACE: (40, 36, 38)},
        {_FACE: (232, 214, 190)},
        {_WOOL: (176, 152, 126)},
    ),
    "Wolf": (
        {_WOLF: (228, 226, 222), _WOLF_PALE: (246, 244, 240)},
        {_WOLF: (70, 68, 74), _WOLF_PALE: (130, 126, 124)},
        {_WOLF: (122, 110, 100), _WOLF_PALE: (208, 198, 184)},
    ),
}
"""Animal -> its varieties besides the one in the drawing's own colors."""
POSTURES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("Bear", "Cat", "Wolf"), ("sit", "lie")),
    "Dog": ("sit",),
    **dict.fromkeys(
        ("Cow", "Elephant", "Horse", "Pig", "Sheep", "Live_Chicken", "Rabbit", "Butterfly", "Dolphin"), ("lie",)
    ),
}
"""Animal -> its postures besides standing: of birds, rabbits, butterflies and dolphins see their drawings."""
