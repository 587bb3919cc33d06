"""Lesson ``dropout``: the convolutional network with a dropout layer between its second convolution and pooling."""

from __future__ import annotations

from . import network
from .book import Book, Sheet
from .network import Channels
from .panels import Look
from .places import Frame
from .style import Role, Scale

MULTIPLIER, MODULUS = 16807, 2147483647
REPEATABLE, FRESH = "from the seed", "RAND()"
TRAINING, EVALUATION = "training", "evaluation"
ABOUT = (
    (
        "Dropout in the network of the lesson conv: every activation of Conv2 gets a random number; "
        "where it is below p the "
        "activation is dropped, and the survivors are divided by 1 − p, so that their sum stays about the same."
    ),
    (
        "The random numbers come from a seed by the Park–Miller generator (each number is 16807 times "
        "the one before, modulo "
        "2147483647; see the sheet random), so a class sees the same mask on every computer. Switch "
        "to RAND() for fresh ones "
        "at every recalculation (F9)."
    ),
    (
        "torch's nn.Dropout does the same in training and nothing in evaluation: the control “mode” "
        "is model.train() and model.eval()."
    ),
)
SHEET = "The network with dropout between Conv2 and pooling"
EXERCISES = (
    (
        "Set p to 0.5. What happens to the sum of the activations, and to the measured rate?",
        (
            '="The rate comes close to p: now "&ROUND(measured_rate,3)&" at p = "&p&". The sum stays about what it '
            'was: now "&ROUND(sum_before,1)&" before and "&ROUND(sum_after,1)&" after, because each survivor counts '
            '1 / (1 − p) = "&ROUND(1/(1-p),2)&" times."'
        ),
    ),
    (
        "Change the seed a few times at p = 0.5. Does the network keep its answer?",
        (
            '="Mostly: no single activation decides. Learning that is what dropout is for. Now it says "&predicted&'
            '", with a softmax of "&ROUND(confidence,3)&"."'
        ),
    ),
    (
        "Set mode to evaluation. Which panels change?",
        (
            '="The dropped activations equal Conv2, and all after it; random numbers and masks are ignored. Sum of '
            'squared differences from Conv2 now: "&ROUND(SUMXMY2(conv2_1,dropout_1)+SUMXMY2(conv2_2,dropout_2),1)&"."'
        ),
    ),
    (
        "Why does the mask use random ≥ p and not random > p?",
        "RAND() is in [0, 1): exactly the share p of it lies below p.",
    ),
    (
        "Set p to 0.9 and find a seed with a wrong answer.",
        (
            '="One in ten activations is left, so the answer depends on luck: about every other seed does. '
            'Now "&SUM(mask_1,mask_2)&" of "&COUNT(mask_1,mask_2)&" are left, and the answer is "&predicted&" for a "&'
            'digit&"."'
        ),
    ),
)


