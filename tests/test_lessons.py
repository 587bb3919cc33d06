"""Every lesson: equal to its torch twin, named, lifted, byte-stable, and loaded by others."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache
from typing import Any

import numpy as np
import openpyxl
import pytest

from sheetgrad.engine.workbook import Workbook, open_workbook
from sheetgrad.generators.commands import generate, generated, verify
from sheetgrad.generators.compute import as_workbook
from sheetgrad.generators.lessons import lesson
from sheetgrad.generators.panels import Constants, Label, Panel
from sheetgrad.generators.places import Frame
from sheetgrad.sheets.addresses import cell_name
from sheetgrad.sheets.errors import FileRefused, UsageError

from .lesson_set import NAMES, made, options

pytest.importorskip("torch")


@cache
def opened(name: str) -> Workbook:
    return open_workbook(made(name))


@cache
def panels(name: str) -> list[Panel]:
    return lesson(name).build(**options(name)).panels


@cache
def labels(name: str) -> list[tuple[str, Label]]:
    book = lesson(name).build(**options(name))
    return [(sheet.name, label) for sheet in book.sheets for label in sheet.labels]


@cache
def verified(name: str) -> dict[str, Any]:
    return verify(made(name))


def edited(name: str, changes: dict[str, object]) -> bytes:
    """Return a lesson with other contents in the first cell of defined names (or in cells ``sheet!A1``)."""
    workbook = opened(name)
    parts: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(made(name))) as package:
        files = {entry: package.read(entry) for entry in package.namelist()}
    for place, content in changes.items():
        area = workbook.area(place)
        part = f"xl/worksheets/sheet{area.sheet + 1}.xml"
        xml = parts.setdefault(part, files[part].decode())
        pattern = rf'<c r="{cell_name(area.top, area.left)}"( s="[0-9]+")?[^>]*?(/>|>.*?</c>)'
        cell = f'<c r="{cell_name(area.top, area.left)}"\\1{_content(content)}</c>'
        parts[part], count = re.subn(pattern, cell, xml, count=1)
        assert count == 1, place
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for entry, data in files.items():
            package.writestr(entry, parts[entry].encode() if entry in parts else data)
    return file.getvalue()


def _content(content: object) -> str:
    if content is None:
        return ">"
    if isinstance(content, str):
        return f"><f>{content[1:]}</f>" if content.startswith("=") else f' t="inlineStr"><is><t>{content}</t></is>'
    return f"><v>{content}</v>"


@pytest.mark.parametrize("name", NAMES)
def test_equals_its_twin(name: str) -> None:
    report = verified(name)
    assert [panel for panel in report["panels"] if not panel["ok"]] == []
    assert report["ok"]
    assert report["lesson"] == name


@pytest.mark.parametrize("name", NAMES)
def test_twin_covers_every_formula(name: str) -> None:
    covered = {panel["name"] for panel in verified(name)["panels"]}
    assert {panel.name for panel in panels(name) if not isinstance(panel.content, Constants)} - covered == set()


@pytest.mark.parametrize("name", NAMES)
def test_stored_values_are_the_computed_ones(name: str) -> None:
    comparison = opened(name).recompute().comparison(rtol=1e-13)
    assert comparison.differences == []


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_is_a_name(name: str) -> None:
    names = opened(name).names
    assert [panel.name for panel in panels(name) if names.get(panel.name) != panel.frame.address] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_has_one_owner(name: str) -> None:
    seen: dict[tuple[str, int, int], str] = {}
    clashes = []
    cells = [
        ((panel.frame.sheet, row, column), panel.name)
        for panel in panels(name)
        for row in range(panel.frame.top, panel.frame.bottom)
        for column in range(panel.frame.left, max(panel.frame.right, panel.frame.left + panel.span))
    ]
    cells += [((sheet, label.row, label.column), f"label {label.text}") for sheet, label in labels(name)]
    for place, owner in cells:
        if place in seen:
            clashes.append((place, owner, seen[place]))
        seen[place] = owner
    assert clashes == []


@pytest.mark.parametrize("name", NAMES)
def test_formulas_open_everywhere(name: str) -> None:
    avoided = re.compile(
        r"_xlfn|\b(LAMBDA|LET|MAP|SEQUENCE|FILTER|XLOOKUP|MUNIT|IFS|SWITCH|CONCAT|TEXTJOIN)\(|(?<!\[)#|@"
    )
    texts = [panel.first_formula() for panel in panels(name)]
    assert [text for text in texts if avoided.search(text)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_falls_back(name: str) -> None:
    assert opened(name).explain()["fallback_cells"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_same_options_same_bytes(name: str) -> None:
    assert generated(name, **options(name)) == made(name)


@pytest.mark.parametrize("name", NAMES)
def test_openpyxl_loads_and_finds_no_error(name: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made(name)), data_only=True)
    values = [(sheet.title, cell.coordinate, cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [found for found in values if isinstance(found[2], str) and found[2].startswith("#")] == []
    assert len(made(name)) < 5_000_000


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("conv", {"digit": 3, "example": 4, "choice_1": "blur", "choice_2": "sobel down"}),
        ("conv", {"image": 0.75, "kernel_1": 2.5, "dense_7_1": -1.0, "kernel_2_1": 0.5}),
        ("conv", {"stride": 1, "padding": 0, "pooling": "average", "position": 676}),
        ("conv", {"stride": 1, "padding": 1, "pooling": "max", "position": 784}),
        ("conv", {"stride": 2, "padding": 0, "pooling": "average", "position": 1}),
        ("dropout", {"p": 0.5, "seed": 7}),
        ("dropout", {"random_source": "RAND()"}),
        ("dropout", {"mode": "evaluation"}),
        ("collab", {"learning_rate": 0.02, "weight_decay": 0.5, "ratings": 5, "highest": 6}),
        ("collab", {"dotprod!H2": None, "long!A5": 30, "user_factors": 0.9}),
        ("activations", {"start": -2, "step": 0.1, "slope": 0.3}),
        ("optimisers", {"sgd_lr": 0.1, "momentum_share": 0.5, "rmsprop_alpha": 0.99, "adam_first": 0.5, "start_a": 5}),
        ("embeddings", {"film_2": "Fargo", "film_matrix": 7, "poem": "star"}),
        ("matmul", {"kernel_choice": "outline", "image": 0.3, "library_8": 5}),
        ("collab-analysis", {"film": "Matrix, The", "bias": 3, "factors": -2}),
        ("train", {"learning_rate": 0.1, "digit_2": 0.7, "start_first_0": 0.2, "target_1": 3}),
        ("collab-nn", {"learning_rate": 0.5, "highest": 6, "start_users": 0.1, "data": 4}),
        ("tabular", {"categories": "Sunday", "numbers": 1, "day_matrix": 0.5}),
        ("titanic", {"passenger_data": 0, "weights": 0.3, "net_weights": -0.2, "net_second": 0.5}),
        ("tabular", {"learning_rate": 0.3, "start_days": 0.7, "start_second_bias": 0, "sales": 3}),
        (
            "titanic",
            {"learning_rate": 5, "net_learning_rate": 0.3, "start_bias": 1, "titanic!A12": 1, "titanic!C12": "male"},
        ),
        ("entropy", {"temperature": 2, "targets": "fish", "activations": 9, "binary_targets": 0}),
    ],
)
def test_an_edited_workbook_still_verifies(name: str, changes: dict[str, object]) -> None:
    report = verify(edited(name, changes))
    assert [panel for panel in report["panels"] if not panel["ok"]] == []


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 0), (2, 1)])
@pytest.mark.parametrize("pooling", ["max", "average", "concat"])
def test_conv_verifies_at_every_setting(stride: int, padding: int, pooling: str) -> None:
    side = (28 + 2 * padding - 3) // stride + 1
    settings = {"stride": stride, "padding": padding, "pooling": pooling, "position": side * side}
    report = verify(edited("conv", settings))
    assert [panel for panel in report["panels"] if not panel["ok"]] == []


@pytest.mark.parametrize(
    ("name", "place", "verdict"),
    [
        ("conv", "conv!AM9", "check_conv"),
        ("conv", "strides!AZ8", "check_strides"),
        ("train", "grad_second_0_0_step_2", "check_steps"),
        ("activations", "mish", "check_activations"),
        ("optimisers", "adam_m", "check_adam"),
    ],
)
def test_a_departure_shows_in_the_checks(name: str, place: str, verdict: str) -> None:
    workbook = opened(name)
    stored = np.asarray(workbook.recompute()[place], dtype=np.float64)
    result = workbook.recompute(set={place: stored + 0.001})
    assert [str(result[check]) for check in (verdict, "check_all")] == ["≠ torch: see check"] * 2


@pytest.mark.parametrize("name", NAMES)
def test_what_a_check_sums_together_has_no_other_numbers(name: str) -> None:
    found = panels(name)
    (lines,) = (panel.content for panel in found if panel.name == "check_panels")
    assert isinstance(lines, Constants)
    for sheet in {panel.frame.sheet for panel in found if panel.quiet}:
        quiet = [panel.frame for panel in found if panel.quiet and panel.frame.sheet == sheet]
        top, left = min(frame.top for frame in quiet), min(frame.left for frame in quiet)
        bottom, right = max(frame.bottom for frame in quiet), max(frame.right for frame in quiet)
        assert (Frame(sheet, top, left, bottom - top, right - left).all(""),) in lines.rows
        others = [panel.frame for panel in found if not panel.quiet]
        others += [Frame(on, at.row, at.column, 1, 1) for on, at in labels(name) if not isinstance(at.text, str)]
        across = [frame for frame in others if frame.sheet == sheet and frame.left < right and frame.right > left]
        assert [frame for frame in across if frame.top < bottom and frame.bottom > top] == []


@pytest.mark.parametrize(
    ("name", "changes", "wrong"),
    [
        ("conv", {"conv!CM4": "=MIN(BM4:BN5)+1"}, "maxpool_1"),
        ("conv", {"softmax": 0.5}, "softmax"),
        ("dropout", {"random!B3": 12}, "states"),
        ("collab", {"dot_predictions": "=1/0"}, "dot_predictions"),
        ("collab", {"epoch_users_1": "=bias!B26"}, "epoch_users_1"),
        ("entropy", {"losses": "=0"}, "losses"),
    ],
)
def test_a_wrong_workbook_fails(name: str, changes: dict[str, object], wrong: str) -> None:
    report = verify(edited(name, changes))
    assert not report["ok"]
    assert wrong in [panel["name"] for panel in report["panels"] if not panel["ok"]]


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("tabular", {"categories": "Holiday"}, "category 'Holiday' that is not in its list: monday"),
        ("titanic", {"passenger_data": "yes"}, "could not convert string to float: 'yes'"),
        ("collab-analysis", {"film": "Jaws"}, "'Jaws' is not in list"),
        ("embeddings", {"poem": "moon"}, "'moon' is not in list"),
        ("collab-nn", {"data": 99}, "index out of range"),
        ("collab", {"long!A5": 99}, "99.0 is not in list"),
        ("collab", {"ratings": "=1+1"}, "ratings at .* holds formulas where its twin expects inputs"),
    ],
)
def test_verify_refuses_inputs_that_torch_cannot_take(name: str, changes: dict[str, object], message: str) -> None:
    with pytest.raises(FileRefused, match=f"an input is not what lesson {name} takes: .*{message}"):
        verify(edited(name, changes))


def test_verify_refuses_what_is_no_lesson() -> None:
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    with pytest.raises(FileRefused, match="not a lesson"):
        verify(file.getvalue())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nothing", {}, "no lesson called 'nothing'; there are conv,"),
        ("conv", {"colour": 1}, "no option 'colour'; it has digit, size, classes"),
        ("conv", {"digit": 100}, "digit is 100: expected 0 to 99"),
        ("dropout", {"p": float("nan")}, "p is nan: expected a number"),
        ("train", {"learning_rate": -1.0}, "learning_rate is -1.0: expected 0.0 or more"),
    ],
)
def test_bad_requests_are_named(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        generated(name, **options)


def test_steps_that_are_too_long_are_numbers_no_more() -> None:
    result = Workbook(as_workbook(lesson("tabular").build(steps=5, learning_rate=1e80))).recompute()
    assert "#NUM!" in {str(value) for value in result["training!A1:ZZ100"].ravel()}


def test_generate_writes_the_file(tmp_path: Any) -> None:
    target = tmp_path / "entropy.xlsx"
    assert generate("entropy", target).read_bytes() == made("entropy")


def test_regions_do_not_grow_with_the_options() -> None:
    def regions(name: str, **options: Any) -> int:
        return int(Workbook(as_workbook(lesson(name).build(**options))).explain()["regions"])

    assert regions("conv", size=20, classes=1) == regions("conv", size=34, classes=1)
    assert regions("collab", epochs=3) == regions("collab", epochs=6)
    assert regions("train", epochs=2) == regions("train", epochs=3)
    assert regions("collab-nn", epochs=1) == regions("collab-nn", epochs=2)
    assert regions("optimisers", epochs=1) == regions("optimisers", epochs=2)
    assert regions("tabular", steps=3) == regions("tabular", steps=4)
    assert regions("titanic", rows=10, steps=3) == regions("titanic", rows=15, steps=4)
