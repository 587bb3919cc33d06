"""Solver's models: read from the file or spoken, solved no worse than known solutions and bare arrays."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import xlsxwriter

from sheetgrad.engine import open_workbook
from sheetgrad.engine.cli import main
from sheetgrad.engine.solver_models import Limits, SolverModel, areas, split_places, spoken, stored_model
from sheetgrad.engine.solving import Infeasible, Solution, solve
from sheetgrad.sheets.errors import SheetgradError, UsageError

from .books import Content, file_of
from .lesson_books import lesson_book

pytest.importorskip("torch")

PLAIN = Limits()


def solved(
    cells: dict[str, Content],
    changing: str,
    *constraints: str,
    objective: str = "s!F1",
    goal: str = "min",
    target: float = 0.0,
    nonnegative: bool = False,
    engine: str = "grg",
    limits: Limits = PLAIN,
    rounds: int | None = None,
) -> Solution:
    book = open_workbook(file_of({"s": cells}))
    given = tuple(spoken(book.model, text) for text in constraints)
    (cell,) = areas(book.model, [objective])
    model = SolverModel(cell, goal, areas(book.model, [changing]), target, given, nonnegative, rounds, engine, limits)  # type: ignore[arg-type]
    return solve(book, model)


def test_the_lesson_is_solved_no_worse_than_bare_arrays() -> None:
    from scipy.optimize import minimize

    book = open_workbook(lesson_book("collab", epochs=1))
    found = solve(book, stored_model(book.model, "dotprod"))
    ratings = np.array([[value or np.nan for value in row] for row in book["dotprod!H2:V16"].tolist()], dtype=float)
    rated, ratings = np.isfinite(ratings), np.nan_to_num(ratings)
    start = np.concatenate([book["dotprod!B25:F39"].ravel(), book["dotprod!H19:V23"].ravel()])

    def rmse(x: np.ndarray) -> tuple[float, np.ndarray]:
        users, films = x[:75].reshape(15, 5), x[75:].reshape(5, 15)
        error = (users @ films - ratings) * rated
        loss = np.sqrt((error**2).sum() / rated.sum())
        slope = error / rated.sum() / loss
        return loss, np.concatenate([(slope @ films.T).ravel(), (users.T @ slope).ravel()])

    bare = minimize(rmse, start, jac=True, method="L-BFGS-B")
    assert found.before == pytest.approx(rmse(start)[0], rel=1e-12)
    assert found.after <= bare.fun + 1e-12
    assert found.result["dotprod!J41"] == found.after


def test_bounds() -> None:
    cells: dict[str, Content] = {"A1": 0, "A2": 5, "F1": "=(A1-3)^2+(A2+1)^2"}
    free = solved(cells, "s!A1:A2")
    assert [free.result["s!A1"], free.result["s!A2"]] == pytest.approx([3, -1], abs=1e-5)
    bound = solved(cells, "s!A1:A2", "s!A1<=2", nonnegative=True)
    assert [bound.result["s!A1"], bound.result["s!A2"]] == pytest.approx([2, 0], abs=1e-7)
    assert bound.method == "L-BFGS-B"
    own = solved(cells, "s!A1:A2", "s!A2>=-0.5", nonnegative=True)
    assert own.result["s!A2"] == pytest.approx(-0.5)


def test_the_greatest_and_a_value() -> None:
    cells: dict[str, Content] = {"A1": 0.5, "F1": "=4-(A1-1)^2"}
    assert solved(cells, "s!A1", goal="max").after == pytest.approx(4)
    assert solved(cells, "s!A1", goal="value", target=3.0).after == pytest.approx(3, abs=1e-5)


# Two products of profits 5 and 4, machine hours 6 and 4 of 24, labour 1 and 2 of 6: the optimum is 21 at (3, 1.5), among whole numbers 20 at (4, 0).
MIX: dict[str, Content] = {
    "A1": 0, "A2": 0, "F1": "=5*A1+4*A2", "B1": "=6*A1+4*A2", "B2": "=A1+2*A2", "C1": 24, "C2": 6,
}  # fmt: skip


def test_linear_programs_whole_numbers_too() -> None:
    free = solved(MIX, "s!A1:A2", "s!B1:B2<=s!C1:C2", goal="max", nonnegative=True)
    assert free.after == pytest.approx(21)
    assert free.method.startswith("HiGHS")
    whole = solved(MIX, "s!A1:A2", "s!B1:B2<=s!C1:C2", "s!A1:A2 int", goal="max", nonnegative=True)
    assert [whole.after, whole.result["s!A1"], whole.result["s!A2"]] == [20, 4, 0]
    yes_or_no = solved(MIX, "s!A1:A2", "s!B1:B2<=s!C1:C2", "s!A1:A2 bin", goal="max")
    assert yes_or_no.after == 9


def test_constraints_that_are_not_linear() -> None:
    cells: dict[str, Content] = {"A1": 1, "A2": 1, "F1": "=A1+A2", "B1": "=A1^2+A2^2", "B2": "=A1-A2"}
    disc = solved(cells, "s!A1:A2", "s!B1<=2")
    assert disc.after == pytest.approx(-2, abs=1e-6)
    assert disc.method == "SLSQP"
    both = solved(cells, "s!A1:A2", "s!B1=2", "s!B2=0", goal="max")
    assert both.after == pytest.approx(2, abs=1e-6)


def test_an_objective_that_chooses_other_cells_as_it_falls() -> None:
    cells: dict[str, Content] = {"A1": 3.2, "F1": "=(A1-1)^2+IFERROR(SQRT(2-A1),0)*0"}
    assert solved(cells, "s!A1").result["s!A1"] == pytest.approx(1, abs=1e-5)


REFUSED: dict[str, tuple[dict[str, Content], tuple[str, ...], str]] = {
    "text": ({"A1": 1, "F1": '="x"&A1'}, (), "F1 is text"),
    "an error": ({"A1": 0, "F1": "=1/A1"}, (), "F1 is an error"),
    "a formula among the changing": ({"A1": "=1", "F1": "=A1"}, (), "s!A1 holds a formula"),
    "no dependence": ({"A1": 1, "F1": "=2+3"}, (), "does not depend on the changing cells"),
    "no derivative": ({"A1": 0.5, "F1": "=IMABS(COMPLEX(A1,2))"}, (), "IMABS reads a text made of numbers: s!F1"),
    "whole and curved, without bounds": (
        {"A1": 1, "F1": "=A1^2"},
        ("s!A1 int",),
        "needs a lower and an upper bound for s!A1",
    ),
    "int of a formula": ({"A1": 1, "F1": "=A1*2"}, ("s!F1 int",), "no changing cells"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_solved_is_refused_by_name(name: str) -> None:
    cells, constraints, message = REFUSED[name]
    with pytest.raises(UsageError, match=message):
        solved(cells, "s!A1", *constraints)


def test_what_has_no_solution() -> None:
    with pytest.raises(Infeasible, match="no solution"):
        solved(MIX, "s!A1:A2", "s!B1<=-1", goal="max", nonnegative=True)
    with pytest.raises(Infeasible, match="contradict"):
        solved({"A1": 1, "F1": "=A1^2"}, "s!A1", "s!A1<=0", "s!A1>=1")


def test_whole_numbers_in_a_curved_model() -> None:
    cells: dict[str, Content] = {"A1": 1, "A2": 1, "F1": "=(A1-2.6)^2+(A2-A1/2)^2+A1*A2/9", "B1": "=A1+A2"}
    found = solved(cells, "s!A1:A2", "s!A1:A2 int", "s!A1:A2<=9", "s!B1<=7", nonnegative=True)
    every = {(a, b): (a - 2.6) ** 2 + (b - a / 2) ** 2 + a * b / 9 for a in range(8) for b in range(8 - a)}
    assert (found.result["s!A1"], found.result["s!A2"]) == min(every, key=lambda pair: every[pair])
    assert found.method == "differential evolution"


def test_the_evolutionary_engine_minimises_what_moves_in_steps() -> None:
    cells: dict[str, Content] = {"A1": 0, "A2": 0, "F1": "=ABS(ROUND(A1,0)-4)+VLOOKUP(A2,K1:L4,2)", "K1": -10, "L1": 5, "K2": 1, "L2": 3,
                                 "K3": 2, "L3": -2, "K4": 3, "L4": 8}  # fmt: skip
    found = solved(cells, "s!A1:A2", "s!A1:A2<=10", "s!A1:A2>=-10", engine="evolutionary")
    assert found.after == -2
    assert 3.5 <= found.result["s!A1"] <= 4.5
    assert 2 <= found.result["s!A2"] < 3
    again = solved(cells, "s!A1:A2", "s!A1:A2<=10", "s!A1:A2>=-10", engine="evolutionary")
    assert again.result["s!A2"] == found.result["s!A2"]  # the same seed


def test_evolution_keeps_to_constraints() -> None:
    cells: dict[str, Content] = {"A1": 1, "A2": 1, "F1": "=A1+A2", "B1": "=A1^2+A2^2"}
    bounds = ("s!A1:A2<=3", "s!A1:A2>=-3")
    found = solved(cells, "s!A1:A2", "s!B1<=2", *bounds, engine="evolutionary", limits=Limits(convergence=1e-6))
    assert found.after == pytest.approx(-2, abs=1e-3)
    with pytest.raises(Infeasible, match="no solution was found that meets s!B1 <= -1"):
        solved(cells, "s!A1:A2", "s!B1<=-1", *bounds, engine="evolutionary", rounds=9)


def test_cells_all_different_are_a_permutation() -> None:
    """The shortest way through six points on a line visits them in order, or in reverse."""
    points = [3.0, 9.0, 1.0, 7.0, 5.0, 2.0]
    cells: dict[str, Content] = {f"A{row}": row for row in range(1, 7)} | {
        f"B{row}": x for row, x in enumerate(points, 1)
    }
    cells["F1"] = "=" + "+".join(f"ABS(INDEX(B1:B6,A{row + 1})-INDEX(B1:B6,A{row}))" for row in range(1, 6))
    found = solved(cells, "s!A1:A6", "s!A1:A6 dif")
    order = found.result["s!A1:A6"].ravel()
    assert sorted(order.tolist()) == [1, 2, 3, 4, 5, 6]
    assert found.after == 8
    assert [points[int(at) - 1] for at in order] in (sorted(points), sorted(points, reverse=True))


def test_simplex_is_for_linear_models() -> None:
    with pytest.raises(UsageError, match="Simplex LP is asked for, but the model is not linear"):
        solved({"A1": 1, "F1": "=A1^2"}, "s!A1", engine="lp")
    assert solved(MIX, "s!A1:A2", "s!B1:B2<=s!C1:C2", goal="max", nonnegative=True, engine="lp").after == pytest.approx(
        21
    )


@pytest.mark.parametrize(
    ("formula", "goal", "way"),
    [
        ("=3*A1+A2", "min", "falls"),
        ("=3*A1+A2", "max", "rises"),
        ("=A1^2+A2", "min", "falls"),
        ("=(A1-3)^2+A2", "max", "rises"),
        ("=EXP(A1)+A2", "max", "rises"),
    ],
)
def test_an_objective_without_an_end_is_no_solution(formula: str, goal: str, way: str) -> None:
    with pytest.raises(Infeasible, match=f"no solution: the objective {way} without end"):
        solved({"A1": 1, "A2": 2, "F1": formula}, "s!A1:A2", goal=goal)


@pytest.mark.parametrize("option", [["--rounds", "0"], ["--value", "nan"]])
def test_numbers_that_make_no_sense_are_refused(tmp_path: Path, option: list[str]) -> None:
    book = str(stored(tmp_path / "mix.xlsx", **MODEL))
    own = ["--objective", "s!F1", "--changing", "s!A1"]
    assert main(["solve", book, "-o", str(tmp_path / "out.xlsx"), *own, *option]) == 2


def test_time_that_is_up_ends_the_search_with_what_was_reached() -> None:
    cells: dict[str, Content] = {"A1": -1.2, "A2": 1, "F1": "=100*(A2-A1^2)^2+(1-A1)^2"}
    short = solved(cells, "s!A1:A2", limits=Limits(seconds=1e-9))
    assert short.reason == "the time limit is reached"
    assert short.rounds == 1
    assert short.after < short.before
    evolved = solved(cells, "s!A1:A2", "s!A1:A2<=3", "s!A1:A2>=-3", engine="evolutionary", limits=Limits(seconds=1e-9))
    assert (evolved.reason, evolved.rounds) == ("the time limit is reached", 1)


def stored(path: Path, **names: object) -> Path:
    """Write MIX with a Solver model as Excel stores one."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as made:
        sheet = made.add_worksheet("s")
        for place, content in MIX.items():
            sheet.write(place, content)
        for name, text in names.items():
            made.define_name(f"s!solver_{name}", f"={text}")
    path.write_bytes(file.getvalue())
    return path


