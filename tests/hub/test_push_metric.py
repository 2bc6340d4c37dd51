"""`lethe push-metric`: `evaluate.load` finds the Space by its tag, and its README's example holds."""

import re

import pytest
from hub_faults import Fault

from lethebench import __version__
from lethebench.evaluation.registry import METRICS
from lethebench.hub.card import END

TAG = f"v{__version__}"


def assert_readme_holds(user, other, name: str, home) -> None:
    """Run the README of the Space, as another user, on the metric of its tag."""
    card = user.repository(name, "space").tree["README.md"].content.decode()
    code = "\n".join(re.findall(r"```python\n(.*?)```", card, re.DOTALL))
    code = code.replace(f'evaluate.load("somebody/{name}")', f'evaluate.load("somebody/{name}", revision="{TAG}")')
    assert f'revision="{TAG}"' in code
    script = "import doctest\ntest = doctest.DocTestParser().get_doctest(CODE, {}, 'x', 'x', 0)\n"
    script += "print(doctest.DocTestRunner().run(test).failed)\n"
    printed = other.runs(script.replace("CODE", repr(code)), home)
    assert printed.splitlines()[-1] == "0", printed


def test_metric_becomes_a_space_that_evaluate_loads(user, other, tmp_path):
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
    assert_readme_holds(user, other, "forget", tmp_path / "home")
    second = user.types("push-metric", "forget", "somebody")
    assert (second.status, "nothing to do" in second.out) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", [entry.name for entry in METRICS.values() if entry.module])
def test_every_metric_agrees_with_its_readme(user, other, name, tmp_path):
    done = user.types("push-metric", name, "somebody")
    assert done.status == 0, done.error
    assert_readme_holds(user, other, name, tmp_path / "home")


def test_wrong_upload_is_reverted(user):
    space = user.server.hub.create("space", "somebody/stability")
    space.change({"README.md": "Mine.\n"})
    tree = space.state()[2]
    wrong = Fault("GET .*/resolve/.*stability.py", corrupt=True, times=99)
    done = user.types("push-metric", "stability", "somebody", faults=(wrong,))
    assert done.status == 2
    assert "as before" in done.line
    assert (space.state()[2], space.tags) == (tree, {})


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["beauty", "somebody"], ["beauty: unknown metric", "forget"]),
        (["forget", "somebody/forget"], ["give only the owner", "somebody"]),
        (["forget", "some body"], ["not ORG/NAME"]),
    ],
)
def test_invalid_arguments_are_refused(user, arguments, fragments):
    done = user.types("push-metric", *arguments)
    assert done.status == 2
    assert all(text in done.line for text in fragments), done.line
