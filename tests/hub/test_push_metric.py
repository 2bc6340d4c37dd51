"""`lethe push-metric`: the Space is what `evaluate.load` finds by its tag, and its README's example holds."""

import re

import pytest
from hub_faults import Fault
from hub_server import run_as_user
from push_support import assert_nothing_leaked, person

from lethebench import __version__
from lethebench.evaluation.registry import METRICS
from lethebench.hub.card import END

TAG = f"v{__version__}"


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    with person(tmp_path_factory.mktemp("people")) as somebody:
        yield somebody
        assert_nothing_leaked(somebody.server, somebody.home)


def loads_and_agrees(user, name: str, home) -> None:
    """A stranger runs the README of the Space on the metric of its tag."""
    home.mkdir()
    card = user.repository(name, "space").tree["README.md"].content.decode()
    code = "\n".join(re.findall(r"```python\n(.*?)```", card, re.DOTALL))
    code = code.replace(f'evaluate.load("somebody/{name}")', f'evaluate.load("somebody/{name}", revision="{TAG}")')
    assert f'revision="{TAG}"' in code
    script = "import doctest\ntest = doctest.DocTestParser().get_doctest(CODE, {}, 'x', 'x', 0)\n"
    script += "print(doctest.DocTestRunner().run(test).failed)\n"
    printed = run_as_user(script.replace("CODE", repr(code)), user.server, home)
    assert printed.splitlines()[-1] == "0", printed


def test_a_metric_goes_up_as_a_space_that_evaluate_loads(user, tmp_path):
    done = user.types("push-metric", "forget", "somebody")
    assert done.status == 0, done.error
    assert f'evaluate.load("somebody/forget", revision="{TAG}")' in done.out
    space = user.repository("forget", "space")
    assert space.tree.keys() == {".gitattributes", "README.md", "app.py", "forget.py", "requirements.txt"}
    assert space.tags == {TAG: space.head}
    texts = "".join(space.tree[name].content.decode() for name in ("README.md", "forget.py"))
    assert "evaluation/forget" not in texts
    assert "](../" not in texts
    card = space.tree["README.md"].content.decode()
    assert "title: Forget\n" in card
    assert "sdk: gradio\n" in card
    assert card.endswith(f"{END}\n")
    loads_and_agrees(user, "forget", tmp_path / "home")
    again = user.types("push-metric", "forget", "somebody")
    assert (again.status, "nothing to do" in again.out) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", [entry.name for entry in METRICS.values() if entry.module])
def test_every_metric_goes_up_and_agrees_with_its_readme(user, name, tmp_path):
    done = user.types("push-metric", name, "somebody")
    assert done.status == 0, done.error
    loads_and_agrees(user, name, tmp_path / "home")


def test_a_metric_that_comes_back_as_another_is_taken_back(user):
    """The Space gets back what it held, and the tag goes."""
    space = user.server.hub.create("space", "somebody/stability")
    space.change({"README.md": "Mine.\n"})
    tree = space.state()[2]
    wrong = Fault("GET .*/resolve/.*stability.py", corrupt=True, times=99)
    done = user.types("push-metric", "stability", "somebody", faults=(wrong,))
    assert done.status == 2
    assert "as they were before" in done.line
    assert (space.state()[2], space.tags) == (tree, {})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["beauty", "somebody"], ["beauty: unknown metric", "forget"]),
        (["forget", "somebody/forget"], ["give the owner alone", "somebody"]),
        (["forget", "some body"], ["not ORG/NAME"]),
    ],
)
def test_bad_input_is_refused(user, arguments, words):
    done = user.types("push-metric", *arguments)
    assert done.status == 2
    assert all(word in done.line for word in words), done.line
