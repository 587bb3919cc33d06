"""Lesson ``conv``: a digit through two convolutions, max pooling, a dense layer and softmax."""

from __future__ import annotations

from . import network
from .book import Book
from .strides import add_strides

ABOUT = (
    (
        "A small convolutional network as live cells: a handwritten digit, two 3×3 kernels with ReLU, "
        "two 2×3×3 kernels with "
        "ReLU, 2×2 max pooling, ten sets of dense weights and a softmax over the ten digits."
    ),
    (
        "Click any cell of a panel to see its formula; the first cell of each panel has a note that "
        "says what it computes. "
        "Numbers are white at zero, red above it, blue below."
    ),
    (
        "The two edge kernels are chosen by hand. The kernels of the second layer and the dense weights "
        "were trained on 4,401 "
        "other MNIST digits with the two edge kernels fixed (96% of held-out digits right, 93 of the "
        "hundred shown here), then "
        "rounded to two and three decimals, so that what you see is all there is."
    ),
)
EXERCISES = (
    (
        "Choose another digit and another example of it. Which digits does the network confuse?",
        (
            '="93 of the hundred are right; 4 and 9, or 3, 5 and 8, share many edges. Watch the second highest bar. '
            'Now it takes a "&digit&" for a "&predicted&"."'
        ),
    ),
    (
        "Set kernel 1 to “bottom edge”. What changes in channel 1, and does the softmax survive?",
        (
            "Channel 1 now lights up under the strokes instead of above them. Later layers were trained "
            "for the top edge, "
            "so the answer is often wrong: layers belong together."
        ),
    ),
    (
        "Set kernel 1 to “identity”. What does ReLU change then?",
        (
            '="Nothing: pixels are never negative, so Conv1 is the image without its outermost rows and columns. '
            'Sum of squared differences between the two now: "&ROUND(SUMXMY2(conv1_1,conv!B3:AA28),3)&"."'
        ),
    ),
    (
        "Why is Conv1 26×26 and Conv2 24×24?",
        (
            '="A 3×3 window fits "&ROWS(image)&" − 3 + 1 = "&ROWS(conv1_1)&" times along a side, and "&ROWS(conv1_1)&'
            '" − 3 + 1 = "&ROWS(conv2_1)&" times after that."'
        ),
    ),
    (
        "How many weights has the network?",
        (
            '="2·9 + 2·18 = "&COUNT(kernel_1,kernel_2,kernel_1_1,kernel_1_2,kernel_2_1,kernel_2_2)&'
            '" in the convolutions, 10·2·12·12 = "&COUNT(classes)*2*COUNT(dense_0_1)&" in the dense layer."'
        ),
    ),
    (
        "Sheet strides: choose stride 1 and padding 1, then stride 2. How large is the output, and why?",
        (
            '="At stride "&stride&" and padding "&padding&" it is ("&ROWS(image)&" + 2·"&padding&" − 3) / "&stride&'
            '", rounded down, plus 1: "&output_side&". Padding 1 keeps the side at stride 1, and stride 2 halves it."'
        ),
    ),
    (
        "Which pooling keeps most of an output: max, average or concat? Count what remains.",
        (
            '="Concat: both channels, greatest and mean, are 2·2·"&pooled_side&"² = "&4*pooled_side^2&" numbers, '
            'twice as many as with max or average alone."'
        ),
    ),
    (
        "Walk the window (Output number) to the greatest output of channel 1. What does it see there?",
        (
            '="Output number "&SUMPRODUCT(MAX((strided_1=MAX(strided_1))*((ROW(strided_1)-ROW(strides!$AU$4))'
            '*output_side+COLUMN(strided_1)-COLUMN(strides!$AT$4))))&" has the greatest, "&ROUND(MAX(strided_1),3)&'
            '": a window that looks like the kernel."'
        ),
    ),
)


def build(digit: int = 70, size: int = network.SIDE, classes: int = network.CLASSES) -> Book:
    """Declare the lesson: ``digit`` is a row of the hundred vendored digits, ``size`` the image's side."""
    options: dict[str, str | int | float] = {"digit": digit, "size": size, "classes": classes}
    live = size == network.SIDE and classes == network.CLASSES
    book = Book("conv", "A convolutional network in cells", ABOUT, EXERCISES if live else (), options, live=live)
    sheet = book.sheet("conv", about="The network: image, two convolutions, pooling, dense layer, softmax", pages=None)
    pixels = network.image(book, sheet, size, digit)
    names, library = network.kernel_library(book) if size == network.SIDE else (None, None)
    row = network.controls(sheet, size, digit, names) if size == network.SIDE else size + 3
    kernels = network.first_kernels(sheet, size, library)
    conv1 = network.first_layer(sheet, size, pixels, kernels)
    conv2 = network.second_layer(sheet, size, conv1, network.second_kernels(sheet, size))
    pooled = network.max_pooling(sheet, size, 3 * size + 6, conv2)
    dense = 4 * size + 5
    weights = network.dense_weights(sheet, size, dense, classes)
    side = (size - 4) // 2
    found = network.answer(sheet, dense + min(classes, 5) * (side + 1) + 1, pooled, weights)
    if live:
        network.verdict(sheet, row, *found)
        add_strides(book, pixels, kernels)
    sheet.print_scale = 55
    sheet.breaks = (2 * size + 4, dense - 1)
    return book
