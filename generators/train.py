"""Lesson ``train``: the small network trained in cells, forward, backward and step, every gradient a formula."""

from __future__ import annotations

from random import Random

from . import vendored
from .book import Book, Manner, Sheet
from .curves import FRONT, add_curve, add_losses, add_numbers, add_rate
from .network import KERNELS
from .panels import Look
from .places import Frame
from .style import Role, Scale
from .train_steps import DIGITS, HEIGHT, PAGES, POOLED, SIDE, Steps, Weights

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
        (
            '="Nothing is learnt: the losses of the four digits repeat. Mean loss of the first epoch now "&'
            'ROUND(first_epoch,3)&", of the last "&ROUND(last_epoch,3)&"."'
        ),
    ),
    (
        "Set the learning rate to 0.2. Which digits are learnt faster, and which are not?",
        (
            '="The easy ones: their losses come close to 0. Those of the hard ones stay high, because the long steps '
            'for one digit undo what another has taught. The least loss is now "&ROUND(MIN(losses),3)&", the mean of '
            'the last epoch "&ROUND(last_epoch,3)&"."'
        ),
    ),
    (
        "Draw another digit on the sheet images. Does the network still learn it?",
        "Yes: the gradients are formulas and follow the pixels.",
    ),
    (
        "Where is the gradient of Conv1 zero?",
        (
            '="Where ReLU made the activation zero, and where no gradient arrives from above. In step 1, channel 1: "&'
            'COUNTIF(grad_conv1_0_step_0,0)&" of "&COUNT(grad_conv1_0_step_0)&" cells."'
        ),
    ),
    (
        "Why do the gradients of the four activations add up to 0?",
        '="They are softmax minus one-hot; both add up to 1. In step 1: "&ROUND(SUM(slopes_step_0),12)&"."',
    ),
)


def build(epochs: int = 5, seed: int = 5, learning_rate: float = 0.05) -> Book:
    """Declare the lesson: each of the four digits is seen ``epochs`` times."""
    options: dict[str, str | int | float] = {"epochs": epochs, "seed": seed, "learning_rate": learning_rate}
    book = Book("train", "A network that learns in cells", ABOUT, EXERCISES, options)
    front = book.sheet("train", frozen=(2, 0), default_width=62, zoom=100, pages=(1, 1))
    pixels, targets, classes = _images(book)
    start = _start(book, Random(seed))
    sheet = book.sheet("steps", frozen=(1, 0), zoom=70, pages=None, print_scale=68, breaks=PAGES)
    sheet.row_breaks = tuple(range(1 + 4 * HEIGHT, epochs * len(DIGITS) * HEIGHT, 4 * HEIGHT))
    sheet.label(
        (0, 0),
        "One block a step: forward on the left, backward on the right; the next block takes the step.",
        Look.TITLE,
    )
    steps = Steps(sheet, pixels, targets, classes.seen_from(sheet.name))
    weights, gradients, losses = start.seen_from(sheet.name), None, []
    for number in range(epochs * len(DIGITS)):
        weights, gradients, loss = steps.place(number, weights, gradients)
        losses.append(loss.seen_from(front.name))
    _front(front, losses, learning_rate)
    return book


def _front(sheet: Sheet, losses: list[Frame], learning_rate: float) -> None:
    sheet.label((0, 0), "The loss, step after step", Look.HEADING)
    add_rate(sheet, 2, learning_rate, (0.0, 0.01, 0.02, 0.05, 0.1, 0.2), width=2)
    count = len(losses)
    numbers = add_numbers(sheet, FRONT, count, "one digit each")
    note, call = "The cross-entropy of each step’s digit, before the step.", "F.cross_entropy(logits, target)"
    curve = add_losses(sheet, numbers, losses, note=note, torch=call)
    add_curve(sheet, numbers, curve, "cross-entropy")
    first, last = (f"AVERAGE({curve.part(row, 0, len(DIGITS), 1).all('')})" for row in (0, count - len(DIGITS)))
    details: Manner = {"span": 2, "number_format": "0.000"}
    sheet.result(
        "first_epoch",
        (4, 2),
        "Mean loss, first epoch",
        first,
        label_width=2,
        torch="mean of the first four losses",
        note="Over the four digits.",
        **details,
    )
    sheet.result(
        "last_epoch",
        (5, 2),
        "Mean loss, last epoch",
        last,
        label_width=2,
        torch="mean of the last four losses",
        note="Over the four digits.",
        **details,
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

    details: Manner = {"number_format": "0.00", "scale": Scale.BLUE_WHITE_RED}
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
                title=f"Out {o + 1}, in {c + 1}",
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
                title=f"Class {k}, channel {c + 1}",
                note="Dense weights of one class and channel.",
                **details,
            )
            for c in (0, 1)
        ]
        for k in range(len(DIGITS))
    ]
    return Weights(tuple(first), tuple(map(tuple, second)), tuple(map(tuple, dense)))
