"""The layers of the convolutional lessons, each a column of panels at the lesson's own places.

``size`` is the image's side n; widths follow from it: n, n - 2, n - 4 and (n - 4) / 2 after pooling. Panels run left to
right, channel 2 lies below channel 1, and for n = 28 the first cell of each is where the lesson has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import vendored
from .book import Book, Sheet
from .panels import Chart, Look, Series
from .places import Frame, bound
from .style import Role, Scale

KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "top edge": ((-1, -1, -1), (0, 0, 0), (1, 1, 1)),
    "bottom edge": ((1, 1, 1), (0, 0, 0), (-1, -1, -1)),
    "left edge": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "right edge": ((1, 0, -1), (1, 0, -1), (1, 0, -1)),
    "diagonal": ((0, 1, 1), (-1, 0, 1), (-1, -1, 0)),
    "sobel across": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "sobel down": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "outline": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "blur": ((0.0625, 0.125, 0.0625), (0.125, 0.25, 0.125), (0.0625, 0.125, 0.0625)),
    "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    "my own": ((0, 0, 0), (0, 0, 0), (0, 0, 0)),
}
SIDE = 28
CLASSES = 10


@dataclass(frozen=True, slots=True)
class Channels:
    """The two channels of a layer, one below the other."""

    one: Frame
    two: Frame

    def __getitem__(self, index: int) -> Frame:
        return (self.one, self.two)[index]


def second_row(size: int) -> int:
    """Return how far channel 2 lies below channel 1."""
    return size + 1


def image(book: Book, sheet: Sheet, size: int, digit: int) -> Frame:
    """Place the input: looked up among the 100 digits at the lesson's size, enlarged constants at any other."""
    images, labels = vendored.digits()
    title = f"Input: one digit, {size}×{size}"
    if size != SIDE:
        nearest = np.arange(size) * SIDE // size
        pixels = images[digit][np.ix_(nearest, nearest)] / 255.0
        note = (
            f"Digit {digit} of the vendored hundred ({labels[digit]}), enlarged to {size}×{size}; bytes divided by 255."
        )
        return sheet.constants("image", (1, 0), pixels.tolist(), Role.INPUT, title=title, note=note)
    library = digit_library(book).seen_from(sheet.name)
    return sheet.fill(
        "image",
        (1, 0),
        (size, size),
        lambda i, j: f"INDEX({library.all()},28*digit+ROW()-1,28*example-28+COLUMN())/255",
        Role.INPUT,
        note="The chosen digit: bytes of the sheet digits, divided by 255 so that they run from 0 to 1. "
        "Type numbers over it to draw your own.",
        title=title,
        torch="images[digit, example] / 255",
    )


def digit_library(book: Book) -> Frame:
    """Place the hundred digits on a sheet of their own, a contact sheet of 10 x 10, and return their frame."""
    images, _ = vendored.digits()
    sheet = book.sheet("digits", default_width=9, row_height=9, zoom=40, frozen=(1, 1), pages=(1, 1))
    sheet.about = "A hundred handwritten digits to choose from, ten of each"
    sheet.widths[0], sheet.heights[0] = 90, 50
    for k in range(CLASSES):
        sheet.label((0, 1 + SIDE * k), f"example {k + 1}", Look.LARGE, width=SIDE)
        sheet.label((1 + SIDE * k, 0), float(k), Look.LARGE, height=SIDE)
    table = images.reshape(CLASSES, 10, SIDE, SIDE).transpose(0, 2, 1, 3).reshape(CLASSES * SIDE, 10 * SIDE)
    return sheet.constants(
        "digit_images",
        (1, 1),
        table.tolist(),
        Role.INPUT,
        number_format=";;;",
        note="A hundred handwritten digits from MNIST, ten of each: bytes from 0 (paper) to 255 (ink).",
    )


def kernel_library(book: Book) -> tuple[Frame, Frame]:
    """Place the kernels to choose from, one below the other; return the frames of names and numbers."""
    sheet = book.sheet("kernels", frozen=(2, 0), pages=(1, 1), zoom=100)
    sheet.widths[0] = 110
    sheet.label((0, 0), "Kernels to choose from", Look.HEADING)
    sheet.label((0, 5), "change “my own” (or any other) as you like", Look.FAINT)
    column: list[list[str | None]] = []
    for name in KERNELS:
        column += [[name], [None], [None], [None]]
    names = sheet.constants(
        "kernel_names",
        (2, 0),
        column,
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        outline=False,
        note="What the lists of the control cells offer.",
    )
    for at, (name, kernel) in enumerate(KERNELS.items()):
        place, note = (2 + 4 * at, 1), f"The kernel “{name}”."
        sheet.constants(f"library_{at + 1}", place, kernel, Role.WEIGHT, number_format="0.0##", note=note)
    return names, sheet.frame((2, 1), (4 * len(KERNELS), 3))


