"""Training steps of the lesson train: one block of panels a step, all alike and at a constant distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

from .book import Manner, Sheet
from .panels import Look
from .places import Frame, bound
from .style import Role, Scale

SIDE, FIRST, SECOND, POOLED = 14, 12, 10, 5
WHOLE: Manner = {"number_format": "0", "scale": Scale.NONE}
DIGITS = (1, 12, 43, 70)  # rows of the vendored digits: 0, 1, 4, 7
HEIGHT = 18  # rows of a block
PAGES = (53, 112, 172)  # columns that start a printed page: Conv2, the gradients, those of its kernels


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of one block, or their gradients: first kernels, second kernels [out][in], dense [class][channel]."""

    first: tuple[Frame, ...]
    second: tuple[tuple[Frame, ...], ...]
    dense: tuple[tuple[Frame, ...], ...]

    def seen_from(self, sheet: str) -> Weights:
        """Return the frames as another sheet spells them."""
        return Weights(
            tuple(frame.seen_from(sheet) for frame in self.first),
            tuple(tuple(frame.seen_from(sheet) for frame in row) for row in self.second),
            tuple(tuple(frame.seen_from(sheet) for frame in row) for row in self.dense),
        )


class Steps:
    """Blocks of one step each, all alike and at a constant distance."""

    def __init__(self, sheet: Sheet, pixels: list[Frame], targets: list[Frame], classes: Frame) -> None:
        self.sheet = sheet
        self.pixels = [frame.seen_from(sheet.name) for frame in pixels]
        self.targets = [frame.seen_from(sheet.name) for frame in targets]
        self.classes = classes
        self.number = 0
        self.top = 0

    def place(self, number: int, before: Weights, gradients: Weights | None) -> tuple[Weights, Weights, Frame]:
        """Place a block; return its weights, their gradients and its loss."""
        self.number, self.top = number, 3 + HEIGHT * number
        sheet, top = self.sheet, self.top
        for column in (0, *PAGES):
            sheet.label((top - 2, column), f"Step {number + 1}", Look.HEADING)
        image = self._fill(
            "image",
            (0, 0),
            (SIDE, SIDE),
            self.pixels[number % len(DIGITS)].cell,
            Role.INPUT,
            "Image",
            "The digit of this step.",
            "image",
        )
        weights = self._weights(before, gradients)
        conv1 = [
            self._fill(
                f"conv1_{c}",
                (0, 19 + 13 * c),
                (FIRST, FIRST),
                bound(lambda i, j, c: f"MAX(0,SUM({image.window(i, j, 3, 3)}*{_fixed(weights.first[c])}))", c),
                Role.ACTIVATION,
                f"Conv1, channel {c + 1}",
                "Kernel over image, then ReLU.",
                "F.relu(F.conv2d(image, k1))",
                array=True,
            )
            for c in (0, 1)
        ]
        conv2 = [self._second(o, conv1, weights) for o in (0, 1)]
        pooled = [
            self._fill(
                f"pool_{o}",
                (6 * o, 75),
                (POOLED, POOLED),
                bound(lambda i, j, o: f"MAX({conv2[o].window(2 * i, 2 * j, 2, 2)})", o),
                Role.ACTIVATION,
                f"Pool {o + 1}",
                "The greatest of each 2×2 block.",
                "F.max_pool2d(conv2, 2)",
            )
            for o in (0, 1)
        ]
        slopes, loss = self._head(pooled, weights)
        return weights, self._backward(image, conv1, conv2, pooled, weights, slopes), loss

    def _fill(
        self,
        name: str,
        place: tuple[int, int],
        shape: tuple[int, int],
        formula: Callable[[int, int], str],
        role: Role,
        title: str,
        note: str,
        torch: str,
        array: bool = False,
        **details: Unpack[Manner],
    ) -> Frame:
        known: Manner = {"number_format": "0.00"}
        return self.sheet.fill(
            f"{name}_step_{self.number}",
            (self.top + place[0], place[1]),
            shape,
            formula,
            role,
            array=array,
            title=title,
            note=note if self.number < 2 else "",
            torch=torch,
            quiet=self.number > 0,
            **(known | details),
        )

    def _weights(self, before: Weights, gradients: Weights | None) -> Weights:
        """Place the weights: the start's, or those before minus learning rate times gradient."""

        def step(name: str, place: tuple[int, int], old: Frame, slope: Frame | None, title: str) -> Frame:
            def formula(i: int, j: int) -> str:
                return old.cell(i, j) if slope is None else f"{old.cell(i, j)}-learning_rate*{slope.cell(i, j)}"

            note = (
                "From the sheet start."
                if slope is None
                else "One step: the weight before, minus learning rate times gradient."
            )
            return self._fill(
                name, place, (old.height, old.width), formula, Role.WEIGHT, title, note, "torch.optim.SGD(lr).step()"
            )

        first = [
            step(
                f"first_{c}",
                (5 * c, 15),
                before.first[c],
                None if gradients is None else gradients.first[c],
                f"Kernel {c + 1}",
            )
            for c in (0, 1)
        ]
        second = [
            [
                step(
                    f"second_{o}_{c}",
                    (5 * c, 45 + 4 * o),
                    before.second[o][c],
                    None if gradients is None else gradients.second[o][c],
                    f"Out {o + 1}, in {c + 1}",
                )
                for c in (0, 1)
            ]
            for o in (0, 1)
        ]
        dense = [
            [
                step(
                    f"dense_{k}_{c}",
                    (6 * c, 81 + 6 * k),
                    before.dense[k][c],
                    None if gradients is None else gradients.dense[k][c],
                    f"Class {k}, channel {c + 1}",
                )
                for c in (0, 1)
            ]
            for k in range(len(DIGITS))
        ]
        return Weights(tuple(first), tuple(map(tuple, second)), tuple(map(tuple, dense)))

    def _second(self, out: int, below: list[Frame], weights: Weights) -> Frame:
        def formula(i: int, j: int) -> str:
            return (
                "MAX(0,"
                + "+".join(f"SUM({below[c].window(i, j, 3, 3)}*{_fixed(weights.second[out][c])})" for c in (0, 1))
                + ")"
            )

        return self._fill(
            f"conv2_{out}",
            (0, 53 + 11 * out),
            (SECOND, SECOND),
            formula,
            Role.ACTIVATION,
            f"Conv2, channel {out + 1}",
            "Both channels of Conv1, then ReLU.",
            "F.relu(F.conv2d(conv1, k2))",
            array=True,
        )

    def _head(self, pooled: list[Frame], weights: Weights) -> tuple[Frame, Frame]:
        """Place activations, softmax, the gradient by the activations, and the loss."""
        count, top, sheet = len(DIGITS), self.top, self.sheet
        digits = self._fill(
            "classes",
            (0, 106),
            (count, 1),
            lambda i, j: self.classes.cell(i, 0),
            Role.INPUT,
            "",
            "The digit of each class.",
            "",
            **WHOLE,
        )
        sheet.headers(top - 1, 106, ("digit", "out", "exp", "soft", "grad"), Look.FAINT)
        logits = self._fill(
            "logits",
            (0, 107),
            (count, 1),
            lambda i, j: "+".join(f"SUMPRODUCT({weights.dense[i][c].all('')},{pooled[c].all('')})" for c in (0, 1)),
            Role.ACTIVATION,
            "",
            "The dense layer.",
            "F.linear(pooled, dense)",
        )
        powers = self._fill(
            "powers",
            (0, 108),
            (count, 1),
            lambda i, j: f"EXP({logits.cell(i, 0)}-MAX({_fixed(logits)}))",
            Role.ACTIVATION,
            "",
            "e to the activation, the greatest taken away.",
            "torch.exp(x - x.max())",
        )
        softmax = self._fill(
            "softmax",
            (0, 109),
            (count, 1),
            lambda i, j: f"{powers.cell(i, 0)}/SUM({_fixed(powers)})",
            Role.ACTIVATION,
            "",
            "Probabilities.",
            "F.softmax(logits, 0)",
        )
        right = self.targets[self.number % count]
        target = self._fill(
            "target", (6, 109), (1, 1), right.cell, Role.INPUT, "", "The right class, from 0.", "target", **WHOLE
        )
        sheet.label((top + 6, 106), "right class")
        slopes = self._fill(
            "slopes",
            (0, 110),
            (count, 1),
            lambda i, j: f"{softmax.cell(i, 0)}-IF(ROW()-ROW({digits.cell(0, 0, 'r')})={target.cell(0, 0, 'r')},1,0)",
            Role.GRADIENT,
            "",
            "The gradient of the loss by the activations: softmax minus one-hot.",
            "logits.grad",
        )
        sheet.label((top + 8, 106), "loss")
        loss = self._fill(
            "loss",
            (8, 109),
            (1, 1),
            lambda i, j: f"-LN(INDEX({softmax.all('')},{target.cell()}+1))",
            Role.RESULT,
            "",
            "Cross-entropy.",
            "F.cross_entropy(logits, target)",
        )
        return slopes, loss

    def _backward(
        self, image: Frame, conv1: list[Frame], conv2: list[Frame], pooled: list[Frame], weights: Weights, slopes: Frame
    ) -> Weights:
        """Place the gradients, layer by layer downwards."""
        grad = Role.GRADIENT
        dense = [
            [
                self._fill(
                    f"grad_dense_{k}_{c}",
                    (6 * c, 112 + 6 * k),
                    (POOLED, POOLED),
                    bound(lambda i, j, k, c: f"{slopes.cell(k, 0, 'rc')}*{pooled[c].cell(i, j)}", k, c),
                    grad,
                    f"Class {k}, channel {c + 1}",
                    "Gradient by dense weights: the class’s gradient times the pooled activation.",
                    "dense.grad",
                )
                for c in (0, 1)
            ]
            for k in range(len(DIGITS))
        ]
        by_pool = [
            self._fill(
                f"grad_pool_{c}",
                (6 * c, 137),
                (POOLED, POOLED),
                bound(
                    lambda i, j, c: "+".join(
                        f"{slopes.cell(k, 0, 'rc')}*{weights.dense[k][c].cell(i, j)}" for k in range(len(DIGITS))
                    ),
                    c,
                ),
                grad,
                f"Pool {c + 1}",
                "Gradient by the pooled activations: through the dense weights of all classes.",
                "pooled.grad",
            )
            for c in (0, 1)
        ]
        by_conv2 = [
            self._fill(
                f"grad_conv2_{o}",
                (2, 145 + 14 * o),
                (SECOND, SECOND),
                bound(lambda i, j, o: _through_pool(conv2[o], pooled[o], by_pool[o], i, j), o),
                grad,
                "",
                (
                    "Gradient by Conv2 before ReLU: it goes to the first greatest cell of each block, if that is "
                    "above 0."
                ),
                "gradient by conv2 before ReLU",
            )
            for o in (0, 1)
        ]
        for o in (0, 1):
            self.sheet.label((self.top - 1, 145 + 14 * o), f"Conv2, channel {o + 1}", Look.TITLE, role=grad)
        second = [
            [
                self._fill(
                    f"grad_second_{o}_{c}",
                    (5 * c, 172 + 4 * o),
                    (3, 3),
                    bound(
                        lambda i, j, o, c: f"SUMPRODUCT({_fixed(by_conv2[o])},{conv1[c].window(i, j, SECOND, SECOND)})",
                        o,
                        c,
                    ),
                    grad,
                    f"Out {o + 1}, in {c + 1}",
                    "Gradient by the kernel: gradient by Conv2 times the pixels that the weight met.",
                    "k2.grad",
                )
                for c in (0, 1)
            ]
            for o in (0, 1)
        ]
        turned = [
            [
                self._fill(
                    f"turned_{o}_{c}",
                    (5 * c, 180 + 4 * o),
                    (3, 3),
                    bound(lambda i, j, o, c: weights.second[o][c].cell(2 - i, 2 - j), o, c),
                    Role.WEIGHT,
                    f"Out {o + 1}, in {c + 1} ↻",
                    "The kernel turned by 180°.",
                    "k2.flip(2, 3)",
                )
                for c in (0, 1)
            ]
            for o in (0, 1)
        ]

        def down(c: int, i: int, j: int) -> str:
            sums = "+".join(f"SUM({by_conv2[o].window(i - 2, j - 2, 3, 3)}*{_fixed(turned[o][c])})" for o in (0, 1))
            return f"IF({conv1[c].cell(i, j)}>0,{sums},0)"

        by_conv1 = [
            self._fill(
                f"grad_conv1_{c}",
                (0, 188 + 13 * c),
                (FIRST, FIRST),
                bound(lambda i, j, c: down(c, i, j), c),
                grad,
                f"Conv1, channel {c + 1}",
                (
                    "Gradient by Conv1 before ReLU: the gradients of Conv2 through the turned kernels, where Conv1 "
                    "is above 0."
                ),
                "gradient by conv1 before ReLU",
                array=True,
            )
            for c in (0, 1)
        ]
        first = [
            self._fill(
                f"grad_first_{c}",
                (5 * c, 214),
                (3, 3),
                bound(lambda i, j, c: f"SUMPRODUCT({_fixed(by_conv1[c])},{image.window(i, j, FIRST, FIRST)})", c),
                grad,
                f"Kernel {c + 1}",
                "Gradient by the kernel: gradient by Conv1 times the pixels that the weight met.",
                "k1.grad",
            )
            for c in (0, 1)
        ]
        return Weights(tuple(first), tuple(map(tuple, second)), tuple(map(tuple, dense)))


def _fixed(frame: Frame) -> str:
    return frame.all()


def _through_pool(conv: Frame, pooled: Frame, gradient: Frame, i: int, j: int) -> str:
    """Pass a gradient to a cell of a 2x2 block if it is the block's first greatest and above 0."""
    row, column = i // 2, j // 2
    earlier = [(2 * row + a, 2 * column + b) for a in (0, 1) for b in (0, 1) if (a, b) < (i % 2, j % 2)]
    mine, best = conv.cell(i, j), pooled.cell(row, column)
    conditions = [f"{mine}>0", f"{mine}={best}", *(f"{conv.cell(a, b)}<{best}" for a, b in earlier)]
    return f"IF(AND({','.join(conditions)}),{gradient.cell(row, column)},0)"
