"""Our statistics against scipy and statsmodels, over random inputs and the edges."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats import proportion

from bds_tool.indicators import incomplete_beta as special
from bds_tool.indicators import statistics

TOLERANCE = 1e-9
EDGES = [
    (0, 1),
    (1, 1),
    (0, 2),
    (1, 2),
    (2, 2),
    (0, 3),
    (3, 3),
    (0, 10),
    (10, 10),
    (0, 5000),
    (5000, 5000),
    (1, 5000),
]


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(20260101)
    n = np.r_[[e[1] for e in EDGES], rng.integers(1, 3000, 150)]
    x = np.r_[[e[0] for e in EDGES], rng.integers(0, n[len(EDGES) :] + 1)]
    return x, n


def test_wilson(counts):
    x, n = counts
    low, high = proportion.proportion_confint(x, n, method="wilson")
    ours = statistics.wilson(x, n)
    close(ours[0], np.clip(low, 0, 1))
    close(ours[1], np.clip(high, 0, 1))


def test_wilson_without_anyone_is_nothing():
    low, high = statistics.wilson([0, 1], [0, 2])
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert low[1] > 0


def test_exact_poisson():
    x = np.r_[0, 1, 2, 9, 10, 100, np.random.default_rng(2).integers(0, 2000, 60)]
    low, high = statistics.poisson_exact(x)
    close(low, np.where(x > 0, scipy_stats.chi2.ppf(0.025, 2 * np.maximum(x, 1)) / 2, 0))
    close(high, scipy_stats.chi2.ppf(0.975, 2 * x + 2) / 2)


def test_byar_by_hand():
    # x = 10: 10·(1 - 1/90 - 1.959964/(3·√10))³ and 11·(1 - 1/99 + 1.959964/(3·√11))³
    z = scipy_stats.norm.ppf(0.975)
    low, high = statistics.byar(np.array([10.0]))
    close(low[0], 10 * (1 - 1 / 90 - z / (3 * np.sqrt(10))) ** 3)
    close(high[0], 11 * (1 - 1 / 99 + z / (3 * np.sqrt(11))) ** 3)
    # and close to the exact limits, as the approximation promises
    exact = statistics.poisson_exact(np.array([10.0]))
    assert abs(low[0] - exact[0][0]) < 0.02
    assert abs(high[0] - exact[1][0]) < 0.02


def test_counts_below_ten_are_exact():
    low, high = statistics.count_limits(np.array([3.0, 12.0]))
    close([low[0], high[0]], [v[0] for v in statistics.poisson_exact(np.array([3.0]))])
    close([low[1], high[1]], [v[0] for v in statistics.byar(np.array([12.0]))])


def test_mean_with_t_interval():
    rng = np.random.default_rng(3)
    for size in (2, 3, 7, 40, 1000):
        y = rng.normal(3, 2, size)
        mean, low, high = statistics.mean_t([size], [y.sum()], [(y**2).sum()])
        expected = scipy_stats.t.interval(0.95, size - 1, y.mean(), scipy_stats.sem(y))
        close([mean[0], low[0], high[0]], [y.mean(), *expected])


def test_mean_of_one_has_no_interval():
    mean, low, _ = statistics.mean_t([1], [4.0], [16.0])
    assert mean[0] == 4
    assert np.isnan(low[0])


def test_two_proportions(counts):
    from statsmodels.stats.proportion import proportions_ztest

    rng = np.random.default_rng(4)
    n = rng.integers(50, 2000, (60, 2))
    x = rng.binomial(n, 0.3)
    z, p = statistics.two_proportions(x[:, 0], n[:, 0], x[:, 1], n[:, 1])
    for row in range(len(n)):
        expected = proportions_ztest(x[row], n[row])
        close([z[row], p[row]], expected)


def test_too_small_is_not_tested():
    z, p = statistics.two_proportions([1, 30], [8, 100], [100, 100], [1000, 1000])
    assert np.isnan(z[0])
    assert np.isnan(p[0])
    assert p[1] < 1e-6


def test_welch():
    rng = np.random.default_rng(5)
    a, b = rng.normal(0, 1, 35), rng.normal(0.4, 2, 80)
    t, p = statistics.two_means(35, a.sum(), (a**2).sum(), 80, b.sum(), (b**2).sum())
    expected = scipy_stats.ttest_ind(a, b, equal_var=False)
    close([t, p], [expected.statistic, expected.pvalue])


def test_two_rates():
    # Given 40 events of which 30 in a third of the time: (30 - 40/3) / sqrt(40 · 1/3 · 2/3)
    z, p = statistics.two_rates(30, 100, 10, 200)
    close(z, (30 - 40 / 3) / np.sqrt(40 * 2 / 9))
    close(p, 2 * scipy_stats.norm.sf(z))


def test_cochran_armitage():
    from statsmodels.stats.contingency_tables import Table

    rng = np.random.default_rng(6)
    n = rng.integers(200, 500, (20, 5))
    x = rng.binomial(n, np.linspace(0.2, 0.3, 5))
    z, _p = statistics.cochran_armitage(x, n, np.arange(5))
    for row in range(len(n)):
        table = Table(np.array([x[row], n[row] - x[row]]), shift_zeros=False)
        expected = table.test_ordinal_association(row_scores=np.array([1, 0]), col_scores=np.arange(5))
        size = n[row].sum()
        # statsmodels divides by N - 1, we by N: the statistic differs by that known factor
        close(z[row], expected.zscore * np.sqrt(size / (size - 1)))


def test_mean_trend_is_weighted_least_squares():
    from statsmodels.regression.linear_model import WLS

    n = np.array([[50.0, 60, 70, 80]])
    mean, sd = np.array([10.0, 11, 10.5, 12]), np.array([2.0, 3, 2.5, 2])
    total = n * mean
    squares = sd**2 * (n - 1) + n * mean**2
    z, _ = statistics.mean_trend(n, total, squares, np.arange(4))
    weights = n[0] / sd**2
    fit = WLS(mean, np.c_[np.ones(4), np.arange(4)], weights=weights).fit(cov_type="fixed scale")
    close(z[0], fit.params[1] / fit.bse[1])


def test_standardised_rate_by_hand():
    # two strata, weights 3 and 1: 0.75·10/100 + 0.25·30/100 = 0.15
    rate, low, high = (
        v[0]
        for v in statistics.standardised_rates(np.array([[10, 30]]), np.array([[100, 100]]), np.array([3, 1]))
    )
    close(rate, 0.15)
    variance = 0.75**2 * 10 / 100**2 + 0.25**2 * 30 / 100**2
    lower, upper = (v[0] for v in statistics.count_limits(np.array([40.0])))
    close(low, 0.15 + np.sqrt(variance / 40) * (lower - 40))
    close(high, 0.15 + np.sqrt(variance / 40) * (upper - 40))


def test_standardised_rate_of_one_stratum_is_the_crude_rate():
    rate, low, high = (
        v[0] for v in statistics.standardised_rates(np.array([[25]]), np.array([[500]]), np.array([7]))
    )
    lower, upper = (v[0] for v in statistics.count_limits(np.array([25.0])))
    close([rate, low, high], [0.05, lower / 500, upper / 500])


def test_empty_stratum_makes_the_rate_unknown():
    rate, _, _ = statistics.standardised_rates(np.array([[1, 0]]), np.array([[10, 0]]), np.array([1, 1]))
    assert np.isnan(rate[0])


def test_multiplicity():
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(7)
    for size in (1, 2, 5, 300):
        p = np.r_[rng.random(size) ** 3]
        close(statistics.benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])
    with_gap = np.array([0.01, np.nan, 0.04])
    ours = statistics.benjamini_hochberg(with_gap)
    close(ours[[0, 2]], multipletests([0.01, 0.04], method="fdr_bh")[1])
    assert np.isnan(ours[1])


def test_multiplicity_in_families_at_once():
    rng = np.random.default_rng(8)
    p, family = rng.random(4000) ** 2, rng.integers(0, 37, 4000)
    p[::50] = np.nan
    ours = statistics.benjamini_hochberg_by(p, family)
    for f in range(37):
        close(ours[family == f], statistics.benjamini_hochberg(p[family == f]))


def test_special_functions():
    rng = np.random.default_rng(9)
    a, b, x = rng.uniform(0.5, 500, 200), rng.uniform(0.5, 500, 200), rng.random(200)
    from scipy import special as reference

    close(special.beta_i(a, b, x), reference.betainc(a, b, x))
    close(special.gamma_p(a, x * 1000), reference.gammainc(a, x * 1000))
    close(special.two_sided_p(x * 8), 2 * scipy_stats.norm.sf(x * 8))
    df = np.r_[1, 2, 3, 5, 30, 1e3, 1e6]
    close(special.t_quantile(0.975, df), scipy_stats.t.ppf(0.975, df))
