"""Decide pose, light and place of the pictures of mllmu's people."""

import numpy as np

from lethebench.generation.portraits.scene import Scene, draw_scene
from lethebench.generation.questions.records import Profile

USES = ("train", "test")
"""What a picture of a person is for."""


def scene_of(profile: Profile, use: str) -> Scene:
    """Return the pose, light and place of a profile's picture; in `test` always another pose than in `train`."""
    rng = np.random.default_rng([profile.seed, USES.index(use)])
    scene = draw_scene(rng, profile.details["gender"], use=use)
    train_pose = scene_of(profile, "train").pose.word if use == "test" else None
    while scene.pose.word == train_pose:
        scene = draw_scene(rng, profile.details["gender"], use=use)
    return scene
