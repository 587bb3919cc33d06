"""Formulas with derivatives, over numbers in A1:C4 (some negative), positive ones in E1:G4, and texts and blanks in I1:I4."""

from __future__ import annotations

from .books import Content

CELLS: dict[str, Content] = {
    **{f"{name}{row}": value for row, line in enumerate([(0.7, -1.3, 2.1), (1.9, 0.4, -0.6), (-2.2, 3.3, 0.9), (0.2, 1.1, -0.8)], 1)
       for name, value in zip("ABC", line, strict=True)},
    **{f"{name}{row}": value for row, line in enumerate([(0.35, 1.7, 2.9), (0.8, 0.15, 1.2), (2.4, 0.6, 0.55), (1.05, 3.1, 0.95)], 1)
       for name, value in zip("EFG", line, strict=True)},
    "I1": "x", "I2": None, "I3": True, "I4": 2.5,
    **{f"K{row}": row for row in range(1, 5)},
}  # fmt: skip

# Each depends on the numbers smoothly near those above.
FORMULAS = """
A1+B1*C1  A1-B1/C1  -A1^2+C1^3  E1^F1  A1%*B1  (A1+B1)*(A1-B1)
ABS(A1*B1)  SQRT(E1)  EXP(A1)  LN(E1)  LOG(E1)  LOG(E1,F1)  LOG10(E1)  POWER(E1,B1)  MOD(C1*10,4)  SQRTPI(E1)
SIN(A1)  COS(A1)  TAN(A1)  ASIN(E1)  ACOS(E1)  ATAN(A1)  ATAN2(A1,B1)  SINH(A1)  COSH(A1)  TANH(A1)  ASINH(A1)  ACOSH(C1)  ATANH(E1)
SEC(A1)  CSC(A1)  COT(A1)  SECH(A1)  CSCH(A1)  COTH(A1)  RADIANS(A1*90)  DEGREES(A1)
GAMMALN(E1)  ERF.PRECISE(A1)  ERFC(A1)  NORM.S.DIST(A1,TRUE)  NORM.S.DIST(A1,FALSE)  NORM.DIST(A1,B1,E1,TRUE)  NORM.DIST(A1,B1,E1,FALSE)
NORM.S.INV(E1)  NORMSDIST(A1)  PHI(A1)  GAUSS(A1)  FISHER(E1)  FISHERINV(A1)
SUM(A1:C4)  SUM(A1:C4,E1,I1:I4)  AVERAGE(A1:C4,I1:I4)  MAX(A1:C4)  MIN(A1:C4)  MAX(0,A1,B1)  PRODUCT(A1:C2)  SUMSQ(A1:C4)
DEVSQ(A1:C4)  AVEDEV(A1:C4)  VAR.S(A1:C4)  VAR.P(A1:C4)  STDEV.S(A1:C4)  STDEV.P(A1:C4,I1:I4)  GEOMEAN(E1:G4)  HARMEAN(E1:G4)
MEDIAN(A1:C4)  MEDIAN(A1:C1)  LARGE(A1:C4,2)  SMALL(A1:C4,3)  SUM(LARGE(A1:C4,K1:K3)*E1:E3)
SUMPRODUCT(A1:C4,E1:G4)  SUMPRODUCT((A1:C4>0)*E1:G4)  SUMXMY2(A1:A4,E1:E4)  SUMX2MY2(A1:A4,E1:E4)  SUMX2PY2(A1:A4,I1:I4)
COVARIANCE.P(A1:A4,E1:E4)  COVARIANCE.S(A1:A4,E1:E4)  CORREL(A1:A4,E1:E4)  RSQ(A1:A4,E1:E4)  SLOPE(A1:A4,E1:E4)  INTERCEPT(A1:A4,E1:E4)
SUM(MMULT(A1:C4,TRANSPOSE(E1:G4)))  MDETERM(A1:C3)  SUM(MINVERSE(A1:C3))  MMULT(A1:C1,E1:E3)
IF(A1>0,A1^2,B1)  IF(A1<0,SQRT(A1),B1*A1)  IFERROR(SQRT(B1),C1*2)  IFERROR(LN(A1),0)  CHOOSE(2,A1,B1*B1)  IFS(A1<0,1,TRUE,B1^2)
SWITCH(2,1,A1,2,C1^2)  INDEX(A1:C4,2,3)^2  INDEX(A1:C4,K2,K3)*A1  INDEX(A1:C4,1+(A1>0),2)  OFFSET(A1,K1,1)*B1  SUM(OFFSET(A1,1,1,2,2))
VLOOKUP(2,K1:K4,1)*A1  VLOOKUP(3,A1:C4,2)*C1  LOOKUP(2,K1:K4,A1:A4)^2  XLOOKUP(3,K1:K4,B1:B4)*A1  HLOOKUP(0.7,A1:C4,3)*B2
SUMIF(K1:K4,">1",A1:A4)  SUMIFS(A1:A4,K1:K4,">1",K1:K4,"<4")  AVERAGEIF(K1:K4,"<3",B1:B4)  MAXIFS(A1:A4,K1:K4,">2")  MINIFS(A1:A4,K1:K4,">0")  SUM(SUMIF(K1:K4,K2:K3,A1:A4)*E1:E2)
ROUND(A1,1)*B1  INT(C1)*A1  COUNT(A1:C4)*A1  A1*(B1<0)  N(A1)*B1  SIGN(A1)*B1
PV(E1/10,K4,A1)  FV(E1/10,K4,A1,B1,1)  PMT(E1/10,K4,A1,B1)  NPV(E1/10,A1:A4,B1)
LET(p,A1*B1,p*p+p)  SUM(A1:A4*E1:E4)  1/(1+EXP(-(A1+B1)))  LN(SUM(EXP(A1:C1)))
"""


def formulas() -> list[str]:
    """Return the formulas, without "="."""
    return [formula for line in FORMULAS.strip().splitlines() for formula in line.split("  ") if formula]