MODEL = {"opt": "s!$F$1", "adj": "s!$A$1:$A$2", "typ": 1, "neg": 1, "num": 2, "val": 0, "lhs1": "s!$B$1:$B$2", "rel1": 1,
         "rhs1": "s!$C$1:$C$2", "lhs2": "s!$A$1:$A$2", "rel2": 4, "rhs2": '"integer"'}  # fmt: skip


def test_a_stored_model_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.xlsx"
    assert main(["solve", str(stored(tmp_path / "mix.xlsx", **MODEL)), "-o", str(out)]) == 0
    assert "s!F1: 0 before, 20 after" in capsys.readouterr().out
    assert open_workbook(str(out))["s!A1:A2"].ravel().tolist() == [4, 0]


def test_what_solver_stores_is_read(tmp_path: Path) -> None:
    names = {
        "eng": 3,
        "pre": 0.001,
        "tol": 0.05,
        "cvg": 0.0002,
        "tim": 2147483647,
        "itr": 77,
        "ssz": 40,
        "rsd": 5,
        "mni": 30,
    }
    model = stored_model(open_workbook(str(stored(tmp_path / "mix.xlsx", **MODEL, **names))).model, None)
    assert model.engine == "evolutionary"
    assert model.limits == Limits(precision=0.001, tolerance=0.05, convergence=0.0002, population=40, idle=30)
    assert (model.rounds, model.seed) == (77, 5)


