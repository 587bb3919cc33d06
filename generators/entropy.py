"""Lesson ``entropy``: softmax, cross-entropy and binary cross-entropy, with natural logarithms."""

from __future__ import annotations

from .book import Book, Sheet
from .panels import Chart, Look, Series
from .style import Role, Scale

CLASSES = ("cat", "dog", "plane", "fish", "building")
BATCH = (
    ("photo 1", (2.1, 0.4, -1.3, 0.2, -2.0), "cat"),
    ("photo 2", (0.3, 2.6, -0.8, 0.1, -1.1), "dog"),
    ("photo 3", (-1.7, -0.9, 3.2, 0.6, 1.4), "plane"),
    ("photo 4", (0.9, 0.5, 0.4, 0.3, 0.8), "fish"),
    ("photo 5", (-0.6, 0.2, 1.9, -1.2, 1.6), "building"),
    ("photo 6", (1.2, 1.9, -2.2, 0.7, -0.4), "cat"),
)
ABOUT = (
    (
        "A network for five classes gives five numbers, its activations, and they may be anything. "
        "Softmax turns them into "
        "probabilities; cross-entropy says how bad those are, given the right class: minus the natural "
        "logarithm of its probability."
    ),
    (
        "When several classes can be right at once, each gets its own sigmoid instead, and binary cross-entropy "
        "adds up what each says."
    ),
)
EXERCISES = (
    (
        "Change the activation of the right class. How does the loss change?",
        "It falls as the activation rises, ever more slowly: the loss is −ln of the probability.",
    ),
    (
        "Add 100 to all five activations of a photo. What happens to the softmax?",
        (
            '="Nothing: only differences count. (That is why the greatest is taken away first.) Photo 1 stays at "&'
            'ROUND(INDEX(softmax,1,1),3)&" for the cat."'
        ),
    ),
    (
        "Set the temperature to 5, then to 0.2. What happens to the probabilities?",
        (
            '="A high temperature evens them out, a low one makes the greatest nearly 1. At temperature "&temperature&'
            '" the greatest of all is "&ROUND(MAX(softmax),3)&", the least "&ROUND(MIN(softmax),3)&"."'
        ),
    ),
    (
        "What is the loss when all activations are equal?",
        (
            '="ln "&COLUMNS(activations)&", about "&ROUND(LN(COLUMNS(activations)),3)&": "&COLUMNS(activations)&" '
            'classes, each with probability 1/"&COLUMNS(activations)&"."'
        ),
    ),
    (
        "Why does binary cross-entropy not add up to 1 over the classes?",
        "Each sigmoid is a probability of its own: both cat and dog can be in the photo.",
    ),
)
WIDTH = len(CLASSES)


def build() -> Book:
    """Declare the lesson."""
    book = Book("entropy", "Softmax and cross-entropy", ABOUT, EXERCISES, {})
    _softmax(book)
    _binary(book)
    return book


