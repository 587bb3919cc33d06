"""Statistics of pairs, regression, tests of hypotheses and distributions against Excel's documentation, scipy.stats and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.formula_tables import DIV0, NA, NUM, REF, VALUE, Table, check, joined, name, table

PAIRS = table(
    "Microsoft support, CORREL, COVARIANCE, SLOPE, INTERCEPT, RSQ, STEYX, FORECAST, PROB functions",
    [
        ("CORREL({3;2;4;5;6},{9;7;12;15;17})", 0.997054485501581),
        ("PEARSON({9;7;5;3;1},{10;6;1;5;3})", 0.699378606180238),
        ("CORREL({1,2},{1,2,3})", NA),
        ("CORREL({1,1},{1,2})", DIV0),
        ('CORREL({1,2,"x",3},{2,4,5,7})', 0.993399267798783),
        ("COVAR({3,2,4,5,6},{9,7,12,15,17})", 5.2),
        ("COVARIANCE.P({3,2,4,5,6},{9,7,12,15,17})", 5.2),
        ("COVARIANCE.S({2,4,8},{5,11,12})", 9.66666666666667),
        ("COVARIANCE.S({2},{5})", DIV0),
        ("SLOPE({2;3;9;1;8;7;5},{6;5;11;7;5;4;4})", 0.305555555555556),
        ("INTERCEPT({2,3,9,1,8},{6,5,11,7,5})", 0.0483870967741939),
        ("RSQ({2;3;9;1;8;7;5},{6;5;11;7;5;4;4})", 0.0579501915708812),
        ("STEYX({2;3;9;1;8;7;5},{6;5;11;7;5;4;4})", 3.30571895021041),
        ("STEYX({1,2},{1,2})", DIV0),
        ("FORECAST(30,{6,7,9,15,21},{20,28,31,38,40})", 10.6072530864198),
        ("SUM(FORECAST.LINEAR({30,31},{6,7,9,15,21},{20,28,31,38,40}))", 2 * 10.6072530864198 + 183.8 / 259.2),
        ("PROB({0,1,2,3},{0.2,0.3,0.1,0.4},2)", 0.1),
        ("PROB({0,1,2,3},{0.2,0.3,0.1,0.4},1,3)", 0.8),
        ("PROB({0,1},{0.2,0.3},1)", NUM),
        ("STANDARDIZE(42,40,1.5)", 1.33333333333333),
        ("STANDARDIZE(42,40,0)", NUM),
        ("FISHER(0.75)", 0.972955074527657),
        ("FISHER(1)", NUM),
    ],
)

TESTS = table(
    "Microsoft support, T.TEST, F.TEST, Z.TEST, CHISQ.TEST, CONFIDENCE functions",
    [
        ("TTEST({1,2},{1,2,3},2,1)", NA),
        ("T.TEST({1,2},{1,2},3,1)", NUM),
        ("T.TEST({1},{1,2},2,3)", DIV0),
        ("F.TEST({6,7,9,15,21},{20,28,31,38,40})", 0.648317846786175),
        ("Z.TEST({3,6,7,8,6,5,4,2,1,9},4)", 0.0905741968513638),
        ("Z.TEST({3,6,7},4,0)", NUM),
        ("CHISQ.TEST({58,35;11,25;10,23},{45.35,47.65;17.56,18.44;16.09,16.91})", 0.000308192017036),
        ("CHITEST({1,2},{1;2})", NA),
        ("CHITEST({1,2},{0,2})", DIV0),
        ("CONFIDENCE(0.05,2.5,50)", 0.692951912174839),
        ("CONFIDENCE.T(0.05,1,1)", DIV0),
        ("CONFIDENCE.NORM(0,1,5)", NUM),
    ],
)

LINES = table(
    "Microsoft support, LINEST, LOGEST, TREND, GROWTH functions",
    [
        ("INDEX(LINEST({1;9;5;7},{0;4;2;3},,FALSE),1)", 2),
        ("INDEX(LINEST({1;9;5;7},{0;4;2;3},,FALSE),2)", 1),
        ("SUM(LINEST({3100;4500;4400;5400;7500;8100})*{9,1})", 11000),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),1,1)", -234.237164),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),1,4)", 27.64138737),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),1,5)", 52317.83051),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),2,1)", 13.26801148),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),2,5)", 12237.3616),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),3,1)", 0.996747993),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),3,2)", 970.5784629),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),3,3)", NA),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),4,1)", 459.7536742),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),4,2)", 6),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),5,1)", 1732393319),
        ("INDEX(LINEST(d!E1:E11,d!A1:D11,TRUE,TRUE),5,2)", 5652135.316),
        ("INDEX(LOGEST({33100;47300;69000;102000;150000;220000},{11;12;13;14;15;16}),1)", 1.4632756),
        ("INDEX(LOGEST({33100;47300;69000;102000;150000;220000},{11;12;13;14;15;16}),2)", 495.3047702),
        ("LOGEST({1;-1})", NUM),
        ("INDEX(GROWTH({33100;47300;69000;102000;150000;220000},{11;12;13;14;15;16},{17;18}),1)", 320196.7184),
        ("INDEX(TREND({133890;135000;135790;137300;138130},,{6;7}),2)", 136022 + 4 * 1078),
        ('LINEST({1;2},{1;"x"})', VALUE),
        ("LINEST({1;2},{1;2;3})", REF),
    ],
    {
        f"{column}{row + 1}": number
        for row, numbers in enumerate(
            [
                (2310, 2, 2, 20, 142000),
                (2333, 2, 2, 12, 144000),
                (2356, 3, 1.5, 33, 151000),
                (2379, 3, 2, 43, 150000),
                (2402, 2, 3, 53, 139000),
                (2425, 4, 2, 23, 169000),
                (2448, 2, 1.5, 99, 126000),
                (2471, 2, 2, 34, 142900),
                (2494, 3, 3, 23, 163000),
                (2517, 4, 4, 55, 169000),
                (2540, 2, 3, 22, 149000),
            ]
        )
        for column, number in zip("ABCDE", numbers, strict=True)
    },
)

PROBABILITIES = table(
    "Microsoft support, the pages of the functions",
    [
        ("FISHERINV(0.972955)", 0.75),
        ("T.TEST({3;4;5;8;9;1;2;4;5},{6;19;3;2;14;4;5;17;1},2,1)", 0.196016),
        ("Z.TEST({3,6,7,8,6,5,4,2,1,9},6)", 0.863043),
        ("CONFIDENCE.T(0.05,1,50)", 0.284196855),
        ("NORM.DIST(42,40,1.5,TRUE)", 0.908788780274132),
        ("NORMDIST(42,40,1.5,FALSE)", 0.109340049783996),
        ("NORM.DIST(42,40,0,TRUE)", NUM),
        ("NORM.INV(0.908789,40,1.5)", 42.00000200956618),
        ("NORM.INV(0,1,1)", NUM),
        ("NORM.S.DIST(1.333333,TRUE)", 0.908788725604095),
        ("NORM.S.DIST(1.333333,FALSE)", 0.164010147694),
        ("NORMSDIST(1.333333)", 0.908788725604095),
        ("NORM.S.INV(0.908789)", 1.3333346730441074),
        ("LOGNORM.DIST(4,3.5,1.2,TRUE)", 0.0390835557068005),
        ("LOGNORM.DIST(4,3.5,1.2,FALSE)", 0.0176175966818202),
        ("LOGNORM.INV(0.039084,3.5,1.2)", 4.0000251864868),
        ("PHI(0.75)", 0.301137432154804),
        ("GAUSS(2)", 0.477249868051821),
        ("ERF(0.745)", 0.707928920095737),
        ("ERF(0,1)", 0.842700792949715),
        ("ERFC(1)", 0.157299207050285),
        ("T.DIST(60,1,TRUE)", 0.994695326367377),
        ("T.DIST(8,3,FALSE)", 0.00073690652094),
        ("T.DIST.2T(1.959999998,60)", 0.054644927),
        ("T.DIST.RT(1.959999998,60)", 0.027322464),
        ("TDIST(1.959999998,60,2)", 0.054644927),
        ("TDIST(-1,60,2)", NUM),
        ("T.INV(0.75,2)", 0.816496580927726),
        ("T.INV.2T(0.546449,60)", 0.606533075825759),
        ("TINV(0.054644927,60)", 1.96),
        ("F.DIST(15.2069,6,4,TRUE)", 0.99),
        ("F.DIST(15.2069,6,4,FALSE)", 0.0012238),
        ("F.DIST.RT(15.2068649,6,4)", 0.01),
        ("F.INV(0.01,6,4)", 0.10930991),
        ("F.INV.RT(0.01,6,4)", 15.206865),
        ("CHISQ.DIST(0.5,1,TRUE)", 0.52049988),
        ("CHISQ.DIST(2,3,FALSE)", 0.20755375),
        ("CHISQ.DIST.RT(18.307,10)", 0.0500006),
        ("CHISQ.INV(0.93,1)", 3.283020286),
        ("CHISQ.INV.RT(0.050001,10)", 18.3069735),
        ("BETA.DIST(2,8,10,TRUE,1,3)", 0.6854705810117458),
        ("BETA.DIST(2,8,10,FALSE,1,3)", 1.4837646484375),
        ("BETA.INV(0.6854705810117458,8,10,1,3)", 2),
        ("GAMMA.DIST(10.00001131,9,2,FALSE)", 0.03263913),
        ("GAMMA.DIST(10.00001131,9,2,TRUE)", 0.068094),
        ("GAMMA.INV(0.068094,9,2)", 10.0000112),
        ("GAMMA(2.5)", 1.329340388179137),
        ("GAMMA(-3.75)", 0.267866128861417),
        ("GAMMA(0)", NUM),
        ("GAMMALN(4)", 1.791759469228055),
        ("EXPON.DIST(0.2,10,TRUE)", 0.864664716763387),
        ("EXPON.DIST(0.2,10,FALSE)", 1.353352832366127),
        ("WEIBULL.DIST(105,20,100,TRUE)", 0.929581390069277),
        ("WEIBULL.DIST(105,20,100,FALSE)", 0.035588864025),
        ("BINOM.DIST(6,10,0.5,FALSE)", 0.205078125),
        ("BINOM.DIST(11,10,0.5,FALSE)", NUM),
        ("BINOM.INV(6,0.5,0.75)", 4),
        ("BINOM.DIST.RANGE(60,0.75,48)", 0.083974967429),
        ("BINOM.DIST.RANGE(60,0.75,45,50)", 0.523629793),
        ("NEGBINOM.DIST(10,5,0.25,TRUE)", 0.3135140584781766),
        ("NEGBINOM.DIST(10,5,0.25,FALSE)", 0.0550486603),
        ("HYPGEOM.DIST(1,4,8,20,TRUE)", 0.465428276574),
        ("HYPGEOM.DIST(1,4,8,20,FALSE)", 0.363261093911),
        ("POISSON.DIST(2,5,TRUE)", 0.124652019483081),
        ("POISSON.DIST(2,5,FALSE)", 0.0842243374885683),
    ],
)


@pytest.mark.parametrize(("each", "index"), joined(PAIRS, TESTS), ids=name)
def test_formula(each: Table, index: int) -> None:
    check(each, index)


@pytest.mark.parametrize(("each", "index"), joined(LINES, PROBABILITIES), ids=name)
def test_formula_as_printed(each: Table, index: int) -> None:
    """The documentation prints these with six digits and more."""
    check(each, index, rtol=1e-5)


# Formula with p for the argument → the same in scipy.stats; both ways where there is an inverse.
SCIPY = [
    ("T.DIST(p*9-4,3,TRUE)", lambda p: stats.t.cdf(p * 9 - 4, 3)),
    ("T.DIST(p*9-4,7,FALSE)", lambda p: stats.t.pdf(p * 9 - 4, 7)),
    ("T.INV(p,3)", lambda p: stats.t.ppf(p, 3)),
    ("T.INV(p,250)", lambda p: stats.t.ppf(p, 250)),
    ("T.INV.2T(p,1)", lambda p: stats.t.isf(p / 2, 1)),
    ("F.DIST(p*5,3,11,FALSE)", lambda p: stats.f.pdf(p * 5, 3, 11)),
    ("F.DIST.RT(p*5,3,11)", lambda p: stats.f.sf(p * 5, 3, 11)),
    ("F.INV(p,3,11)", lambda p: stats.f.ppf(p, 3, 11)),
    ("F.INV.RT(p,12,5)", lambda p: stats.f.isf(p, 12, 5)),
    ("CHISQ.DIST(p*9,4,FALSE)", lambda p: stats.chi2.pdf(p * 9, 4)),
    ("CHISQ.INV(p,4)", lambda p: stats.chi2.ppf(p, 4)),
    ("CHISQ.INV.RT(p,40)", lambda p: stats.chi2.isf(p, 40)),
    ("BETA.DIST(p,0.7,3,FALSE)", lambda p: stats.beta.pdf(p, 0.7, 3)),
    ("BETA.INV(p,0.7,3)", lambda p: stats.beta.ppf(p, 0.7, 3)),
    ("GAMMA.DIST(p*8,2.5,1.5,FALSE)", lambda p: stats.gamma.pdf(p * 8, 2.5, scale=1.5)),
    ("GAMMA.INV(p,2.5,1.5)", lambda p: stats.gamma.ppf(p, 2.5, scale=1.5)),
    ("LOGNORM.INV(p,1,0.5)", lambda p: stats.lognorm.ppf(p, 0.5, scale=np.e)),
    ("NORM.S.INV(p)", stats.norm.ppf),
    ("WEIBULL.DIST(p*3,1.5,2,TRUE)", lambda p: stats.weibull_min.cdf(p * 3, 1.5, scale=2)),
    ("BINOM.DIST(p*40,40,0.3,TRUE)", lambda p: stats.binom.cdf(np.floor(p * 40), 40, 0.3)),
    ("BINOM.INV(40,0.3,p)", lambda p: stats.binom.ppf(p, 40, 0.3)),
    ("NEGBINOM.DIST(p*40,5,0.2,FALSE)", lambda p: stats.nbinom.pmf(np.floor(p * 40), 5, 0.2)),
    ("HYPGEOM.DIST(p*20,20,50,100,TRUE)", lambda p: stats.hypergeom.cdf(np.floor(p * 20), 100, 50, 20)),
    ("POISSON.DIST(p*40,12.5,FALSE)", lambda p: stats.poisson.pmf(np.floor(p * 40), 12.5)),
]
ARGUMENTS = (1e-6, 0.013, 0.25, 0.4999, 0.5, 0.71, 0.99, 0.999999)


@pytest.mark.parametrize("row", range(len(SCIPY)))
def test_distribution_as_scipy_computes_it(row: int) -> None:
    formula, wanted = SCIPY[row]
    formulas = [(formula.replace("p", f"d!B{i + 1}"), 0.0) for i in range(len(ARGUMENTS))]
    found = table("", formulas, {f"B{i + 1}": p for i, p in enumerate(ARGUMENTS)}).results()
    assert found == pytest.approx([float(wanted(p)) for p in ARGUMENTS], rel=1e-10)


def test_regression_as_numpy_computes_it() -> None:
    """Two regressors, with and without a constant, against lstsq."""
    rng = np.random.default_rng(5)
    x = rng.normal(3, 1, (12, 2))
    y = x @ [1.5, -2] + 4 + rng.normal(0, 0.1, 12)
    cells = {f"{'ABC'[j]}{i + 1}": float(value) for i, row in enumerate(np.c_[x, y]) for j, value in enumerate(row)}
    formulas = [(f"INDEX(LINEST(d!C1:C12,d!A1:B12,{const}),{i})", 0.0) for const in (1, 0) for i in (1, 2, 3)]
    found = table("", formulas, cells).results()
    free = np.linalg.lstsq(np.c_[x, np.ones(12)], y, rcond=None)[0]
    bound = np.linalg.lstsq(x, y, rcond=None)[0]
    assert found == pytest.approx([free[1], free[0], free[2], bound[1], bound[0], 0], rel=1e-9)


def test_a_regressor_that_others_explain_gets_no_weight() -> None:
    """Microsoft support, LINEST: collinear columns have coefficients and standard errors of 0."""
    cells = {f"{'ABC'[j]}{i + 1}": float(v) for i in range(6) for j, v in enumerate((i, 2 * i, 3 * i + 1))}
    found = table("", [(f"INDEX(LINEST(d!C1:C6,d!A1:B6),{i})", 0.0) for i in (1, 2, 3)], cells).results()
    assert found == pytest.approx([0, 3, 1], abs=1e-12)
