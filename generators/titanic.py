"""Lesson ``titanic``: a linear model and a two-layer net on a table with structured references, and by MMULT."""

from __future__ import annotations

import math
from random import Random

from sheetgrad.sheets.errors import FileRefused

from .book import Book, Manner, Sheet
from .csv_tables import one_of, read_table, real, whole
from .panels import ListTable, Look, Solver
from .places import Frame, bound
from .style import Role, Scale
from .titanic_descent import Model
from .titanic_net_descent import add_descent

Passenger = tuple[int, int, str, float, float, str, int, int]
RAW = ("Survived", "Pclass", "Sex", "Age", "Fare", "Embarked", "SibSp", "Parch")
HERE = "passengers[[#This Row],[{}]]"
# Calculated columns: name, formula, what it is, torch call.
FEATURES = (
    ("Age_N", f"{HERE.format('Age')}/MAX(passengers[Age])", "The age, as a share of the greatest.", "age / age.max()"),
    (
        "log_Fare",
        f"LOG10({HERE.format('Fare')}+1)",
        "The logarithm of the fare: a few very high fares would drown all others.",
        "torch.log10(fare + 1)",
    ),
    ("Pclass_1", f"IF({HERE.format('Pclass')}=1,1,0)", "1 in the first class.", "(pclass == 1)"),
    (
        "Pclass_2",
        f"IF({HERE.format('Pclass')}=2,1,0)",
        "1 in the second class; the third has neither.",
        "(pclass == 2)",
    ),
    ("Embark_S", f'IF({HERE.format("Embarked")}="S",1,0)', "1 for Southampton.", "(embarked == 'S')"),
    (
        "Embark_C",
        f'IF({HERE.format("Embarked")}="C",1,0)',
        "1 for Cherbourg; Queenstown has neither.",
        "(embarked == 'C')",
    ),
    ("Male", f'IF({HERE.format("Sex")}="male",1,0)', "1 for men.", "(sex == 'male')"),
    ("Ones", "1", "A column of ones: its weight is the bias.", "torch.ones(n)"),
)
INPUTS = ("SibSp", "Parch", *(name for name, *_ in FEATURES))
ABOUT = (
    (
        "Passengers of a ship, and whether they survived: categories become columns of 0 and 1, numbers "
        "are brought to a similar size, and "
        "a linear model adds up each column times its weight. All of it is in a table with structured "
        "references, so formulas name "
        "their columns, and a new row computes itself."
    ),
    (
        "The sheet net puts two such models and ReLU together: a small neural network. It computes "
        "whole columns at once by MMULT."
    ),
    (
        "The sheets descent and net descent squeeze both models to a chance by a sigmoid and train them by "
        "gradient descent, every gradient a formula, from the weights of the first two sheets. The loss there is "
        "binary cross-entropy: the mean of −ln(the chance that the model gave to what happened)."
    ),
    (
        "Excel’s Solver holds both models: Data > Solver > Solve lowers the loss by changing the weights. "
        "The passengers are invented unless "
        "the workbook was generated from a CSV file."
    ),
)
EXERCISES = (
    (
        "Solve the sheet titanic with Solver. Which weight ends lowest, and why?",
        "Usually Male: men were the last to enter the boats (and so it is among the invented passengers).",
    ),
    (
        "Why is there no column for the third class?",
        "It would be 1 − Pclass_1 − Pclass_2: it adds nothing that the column of ones has not.",
    ),
    (
        "Set all weights to 0. What are loss and accuracy?",
        '="The loss is the share of survivors, "&TEXT(AVERAGE(passengers[Survived]),"0%")'
        '&", and the accuracy that of the others: every prediction is 0."',
    ),
    (
        ("Solve the sheet net with Solver, several times from other weights. Is the loss always the same?"),
        "No: a net with ReLU has several valleys.",
    ),
    (
        "On the sheet descent, set the learning rate to 0.1, then to 2. Where does the loss end?",
        "At 0.1 it falls slowly and ends far higher; at 2 it ends a little lower. Longer steps still would overshoot.",
    ),
    (
        "Solve the sheet titanic with Solver first. Where does the loss on the sheet descent start then?",
        "Lower than from random weights, yet far from its end: Solver lowered the squared error of the sum, "
        "not the cross-entropy of a chance.",
    ),
    (
        "Set all weights of the sheet net to 0. What can net descent still learn?",
        "Only the bias: with all weights 0 both hidden numbers are 0 for everybody, and no gradient passes ReLU.",
    ),
)
TOP = 8
MOST = 2000  # passengers: more make a file too large to hand out


