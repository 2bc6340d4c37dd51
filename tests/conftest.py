"""Every test runs with one thread, offline, and with the caches of Hugging Face in a folder of its own.

Builds that tests only read are made once: the process that starts first names a folder, and its workers inherit it.
"""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="lethe-hf-")
atexit.register(shutil.rmtree, os.environ["HF_HOME"], ignore_errors=True)
if "LETHE_TEST_BUILDS" not in os.environ:
    os.environ["LETHE_TEST_BUILDS"] = tempfile.mkdtemp(prefix="lethe-builds-")
    atexit.register(shutil.rmtree, os.environ["LETHE_TEST_BUILDS"], ignore_errors=True)
