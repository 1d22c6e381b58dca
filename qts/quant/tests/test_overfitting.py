"""The probability of overfitting: against the definition itself, and where the answer is known."""

from itertools import combinations

import numpy as np
import pytest

from qts.quant.overfitting import block_counts, block_sums, probability_of_overfitting


def by_definition(returns, blocks):
    """Halves of whole columns, as the paper says it."""
    parts = np.array_split(np.arange(returns.shape[0]), blocks)
    below = losing = count = 0
    for half in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[one] for one in half])
        outside = np.setdiff1d(np.arange(returns.shape[0]), inside)
        within, without = (returns[rows].mean(axis=0) / returns[rows].std(axis=0) for rows in (inside, outside))
        reached = without[within.argmax()]
        below += (without <= reached).sum() / (returns.shape[1] + 1) <= 0.5
        losing += reached < 0
        count += 1
    return below / count, losing / count, count


def judged(returns, blocks=6):
    tried = [block_sums(column, blocks) for column in returns.T]
    return probability_of_overfitting(tried, block_counts(len(returns), blocks))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_the_definition_says(seed):
    returns = np.random.default_rng(seed).normal(0.0002 * seed, 0.01, (97, 12))
    found = judged(returns)
    assert (found.probability, found.loses, found.halves) == pytest.approx(by_definition(returns, 6))


def test_a_set_that_is_better_every_day_is_no_accident():
    returns = np.random.default_rng(1).normal(0, 0.01, (120, 20))
    returns[:, 7] = abs(returns[:, 7]) + 0.01
    found = judged(returns)
    assert (found.probability, found.loses) == (0, 0)


def test_the_best_of_what_earned_in_one_half_alone_is_worth_nothing():
    """Each set wins in its own blocks what it loses in the others."""
    returns = np.full((60, 10), -0.001)
    for number in range(10):
        returns[number * 6 : number * 6 + 6, number] = 0.02
    returns += np.random.default_rng(2).normal(0, 1e-5, returns.shape)
    assert judged(returns, 10).loses == 1


def test_too_little_is_said():
    with pytest.raises(ValueError, match="at least 10"):
        block_sums([0.1] * 9)
    with pytest.raises(ValueError, match="two sets"):
        probability_of_overfitting([block_sums([0.1] * 10)], block_counts(10))