def build(digit: int = 70, p: float = 0.2, seed: int = 42) -> Book:
    """Declare the lesson: ``p`` is the share of activations to drop, ``seed`` starts the random numbers."""
    options: dict[str, str | int | float] = {"digit": digit, "p": p, "seed": seed}
    size = network.SIDE
    book = Book("dropout", "Dropout in cells", ABOUT, EXERCISES, options)
    sheet = book.sheet("dropout", about=SHEET, pages=None)
    pixels = network.image(book, sheet, size, digit)
    names, library = network.kernel_library(book)
    row = _controls(sheet, network.controls(sheet, size, digit, names), p, seed)
    kernels = network.first_kernels(sheet, size, library)
    conv1 = network.first_layer(sheet, size, pixels, kernels)
    conv2 = network.second_layer(sheet, size, conv1, network.second_kernels(sheet, size))
    uniform = _generator(book, conv2)
    dropped, masks = _dropout(sheet, conv2, uniform.seen_from(sheet.name))
    row = _measures(sheet, row, conv2, dropped, masks)
    pooling = dropped.one.right + 2
    pooled = network.max_pooling(sheet, size, pooling, dropped)
    dense = pooling + (size - 4) // 2 + 2
    weights = network.dense_weights(sheet, size, dense, network.CLASSES)
    found = network.answer(sheet, dense + 5 * ((size - 4) // 2 + 1) + 1, pooled, weights)
    network.verdict(sheet, row, *found)
    sheet.print_scale = 55
    sheet.breaks = (2 * size + 4, masks.one.left - 1, dense)
    return book


def _controls(sheet: Sheet, row: int, p: float, seed: int) -> int:
    sheet.control(
        "p",
        (row, 9),
        "p: the share to drop",
        p,
        [k / 10 for k in range(10)],
        width=6,
        label_width=9,
        prompt="0 to 0.9",
        number_format="0.0##",
        note="The probability that an activation is dropped.",
    )
    sheet.control(
        "mode",
        (row + 1, 9),
        "Mode",
        TRAINING,
        (TRAINING, EVALUATION),
        width=6,
        label_width=9,
        prompt="training drops, evaluation lets all pass",
        note="As model.train() and model.eval() in torch.",
    )
    sheet.control(
        "random_source",
        (row + 2, 9),
        "Random numbers",
        REPEATABLE,
        (REPEATABLE, FRESH),
        width=6,
        label_width=9,
        prompt="repeatable from the seed, or new at every recalculation",
        note="Where the random panel takes its numbers from: the generator on the sheet random, or RAND().",
    )
    sheet.control(
        "seed",
        (row + 3, 9),
        f"Seed, 1 to {MODULUS - 1}",
        float(seed),
        width=6,
        label_width=9,
        prompt="any whole number from 1 to 2147483646",
        note="Where the Park–Miller generator starts.",
    )
    return row + 4


def _generator(book: Book, conv2: Channels) -> Frame:
    """Place the Park-Miller generator on a sheet of its own, a number for each activation; return the uniforms."""
    count = 2 * conv2.one.height * conv2.one.width
    sheet = book.sheet("random", frozen=(2, 0), default_width=90, zoom=100, pages=(1, 0))
    sheet.label((0, 0), f"The Park–Miller generator: {count:,} numbers", Look.HEADING)
    sheet.headers(1, 0, ("number", "state", "state / 2147483647"))
    for k in range(count):
        sheet.label((2 + k, 0), float(k + 1), Look.FAINT)
    states = sheet.frame((2, 1), (count, 1))
    sheet.fill(
        "states",
        (2, 1),
        (count, 1),
        lambda i, j: f"MOD({MULTIPLIER}*{states.cell(i - 1, 0) if i else 'seed'},{MODULUS})",
        Role.RANDOM,
        scale=Scale.NONE,
        number_format="0",
        note="16807 times the number above, modulo 2147483647: exact, because products stay below 2 to the 53.",
    )
    return sheet.fill(
        "uniforms",
        (2, 2),
        (count, 1),
        lambda i, j: f"{states.cell(i, 0)}/{MODULUS}",
        Role.RANDOM,
        number_format="0.000000",
        note="The state as a number between 0 and 1.",
    )


def _dropout(sheet: Sheet, conv2: Channels, uniform: Frame) -> tuple[Channels, Channels]:
    """Place random numbers, mask and masked activations; return the masked activations and the masks."""
    side = conv2.one.height
    first = conv2.one.right + 2
    titles = ("Random numbers", "Mask: 1 stays, 0 goes", "Conv2 after dropout")
    for k, (title, role) in enumerate(zip(titles, (Role.RANDOM, Role.RANDOM, Role.ACTIVATION), strict=True)):
        sheet.label((0, first + k * (side + 2)), f"{title}: 2 channels of {side}×{side}", Look.TITLE, role=role)
    found = [_channel(sheet, channel, conv2[channel - 1], uniform, first) for channel in (1, 2)]
    return Channels(found[0][0], found[1][0]), Channels(found[0][1], found[1][1])


def _channel(sheet: Sheet, channel: int, source: Frame, uniform: Frame, column: int) -> tuple[Frame, Frame]:
    side, title = source.height, f"Channel {channel}: {source.height}×{source.width}"
    offset = side * side * (channel - 1)
    numbers = sheet.fill(
        f"random_{channel}",
        (source.top, column),
        (side, side),
        lambda i, j: f'IF(random_source="{FRESH}",RAND(),{uniform.cell(offset + side * i + j, 0)})',
        Role.RANDOM,
        number_format="0.00",
        title=title,
        torch="the same generator in whole numbers",
        note="A random number between 0 and 1 for each activation: row by row from the sheet random, or RAND().",
    )
    mask = sheet.fill(
        f"mask_{channel}",
        (source.top, column + side + 2),
        (side, side),
        lambda i, j: f"IF({numbers.cell(i, j)}>=p,1,0)",
        Role.RANDOM,
        number_format="0",
        title=title,
        torch="(random >= p).double()",
        note="1 where the activation stays, 0 where it is dropped: random numbers below p drop.",
    )
    dropped = sheet.fill(
        f"dropout_{channel}",
        (source.top, column + 2 * (side + 2)),
        (side, side),
        lambda i, j: f'IF(mode="{TRAINING}",{source.cell(i, j)}*{mask.cell(i, j)}/(1-p),{source.cell(i, j)})',
        Role.ACTIVATION,
        title=title,
        torch="x * mask / (1 - p)",
        note="In training the activation times its mask, divided by 1 − p so that sums stay about the same; "
        "in evaluation "
        "the activation itself.",
    )
    return dropped, mask


def _measures(sheet: Sheet, row: int, conv2: Channels, dropped: Channels, masks: Channels) -> int:
    sheet.label((row + 1, 0), "What dropout did", Look.TITLE, role=Role.RESULT)
    zeros = "+".join(f"COUNTIF({masks[c].all()},0)" for c in (0, 1))
    count = "+".join(f"COUNT({masks[c].all()})" for c in (0, 1))
    lines = (
        (
            "measured_rate",
            "Measured rate",
            f"({zeros})/({count})",
            "0.000",
            "1 - mask.mean()",
            "The share of masks that are 0: close to p.",
        ),
        (
            "sum_before",
            "Sum of Conv2",
            "+".join(f"SUM({conv2[c].all()})" for c in (0, 1)),
            "0.0",
            "conv2.sum()",
            "All activations of Conv2, added.",
        ),
        (
            "sum_after",
            "Sum after dropout",
            "+".join(f"SUM({dropped[c].all()})" for c in (0, 1)),
            "0.0",
            "x.sum()",
            "All activations after dropout, added.",
        ),
    )
    for offset, (name, label, formula, style, call, note) in enumerate(lines):
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
    return row + 5