def controls(sheet: Sheet, size: int, digit: int, names: Frame | None) -> int:
    """Place the controls below the image; return the next free row."""
    row = size + 2
    sheet.label((row, 0), "Controls: choose from the lists in the yellow cells", Look.TITLE, role=Role.CONTROL)
    row += 1
    if size == SIDE:
        _, labels = vendored.digits()
        chosen, example = int(labels[digit]), digit % 10 + 1
        sheet.control(
            "digit",
            (row, 9),
            "Which digit",
            float(chosen),
            range(10),
            width=6,
            label_width=9,
            prompt="0 to 9",
            note="Which of the ten digits the network looks at.",
        )
        sheet.control(
            "example",
            (row + 1, 9),
            "Which example of it",
            float(example),
            range(1, 11),
            width=6,
            label_width=9,
            prompt="1 to 10",
            note="Which of the ten vendored examples of the digit.",
        )
        row += 2
    if names is not None:
        for channel, name in ((1, "top edge"), (2, "left edge")):
            sheet.control(
                f"choice_{channel}",
                (row, 9),
                f"Kernel {channel} of the first layer",
                name,
                tuple(KERNELS),
                width=6,
                label_width=9,
                prompt="a kernel of the sheet kernels",
                note=f"Which kernel of the sheet kernels makes channel {channel} of the first layer.",
            )
            sheet.fill(
                f"choice_{channel}_row",
                (row, 16),
                (1, 1),
                bound(lambda i, j, channel: f"MATCH(choice_{channel},{names.seen_from(sheet.name).all()},0)", channel),
                Role.RESULT,
                scale=Scale.NONE,
                number_format="0",
                note="The row where the chosen kernel starts on the sheet kernels.",
            )
            sheet.label((row, 18), "row on the sheet kernels", Look.FAINT)
            row += 1
    return row


def first_kernels(sheet: Sheet, size: int, library: Frame | None) -> Channels:
    """Place the two kernels of the first layer: looked up in the library, or the lesson's edges as constants."""
    column = size + 1
    sheet.label((0, column), "Kernels 3×3", Look.TITLE, role=Role.WEIGHT)
    frames = []
    for channel, (row, name) in enumerate(((10, "top edge"), (size + 9, "left edge")), start=1):
        sheet.label((row - 1, column), f"Kernel {channel}", Look.TITLE, role=Role.WEIGHT)
        note = f"The kernel that makes channel {channel} of the first layer: nine weights."
        if library is None:
            frames.append(sheet.constants(f"kernel_{channel}", (row, column), KERNELS[name], Role.WEIGHT, note=note))
            continue
        there = library.seen_from(sheet.name)
        sheet.label((row + 3, column), f"=choice_{channel}", Look.FAINT)
        frames.append(
            sheet.fill(
                f"kernel_{channel}",
                (row, column),
                (3, 3),
                bound(
                    lambda i, j, channel, there: (
                        f"INDEX({there.window(i, j, there.height - 3, 1, 'r')},choice_{channel}_row)"
                    ),
                    channel,
                    there,
                ),
                Role.WEIGHT,
                note=note + " Chosen in the control cell below the image; type numbers over it to try your own.",
            )
        )
    return Channels(*frames)


def first_layer(sheet: Sheet, size: int, pixels: Frame, kernels: Channels) -> Channels:
    """Place the first convolution with ReLU, two channels."""
    side, column = size - 2, size + 5
    sheet.label((0, column), f"Conv1 with ReLU: 2 channels of {side}×{side}", Look.TITLE, role=Role.ACTIVATION)
    return Channels(
        *(
            sheet.fill(
                f"conv1_{channel}",
                (2 + second_row(size) * (channel - 1), column),
                (side, side),
                bound(
                    lambda i, j, kernel: f"MAX(0,SUM({pixels.window(i, j, 3, 3)}*{kernel.all()}))", kernels[channel - 1]
                ),
                Role.ACTIVATION,
                array=True,
                title=f"Channel {channel}: {side}×{side}",
                note=f"Kernel {channel} slides over the image: each cell multiplies the 3×3 window below and right "
                "of its place "
                "by the kernel, adds the nine products, and ReLU turns negative sums into 0.",
                torch=f"F.relu(F.conv2d(image, kernel_{channel}))",
            )
            for channel in (1, 2)
        )
    )