def _softmax(book: Book) -> None:
    sheet = book.sheet("entropy", frozen=(1, 1), default_width=66, zoom=100, pages=(1, 1))
    sheet.label((0, 0), "Softmax and cross-entropy", Look.HEADING)
    sheet.control(
        "temperature",
        (2, 2),
        "Temperature",
        1.0,
        (0.2, 0.5, 1.0, 2.0, 5.0),
        label_width=2,
        prompt="1 leaves softmax as it is",
        note="Activations are divided by it before softmax.",
    )
    top, count = 6, len(BATCH)
    right = WIDTH + 2
    blocks = ((top - 1, 0), (top - 1, right), (top + count + 3, 0), (top + count + 3, right), (top + 2 * count + 7, 0))
    for row, column in blocks:
        if (row, column) != (top - 1, right):
            sheet.headers(row, column + 1, CLASSES)
        for i, (name, _, _) in enumerate(BATCH):
            sheet.label((row + 1 + i, column), name, Look.FAINT)
    classes = sheet.constants(
        "class_names", (top - 1, right + 1), [CLASSES], Role.INPUT, scale=Scale.NONE, note="The classes, by name."
    )
    logits = sheet.constants(
        "activations",
        (top, 1),
        [values for _, values, _ in BATCH],
        Role.INPUT,
        number_format="0.00",
        note="What the network says: any numbers.",
    )
    sheet.label((top - 2, 1), "Activations", Look.TITLE, role=Role.INPUT)
    targets = sheet.constants(
        "targets",
        (top, 2 * right),
        [[name] for _, _, name in BATCH],
        Role.INPUT,
        scale=Scale.NONE,
        note="The right class of each photo: type another.",
    )
    sheet.headers(top - 1, 2 * right, ("right class", "its number"))
    numbers = sheet.fill(
        "target_numbers",
        (top, 2 * right + 1),
        (count, 1),
        lambda i, j: f"MATCH({targets.cell(i, 0)},{classes.all()},0)",
        Role.ACTIVATION,
        scale=Scale.NONE,
        number_format="0",
        note="Where the right class stands.",
    )
    powers = sheet.fill(
        "powers",
        (top, right + 1),
        (count, WIDTH),
        lambda i, j: f"EXP(({logits.cell(i, j)}-MAX({logits.row(i, 'c')}))/temperature)",
        Role.ACTIVATION,
        number_format="0.000",
        note="e to the activation, after taking the greatest of the row away and dividing by the temperature.",
        torch="torch.exp((x - x.max(1)) / temperature)",
    )
    sheet.label((top - 2, right + 1), "e to the activation", Look.TITLE, role=Role.ACTIVATION)
    lower = top + count + 4
    softmax = sheet.fill(
        "softmax",
        (lower, 1),
        (count, WIDTH),
        lambda i, j: f"{powers.cell(i, j)}/SUM({powers.row(i, 'c')})",
        Role.ACTIVATION,
        number_format="0.000",
        note="Each exponential divided by the sum of its row: probabilities that add up to 1.",
        torch="F.softmax(x / temperature, dim=1)",
    )
    sheet.label((lower - 2, 1), "Softmax", Look.TITLE, role=Role.ACTIVATION)
    hot = sheet.fill(
        "one_hot",
        (lower, right + 1),
        (count, WIDTH),
        lambda i, j: f"IF({numbers.cell(i, 0, 'c')}=COLUMN()-{right + 1},1,0)",
        Role.ACTIVATION,
        number_format="0",
        note="1 for the right class, 0 for the others.",
        torch="F.one_hot(target, 5)",
    )
    sheet.label((lower - 2, right + 1), "One-hot target", Look.TITLE, role=Role.ACTIVATION)
    sheet.headers(lower - 1, 2 * right, ("cross-entropy", "by index"))
    losses = sheet.fill(
        "losses",
        (lower, 2 * right),
        (count, 1),
        lambda i, j: f"-SUMPRODUCT({hot.row(i)},LN({softmax.row(i)}))",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="Minus the sum of target times logarithm: only the right class counts.",
        torch='F.cross_entropy(x, target, reduction="none")',
    )
    sheet.fill(
        "losses_by_index",
        (lower, 2 * right + 1),
        (count, 1),
        lambda i, j: f"-LN(INDEX({softmax.row(i)},{numbers.cell(i, 0)}))",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="The same, looked up: minus the logarithm of the right class’s probability.",
        torch="F.nll_loss(F.log_softmax(x, 1), target)",
    )
    sheet.result(
        "mean_loss",
        (lower + count + 1, 2 * right),
        "mean",
        f"AVERAGE({losses.all('')})",
        torch="F.cross_entropy(x, target)",
        note="The loss of the batch.",
    )
    gradients = sheet.fill(
        "gradients",
        (lower + count + 4, 1),
        (count, WIDTH),
        lambda i, j: f"({softmax.cell(i, j)}-{hot.cell(i, j)})/temperature/{count}",
        Role.GRADIENT,
        number_format="0.000",
        scale=Scale.BLUE_WHITE_RED,
        note="How the mean loss changes with each activation: (softmax − target) / number of photos.",
        torch="autograd of F.cross_entropy",
    )
    sheet.label(
        (gradients.top - 2, 1),
        "Gradient of the mean loss: softmax − target, divided by the number of photos",
        Look.TITLE,
        role=Role.GRADIENT,
    )
    _logarithm(sheet, gradients.top - 1, right + 1)


