"""Lesson collab from a CSV of ratings: what is read, what is refused and how it is said, and what many ratings change."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import openpyxl
import pytest

from sheetgrad.engine.cli import main
from sheetgrad.engine.workbook import Workbook
from sheetgrad.generators.commands import generated, verify
from sheetgrad.generators.compute import as_workbook
from sheetgrad.generators.lessons import lesson
from sheetgrad.generators.ratings import MOST, choose_ratings, read_ratings
from sheetgrad.sheets.errors import FileRefused

HEADER = "userId,movieId,title,rating"
ROWS = ("3,10,Heat,4", "1,10,Heat,2.5", '1,7,"Fish, A",5', '3,7,"Fish, A",0.5')


def csv_file(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> str:
    path = folder / "ratings.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding=encoding)
    return str(path)


def many(users: int, films: int) -> list[str]:
    """Return ratings of every second pair."""
    pairs = [(user, film) for user in range(users) for film in range(films) if (user + film) % 2 == 0]
    return [f"{user},{film},Film {film},{(user * film) % 5 + 0.5}" for user, film in pairs]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_ratings_are_ordered_by_user_and_film(tmp_path: Path, encoding: str) -> None:
    found = read_ratings(csv_file(tmp_path, *ROWS, "", encoding=encoding))
    assert (found.users, found.films, found.titles) == ((1, 3), (7, 10), ("Fish, A", "Heat"))
    assert found.grid() == [[5.0, 2.5], [0.5, 4.0]]


def test_other_columns_and_gzip_are_read(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv.gz"
    path.write_bytes(gzip.compress(b"rating,genres,title,movieId,userId\n4,Drama|War,Heat,10,3\n"))
    assert read_ratings(str(path)).triples == ((3, 10, 4.0),)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('4,7,"Fish, A",great', "row 6: rating is 'great': expected a number from 0 to 5"),
        ('4,7,"Fish, A",5.5', "row 6: rating is '5.5'"),
        ('4,7,"Fish, A",-1', "row 6: rating is '-1'"),
        ('4,7,"Fish, A",nan', "row 6: rating is 'nan'"),
        ('4,7,"Fish, A"', "row 6: 3 cells where the first row has 4"),
        ('4.5,7,"Fish, A",3', "row 6: userId is '4.5': expected a whole number"),
        ('4,,"Fish, A",3', "row 6: movieId is ''"),
        ('1,7,"Fish, A",3', "row 6: user 1 has rated film 7 already, in row 4"),
        ("4,7,Heat,3", "row 6: film 7 is 'Heat' here and 'Fish, A' in row 4"),
        ("4,8,,3", "row 6: title is ''"),
        ("4,8,=1+1,3", "row 6: title is '=1.1': expected a text"),
        ("4,8,A\x01B,3", "row 6: title is"),
        ('4,8,"A"B,3', "row 6: ',' expected after"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(FileRefused, match=message):
        read_ratings(csv_file(tmp_path, *ROWS, row))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty; it needs the columns userId, movieId, title, rating"),
        (b"userId,movieId,title,rating\n", "no rating is in it"),
        (b"userId,movieId,rating\n1,1,4\n", "row 1: no column 'title': expected userId, movieId, title, rating"),
        (b"userId;movieId;title;rating\n", "separated by commas, not 'userId;movieId"),
        (HEADER.encode() + b"\n1,1,Am\xe9lie,4\n", "row 2: byte 0xe9 is not UTF-8"),
        (HEADER.encode("utf-16"), "it is UTF-16"),
        (b"\x1f\x8b nothing packed", "ratings.csv: "),
    ],
)
def test_a_file_that_is_no_table_of_ratings_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "ratings.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=message):
        read_ratings(str(path))


def test_too_many_ratings_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=f"101 users and 101 films are too many: at most {MOST:,}"):
        read_ratings(csv_file(tmp_path, *(f"{n},{n},Film {n},3" for n in range(101))))
    with pytest.raises(FileRefused, match="No such file"):
        read_ratings(str(tmp_path / "none.csv"))


def test_a_refused_file_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, target = csv_file(tmp_path, "1,2,Heat,many"), tmp_path / "out.xlsx"
    assert main(["generate", "collab", "--ratings", path, "-o", str(target)]) == 3
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "ratings.csv: row 2: rating is 'many'" in err
    assert [file.name for file in tmp_path.iterdir()] == ["ratings.csv"]


def test_the_slice_of_100_is_there() -> None:
    found = choose_ratings("100")
    assert (len(found.users), len(found.films), len(found.triples)) == (100, 100, 6031)


def test_a_title_stays_a_text(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = csv_file(tmp_path, "1,1,http://example.org,3", "1,2,{=2},4", "2,1,http://example.org,1")
    sheet = openpyxl.load_workbook(io.BytesIO(generated("collab", ratings=path, epochs=1)))["dotprod"]
    titles = [cell for cell in sheet[1] if cell.value in ("http://example.org", "{=2}")]
    assert [(cell.data_type, cell.hyperlink) for cell in titles] == [("s", None), ("s", None)]


def test_many_ratings_are_tables_that_equal_their_twin(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    made = generated("collab", ratings=csv_file(tmp_path, *many(52, 50)), epochs=2)
    assert [panel for panel in verify(made)["panels"] if not panel["ok"]] == []
    assert b"Ratings: the file ratings.csv." in b"".join(
        str(cell.value).encode()
        for row in openpyxl.load_workbook(io.BytesIO(made))["index"].iter_rows()
        for cell in row
    )


def test_regions_do_not_grow_with_users_films_and_ratings(tmp_path: Path) -> None:
    def regions(users: int, films: int, **options: int) -> int:
        path = csv_file(tmp_path, *many(users, films))
        book = lesson("collab").build(checked=False, ratings=path, **options)
        return int(Workbook(as_workbook(book)).explain()["regions"])

    assert regions(6, 7, epochs=3) == regions(9, 8, epochs=5) == regions(9, 8, epochs=3, factors=7)
    assert regions(51, 50, epochs=3) == regions(53, 52, epochs=4)