def test_an_engine_and_a_time_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, book = tmp_path / "out.xlsx", str(stored(tmp_path / "mix.xlsx", **MODEL))
    assert main(["solve", book, "-o", str(out), "--engine", "evolutionary"]) == 2
    assert "needs a lower and an upper bound for s!A1" in capsys.readouterr().err
    assert main(["solve", book, "-o", str(out), "--seconds", "0"]) == 2
    assert not out.exists()
    assert main(["solve", book, "-o", str(out), "--engine", "lp", "--seconds", "60"]) == 0
    assert "HiGHS" in capsys.readouterr().out


def test_bad_models_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.xlsx"
    book = str(stored(tmp_path / "mix.xlsx", **{**MODEL, "rel2": 7}))
    assert main(["solve", book, "-o", str(out)]) == 2
    assert "unknown relation" in capsys.readouterr().err
    assert main(["solve", book, "-o", str(out), "--objective", "s!F1"]) == 2
    assert main(["solve", book, "-o", str(out), "--objective", "s!F1", "--changing", "s!B1"]) == 2
    assert "holds a formula" in capsys.readouterr().err
    assert main(["solve", book, "-o", str(out), "--sheet", "t"]) == 2
    assert not out.exists()


def test_places_split_at_commas_outside_quotes() -> None:
    assert split_places("A1:B2, 'a,b'!C3,n") == ["A1:B2", "'a,b'!C3", "n"]