def second_kernels(sheet: Sheet, size: int) -> tuple[Channels, Channels]:
    """Place the second layer's kernels: for each output channel one 3x3 slice an input channel."""
    weights, _ = vendored.digits_network()
    column = 2 * size + 4
    sheet.label((0, column), "Kernels 2×3×3", Look.TITLE, role=Role.WEIGHT)
    found = []
    for out, row in enumerate((10, size + 9), start=1):
        sheet.label((row - 1, column), f"Kernel {out}", Look.TITLE, role=Role.WEIGHT)
        slices = [
            sheet.constants(
                f"kernel_{out}_{into}",
                (row + 4 * (into - 1), column),
                weights[out - 1, into - 1].tolist(),
                Role.WEIGHT,
                note=f"The slice of kernel {out} that looks at channel {into} of Conv1. Trained (see the index).",
            )
            for into in (1, 2)
        ]
        found.append(Channels(*slices))
    return found[0], found[1]


def second_layer(sheet: Sheet, size: int, below: Channels, kernels: tuple[Channels, Channels]) -> Channels:
    """Place the second convolution with ReLU: each output sums over both input channels."""
    side, column = size - 4, 2 * size + 8
    sheet.label((0, column), f"Conv2 with ReLU: 2 channels of {side}×{side}", Look.TITLE, role=Role.ACTIVATION)

    def formula(kernel: Channels, i: int, j: int) -> str:
        sums = "+".join(f"SUM({below[c].window(i, j, 3, 3)}*{kernel[c].all()})" for c in (0, 1))
        return f"MAX(0,{sums})"

    return Channels(
        *(
            sheet.fill(
                f"conv2_{channel}",
                (3 + second_row(size) * (channel - 1), column),
                (side, side),
                bound(lambda i, j, kernel: formula(kernel, i, j), kernels[channel - 1]),
                Role.ACTIVATION,
                array=True,
                title=f"Channel {channel}: {side}×{side}",
                note=f"A 2×3×3 kernel looks at both channels of Conv1 at once: eighteen products, added, then ReLU. "
                f"This is output channel {channel}.",
                torch=f"F.relu(F.conv2d(conv1, kernels))[{channel - 1}]",
            )
            for channel in (1, 2)
        )
    )


def max_pooling(sheet: Sheet, size: int, column: int, below: Channels) -> Channels:
    """Place 2x2 max pooling, compact: cell (i, j) reads the window at (2i, 2j)."""
    side = (size - 4) // 2
    sheet.label((0, column), f"Max pooling 2×2: 2 channels of {side}×{side}", Look.TITLE, role=Role.ACTIVATION)
    return Channels(
        *(
            sheet.fill(
                f"maxpool_{channel}",
                (3 + second_row(size) * (channel - 1), column),
                (side, side),
                bound(lambda i, j, source: f"MAX({source.window(2 * i, 2 * j, 2, 2)})", below[channel - 1]),
                Role.ACTIVATION,
                title=f"Channel {channel}: {side}×{side}",
                note="The greatest of each 2×2 block, blocks side by side (stride 2): a quarter of the numbers remain.",
                torch=f"F.max_pool2d(x, 2)[{channel - 1}]",
            )
            for channel in (1, 2)
        )
    )


