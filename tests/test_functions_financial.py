"""Financial functions against the examples of Excel's documentation and against identities that define them."""

from __future__ import annotations

import pytest

from tests.formula_tables import DIV0, NUM, VALUE, Table, check, joined, name, table

LOANS = table(
    "Microsoft support, PMT and its kin (examples, more digits by 40-digit arithmetic)",
    [
        ("ROUND(PMT(0.08/12,10,10000),2)", -1037.03),
        ("ROUND(PMT(0.08/12,10,10000,0,1),2)", -1030.16),
        ("PMT(0,10,1000)", -100),
        ("PMT(0.1,0,100)", NUM),
        ("ROUND(PV(0.08/12,12*20,500,,0),2)", -59777.15),
        ("ROUND(FV(0.06/12,10,-200,-500,1),2)", 2581.4),
        ("FV(0,10,-200,-500)", 2500),
        ("ROUND(NPER(0.12/12,-100,-1000,10000,1),6)", 59.673866),
        ("NPER(0,-100,1000)", 10),
        ("NPER(0.1,-1,100)", NUM),
        ("ROUND(RATE(4*12,-200,8000),6)", 0.007701),
        ("PMT(RATE(360,-1000,180000),360,180000)", -1000),
        ("PMT(RATE(480,-1100,180000),480,180000)", -1100),
        ("ROUND(RATE(12,-100,1200),9)", 0),
        ("RATE(3300,-200,8000)", NUM),
        ("PV(RATE(30,-50,900,10,1),30,-50,10,1)", 900),
        ("ROUND(IPMT(0.1/12,1,3*12,8000),2)", -66.67),
        ("ROUND(IPMT(0.1,3,3,8000),2)", -292.45),
        ("IPMT(0.1,1,3,8000,0,1)", 0),
        ("IPMT(0.1,0,3,8000)", NUM),
        ("ROUND(PPMT(0.1/12,1,2*12,2000),2)", -75.62),
        ("PPMT(0.08,10,10,200000)+IPMT(0.08,10,10,200000)-PMT(0.08,10,200000)", 0),
        ("PPMT(0.08,4,10,200000,100,1)+IPMT(0.08,4,10,200000,100,1)-PMT(0.08,10,200000,100,1)", 0),
        ("ROUND(CUMIPMT(0.09/12,30*12,125000,13,24,0),5)", -11135.23213),
        ("CUMIPMT(0.09/12,30*12,125000,1,1,0)", -937.5),
        ("ROUND(CUMPRINC(0.09/12,30*12,125000,13,24,0),6)", -934.107123),
        ("CUMPRINC(0.09/12,30*12,125000,1,1,2)", NUM),
        ("CUMPRINC(0.09/12,30*12,125000,1,TRUE,0)", VALUE),
        ("ROUND(ISPMT(0.1/12,1,36,8000000),4)", -64814.8148),
    ],
)

FLOWS = table(
    "Microsoft support, NPV, IRR, MIRR, XNPV, XIRR, FVSCHEDULE functions",
    [
        ("ROUND(NPV(0.1,-10000,3000,4200,6800),2)", 1188.44),
        ("ROUND(NPV(0.08,{8000,9200,10000,12000,14500})-40000,2)", 1922.06),
        ("ROUND(IRR({-70000;12000;15000;18000;21000}),4)", -0.0212),
        ("ROUND(IRR({-70000;12000;15000;18000;21000;26000}),4)", 0.0866),
        ("ROUND(IRR({-70000;12000;15000},-0.1),4)", -0.4435),
        ("IRR({1;2})", NUM),
        ("NPV(IRR({-70;12;15;80}),{-70;12;15;80})", 0),
        ("ROUND(MIRR({-120000;39000;30000;21000;37000;46000},0.1,0.12),4)", 0.1261),
        ("MIRR({1,2},0.1,0.1)", DIV0),
        ("ROUND(XNPV(0.09,{-10000;2750;4250;3250;2750},{39448;39508;39751;39859;39904}),2)", 2086.65),
        ("XNPV(0.09,{-1;1},{39448;39447})", NUM),
        ("ROUND(XIRR({-10000;2750;4250;3250;2750},{39448;39508;39751;39859;39904},0.1),6)", 0.373363),
        ("ROUND(FVSCHEDULE(1,{0.09,0.11,0.1}),5)", 1.33089),
    ],
)

WEAR = table(
    "Microsoft support, SLN, SYD, DB, DDB, VDB, AMORLINC, AMORDEGRC functions",
    [
        ("SLN(30000,7500,10)", 2250),
        ("SLN(1,0,0)", DIV0),
        ("ROUND(SYD(30000,7500,10,1),2)", 4090.91),
        ("ROUND(SYD(30000,7500,10,10),2)", 409.09),
        ("ROUND(DB(1000000,100000,6,1,7),2)", 186083.33),
        ("ROUND(DB(1000000,100000,6,2,7),2)", 259639.42),
        ("ROUND(DB(1000000,100000,6,7,7),2)", 15845.1),
        ("ROUND(DDB(2400,300,3650,1),2)", 1.32),
        ("DDB(2400,300,10,1,2)", 480),
        ("DDB(2400,300,10,2,1.5)", 306),
        ("ROUND(DDB(2400,300,10,10),2)", 22.12),
        ("ROUND(VDB(2400,300,3650,0,1),2)", 1.32),
        ("ROUND(VDB(2400,300,120,6,18),2)", 396.31),
        ("ROUND(VDB(2400,300,120,6,18,1.5),2)", 311.81),
        ("ROUND(VDB(2400,300,10,0,0.875,1.5),2)", 315),
        ("AMORLINC(2400,39679,39813,300,1,0.15,1)", 360),
        ("AMORDEGRC(2400,39679,39813,300,1,0.15,1)", 776),
    ],
)

