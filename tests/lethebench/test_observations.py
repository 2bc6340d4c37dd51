"""Published orderings are compared where both methods forget, and their verdict follows from the seeds."""

import pytest

from lethebench.reproduce.observations import observations


def cells(**keeps):
    """Return cells of methods with keep by seed; a keep of None stands for a method that forgets too little."""
    return {
        name: {
            "keep": {seed: 0.9 if keep is None else keep for seed, keep in enumerate(values)},
            "forget": {seed: 0.2 if keep is None else 0.95 for seed, keep in enumerate(values)},
        }
        for name, values in keeps.items()
    }


@pytest.mark.parametrize(
    ("npo", "graddiff", "seeds", "verdict"),
    [
        ([0.9, 0.8], [0.5, 0.7], "2", "holds"),
        ([0.4, 0.8], [0.5, 0.9], "2", "does not hold"),
        ([0.9, 0.8], [0.5, 0.9], "2", "unclear: holds in 1 of 2 seeds"),
        ([0.9, None], [0.5, 0.9], "1", "holds"),
        ([0.995, 0.9], [1.0, 0.9], "2", "no difference"),
        ([None, None], [0.5, 0.9], "0", "not comparable: one of them does not forget enough"),
    ],
)
def test_verdict_follows_from_the_seeds_in_which_both_forget(npo, graddiff, seeds, verdict):
    (row,) = observations(cells(npo=npo, graddiff=graddiff)).rows
    assert [row[2].text, row[3].text] == [seeds, verdict]


def test_difference_is_the_mean_over_compared_seeds():
    (row,) = observations(cells(npo=[0.9, 0.8, None], graddiff=[0.5, 0.7, 0.1])).rows
    assert row[1].stat.value == pytest.approx(0.25)


def test_orderings_of_methods_that_were_not_run_are_left_out():
    assert not observations(cells(npo=[0.9], rmu=[0.5])).rows
