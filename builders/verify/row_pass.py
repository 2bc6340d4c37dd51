"""The pass over all rows of a build: single rows, ids, counts, content hashes, and the leak audit."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import islice, zip_longest
from pathlib import Path

from PIL import Image

from lethebench.builders.verify.findings import Findings
from lethebench.builders.verify.photos import Photos, photos, scan_of
from lethebench.builders.verify.read_rows import rows_of
from lethebench.builders.verify.rows import Person, check_row
from lethebench.builders.write.digest import content_hash, row_digest
from lethebench.builders.write.manifest import Manifest
from lethebench.builders.write.pictures import decode
from lethebench.contract.columns import ROLES

_AT_ONCE = 64  # rows whose pictures are decoded together
_THREADS = 4


class BuildCheck:
    """One pass over a build.

    Attributes:
        people: profile_id -> what the profile says, once `profiles` has run.
        digests: shard -> its rows' digests.
        pictures: shard -> SHA-256 of the different pictures in it.
    """

    def __init__(self, folder: Path, manifest: Manifest, shards: Sequence[str], findings: Findings) -> None:
        self.folder, self.manifest, self.findings = folder, manifest, findings
        self.shards = set(shards)
        self.people: dict[str, Person] = {}
        self.details: dict[str, dict[str, str]] = {}
        self.digests: dict[str, list[bytes]] = {}
        self.pictures: dict[str, set[bytes]] = defaultdict(set)
        self.photos: Photos = photos(manifest.perceptual)
        self._everywhere = manifest.perceptual.get("every_picture", True)
        self._ids: dict[str, str] = {}
        self._seen: dict[bytes, tuple[str, str, str]] = {}  # picture -> split, profile and row of the first that had it
        self._asked: dict[tuple[str, str, str], str] = {}
        self._choices = 0
        self._imported = manifest.imported is not None
        self._as_released: Counter = Counter()

    def files(self, config: str, split: str) -> list[str]:
        """The readable shards of a split."""
        return [name for name in self.manifest.splits[config][split]["files"] if name in self.shards]

    def profiles(self) -> None:
        """Reads `profiles`: who there is, what they say, what their photos look like."""
        for name, number, row in self._rows("profiles"):
            profile_id = row["profile_id"]
            place = {"file": name, "row": number, "id": profile_id}
            if profile_id in self.people:
                self.findings.add("ids", f"profile {profile_id} stands twice", **place)
            values = {pair["attribute"]: pair["value"] for pair in row["fields"]}
            named = {"name": row["name"]}
            values = named | values if self._imported else values | named
            self.people[profile_id] = Person(row["role"], row["task_id"], values)
            self.details[profile_id] = {pair["attribute"]: pair["value"] for pair in row["details"]}
            if (row["task_id"] >= 0) != (ROLES[row["role"]] == "forget"):
                self.findings.add("tasks", f"role {ROLES[row['role']]} with task_id {row['task_id']}", **place)
            pages = [self._decoded(picture, place) for picture in row["images"] + row["thumbnails"]]
            self._count(name, row)
            if row["portrait"] and pages and pages[0]:
                self.photos.add(profile_id, pages[0], row["portrait"])
        self.findings.looked("ids", "rows and profiles")

    def questions(self) -> None:
        """Reads every question row once: those of the default config, and what only other configs hold."""
        config = next(iter(self.manifest.splits))
        rows = 0
        for part, split in self._questioned():
            roles = {"forget", "retain"} if split == "test" else {split}
            where = split if part == config else f"{split} of {part}"
            for name in self.files(part, split):
                stream = rows_of(self.folder, name, self.findings)
                with ThreadPoolExecutor(_THREADS) as threads:
                    while batch := list(islice(stream, _AT_ONCE)):
                        list(threads.map(lambda item: self._pictures(name, *item), batch))  # noqa: B023
                        for number, row in batch:
                            self._question(where, roles, name, number, row)
                        rows += len(batch)
        written = () if self._imported else ("paraphrases", "perturbed")
        for check in ("nulls", "roles", "facts", *written, "pictures", "byte twins", "wordings"):
            kept = f", {self._as_released[check]} as released" if self._as_released[check] else ""
            self.findings.looked(check, f"{rows} rows{kept}")
        if self._imported and "test" not in self.manifest.splits[config]:
            self.findings.details.pop("wordings")
            self.findings.skip("wordings", "the release has no test split")
        if self._choices:
            self.findings.looked("options", f"{self._choices} rows")

    def _questioned(self) -> Iterator[tuple[str, str]]:
        """Yields the (config, split) to read: `train` is a view of forget and retain, other configs often of both."""
        seen: set[str] = set()
        for number, (config, splits) in enumerate(self.manifest.splits.items()):
            for split, part in splits.items():
                asked = split != "train" and all(name.startswith("qa/") for name in part["files"])
                if asked and (number == 0 or not seen & set(part["files"])):
                    seen |= set(part["files"])
                    yield config, split

    def candidates(self) -> None:
        """Reads `candidates`: distinct values, the true ones among them, as many as the manifest says."""
        if "candidates" not in self.manifest.splits and self._imported:
            return
        found: dict[str, list[str]] = {}
        for name, number, row in self._rows("candidates"):
            found[row["attribute"]] = row["values"]
            place = {"file": name, "row": number, "id": row["attribute"]}
            self._count(name, row)
            if len(set(row["values"])) < len(row["values"]):
                self.findings.add("candidates", "a value stands twice", **place)
            held = {
                person.values[row["attribute"]] for person in self.people.values() if row["attribute"] in person.values
            }
            if missing := sorted(held - set(row["values"])):
                self.findings.add("candidates", f"{missing[0]!r} is some profile's value and not among them", **place)
            declared = self.manifest.attributes.get(row["attribute"], {}).get("candidates")
            if declared != len(row["values"]):
                self.findings.add("candidates", f"{len(row['values'])} values, the manifest says {declared}", **place)
        for attribute in self.manifest.attributes.keys() - found.keys():
            self.findings.add("candidates", f"no row for {attribute}")
        self.findings.looked("candidates", f"{len(found)} attributes")

    def _rows(self, config: str) -> Iterator[tuple[str, int, dict]]:
        for split in self.manifest.splits.get(config, {}):
            for name in self.files(config, split):
                for number, row in rows_of(self.folder, name, self.findings):
                    yield name, number, row

    def _count(self, name: str, row: Mapping) -> None:
        self.digests.setdefault(name, []).append(row_digest(row))
        for picture in row.get("images") or ():
            self.pictures[name].add(sha256(picture["bytes"] or b"").digest())

    def _decoded(self, picture: Mapping, place: Mapping) -> Image.Image | None:
        try:
            return decode(picture["bytes"])
        except (OSError, TypeError, SyntaxError) as error:
            self.findings.add("pictures", f"{picture['path']} does not decode: {error}", **place)
            return None

    def _pictures(self, name: str, number: int, row: Mapping) -> None:
        place = {"file": name, "row": number, "id": row["id"]}
        for picture, view in zip_longest(row["images"] or (), row["views"] or (), fillvalue=""):
            if not picture:
                continue  # fewer pictures than views: `roles` says so
            page = self._decoded(picture, place)
            profile_id = row["profile_id"]
            if page is None or profile_id not in self.photos.known or not self._everywhere:
                continue
            likeness = self.photos.shows(profile_id, page, scan_of(view))
            if likeness < self.photos.threshold:
                other = self.photos.whose(page)
                shown = f"the photo of {other}" if other else "a photo that is no profile's"
                self.findings.add(
                    "photo twins", f"{picture['path']} shows {shown}, not {profile_id}'s ({likeness:.2f})", **place
                )

    def _question(self, where: str, roles: set[str], name: str, number: int, row: dict) -> None:
        place = {"file": name, "row": number, "id": row["id"]}
        for check, reason in check_row(row, self.people, roles, imported=self._imported):
            self.findings.add(check, reason, **place)
        if row["id"] in self._ids:
            self.findings.add("ids", f"stands in {self._ids[row['id']]} as well", **place)
        self._ids[row["id"]] = name
        self._choices += bool(row["options"])
        self._count(name, row)
        for picture in row["images"] or ():
            key = sha256(picture["bytes"] or b"").digest()
            there, other_profile, other_id = self._seen.setdefault(key, (where, row["profile_id"], row["id"]))
            if there != where:
                self._leak("byte twins", f"its picture is that of {other_id} in split {there}", place)
            elif other_profile != row["profile_id"]:
                self._leak("byte twins", f"its picture is that of {other_id}, another profile", place)
        self._wording(where, row, place)

    def _leak(self, check: str, reason: str, place: Mapping) -> None:
        """A problem of a build of ours; what an import has as released is counted, for nobody here can mend it."""
        if self._imported:
            self._as_released[check] += 1
        else:
            self.findings.add(check, reason, **place)

    def _wording(self, where: str, row: Mapping, place: Mapping) -> None:
        key = (row["profile_id"], row["attribute"], row["question"])
        if where.split()[0] == "test":
            if key in self._asked:
                self._leak("wordings", f"the test question is that of {self._asked[key]}", place)
        else:
            self._asked[key] = row["id"]


def hashes_of(check: BuildCheck) -> Iterator[tuple[str, str, int, str]]:
    """Yields (config, split, rows, content hash) as read."""
    for config, splits in check.manifest.splits.items():
        for split, part in splits.items():
            digests = [digest for name in part["files"] for digest in check.digests.get(name, ())]
            yield config, split, len(digests), content_hash(digests)


def per_group(check: BuildCheck) -> dict[str, Counter]:
    """Group of shards -> rows and different pictures, as read."""
    rows: Counter = Counter()
    pictures: dict[str, set[bytes]] = defaultdict(set)
    for name, digests in check.digests.items():
        group = name.rsplit("-", 3)[0]
        rows[group] += len(digests)
        pictures[group] |= check.pictures[name]
    return {group: Counter(rows=number, pictures=len(pictures[group])) for group, number in rows.items()}
