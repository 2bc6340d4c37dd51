"""Every test runs with one thread, offline, and with the caches of Hugging Face in a folder of its own.

Builds that tests only read are made once: the process that starts first names a folder, and its workers inherit it.
"""

import atexit
import gc
import os
import shutil
import sys
import tempfile
from functools import cache, partial
from importlib import metadata
from types import SimpleNamespace

import certifi
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Where this is set, each of the many processes of the suite would compile PyTorch and transformers anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="lethe-hf-")
atexit.register(shutil.rmtree, os.environ["HF_HOME"], ignore_errors=True)
# Each HTTP client reads the trusted certificates, 20 ms for all of them; the servers of the tests have none.
os.environ["SSL_CERT_FILE"] = os.path.join(os.environ["HF_HOME"], "certificate.pem")
with open(os.environ["SSL_CERT_FILE"], "w") as file:
    file.write("".join(certifi.contents().partition("-----END CERTIFICATE-----\n")[:2]))
if "LETHE_TEST_BUILDS" not in os.environ:
    os.environ["LETHE_TEST_BUILDS"] = tempfile.mkdtemp(prefix="lethe-builds-")
    atexit.register(shutil.rmtree, os.environ["LETHE_TEST_BUILDS"], ignore_errors=True)


def pytest_collection_finish(session):
    """Skip what Hugging Face libraries do again for each of hundreds of trainings that take a second."""
    if not session.items:  # the process that hands the tests to its workers
        return
    from accelerate.utils import memory
    from fast_cards import use_libyaml

    use_libyaml()
    metadata.metadata = cache(metadata.metadata)  # accelerate reads that of PEFT ten times for each training
    memory.gc = SimpleNamespace(collect=partial(gc.collect, 1))  # a full collection walks through all that is imported
    gc.collect()
    gc.freeze()
    gc.set_threshold(30_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give tests/hub to one worker: its files share the processes of two users, which take seconds to start."""
    from xdist.scheduler import LoadFileScheduling

    class LoadFilesOrHub(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return "tests/hub" if nodeid.startswith("tests/hub/") else super()._split_scope(nodeid)

    return LoadFilesOrHub(config, log) if config.getvalue("dist") == "loadfile" else None