def invented(count: int, seed: int) -> list[Passenger]:
    """Return invented passengers whose survival leans on sex, class and age."""
    random, rows = Random(seed), []
    for _ in range(count):
        pclass = random.choices((1, 2, 3), (24, 21, 55))[0]
        sex = random.choices(("male", "female"), (64, 36))[0]
        age = float(max(1, min(74, round(random.gauss(38 - 4 * pclass, 13)))))
        fare = round(random.lognormvariate({1: 4.1, 2: 2.9, 3: 2.3}[pclass], 0.5), 2)
        embarked = random.choices(("S", "C", "Q"), (72, 19, 9))[0]
        family = (random.choices((0, 1, 2, 3), (68, 22, 6, 4))[0], random.choices((0, 1, 2), (76, 14, 10))[0])
        score = 2.6 * (sex == "female") + 1.1 * (pclass == 1) + 0.5 * (pclass == 2) - 0.03 * age - 0.3 * family[0] - 0.6
        rows.append((int(random.random() < 1 / (1 + math.exp(-score))), pclass, sex, age, fare, embarked, *family))
    return rows


def read_passengers(path: str) -> list[Passenger]:
    """Read passengers from a CSV with the columns of the Titanic table; rows without age or port are left out.

    Raises `FileRefused`, naming the row, for what is no passenger; and where none is left, or too many are.
    """
    found = [passenger for _, passenger in read_table(path, RAW, _passenger)]
    if not found:
        raise FileRefused(path, "no passenger in it has an age and a port")
    if len(found) > MOST:
        raise FileRefused(path, f"it has {len(found)} passengers; at most {MOST} fit the lesson")
    return found


def _passenger(row: dict[str, str]) -> Passenger | None:
    if not row["Age"] or not row["Embarked"]:
        return None
    survived, pclass = whole(row, "Survived", 0, 1), whole(row, "Pclass", 1, 3)
    sex, port = one_of(row, "Sex", ("male", "female")), one_of(row, "Embarked", ("S", "C", "Q"))
    age, fare = real(row, "Age", 0.01, 150), real(row, "Fare", 0, 1e6)
    return survived, pclass, sex, age, fare, port, whole(row, "SibSp", 0, 99), whole(row, "Parch", 0, 99)


def build(rows: int = 60, seed: int = 12, steps: int = 30, learning_rate: float = 1.0, data: str = "") -> Book:
    """Declare the lesson: ``rows`` invented passengers, or those of the CSV file ``data``."""
    passengers = read_passengers(data) if data else invented(rows, seed)
    options: dict[str, str | int | float] = {
        "rows": len(passengers),
        "seed": seed,
        "steps": steps,
        "learning_rate": learning_rate,
    }
    book = Book("titanic", "Survival: a linear model and a small net", ABOUT, EXERCISES, options)
    random = Random(seed)
    sheet = book.sheet("titanic", frozen=(TOP, 0), default_width=60, zoom=100, pages=(1, 0))
    features, survived = _table(sheet, passengers)
    origin = "passengers of the CSV file that have an age and a port" if data else "invented passengers"
    sheet.label((1, 0), f"{len(passengers)} {origin}", Look.FAINT)
    weights = _linear(sheet, features, survived, random)
    first, second = _net(book, features, survived, random)
    add_descent(book, Model(INPUTS, features, survived, weights, first, second), steps, learning_rate)
    return book