def test_gradients_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = tmp_path / "b.xlsx"
    book.write_bytes(file_of({"s": {"A1": 3, "A2": 4, "B1": "=A1^2*A2"}}))
    assert main(["grad", str(book), "--of", "s!B1", "--wrt", "s!A1:A2"]) == 0
    assert capsys.readouterr().out.split() == ["A", "1", "24", "2", "9"]
    npz, xlsx = tmp_path / "g.npz", tmp_path / "g.xlsx"
    assert main(["grad", str(book), "--of", "s!B1", "--wrt", "s!A1,s!A2", "-o", str(npz)]) == 0
    assert {key: value.item() for key, value in np.load(npz).items()} == {"s!A1": 24, "s!A2": 9}
    assert main(["grad", str(book), "--of", "s!B1", "--wrt", "s!A1:A2", "-o", str(xlsx)]) == 0
    assert open_workbook(str(xlsx))["s!A1:A2"].ravel().tolist() == [24, 9]
    assert main(["grad", str(book), "--of", "s!B1", "--wrt", "s!C9"]) == 2
    assert "does not depend" in capsys.readouterr().err


def test_errors_have_the_exit_codes_of_usage() -> None:
    assert issubclass(Infeasible, SheetgradError)
    assert Infeasible.exit_code == 1