def dense_weights(sheet: Sheet, size: int, column: int, classes: int) -> list[Channels]:
    """Place the dense layer's weights: a panel a class and channel, five classes side by side."""
    _, weights = vendored.digits_network()
    side = (size - 4) // 2
    nearest = np.arange(side) * weights.shape[-1] // side
    shrink = (weights.shape[-1] / side) ** 2
    scaled = (weights * shrink).round(12)[:, :, nearest][:, :, :, nearest]
    what = f"{classes} sets of 2×{side}×{side}" if classes > 1 else f"one set of 2×{side}×{side}"
    sheet.label((0, column), f"Dense weights: {what}", Look.TITLE, role=Role.WEIGHT)
    found = []
    for k in range(classes):
        shown = k if classes == CLASSES else 7
        frames = [
            sheet.constants(
                f"dense_{shown}_{channel}",
                (3 + second_row(size) * (channel - 1) + (side + 1) * (k // 5), column + (side + 1) * (k % 5)),
                scaled[shown, channel - 1].tolist(),
                Role.WEIGHT,
                title=f"{shown}, channel {channel}: {side}×{side}",
                note=(
                    f"How much each pooled activation of channel {channel} speaks for the digit {shown}. Trained "
                    "(see the index)."
                ),
            )
            for channel in (1, 2)
        ]
        found.append(Channels(*frames))
    return found


def answer(sheet: Sheet, column: int, pooled: Channels, weights: list[Channels]) -> tuple[Frame, Frame]:
    """Place activations, exponentials and softmax, a row a class; return the classes and the probabilities."""
    count = len(weights)
    top, shape = 3, (len(weights), 1)
    sheet.label(
        (0, column), f"Dense layer and softmax: {count} class{'es' if count > 1 else ''}", Look.TITLE, role=Role.RESULT
    )
    for offset, width in enumerate((40, 64, 64, 64)):
        sheet.widths[column + offset] = width
    sheet.headers(2, column, ("digit", "activation", "exp", "softmax"))
    classes = sheet.constants(
        "classes",
        (top, column),
        [[float(k)] for k in (range(count) if count == CLASSES else [7])],
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="The ten digits to tell apart.",
    )
    logits = sheet.fill(
        "logits",
        (top, column + 1),
        shape,
        lambda i, j: "+".join(f"SUMPRODUCT({weights[i][c].all('')},{pooled[c].all()})" for c in (0, 1)),
        Role.ACTIVATION,
        number_format="0.000",
        note="The dense layer: every pooled activation times its weight, all added, once for each digit.",
        torch="F.linear(pooled.flatten(), weights)",
    )
    powers = sheet.fill(
        "exponentials",
        (top, column + 2),
        shape,
        lambda i, j: f"EXP({logits.cell(i, 0)}-MAX({logits.all()}))",
        Role.ACTIVATION,
        number_format="0.000",
        note="e to the activation, after taking the greatest away from each: the same softmax, and no overflow.",
        torch="torch.exp(logits - logits.max())",
    )
    softmax = sheet.fill(
        "softmax",
        (top, column + 3),
        shape,
        lambda i, j: f"{powers.cell(i, 0)}/SUM({powers.all()})",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="Each exponential divided by their sum: ten numbers between 0 and 1 that add up to 1.",
        torch="F.softmax(logits, dim=0)",
    )
    return classes, softmax


def verdict(sheet: Sheet, row: int, classes: Frame, softmax: Frame) -> None:
    """Place what the network says, beside the controls: its digit, how sure it is, and the loss."""
    sheet.label((row + 1, 0), "What the network says", Look.TITLE, role=Role.RESULT)
    best = f"MATCH(MAX({softmax.all()}),{softmax.all()},0)"
    lines = (
        ("predicted", "The digit with the greatest softmax", f"INDEX({classes.all()},{best})", "0", "logits.argmax()"),
        ("confidence", "Its softmax", f"MAX({softmax.all()})", "0.000", "F.softmax(logits, dim=0).max()"),
        (
            "loss",
            "Cross-entropy loss",
            f"-LN(INDEX({softmax.all()},digit+1))",
            "0.000",
            "F.cross_entropy(logits, digit)",
        ),
    )
    notes = (
        "The class whose softmax is greatest.",
        "The greatest of the ten softmax values.",
        "Minus the natural logarithm of the softmax of the right digit: 0 when the network is sure and right.",
    )
    for offset, ((name, label, formula, style, call), note) in enumerate(zip(lines, notes, strict=True)):
        sheet.result(
            name,
            (row + 2 + offset, 9),
            label,
            formula,
            label_width=9,
            span=3,
            number_format=style,
            torch=call,
            note=note,
        )
    sheet.charts.append(
        Chart(
            "column",
            "Which digit is it?",
            (Series("softmax", softmax, classes),),
            row + 6,
            0,
            27 * 27,
            20 * 12,
            "digit",
            "softmax",
            (0, 1),
        )
    )