RATES = table(
    "Microsoft support, EFFECT, NOMINAL, RRI, PDURATION, DOLLARDE, DOLLARFR functions",
    [
        ("ROUND(EFFECT(0.0525,4),7)", 0.0535427),
        ("ROUND(NOMINAL(0.053543,4),8)", 0.05250032),
        ("EFFECT(0.05,0)", NUM),
        ("ROUND(RRI(96,10000,11000),10)", 0.0009933074),
        ("ROUND(PDURATION(0.025,2000,2200),2)", 3.86),
        ("DOLLARDE(1.02,16)", 1.125),
        ("DOLLARDE(1.1,32)", 1.3125),
        ("DOLLARFR(1.125,16)", 1.02),
        ("DOLLARFR(1.125,0)", DIV0),
        ("DOLLARFR(1.125,-1)", NUM),
    ],
)

BONDS = table(
    "Microsoft support, the pages of the functions for bonds",
    [
        ("COUPDAYBS(40568,40862,2,1)", 71),
        ("COUPDAYS(40568,40862,2,1)", 181),
        ("COUPDAYSNC(40568,40862,2,1)", 110),
        ("COUPNCD(40568,40862,2,1)", 40678),
        ("COUPNUM(39107,39767,2,1)", 4),
        ("COUPPCD(40568,40862,2,1)", 40497),
        ("COUPNUM(40568,40568,2,1)", NUM),
        ("ROUND(PRICE(39493,43054,0.0575,0.065,100,2,0),2)", 94.63),
        ("ROUND(YIELD(39493,42689,0.0575,95.04287,100,2,0),4)", 0.065),
        ("YIELD(39493,43054,0.0575,PRICE(39493,43054,0.0575,0.065,100,2,0),100,2,0)", 0.065),
        ("ROUND(DURATION(43282,54058,0.08,0.09,2,1),7)", 10.9191453),
        ("ROUND(MDURATION(39448,42370,0.08,0.09,2,1),5)", 5.73567),
        ("ROUND(DISC(43282,54058,97.975,100,1),6)", 0.000686),
        ("INTRATE(39493,39583,1000000,1014420,2)", 0.05768),
        ("ROUND(RECEIVED(39493,39583,1000000,0.0575,2),2)", 1014584.65),
        ("ROUND(PRICEDISC(39494,39508,0.0525,100,2),2)", 99.8),
        ("ROUND(YIELDDISC(39494,39508,99.795,100,2),6)", 0.052823),
        ("ROUND(PRICEMAT(39493,39551,39397,0.061,0.061,0),2)", 99.98),
        ("ROUND(YIELDMAT(39522,39755,39394,0.0625,100.0123,0),6)", 0.060954),
        ("ROUND(ACCRINT(39508,39691,39569,0.1,1000,2,0),6)", 16.666667),
        ("ROUND(ACCRINTM(39539,39614,0.1,1000,3),5)", 20.54795),
        ("ROUND(TBILLEQ(39538,39600,0.0914),8)", 0.09415149),
        ("ROUND(TBILLPRICE(39538,39600,0.09),2)", 98.45),
        ("ROUND(TBILLYIELD(39538,39600,98.45),8)", 0.09141696),
        ("TBILLPRICE(39538,40000,0.09)", NUM),
        ("ROUND(ODDFPRICE(39763,44256,39736,39873,0.0785,0.0625,100,2,1),4)", 113.5977),
        ("ROUND(ODDFYIELD(39763,44256,39736,39873,0.0575,84.5,100,2,0),5)", 0.07725),
        ("ROUND(ODDLPRICE(39485,39614,39370,0.0375,0.0405,100,2,0),2)", 99.88),
        ("ROUND(ODDLYIELD(39558,39614,39440,0.0375,99.875,100,2,0),6)", 0.045192),
    ],
)


EUROS = table(
    "Microsoft support, EUROCONVERT function",
    [
        ('EUROCONVERT(1.2,"DEM","EUR")', 0.61),
        ('EUROCONVERT(1,"FRF","EUR",TRUE,3)', 0.152),
        ('EUROCONVERT(1,"FRF","EUR",FALSE,3)', 0.15),
        ('EUROCONVERT(1,"FRF","DEM",TRUE,3)', 0.29728616),
        ('EUROCONVERT(1,"FRF","DEM",FALSE,3)', 0.3),
        ('EUROCONVERT(5,"DEM","DEM")', 5),
        ('EUROCONVERT(5,"USD","EUR")', VALUE),
        ('EUROCONVERT(5,"DEM","EUR",TRUE,2)', VALUE),
    ],
)


@pytest.mark.parametrize(("cases", "index"), joined(LOANS, FLOWS, WEAR, RATES, BONDS, EUROS), ids=name)
def test_tables(cases: Table, index: int) -> None:
    check(cases, index, rtol=1e-9)
