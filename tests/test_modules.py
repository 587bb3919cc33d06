"""A workbook as a `torch.nn.Module`: trained, moved, saved, one input or a batch of them, on any device."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from sheetgrad.engine import open_workbook
from sheetgrad.engine.modules import WorkbookModule
from sheetgrad.sheets.errors import UsageError

from .books import file_of
from .differentiable_formulas import CELLS, HOSTED, formulas
from .lesson_books import lesson_book

torch = pytest.importorskip("torch")

LINE = {**{f"A{r}": r / 4 for r in range(1, 9)}, **{f"B{r}": 3 * r / 4 - 1 for r in range(1, 9)}, "E1": 0, "E2": 0,
        **{f"C{r}": f"=E$1*A{r}+E$2" for r in range(1, 9)}, "E4": "=SUMXMY2(B1:B8,C1:C8)/8"}  # fmt: skip


def test_a_workbook_trains_as_a_module() -> None:
    book = open_workbook(file_of({"s": LINE}))
    module = book.to_torch(parameters=["s!E1:E2"], outputs=["s!E4"])
    optimiser = torch.optim.LBFGS(module.parameters(), max_iter=40, line_search_fn="strong_wolfe")

    def loss() -> object:
        optimiser.zero_grad()
        found = module()
        found.backward()
        return found

    optimiser.step(loss)
    result = book.load(module)
    assert result["s!E1"] == pytest.approx(3, abs=1e-4)
    assert result["s!E2"] == pytest.approx(-1, abs=1e-4)
    assert result["s!E4"] < 1e-8


def test_a_module_takes_inputs_one_or_many_and_either_precision() -> None:
    module = open_workbook(file_of({"s": LINE})).to_torch(inputs=["s!E1:E2"], outputs=["s!C1:C2", "s!E4"])
    line, loss = module(torch.tensor([[3.0], [-1.0]]))
    assert line.ravel().tolist() == [-0.25, 0.5]
    assert loss.item() == pytest.approx(0)
    lines, _ = module(torch.tensor([[[1.0], [0.0]], [[0.0], [1.0]]]))
    assert lines[:, :, 0].tolist() == [[0.25, 0.5], [1.0, 1.0]]
    assert module.float()(torch.tensor([[3.0], [-1.0]]))[0].dtype == torch.float32


def test_a_module_that_would_have_to_look_again_is_refused() -> None:
    book = open_workbook(
        file_of({"s": {"A1": 1, **{f"F{r}": r * r for r in range(1, 5)}, "B1": "=OFFSET(F1,A1,0)*A1"}})
    )
    with pytest.raises(UsageError, match="OFFSET in s!B1"):
        book.to_torch(parameters=["s!A1"], outputs=["s!B1"])


NUMBERS = ["s!A1:C4", "s!E1:G4"]
SETTLED = ("VLOOKUP(3", "HLOOKUP", "SORT", "SORTBY", "UNIQUE", "MIRR")  # what they choose depends on the numbers


def module_of(formula: str) -> WorkbookModule | None:
    """Return a formula as a module of the numbers it reads; None where it would have to look again."""
    book = open_workbook(file_of({"s": {**CELLS, "Z1": f"{{={formula}}}"}}))
    if any(name in formula for name in SETTLED):
        with pytest.raises(UsageError, match="other values would change"):
            book.to_torch(inputs=NUMBERS, outputs=["s!Z1"])
        return None
    return book.to_torch(inputs=NUMBERS, outputs=["s!Z1"])


def test_a_batch_gives_what_its_items_give_and_their_gradients() -> None:
    values = open_workbook(file_of({"s": CELLS}))
    first, second = (torch.tensor(values[place]) for place in NUMBERS)
    factors = torch.tensor([1.0, 1.001, 0.998], dtype=torch.float64).reshape(3, 1, 1)
    many = [(first * factors).requires_grad_(), (second * factors).requires_grad_()]
    wrong = []
    for formula in formulas():
        module = module_of(formula)
        if module is None:
            continue
        found = module(*many)
        alone = torch.stack([module(many[0][item], many[1][item]) for item in range(3)])
        slopes, own = (torch.autograd.grad(each.sum(), many, allow_unused=True) for each in (found, alone))
        pairs = [(found, alone), *((a, b) for a, b in zip(slopes, own, strict=True) if a is not None and b is not None)]
        if any(not torch.allclose(a, b, rtol=1e-11, atol=1e-12) for a, b in pairs):
            wrong.append(formula)
    assert wrong == []


def test_single_precision_is_close_to_double() -> None:
    values = open_workbook(file_of({"s": CELLS}))
    given = [torch.tensor(values[place]) for place in NUMBERS]
    wrong = []
    for formula in formulas():
        module = module_of(formula)
        if module is not None:
            double = module(*given).item()
            single = module.float()(*given)
            if single.dtype != torch.float32 or abs(single.item() - double) > 2e-3 * max(abs(double), 1):
                wrong.append((formula, double, single.item()))
    assert wrong == []


def test_nothing_stays_behind_when_a_module_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """On torch's meta device, which has no data: every tensor that an operation takes or gives must be there."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_flatten

    monkeypatch.setattr("sheetgrad.engine.backends.torch_special.ROUNDS", 2)
    elsewhere: set[str] = set()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            tensors = [each for each in tree_flatten((args, kwargs, result))[0] if isinstance(each, torch.Tensor)]
            if any(tensor.device.type != "meta" for tensor in tensors):
                elsewhere.add(str(function))
            return result

    for formula in formulas():
        module = None if any(f"{name}(" in formula for name in HOSTED) else module_of(formula)
        if module is None:
            continue
        module.to("meta")
        module._follow()
        given = [torch.empty(3, 4, 3, dtype=torch.float64, device="meta") for _ in NUMBERS]
        with Watch():
            assert module(*given).device.type == "meta"
    assert elsewhere == set()