def _table(sheet: Sheet, passengers: list[Passenger]) -> tuple[Frame, Frame]:
    """Place the table; return its input columns and the survivors."""
    count, names = len(passengers), [*RAW, *(name for name, *_ in FEATURES), "Linear", "Loss"]
    sheet.label((0, 0), "A linear model by hand", Look.HEADING)
    weights = _weights_row(len(RAW) - 2)
    formulas = {name: f"={formula}" for name, formula, *_ in FEATURES}
    formulas["Linear"] = f"=SUMPRODUCT(passengers[[#This Row],[{INPUTS[0]}]:[{INPUTS[-1]}]],{weights.all()})"
    formulas["Loss"] = f"=({HERE.format('Linear')}-{HERE.format('Survived')})^2"
    sheet.tables.append(
        ListTable("passengers", Frame(sheet.name, TOP - 1, 0, count + 1, len(names)), tuple(names), formulas)
    )
    sheet.constants(
        "passenger_data",
        (TOP, 0),
        passengers,
        Role.INPUT,
        scale=Scale.NONE,
        number_format="General",
        note="Passengers: survived, class, sex, age, fare, port, siblings and spouses, parents and children.",
    )
    for offset, (name, formula, note, call) in enumerate(FEATURES, start=len(RAW)):
        sheet.fill(
            name,
            (TOP, offset),
            (count, 1),
            bound(lambda i, j, formula: formula, formula),
            Role.ACTIVATION,
            number_format="0.00" if name in ("Age_N", "log_Fare") else "0",
            note=note,
            torch=call,
        )
    first = len(RAW) - 2
    return sheet.frame((TOP, first), (count, len(INPUTS))), sheet.frame((TOP, 0), (count, 1))


def _weights_row(column: int) -> Frame:
    return Frame("titanic", 4, column, 1, len(INPUTS))


def _linear(sheet: Sheet, features: Frame, survived: Frame, random: Random) -> Frame:
    """Place the linear model; return its weights."""
    row = _weights_row(features.left)
    weights = sheet.constants(
        "weights",
        (row.top, row.left),
        [[round(random.uniform(-0.5, 0.5), 2) for _ in INPUTS]],
        Role.WEIGHT,
        number_format="0.00",
        scale=Scale.BLUE_WHITE_RED,
        note="A weight for each column below, random to begin with; Solver changes them.",
        title=f"Weights 1×{len(INPUTS)}: one for each column below",
    )
    column = features.right
    linear, loss = (
        f"=SUMPRODUCT(passengers[[#This Row],[{INPUTS[0]}]:[{INPUTS[-1]}]],{weights.all()})",
        f"=({HERE.format('Linear')}-{HERE.format('Survived')})^2",
    )
    sheet.fill(
        "Linear",
        (TOP, column),
        (features.height, 1),
        lambda i, j: linear[1:],
        Role.RESULT,
        number_format="0.000",
        scale=Scale.BLUE_WHITE_RED,
        note="Each column times its weight, added.",
        torch="F.linear(x, w)",
    )
    sheet.fill(
        "Loss",
        (TOP, column + 1),
        (features.height, 1),
        lambda i, j: loss[1:],
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="The squared difference from survived.",
        torch='F.mse_loss(…, reduction="none")',
    )
    objective = sheet.result(
        "mean_loss",
        (2, column + 1),
        "Loss",
        "AVERAGE(passengers[Loss])",
        torch="F.mse_loss(F.linear(x, w), survived)",
        note="The mean squared error; Solver lowers it.",
    )
    sheet.result(
        "accuracy",
        (3, column + 1),
        "Accuracy",
        "SUMPRODUCT(--((passengers[Linear]>0.5)=(passengers[Survived]=1)))/ROWS(passengers[Survived])",
        number_format="0.0%",
        torch="((prediction > 0.5) == survived).mean()",
        note="The share of passengers predicted right.",
    )
    sheet.label((5, row.left), "Data > Solver > Solve lowers the loss by changing them.", Look.FAINT)
    sheet.solver = Solver(objective, (weights,))
    return weights


