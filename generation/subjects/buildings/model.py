"""Solids seen from one side and height: walls, boxes, pyramids and solids of revolution, shaded by the sun."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import Points
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.buildings.walls import Face, lit

Vector = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Look:
    """Differences between views besides the side: whether lamps burn, and an rng for small variation."""

    rng: np.random.Generator
    lamps: bool

    def glass(self, dark: Color) -> Color:
        """Return the color of windows: `dark` by day, lamplight in the evening."""
        return (255, 226, 150) if self.lamps else dark


@dataclass
class Model:
    """A view of solids: x to the right, y up, z towards the viewer, turned by `yaw` and seen from above by `pitch`.

    Attributes:
        yaw: radians; positive shows the right side.
        pitch: radians; how far from above.
        far: distance of the viewer in the model's units.
        sun: direction of the light, -1 (left) to 1 (right).
        contrast: 0..1, how dark the shady side is.
    """

    yaw: float
    pitch: float
    far: float = 8.0
    sun: float = 0.6
    contrast: float = 0.4
    pen: Pen = field(init=False)
    _turn: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.pen = Pen(self.at)
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        cp, sp = np.cos(self.pitch), np.sin(self.pitch)
        self._turn = np.array(((c, 0, -s), (-s * sp, cp, -c * sp), (s * cp, sp, c * cp)))

    def at(self, points: Points) -> np.ndarray:
        """Project (n, 3) points to (n, 2) on the picture, y down."""
        turned = np.asarray(points, float).reshape(-1, 3) @ self._turn.T
        near = self.far / (self.far - turned[:, 2:])
        return turned[:, :2] * near * (1, -1)

    def turned(self, direction: Vector) -> np.ndarray:
        """Return a direction in space as the viewer sees it: to the right, up, towards the viewer."""
        return self._turn @ np.asarray(direction, float)

    def depth(self, x: float, z: float) -> float:
        """Return how near a point on the ground is to the viewer."""
        return float(np.sin(self.yaw) * x + np.cos(self.yaw) * z)

    def by_depth(self, parts: Iterable[tuple[float, float, Callable[[], None]]]) -> None:
        """Draw parts (x, z, function) from the farthest to the nearest."""
        for _, _, draw in sorted(parts, key=lambda part: self.depth(*part[:2])):
            draw()

    def tube(self, points: Points, width: float, color: Color) -> None:
        """Draw a round bar through points in space, lit from its sunny side."""
        self.line(points, width, lit(color, 0.86))
        flat = self.at(points)
        aside = 0.18 * width * (1 if self.sun > 0 else -1)
        self.pen.line(flat + np.array((aside, 0)), 0.55 * width, lit(color, 1.04))

    def light(self, normal: Vector) -> np.ndarray:
        """Return how much light a wall gets, around 1; normals (..., 3)."""
        towards_sun = np.asarray(normal, float) @ self._turn.T @ (0.75 * self.sun, 0.35, 0.3)
        return 1.04 + self.contrast * (towards_sun - 0.35)

    def faces_viewer(self, points: Points) -> bool:
        """Return whether a polygon, its corners counterclockwise from outside, shows its front."""
        x, y = self.at(points).T
        return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) < 0

    def area(self, points: Points, color: Color, normal: Vector | None = None) -> None:
        """Fill a polygon in space (n, 3), lit by its normal."""
        self.pen.area(points, color if normal is None else lit(color, self.light(normal)))

    def line(self, points: Points, width: float, color: Color) -> None:
        """Draw a line in space."""
        self.pen.line(points, width, color)

    def wall(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        bottom: float,
        top: float,
        color: Color,
        *,
        lean: float = 0.0,
        lean_in: float = 0.0,
    ) -> Face | None:
        """Draw an upright wall from `start` to `end` (x, z), `start` left as seen from the front; None if hidden."""
        (x0, z0), (x1, z1) = start, end
        across = np.array((x1 - x0, 0.0, z1 - z0))
        normal = np.array((-across[2], 0.0, across[0])) / np.hypot(across[0], across[2])
        up = np.array((0.0, top - bottom, 0.0)) - normal * lean_in
        face = Face(self.pen, np.array((x0, bottom, z0)), across, up, lean, float(self.light(normal)))
        corners = np.array((face.origin, face.origin + across, face.origin + across + up, face.origin + up))
        if not self.faces_viewer(corners):
            return None
        face.area(((0, 0), (1, 0), (1, 1), (0, 1)), color)
        return face

    def prism(
        self,
        x: float,
        z: float,
        wide: float,
        deep: float,
        bottom: float,
        top: float,
        color: Color,
        *,
        taper: float = 1.0,
        lid: Color | None = None,
    ) -> list[Face]:
        """Draw a box around (x, z), its upper end `taper` times as wide; return its visible walls in order."""
        a, b = wide / 2, deep / 2
        corners = ((x - a, z + b), (x + a, z + b), (x + a, z - b), (x - a, z - b))
        faces = []
        for k in range(4):
            inwards = (b if k % 2 == 0 else a) * (1 - taper)
            face = self.wall(corners[k], corners[(k + 1) % 4], bottom, top, color, lean=1 - taper, lean_in=inwards)
            if face:
                faces.append(face)
        if taper > 0 and self.pitch > 0:
            points = [(x + (cx - x) * taper, top, z + (cz - z) * taper) for cx, cz in corners]
            self.area(points, lid or color, (0, 1, 0))
        return faces

    def lathe(self, x: float, z: float, profile: Points, color: Color, *, strips: int = 9) -> None:
        """Draw a solid of revolution about the vertical at (x, z); profile (n, 2) of radius and height, from below."""
        profile = np.asarray(profile, float)
        # Angles that face the viewer, from the left rim to the right one.
        facing = np.linspace(-np.pi / 2, np.pi / 2, strips + 1) + np.pi / 2 - self.yaw
        ring = np.column_stack((np.cos(facing[::-1]), np.sin(facing[::-1])))
        points = np.empty((len(profile), strips + 1, 3))
        points[..., 0] = x + profile[:, :1] * ring[:, 0]
        points[..., 2] = z + profile[:, :1] * ring[:, 1]
        points[..., 1] = profile[:, 1:]
        self.pen.area(np.vstack((points[:, 0], points[::-1, -1])), lit(color, self.light((0, 0.2, 0))))
        side = (ring[:-1] + ring[1:]) / 2
        rise = np.diff(profile, axis=0)
        rise /= np.maximum(np.hypot(*rise.T), 1e-9)[:, None]
        normals = np.empty((len(rise), strips, 3))
        normals[..., 0] = side[:, 0] * rise[:, 1:]
        normals[..., 1] = -rise[:, :1]
        normals[..., 2] = side[:, 1] * rise[:, 1:]
        lights = self.light(normals)
        quads = np.stack((points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]), axis=2)
        for quad, light in zip(quads.reshape(-1, 4, 3), lights.ravel().tolist(), strict=True):
            self.pen.area(quad, lit(color, light))
        if self.pitch > 0 and profile[-1, 0] > 0:
            self.ring(x, z, profile[-1, 0], profile[-1, 1], color)

    def ring(self, x: float, z: float, radius: float, y: float, color: Color) -> None:
        """Fill a level disc."""
        turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        points = np.column_stack((x + radius * np.cos(turn), np.full(28, y), z + radius * np.sin(turn)))
        self.area(points, color, (0, 1, 0))