def _logarithm(sheet: Sheet, row: int, column: int) -> None:
    """Place the curve of −ln p: what a loss costs."""
    sheet.headers(row, column, ("p", "−ln p"))
    chances = sheet.fill(
        "chances",
        (row + 1, column),
        (20, 1),
        lambda i, j: f"(ROW()-{row + 1})/20",
        Role.INPUT,
        number_format="0.00",
        scale=Scale.NONE,
        note="Probabilities of the right class.",
    )
    costs = sheet.fill(
        "costs",
        (row + 1, column + 1),
        (20, 1),
        lambda i, j: f"-LN({chances.cell(i, 0)})",
        Role.RESULT,
        number_format="0.000",
        note="What each costs: nothing at 1, without end towards 0.",
        torch="-torch.log(p)",
    )
    sheet.charts.append(
        Chart(
            "curve",
            "The cost of a probability: −ln p",
            (Series("−ln p", costs, chances),),
            row,
            column + 3,
            460,
            400,
            "probability of the right class",
            "loss",
        )
    )


def _binary(book: Book) -> None:
    sheet = book.sheet("binary", frozen=(1, 1), default_width=66, zoom=100, pages=(1, 1))
    sheet.label((0, 0), "Binary cross-entropy: several classes may be right", Look.HEADING)
    count, right = len(BATCH), WIDTH + 2
    blocks = ((3, 0), (3, right), (count + 7, 0), (count + 7, right))
    for row, column in blocks:
        sheet.headers(row, column + 1, CLASSES)
        for i, (name, _, _) in enumerate(BATCH):
            sheet.label((row + 1 + i, column), name, Look.FAINT)
    truth = [
        [float(name == right_class or (i + k) % 4 == 0) for k, name in enumerate(CLASSES)]
        for i, (_, _, right_class) in enumerate(BATCH)
    ]
    logits = sheet.constants(
        "binary_activations",
        (4, 1),
        [values for _, values, _ in BATCH],
        Role.INPUT,
        number_format="0.00",
        note="What the network says.",
    )
    labels = sheet.constants(
        "binary_targets",
        (4, right + 1),
        truth,
        Role.INPUT,
        number_format="0",
        note="1 where the class is in the photo. Change them.",
    )
    sigmoid = sheet.fill(
        "sigmoids",
        (count + 8, 1),
        (count, WIDTH),
        lambda i, j: f"1/(1+EXP(-{logits.cell(i, j)}))",
        Role.ACTIVATION,
        number_format="0.000",
        note="Each class has a probability of its own.",
        torch="torch.sigmoid(x)",
    )
    losses = sheet.fill(
        "binary_losses",
        (count + 8, right + 1),
        (count, WIDTH),
        lambda i, j: (
            f"-({labels.cell(i, j)}*LN({sigmoid.cell(i, j)})+(1-{labels.cell(i, j)})*LN(1-{sigmoid.cell(i, j)}))"
        ),
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="−ln p where the class is there, −ln (1 − p) where it is not.",
        torch='F.binary_cross_entropy(p, y, reduction="none")',
    )
    for (row, column), title, role in zip(
        blocks,
        ("Activations", "Targets", "Sigmoid", "Loss of each class"),
        (Role.INPUT, Role.INPUT, Role.ACTIVATION, Role.RESULT),
        strict=True,
    ):
        sheet.label((row - 1, column + 1), title, Look.TITLE, role=role)
    sheet.result(
        "binary_mean_loss",
        (2 * count + 9, right + 2),
        "mean",
        f"AVERAGE({losses.all('')})",
        torch="F.binary_cross_entropy_with_logits(x, y)",
        note="The mean over photos and classes.",
    )