def test_the_lesson_s_network_over_a_batch_is_torch_s() -> None:
    book = open_workbook(lesson_book("conv"))
    module = book.to_torch(inputs=["image"], parameters=["kernel_1_1", "dense_3_1"], outputs=["logits"])
    images = torch.rand(6, 28, 28, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = book.compile(["image"], ["logits"])(images.numpy())
    np.testing.assert_allclose(module(images).detach().numpy(), expected, rtol=1e-12)


def test_the_lesson_s_network_learns_from_a_batch() -> None:
    book = open_workbook(lesson_book("conv"))
    weights = [f"dense_{digit}_{channel}" for digit in range(10) for channel in (1, 2)]
    module = book.to_torch(inputs=["image"], parameters=weights, outputs=["logits"])
    images = book["digit_images"].reshape(10, 28, 10, 28).transpose(0, 2, 1, 3).reshape(100, 28, 28)[::5]
    truth = torch.arange(100)[::5] // 10
    given = torch.tensor(images)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.02)
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(given)[:, :, 0], truth)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    trained = book.load(module)
    np.testing.assert_array_equal(trained["dense_3_1"], module.learned()["dense_3_1"])
    found = module(given[7]).detach().numpy()
    np.testing.assert_allclose(
        book.recompute(set={**module.learned(), "image": images[7]})["logits"], found, rtol=1e-10
    )


def test_a_module_is_copied_pickled_and_its_state_kept() -> None:
    book = open_workbook(file_of({"s": {**LINE, "E5": '=E4+COUNTIF(C1:C8,">0")+BESSELJ(E1+1,1)'}}))
    module = book.to_torch(parameters=["s!E1:E2"], outputs=["s!E5"])
    with torch.no_grad():
        next(iter(module.parameters())).add_(0.5)
    expected = module().item()
    for twin in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        assert twin().item() == expected
    fresh = book.to_torch(parameters=["s!E1:E2"], outputs=["s!E5"])
    assert fresh().item() != expected
    fresh.load_state_dict(module.state_dict())
    assert fresh().item() == expected
    assert list(module.state_dict()) == ["cells.0"]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [(((2, 1), (2, 1)), "1 inputs expected"), (((1, 2),), "is 2 x 1 cells"), (((3, 1),), "tensor of shape"), (((4, 4, 2, 1),), "2 x 1")],
)  # fmt: skip
def test_inputs_that_do_not_fit_are_refused(shapes: tuple[tuple[int, ...], ...], message: str) -> None:
    module = open_workbook(file_of({"s": LINE})).to_torch(inputs=["s!E1:E2"], outputs=["s!E4"])
    with pytest.raises(UsageError, match=message):
        module(*(torch.zeros(shape) for shape in shapes))


def test_batches_that_disagree_are_refused_and_one_item_serves_all() -> None:
    module = open_workbook(file_of({"s": LINE})).to_torch(inputs=["s!E1", "s!E2"], outputs=["s!E4"])
    with pytest.raises(UsageError, match="disagree"):
        module(torch.zeros(2, 1, 1), torch.zeros(3, 1, 1))
    assert module(torch.ones(5, 1, 1), torch.zeros(1, 1)).shape == (5, 1, 1)
