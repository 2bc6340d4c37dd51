"""Read all rows of a build once: check single rows and ids, count and hash them, and audit leaks."""

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import islice, zip_longest
from pathlib import Path
from sys import intern
from typing import NamedTuple

from PIL import Image

from lethebench.builders.audits.sample import question_groups
from lethebench.builders.base import GroupCounts
from lethebench.builders.requests import PERSON, RETAINED, read_requests
from lethebench.builders.verify.digests import DigestTable, digest_of, joined_hash
from lethebench.builders.verify.findings import LIMIT, Findings
from lethebench.builders.verify.photos import Photos, scan_of, within
from lethebench.builders.verify.read_rows import rows_of
from lethebench.builders.verify.rows import Person, check_row, unusable
from lethebench.builders.write.digest import row_digest
from lethebench.builders.write.manifest import Manifest
from lethebench.contract.columns import ROLES
from lethebench.contract.image_reader import PictureError, read_picture
from lethebench.contract.parquet import parquet_rows

WORN = 0.1
"""How far below the threshold a photo may be that resembles no other: heavy wear.

Measured on 3,770 pictures of 200 profiles of icu 2.0.0: 0.88 or more of .91; 3,760 pairs of different people reach .84.
"""

IDENTITY = ("birth_date", "gender", "nationality")
"""The details that the documents of one person have in common, beside the name."""

_BATCH = 64  # rows whose pictures are decoded together
_THREADS = 4


class Location(NamedTuple):
    """Where a problem is: file, row number and the id of the row or profile."""

    file: str
    row: int
    id: str


