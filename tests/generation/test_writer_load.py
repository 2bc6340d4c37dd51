"""The writer at size: 1,000 profiles from a faulty server, answers over kills, and speed against the ideal."""

import signal
import subprocess
import sys
import time
from collections import Counter, deque

import pytest
from model_writer import faults, writing
from server_process import in_own_process

from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import Endpoint
from lethebench.generation.mllmu.people import people
from lethebench.generation.people.countries import COUNTRY_BY_NAME
from lethebench.generation.people.dates import TODAY, age_on, parse_date
from lethebench.generation.people.names import plain
from lethebench.generation.writer.languages import Words
from lethebench.generation.writer.people import People
from lethebench.generation.writer.writer import Writer


def writer_to(url="http://localhost:9/v1", cache=None, **options):
    defaults = {"timeout": 1.0, "first_wait": 0.01}
    return Writer(Endpoint(model="m", key="none", base_url=url, **defaults | options), cache or Cache(), seed=0)


def check_people(written, templates):
    assert [profile.id for profile in written] == [profile.id for profile in templates]
    assert len({plain(profile.name) for profile in written}) == len(written)
    assert len({profile.fields["employer"] for profile in written}) == len(written)
    for profile, template in zip(written, templates, strict=True):
        fields = profile.fields
        assert age_on(parse_date(fields["birth_date"]), TODAY) == int(template.details["age"])
        home = COUNTRY_BY_NAME[fields["residence"].rpartition(", ")[2]]
        assert fields["annual_salary"].startswith(home.currency)
        assert fields["birthplace"].rpartition(", ")[2] == template.fields["birthplace"].rpartition(", ")[2]
        for attribute, values in profile.written.wrong.items():
            assert len({*values, profile.value(attribute)}) == 7, (profile.id, attribute)


def test_faulty_server_gives_few_valid_people():
    templates = people(20, seed=0)
    with writing() as server:
        server.faults = [fault for fault in faults(40, 0.3) if fault != "silent"]
        written = People(writer_to(server.url), templates, Words()).write()
        sent = len(server.requests)
        assert sent == len(templates) + sum(fault is not None for fault in server.faults[:sent])
    check_people(written, templates)


@pytest.mark.slow
def test_faulty_server_gives_1000_valid_people_for_a_tenth_more_than_the_least():
    templates = people(1000, seed=0)
    with writing() as server:
        server.faults = faults(1600, 0.3)
        writer = writer_to(server.url, concurrency=16)
        written = People(writer, templates, Words()).write()
        sent = len(server.requests)
        least = len(templates) + sum(fault is not None for fault in server.faults[:sent])
    check_people(written, templates)
    assert sent <= 1.1 * least
    print(f"{sent} calls, at least {least}; {writer.record()['rejected']} answers rejected")


SCRIPT = """
import sys
from pathlib import Path
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import Endpoint
from lethebench.generation.mllmu.people import people
from lethebench.generation.writer.languages import Words
from lethebench.generation.writer.people import People
from lethebench.generation.writer.writer import Writer
endpoint = Endpoint(model="m", key="none", base_url=sys.argv[1], concurrency=4, first_wait=0.01)
cache = Cache(Path(sys.argv[2]))
writer = Writer(endpoint, cache, seed=0)
written = People(writer, people(100, seed=0), Words()).write()
print(writer.record()["answers_sha256"])
cache.close()
"""


@pytest.mark.slow
def test_no_answer_is_paid_twice_over_five_kills(tmp_path):
    path = tmp_path / "people.answers.sqlite"
    with writing() as server:
        server.slow = 0.05
        for kill in range(5):
            process = subprocess.Popen([sys.executable, "-c", SCRIPT, server.url, str(path)])
            while len(server.requests) < 15 * (kill + 1):
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
        command = [sys.executable, "-c", SCRIPT, server.url, str(path)]
        first = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        sent = [request["text"] for request in server.requests]
        assert len(sent) <= 100 + 5 * 4  # only calls that were underway at a kill are sent again
        assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == first
        assert len(server.requests) == len(sent)


ANSWERED = ("limited", "broken", "dropped", "cut", "garbled", "page", "half", "other_schema", "refusal")
"""Faults that take as long as an answer."""


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize(("count", "concurrency", "latency"), [(80, 8, 0.5), (1000, 32, 0.25), (1000, 32, 0.5)])
def test_throughput_is_near_the_ideal(count, concurrency, latency, share):
    """The ideal is a schedule of the same calls without a pause, in which a call follows the one that failed."""
    templates = people(count + 1, seed=0)
    with in_own_process(writing) as server:
        writer = writer_to(server.url, concurrency=concurrency, timeout=10, first_wait=1.0)
        People(writer, templates[-1:], Words()).write()  # imports
        work = People(writer, templates[:-1], Words())
        server.set(slow=latency, faults=faults(2 * count, share, kinds=ANSWERED))
        start = time.monotonic()
        work.write()
        seconds = time.monotonic() - start
        calls = Counter(text.partition("Your earlier answers")[0].strip() for text in server.texts())
        load = server.load()[0]
    assert len(calls) == count
    ideal = schedule(list(calls.values()), concurrency) * load / calls.total()
    print(f"{seconds / ideal:.3f} of the ideal, {seconds * concurrency / load:.3f} of the load alone")
    assert seconds < 1.1 * ideal


def schedule(chains, places):
    """Return the number of rounds of equal calls, `places` at a time, each chain in order and those begun first."""
    begun, waiting, rounds = [], deque(chains), 0
    while begun or waiting:
        while waiting and len(begun) < places:
            begun.append(waiting.popleft())
        begun = [left - 1 for left in begun if left > 1]
        rounds += 1
    return rounds


def test_schedule_of_known_chains():
    assert schedule([1] * 8, 4) == 2
    assert schedule([1, 1, 1, 5], 4) == 5
    assert schedule([3, 1, 1, 1], 2) == 3
