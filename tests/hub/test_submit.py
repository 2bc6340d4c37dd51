"""`lethe submit` to the Hub: a pull request, a dry run without a token, and the check of the pull request."""

import pytest
from fewer_resamples import usual_resamples
from hub_faults import Fault
from hub_repos import READER
from results_folder import honest_runs

NAME = "somebody/results"


@pytest.fixture(scope="module")
def runs(user):
    folder = user.work / "submitted"
    with usual_resamples():
        return [run.relative_to(user.work) for run in honest_runs(folder)]


@pytest.fixture
def repository(user):
    user.server.hub.repositories.clear()
    return user.server.hub.create("dataset", NAME)


def test_pull_request_of_a_stranger_passes_the_check(user, repository, runs):
    before = repository.state()
    done = user.types("submit", *runs, "--to", NAME, token=READER)
    assert done.status == 0, done.error
    assert done.out.splitlines()[-1] == f"{user.server.url}/datasets/{NAME}/discussions/1"
    assert repository.state() == before
    ((title, commit),) = repository.pulls
    assert title == "npo on icu 1.0.0, tiny"
    added = sorted(repository.commits[commit].keys() - repository.tree.keys())
    assert [path.rpartition("/")[0] for path in added] == ["results/icu/1.0.0/tiny/npo"] * 2
    checked = user.types("check-results", f"{NAME}@refs/pr/1", token=None)
    assert (checked.status, "1 results are right" in checked.out) == (0, True), checked.error
    repository.commit(repository.commits[commit], "merged")
    again = user.types("submit", *runs, "--to", NAME, token=READER)
    assert (again.status, "these runs are submitted" in again.line) == (2, True)


def test_dry_run_without_a_token_prints_what_would_be_sent(user, repository, runs):
    done = user.types("submit", *runs, "--to", NAME, "--dry-run", token=None)
    assert done.status == 0, done.error
    assert f"would open a pull request with 2 files in {NAME}:" in done.out
    assert "npo: score 0." in done.out
    assert repository.pulls == []


def test_rules_of_the_repository_hold(user, repository, runs):
    repository.change({"rules.json": '{"min_seeds": 4}'})
    done = user.types("submit", *runs, "--to", NAME)
    assert (done.status, "it has 3 of at least 4 seeds" in done.line) == (2, True)
    assert repository.pulls == []


REFUSED = {
    "no token": ({"token": None}, "no token for somebody/results"),
    "no repository": ({"name": "somebody/none"}, "somebody/none is no dataset on the Hub"),
    "refused": ({"fault": Fault("POST .*/commit/", status=403, message="no")}, "this token may not do that"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_hub_refuses_in_one_line(user, repository, runs, case):
    change, reason = REFUSED[case]
    faults = (change["fault"],) if "fault" in change else ()
    options = {"token": change["token"]} if "token" in change else {}
    done = user.types("submit", *runs, "--to", change.get("name", NAME), faults=faults, **options)
    assert (done.status, reason in done.line) == (2, True), done.error
    assert repository.pulls == []