class BuildCheck:
    """One pass over a build: call `profiles`, `questions`, `candidates` and `relearn` in this order.

    Attributes:
        people: profile_id -> role, task and values of the profile.
        details: profile_id -> those of the profile's details that are compared with others'.
        photos: the profiles' photos.
        asked: (profile_id, task_id) of the question rows on profiles that are asked for in parts.
        digests: shard -> its rows' digests, joined.
        pictures: group of shards -> 64 bits of the hash of each picture in each row.
    """

    def __init__(self, folder: Path, manifest: Manifest, shards: Sequence[str], findings: Findings) -> None:
        self.folder, self.manifest, self.findings = folder, manifest, findings
        self.shards = set(shards)
        self.people: dict[str, Person] = {}
        self.details: dict[str, dict[str, str]] = {}
        self.digests: dict[str, bytearray] = defaultdict(bytearray)
        self.pictures: dict[str, array[int]] = defaultdict(lambda: array("Q"))
        self.photos = Photos(threshold=float(manifest.perceptual["threshold"]))
        self.asked: set[tuple[str, int]] = set()
        self._every_picture = manifest.perceptual.get("every_picture", True)
        self._compared = {PERSON, *IDENTITY, *(name for names in manifest.apart for name in names)}
        # Question rows are numbered as read. A dictionary of their texts would take a gigabyte for a million of them.
        self._starts: list[tuple[int, str, str]] = []  # number of the first row of a shard, split, shard
        self._profile_of = array("Q")  # row -> digest of its profile
        self._ids, self._wordings, self._first_row = DigestTable(), DigestTable(), DigestTable()
        self._choices = 0
        self._imported = manifest.imported is not None
        self._as_released: Counter = Counter()

    def files(self, config: str, split: str) -> list[str]:
        """Return the readable shards of a split."""
        return [name for name in self.manifest.splits[config][split]["files"] if name in self.shards]

    def profiles(self) -> None:
        """Read the config `profiles`: data and photos of every profile."""
        for name, number, row in self.rows("profiles"):
            profile_id = row["profile_id"]
            location = Location(name, number, profile_id)
            self._count(name, row)
            if not self._usable(row, location):
                continue
            if profile_id in self.people:
                self._add("ids", f"profile {profile_id} occurs twice", location)
            values = {intern(pair["attribute"]): pair["value"] for pair in row["fields"]}
            name_value = {"name": row["name"]}
            values = name_value | values if self._imported else values | name_value
            details = {pair["attribute"]: pair["value"] for pair in row["details"]}
            self.details[profile_id] = {name: details[name] for name in self._compared & details.keys()}
            requests = self._requests(row, values, details, location)
            self.people[profile_id] = Person(row["role"], row["task_id"], values, requests)
            if (row["task_id"] >= 0) != (ROLES[row["role"]] == "forget"):
                self._add("tasks", f"role {ROLES[row['role']]} with task_id {row['task_id']}", location)
            pages = [self._decoded(picture, location) for picture in row["images"] + row["thumbnails"]]
            if row["portrait"] and pages and pages[0]:
                if within(pages[0], row["portrait"]):
                    self.photos.add(profile_id, pages[0], row["portrait"])
                else:
                    self._add("pictures", f"portrait {row['portrait']!s:.80} is not on the first picture", location)
        self.findings.passed("ids", "rows and profiles")

    def _requests(self, row: Mapping, values: Mapping, details: Mapping, location: Location) -> dict[str, int]:
        """Return which task asks for which attribute, empty if one asks for all; report what cannot be right."""
        try:
            requests = {} if self._imported else read_requests(details)
        except ValueError as error:
            self._add("tasks", str(error), location)
            return {}
        if requests:
            first = min((task for task in requests.values() if task != RETAINED), default=RETAINED)
            if requests.keys() != values.keys():
                self._add("tasks", f"requests for {', '.join(requests)}, but it has {', '.join(values)}", location)
            if first != row["task_id"]:
                self._add("tasks", f"task_id {row['task_id']}, but its first request is {first}", location)
        return requests

    def questions(self) -> None:
        """Read every question row once: those of the default config, and those that only other configs have."""
        default = next(iter(self.manifest.splits))
        rows = 0
        for config, split in question_groups(self.manifest.splits):
            roles = {"forget", "retain"} if split == "test" else {split}
            split_name = split if config == default else f"{split} of {config}"
            for name in self.files(config, split):
                self._starts.append((len(self._profile_of), split_name, name))
                stream = rows_of(self.folder, name, self.findings)
                with ThreadPoolExecutor(_THREADS) as threads:
                    while batch := list(islice(stream, _BATCH)):
                        shown = [item for item in batch if item[1]["images"]]
                        list(threads.map(lambda item: self._pictures(name, *item), shown))  # noqa: B023
                        for number, row in batch:
                            self._question(split_name, roles, name, number, row)
                        rows += len(batch)
        wordings = () if self._imported else ("paraphrases", "perturbed")
        for check in ("nulls", "roles", "facts", *wordings, "pictures", "byte twins", "wordings"):
            as_released = f", {self._as_released[check]} as released" if self._as_released[check] else ""
            self.findings.passed(check, f"{rows} rows{as_released}")
        if self._imported and "test" not in self.manifest.splits[default]:
            self.findings.details.pop("wordings")
            self.findings.skip("wordings", "the release has no test split")
        if self._choices:
            self.findings.passed("options", f"{self._choices} rows")

    def candidates(self) -> None:
        """Read the config `candidates`: distinct values, with the true ones, as many as the manifest says."""
        if "candidates" not in self.manifest.splits and not self.manifest.attributes:
            return
        attributes: set[str] = set()
        for name, number, row in self.rows("candidates"):
            location = Location(name, number, row["attribute"])
            self._count(name, row)
            if not self._usable(row, location):
                continue
            if len(set(row["values"])) < len(row["values"]):
                self._add("candidates", "a value occurs twice", location)
            true_values = {
                person.values[row["attribute"]] for person in self.people.values() if row["attribute"] in person.values
            }
            if missing := sorted(true_values - set(row["values"])):
                reason = f"{missing[0]!r}, a profile's value, is not among them"
                self._add("candidates", reason, location)
            attributes.add(row["attribute"])
            declared = self.manifest.attributes.get(row["attribute"], {}).get("candidates")
            if declared != len(row["values"]):
                reason = f"{len(row['values'])} values, the manifest says {declared}"
                self._add("candidates", reason, location)
        for attribute in self.manifest.attributes.keys() - attributes:
            self.findings.add("candidates", f"no row for {attribute}")
        self.findings.passed("candidates", f"{len(attributes)} attributes")

    def relearn(self) -> None:
        """Read the config `relearn`, if there is one: facts that are to be forgotten, each once."""
        seen: set[tuple[str, str]] = set()
        for name, number, row in self.rows("relearn"):
            location = Location(name, number, row["profile_id"])
            self._count(name, row)
            if not self._usable(row, location):
                continue
            person, attribute = self.people.get(row["profile_id"]), row["attribute"]
            if person is None or attribute not in person.values:
                self._add("facts", f"{attribute} is marked for relearning and is no fact of a profile", location)
            elif ROLES[person.part(attribute)[0]] != "forget":
                self._add("roles", f"{attribute} is marked for relearning and is not to be forgotten", location)
            if (row["profile_id"], attribute) in seen:
                self._add("ids", f"{attribute} is marked for relearning twice", location)
            seen.add((row["profile_id"], attribute))

    def rows(self, config: str) -> Iterator[tuple[str, int, dict]]:
        """Yield (shard, row number, row) of every split of a config."""
        for split in self.manifest.splits.get(config, {}):
            for name in self.files(config, split):
                for number, row in rows_of(self.folder, name, self.findings):
                    yield name, number, row

    def _add(self, check: str, reason: str, location: Location) -> None:
        self.findings.add(check, reason, **location._asdict())

    def _count(self, name: str, row: Mapping) -> None:
        self.digests[name] += row_digest(row)
        self.pictures[_group(name)].extend(_picture_digest(each) for each in row.get("images") or () if each)

    def _decoded(self, picture: Mapping, location: Location) -> Image.Image | None:
        if picture["bytes"] is None:
            self._add("pictures", f"{picture['path']!r:.80} is only a path, which is not opened", location)
            return None
        try:
            return read_picture(picture["bytes"]).image
        except PictureError as error:
            self._add("pictures", f"{picture['path']} does not decode: {error}", location)
            return None

    def _usable(self, row: Mapping, location: Location) -> bool:
        if reason := unusable(row):
            self._add("nulls", reason, location)
        return not reason

    def _pictures(self, name: str, number: int, row: Mapping) -> None:
        location = Location(name, number, row["id"])
        # A different number of pictures and views is reported by the check `roles`.
        for picture, view in zip_longest(row["images"] or (), row["views"] or ()):
            if not picture:
                continue
            page = self._decoded(picture, location)
            profile_id = row["profile_id"]
            if page is None or profile_id not in self.photos.by_profile or not self._every_picture:
                continue
            if "+page" in (view or ""):  # the photo is on the first page
                continue
            similarity = self.photos.similarity(profile_id, page, scan_of(view or ""))
            if similarity < self.photos.threshold:
                other = self.photos.owner(page)
                if other in (None, profile_id) and similarity >= self.photos.threshold - WORN:
                    continue
                photo = f"the photo of {other}" if other else "a photo of no profile"
                reason = f"{picture['path']} shows {photo}, not {profile_id}'s ({similarity:.2f})"
                self._add("photo twins", reason, location)

    def _question(self, split_name: str, roles: set[str], name: str, number: int, row: dict) -> None:
        location = Location(name, number, row["id"])
        index = len(self._profile_of)
        self._profile_of.append(digest_of(row["profile_id"] or ""))
        self._count(name, row)
        if not self._usable(row, location):
            return
        for check, reason in check_row(row, self.people, roles, imported=self._imported):
            self._add(check, reason, location)
        person = self.people.get(row["profile_id"])
        if person and person.requests:
            self.asked.add((row["profile_id"], row["task_id"]))
        self._choices += bool(row["options"])
        digest = digest_of(row["id"])
        if (other := self._ids.get(digest)) is not None:
            self._add("ids", f"is also in {self._start(other)[2]}", location)
        self._ids.put(digest, index)
        for picture in row["images"]:
            self._twin(_picture_digest(picture), index, location)
        digest = digest_of(row["profile_id"], row["attribute"], row["question"])
        if split_name.split()[0] != "test":
            self._wordings.put(digest, index)
        elif (other := self._wordings.get(digest)) is not None:
            self._leak("wordings", "the test question is that of {}", other, location)

    def _twin(self, digest: int, index: int, location: Location) -> None:
        """Report a picture that an earlier row of another split or profile has."""
        other = self._first_row.get(digest)
        if other is None:
            self._first_row.put(digest, index)
        elif (other_split := self._start(other)[1]) != self._start(index)[1]:
            self._leak("byte twins", f"its picture is that of {{}} in split {other_split}", other, location)
        elif self._profile_of[other] != self._profile_of[index]:
            self._leak("byte twins", "its picture is that of {}, another profile", other, location)

    def _leak(self, check: str, reason: str, other: int, location: Location) -> None:
        """Report a leak from another row in a build of ours; in an import, count it as part of the release."""
        if self._imported:
            self._as_released[check] += 1
        else:
            listed = self.findings.counts[check] < LIMIT
            self._add(check, reason.format(self._row_id(other)) if listed else reason, location)

    def _start(self, index: int) -> tuple[int, str, str]:
        """Return the first row, split and name of the shard that a row is in."""
        return self._starts[bisect_right(self._starts, index, key=lambda start: start[0]) - 1]

    def _row_id(self, index: int) -> str:
        """Return the id of a row that was read before, from its shard."""
        first, _, name = self._start(index)
        return next(islice(parquet_rows(self.folder / name, ["id"]), index - first, None))["id"]


def hashes_of(check: BuildCheck) -> Iterator[tuple[str, str, int, str]]:
    """Yield (config, split, rows, content hash) as read."""
    for config, splits in check.manifest.splits.items():
        for split, part in splits.items():
            digests = [check.digests[name] for name in part["files"] if name in check.digests]
            yield config, split, sum(map(_row_count, digests)), joined_hash(digests)


def group_counts(check: BuildCheck) -> GroupCounts:
    """Return the rows and distinct pictures of each group of shards, as read."""
    rows: Counter = Counter()
    for name, digests in check.digests.items():
        rows[_group(name)] += _row_count(digests)
    return GroupCounts(rows, check.pictures)


def _row_count(digests: bytearray) -> int:
    return len(digests) // sha256().digest_size


def _group(name: str) -> str:
    """Return the group of a shard such as qa/forget-00000-of-00004.parquet."""
    return name.rsplit("-", 3)[0]


def _picture_digest(picture: Mapping) -> int:
    return int.from_bytes(sha256(picture["bytes"] or b"").digest()[:8], "little")