def _net(book: Book, features: Frame, survived: Frame, random: Random) -> tuple[Frame, Frame]:
    """Place the two-layer net by matrix products, and the linear model by one; return the net's weights."""
    sheet = book.sheet("net", frozen=(3, 0), default_width=66, zoom=100, pages=(1, 0))
    sheet.widths[0] = 80
    sheet.label((0, 0), "A small net by matrix products", Look.HEADING)
    count, block = features.height, f"passengers[[{INPUTS[0]}]:[{INPUTS[-1]}]]"
    for i, name in enumerate(INPUTS):
        sheet.label((5 + i, 0), name, Look.FAINT)
    details: Manner = {"number_format": "0.00", "scale": Scale.BLUE_WHITE_RED}
    first = sheet.constants(
        "net_weights",
        (5, 1),
        [[round(random.uniform(-0.5, 0.5), 2) for _ in (0, 1)] for _ in INPUTS],
        Role.WEIGHT,
        title=f"First layer {len(INPUTS)}×2",
        note="Two sets of weights, one for each hidden number; random to begin with.",
        **details,
    )
    second = sheet.constants(
        "net_second",
        (5, 4),
        [[1.0], [1.0]],
        Role.WEIGHT,
        title="Second 2×1",
        note="Both hidden numbers count 1, as in the lesson; change them if you like.",
        **details,
    )
    top, left = 5, 6
    before = sheet.whole(
        "net_before",
        (top, left),
        (count, 2),
        f"MMULT({block},{first.all()})",
        Role.ACTIVATION,
        title=f"Before ReLU {count}×2",
        note="All columns times both sets of weights.",
        torch="x @ W1",
        **details,
    )
    hidden = sheet.fill(
        "net_hidden",
        (top, left + 3),
        (count, 2),
        lambda i, j: f"MAX(0,{before.cell(i, j)})",
        Role.ACTIVATION,
        title=f"ReLU {count}×2",
        number_format="0.00",
        note="Negative numbers become 0.",
        torch="F.relu(x @ W1)",
    )
    predicted = sheet.whole(
        "net_prediction",
        (top, left + 6),
        (count, 1),
        f"MMULT({hidden.all('')},{second.all()})",
        Role.RESULT,
        title="Prediction",
        number_format="0.000",
        note="The second layer.",
        torch="F.relu(x @ W1) @ W2",
    )
    real = survived.seen_from(sheet.name)
    errors = sheet.fill(
        "net_errors",
        (top, left + 7),
        (count, 1),
        lambda i, j: f"({predicted.cell(i, 0)}-{real.cell(i, 0)})^2",
        Role.RESULT,
        scale=Scale.WHITE_RED,
        title="Loss",
        number_format="0.000",
        note="The squared difference from survived.",
        torch="(prediction - survived) ** 2",
    )
    objective = sheet.result(
        "net_loss",
        (2, left + 7),
        "Loss",
        f"AVERAGE({errors.all('')})",
        torch="F.mse_loss(prediction, survived)",
        note="The mean squared error; Solver lowers it.",
    )
    sheet.result(
        "net_accuracy",
        (1, left + 7),
        "Accuracy",
        f"SUMPRODUCT(--(({predicted.all('')}>0.5)=({real.all('')}=1)))/{count}",
        number_format="0.0%",
        torch="((prediction > 0.5) == survived).mean()",
        note="The share of passengers predicted right.",
    )
    linear = sheet.whole(
        "linear_again",
        (top, left + 10),
        (count, 1),
        f"MMULT({block},TRANSPOSE({_weights_row(features.left).seen_from(sheet.name).all()}))",
        Role.RESULT,
        title=f"Linear model {count}×1",
        scale=Scale.BLUE_WHITE_RED,
        number_format="0.000",
        note="The linear model of the sheet titanic as one matrix product.",
        torch="x @ w",
    )
    sheet.result(
        "linear_difference",
        (2, left + 11),
        "Difference",
        f"ROUND(SUMXMY2({linear.all('')},passengers[Linear]),20)",
        number_format="0",
        torch="0",
        note="From the column Linear: 0.",
    )
    sheet.solver = Solver(objective, (first,))
    return first, second
