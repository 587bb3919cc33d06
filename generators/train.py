"""Lesson ``train``: the small network trained in cells, forward, backward and step, every gradient a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from . import vendored
from .book import Book, Sheet
from .network import KERNELS
from .panels import Chart, Look, Series
from .places import Frame
from .style import Role, Scale

SIDE, FIRST, SECOND, POOLED = 14, 12, 10, 5
DIGITS = (1, 12, 43, 70)  # rows of the vendored digits: 0, 1, 4, 7
HEIGHT = 18  # rows of a block
ABOUT = (
    (
        "A small convolutional network learns to tell four digits apart, and every number of it is "
        "a formula: two 3×3 kernels with "
        "ReLU, two 2×3×3 kernels with ReLU, 2×2 max pooling, a dense layer, softmax and cross-entropy."
    ),
    (
        "Each block of the sheet steps is one step of gradient descent on one digit: forward on the "
        "left, backward on the right. The next "
        "block’s kernels and weights are this block’s, minus the learning rate times the gradient. "
        "The digits come in turn."
    ),
    (
        "Backward, a dense layer passes gradients through its own weights, max pooling to the greatest "
        "cell of each block (the first "
        "one, where several are equal), ReLU where its output is above zero, and a convolution through "
        "its kernels turned by 180°."
    ),
)
EXERCISES = (
    (
        "Set the learning rate to 0. What happens to the curve?",
        "Nothing is learnt: the losses of the four digits repeat.",
    ),
    ("Set the learning rate to 0.2. What happens?", "Steps are too long: the loss jumps about."),
    (
        "Draw another digit on the sheet images. Does the network still learn it?",
        "Yes: the gradients are formulas and follow the pixels.",
    ),
    (
        "Where is the gradient of Conv1 zero?",
        "Where ReLU made the activation zero, and where no gradient arrives from above.",
    ),
    ("Why do the gradients of the four activations add up to 0?", "They are softmax minus one-hot; both add up to 1."),
)


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


def build(epochs: int = 5, seed: int = 5, learning_rate: float = 0.05) -> Book:
    """Declare the lesson: each of the four digits is seen ``epochs`` times."""
    options: dict[str, str | int | float] = {"epochs": epochs, "seed": seed, "learning_rate": learning_rate}
    book = Book("train", "A network that learns in cells", ABOUT, EXERCISES, options)
    front = book.sheet("train", frozen=(2, 0), default_width=62, zoom=100, pages=(1, 1))
    pixels, targets, classes = _images(book)
    start = _start(book, Random(seed))
    sheet = book.sheet("steps", frozen=(1, 0), zoom=70, pages=(4, 0))
    sheet.label(
        (0, 0),
        "One block a step: forward on the left, backward on the right; the next block takes the step.",
        Look.TITLE,
    )
    steps = _Steps(sheet, pixels, targets, classes.seen_from(sheet.name))
    weights, gradients, losses = start.seen_from(sheet.name), None, []
    for number in range(epochs * len(DIGITS)):
        weights, gradients, loss = steps.place(number, weights, gradients)
        losses.append(loss.seen_from(front.name))
    _front(front, losses, learning_rate)
    return book


def _front(sheet: Sheet, losses: list[Frame], learning_rate: float) -> None:
    sheet.label((0, 0), "The loss, step after step", Look.HEADING)
    sheet.control(
        "learning_rate",
        (2, 2),
        "Learning rate",
        learning_rate,
        (0.0, 0.01, 0.02, 0.05, 0.1, 0.2),
        label_width=2,
        width=2,
        prompt="how far a step goes",
        note="How far each step goes against the gradient.",
    )
    count = len(losses)
    sheet.headers(1, 5, ("step", "loss"))
    numbers = sheet.fill(
        "step_numbers",
        (2, 5),
        (count, 1),
        lambda i, j: "ROW()-2",
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Steps, one digit each.",
    )
    curve = sheet.fill(
        "losses",
        (2, 6),
        (count, 1),
        lambda i, j: losses[i].cell(),
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="The cross-entropy of each step’s digit, before the step.",
        torch="F.cross_entropy(logits, target)",
    )
    first, last = (f"AVERAGE({curve.part(row, 0, len(DIGITS), 1).all('')})" for row in (0, count - len(DIGITS)))
    details = {"label_width": 2, "span": 2, "number_format": "0.000"}
    sheet.result(
        "first_epoch",
        (4, 2),
        "Mean loss, first epoch",
        first,
        torch="mean of the first four losses",
        note="Over the four digits.",
        **details,
    )
    sheet.result(
        "last_epoch",
        (5, 2),
        "Mean loss, last epoch",
        last,
        torch="mean of the last four losses",
        note="Over the four digits.",
        **details,
    )
    sheet.charts.append(
        Chart("line", "Loss by step", (Series("loss", curve, numbers),), 2, 8, 620, 340, "step", "cross-entropy")
    )


def _images(book: Book) -> tuple[list[Frame], list[Frame], Frame]:
    """Place the four digits at half size and their classes."""
    sheet = book.sheet("images", pages=(1, 1))
    images, labels = vendored.digits()
    names = [int(labels[row]) for row in DIGITS]
    pixels, targets = [], []
    for order, row in enumerate(DIGITS):
        top = 2 + (SIDE + 2) * order
        half = (images[row].reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3)) / 255).round(2)
        sheet.label((top - 1, 0), f"Digit {names[order]}: {SIDE}×{SIDE}", Look.TITLE, role=Role.INPUT)
        pixels.append(
            sheet.constants(
                f"digit_{order}", (top, 0), half.tolist(), Role.INPUT, note="A digit at half size: change its pixels."
            )
        )
        sheet.label((top, SIDE + 1), "number of its class")
        targets.append(
            sheet.constants(
                f"target_{order}",
                (top, SIDE + 6),
                [[float(order)]],
                Role.INPUT,
                scale=Scale.NONE,
                number_format="0",
                note="Which class is right, counted from 0.",
            )
        )
    sheet.label((0, 0), "Four digits", Look.HEADING)
    sheet.label((1, SIDE + 9), "Classes", Look.TITLE, role=Role.INPUT)
    classes = sheet.constants(
        "class_digits",
        (2, SIDE + 9),
        [[float(name)] for name in names],
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="The digit of each class.",
    )
    return pixels, targets, classes


def _start(book: Book, random: Random) -> Weights:
    """Place the weights that the first step starts from: two edges, and random numbers."""
    sheet = book.sheet("start", pages=(1, 1))
    sheet.label((0, 0), "Where training starts", Look.HEADING)

    def draw(side: int, size: float) -> list[list[float]]:
        return [[round(random.uniform(-size, size), 2) for _ in range(side)] for _ in range(side)]

    details = {"number_format": "0.00", "scale": Scale.BLUE_WHITE_RED}
    first = [
        sheet.constants(
            f"start_first_{c}",
            (3, 4 * c),
            KERNELS[name],
            Role.WEIGHT,
            title=f"Kernel {c + 1}",
            note="A kernel of the first layer: an edge, to begin with.",
            **details,
        )
        for c, name in enumerate(("top edge", "left edge"))
    ]
    second = [
        [
            sheet.constants(
                f"start_second_{o}_{c}",
                (8 + 5 * o, 4 * c),
                draw(3, 0.3),
                Role.WEIGHT,
                title=f"{o + 1}, of {c + 1}",
                note="A slice of a kernel of the second layer.",
                **details,
            )
            for c in (0, 1)
        ]
        for o in (0, 1)
    ]
    dense = [
        [
            sheet.constants(
                f"start_dense_{k}_{c}",
                (3 + 7 * c, 10 + 6 * k),
                draw(POOLED, 0.2),
                Role.WEIGHT,
                title=f"Class {k}, {c + 1}",
                note="Dense weights of one class and channel.",
                **details,
            )
            for c in (0, 1)
        ]
        for k in range(len(DIGITS))
    ]
    return Weights(tuple(first), tuple(map(tuple, second)), tuple(map(tuple, dense)))


class _Steps:
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
        sheet.label((top - 2, 0), f"Step {number + 1}", Look.HEADING)
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
                lambda i, j, c=c: f"MAX(0,SUM({image.window(i, j, 3, 3)}*{_fixed(weights.first[c])}))",  # type: ignore[misc]
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
                lambda i, j, o=o: f"MAX({conv2[o].window(2 * i, 2 * j, 2, 2)})",
                Role.ACTIVATION,  # type: ignore[misc]
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
    ) -> Frame:
        scale = Scale.BLUE_WHITE_RED if role in (Role.GRADIENT, Role.WEIGHT) else Scale.WHITE_RED
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
            number_format="0.00",
            scale=scale,
            quiet=self.number > 0,
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
            step(f"first_{c}", (5 * c, 15), before.first[c], gradients and gradients.first[c], f"Kernel {c + 1}")
            for c in (0, 1)
        ]
        second = [
            [
                step(
                    f"second_{o}_{c}",
                    (5 * c, 45 + 4 * o),
                    before.second[o][c],
                    gradients and gradients.second[o][c],
                    f"{o + 1}, of {c + 1}",
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
                    gradients and gradients.dense[k][c],
                    f"Class {k}, {c + 1}",
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
            "target", (6, 109), (1, 1), right.cell, Role.INPUT, "", "The right class, from 0.", "target"
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
                    lambda i, j, k=k, c=c: f"{slopes.cell(k, 0, 'rc')}*{pooled[c].cell(i, j)}",
                    grad,  # type: ignore[misc]
                    f"Class {k}, {c + 1}",
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
                lambda i, j, c=c: "+".join(
                    f"{slopes.cell(k, 0, 'rc')}*{weights.dense[k][c].cell(i, j)}" for k in range(len(DIGITS))
                ),
                grad,  # type: ignore[misc]
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
                lambda i, j, o=o: _through_pool(conv2[o], pooled[o], by_pool[o], i, j),
                grad,
                "",  # type: ignore[misc]
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
                    lambda i, j, o=o, c=c: f"SUMPRODUCT({_fixed(by_conv2[o])},{conv1[c].window(i, j, SECOND, SECOND)})",
                    grad,  # type: ignore[misc]
                    f"{o + 1}, of {c + 1}",
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
                    lambda i, j, o=o, c=c: weights.second[o][c].cell(2 - i, 2 - j),
                    Role.WEIGHT,  # type: ignore[misc]
                    f"{o + 1}↻{c + 1}",
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
                lambda i, j, c=c: down(c, i, j),
                grad,
                f"Conv1, channel {c + 1}",  # type: ignore[misc]
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
                lambda i, j, c=c: f"SUMPRODUCT({_fixed(by_conv1[c])},{image.window(i, j, FIRST, FIRST)})",
                grad,
                f"Kernel {c + 1}",  # type: ignore[misc]
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
