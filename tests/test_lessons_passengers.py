"""Lesson titanic from a CSV: which passengers are taken, what is refused and how it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from sheetgrad.generators.commands import generated, verify
from sheetgrad.generators.titanic import MOST, read_passengers
from sheetgrad.sheets.errors import FileRefused

HEADER = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"
ROWS = (
    '1,0,3,"Brown, Mr. A",male,22,1,0,A 5,7.25,,S',
    '2,1,1,"Green, Mrs. B",female,38,1,2,PC 1,71.2833,C85,C',
    "3,1,2,Grey,female,,0,0,7,8.05,,Q",
    "4,0,3,White,male,54.5,0,0,8,0,,",
    "5,1,2,Black,female,4,1,1,9,16.7,G6,S",
)


def csv_file(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> str:
    path = folder / "passengers.csv"
    path.write_text("\r\n".join((header, *rows)) + "\r\n", encoding=encoding)
    return str(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_passengers_with_age_and_port_are_taken(tmp_path: Path, encoding: str) -> None:
    assert read_passengers(csv_file(tmp_path, *ROWS, encoding=encoding)) == [
        (0, 3, "male", 22.0, 7.25, "S", 1, 0),
        (1, 1, "female", 38.0, 71.2833, "C", 1, 2),
        (1, 2, "female", 4.0, 16.7, "S", 1, 1),
    ]


def test_a_lesson_from_a_csv_equals_its_twin(tmp_path: Path) -> None:
    made = generated("titanic", data=csv_file(tmp_path, *ROWS), steps=2)
    assert [panel for panel in verify(made)["panels"] if not panel["ok"]] == []


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (
            "Survived,Pclass,Sex,Age,Fare,Embarked,SibSp",
            "1,1,male,20,5,S,0",
            "row 1: no column 'Parch': expected Survived",
        ),
        (HEADER, "1,2,3,X,male,22,1,0,A,7.25,,S", "row 2: Survived is '2': expected a whole number from 0 to 1"),
        (HEADER, "1,yes,3,X,male,22,1,0,A,7.25,,S", "row 2: Survived is 'yes'"),
        (HEADER, "1,1,4,X,male,22,1,0,A,7.25,,S", "row 2: Pclass is '4'"),
        (HEADER, "1,1,3,X,=1+1,22,1,0,A,7.25,,S", "row 2: Sex is '=1.1': expected male or female"),
        (HEADER, "1,1,3,X,male,nan,1,0,A,7.25,,S", "row 2: Age is 'nan'"),
        (HEADER, "1,1,3,X,male,22,1,0,A,inf,,S", "row 2: Fare is 'inf'"),
        (HEADER, "1,1,3,X,male,-3,1,0,A,7.25,,S", "row 2: Age is '-3'"),
        (HEADER, "1,1,3,X,male,22,-1,0,A,7.25,,S", "row 2: SibSp is '-1'"),
        (HEADER, "1,1,3,X,male,22,1,0,A,7.25,,Calais", "row 2: Embarked is 'Calais': expected S or C or Q"),
        (HEADER, "1,1,3", "row 2: 3 cells where the first row has 12"),
        (HEADER, ROWS[2], "no passenger in it has an age and a port"),
        ("", "", "no column 'Survived'"),
    ],
)
def test_a_csv_that_is_no_table_of_passengers_is_refused(tmp_path: Path, header: str, row: str, message: str) -> None:
    with pytest.raises(FileRefused, match=message):
        read_passengers(csv_file(tmp_path, row, header=header))


def test_too_many_passengers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=f"{MOST + 1} passengers; at most {MOST}"):
        read_passengers(csv_file(tmp_path, *[ROWS[0]] * (MOST + 1)))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="No such file"):
        read_passengers(str(tmp_path / "none.csv"))
