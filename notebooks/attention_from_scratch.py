# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Attention from scratch
#
# Attention answers one question: which of these vectors matter to this one, and how much? It takes three steps. Compare
# the vectors, turn the comparisons into weights, take a mean with these weights. This notebook goes through them with
# numbers that you can check on paper, shows two ways to get them wrong, and ends with a network that learns to attend.
#
# Every claim is checked where it is made: by an `assert`, by a picture, or against the library's own `nmt.attend` and
# `nmt.attention_weights`. There is nothing to download, and everything runs within a minute on one CPU core.

# %%
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from torch import Tensor

import nmt
from nmt.config import AttentionSettings, ModelSettings, SearchOptions, Vocabulary
from nmt.modules.build import build_model
from nmt.modules.seq2seq import Seq2Seq
from nmt.search import Batch, StepModel, greedy_search
from nmt.search.forced import shift_right
from nmt.visual.curves import COLORS, Curve, Panel, draw_panel
from nmt.visual.heatmap import heatmap, side_by_side
from nmt.visual.picture import Picture

SEED = 1

# %% [markdown]
# ## 1. Two similarities
#
# Three vectors. The second points where the first does, and is twice as long; the third points elsewhere.

# %%
names = ["h1", "h2", "h3"]
h = np.array([[0.6, 0.8], [1.2, 1.6], [1.2, 0.0]])


def draw_arrows(axes: Axes, colors: Sequence[str]) -> None:
    for (x, y), name, color in zip(h[::-1], names[::-1], colors[::-1], strict=True):  # h1 upon h2
        axes.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0})
        axes.annotate(name, (x, y), xytext=(-18, 4), textcoords="offset points", color=color)
    axes.set(xlim=(-0.1, 1.5), ylim=(-0.1, 1.8), aspect="equal", xlabel="x", ylabel="y")


figure = Picture(figsize=(4, 4))
draw_arrows(figure.subplots(), COLORS[:3])
figure

# %% [markdown]
# The **cosine** compares directions, and is 1 for the same one. The **negative Euclidean distance** compares places,
# and is 0 for the same one. For both, larger means more alike.
#
# $$\cos(h_i, h_j) = \frac{h_i \cdot h_j}{\lVert h_i \rVert \, \lVert h_j \rVert}
# \qquad\qquad -\lVert h_i - h_j \rVert$$
#
# On paper, with the lengths $\lVert h_1 \rVert = \sqrt{0.36 + 0.64} = 1$, $\lVert h_2 \rVert = 2$ and
# $\lVert h_3 \rVert = 1.2$:
#
# | | cosine | negative distance |
# |---|---|---|
# | $h_1, h_2$ | $(0.72 + 1.28) / (1 \cdot 2) = 1$ | $-\sqrt{0.36 + 0.64} = -1$ |
# | $h_1, h_3$ | $(0.72 + 0) / (1 \cdot 1.2) = 0.6$ | $-\sqrt{0.36 + 0.64} = -1$ |
# | $h_2, h_3$ | $(1.44 + 0) / (2 \cdot 1.2) = 0.6$ | $-\sqrt{0 + 2.56} = -1.6$ |
#
# They disagree. To the cosine $h_1$ and $h_2$ are the same; by distance $h_1$ is as far from $h_2$ as from $h_3$.

# %%
norms = np.sqrt((h * h).sum(axis=1))
cosine = (h @ h.T) / (norms[:, None] * norms)

differences = h[:, None] - h  # (i, j, coordinate)
distance = -np.sqrt((differences * differences).sum(axis=2))

assert np.allclose(cosine, [[1, 1, 0.6], [1, 1, 0.6], [0.6, 0.6, 1]])
assert np.allclose(distance, [[0, -1, -1], [-1, 0, -1.6], [-1, -1.6, 0]])


# %%
def draw_scores(panels: dict[str, np.ndarray]) -> Picture:
    """Draws matrices that may be negative: blue above zero, red below."""
    figure = Picture(figsize=(2.6 * len(panels), 2.5))
    for axes, (title, scores) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        axes.imshow(scores, cmap="RdBu", vmin=-3, vmax=3)
        for (i, j), score in np.ndenumerate(scores):
            axes.text(j, i, f"{score:z.2f}", ha="center", va="center")
        axes.xaxis.tick_top()
        axes.set_xticks(range(3), labels=names)
        axes.set_yticks(range(3), labels=names)
        axes.set_title(title, fontsize=11)
    return figure


draw_scores({"cosine": cosine, "negative distance": distance})

# %% [markdown]
# ## 2. Weights
#
# Row $i$ holds the scores $s(i, j)$ of everything that $h_i$ may look at. The **softmax** makes weights of them:
# exponentials, so that all are positive, divided by their sum over the row, so that they sum to one.
#
# $$\alpha_{ij} = \frac{\exp s(i, j)}{\sum_k \exp s(i, k)}$$
#
# For the first row of cosines, $e^1 = 2.718$ and $e^{0.6} = 1.822$ sum to $2.718 + 2.718 + 1.822 = 7.259$, which gives
# weights of $0.374$, $0.374$ and $0.251$.

# %%
by_hand = np.exp([1, 1, 0.6])
print(by_hand.round(3), "/", by_hand.sum().round(3), "=", (by_hand / by_hand.sum()).round(3))


def softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


alpha = softmax(cosine)
assert np.allclose(alpha[0], by_hand / by_hand.sum())
assert np.allclose(alpha.sum(axis=1), 1)

# %% [markdown]
# The library gives the same, for both similarities:

# %%
assert np.allclose(softmax(cosine), nmt.attention_weights(h, h, score="cosine"))
assert np.allclose(softmax(distance), nmt.attention_weights(h, h, score="euclidean"))

# %% [markdown]
# Read a heatmap **by rows**. *Target*, on the left, is the vector that asks; *source*, above, is what it looks at.

# %%
panels = {"cosine": softmax(cosine), "distance": softmax(distance)}


def weighted(matrix: np.ndarray, source: list[str], target: list[str] | None = None) -> SimpleNamespace:
    """What `side_by_side` draws: a matrix and its labels."""
    return SimpleNamespace(matrix=matrix, source_tokens=source, target_tokens=target or source)


side_by_side([weighted(matrix, names) for matrix in panels.values()], list(panels))

# %% [markdown]
# ## 3. Context
#
# The **context** of $h_i$ is the mean of all vectors with its weights:
#
# $$a_i = \sum_j \alpha_{ij} \, h_j$$
#
# For the first row $a_1 = 0.374 \, h_1 + 0.374 \, h_2 + 0.251 \, h_3 \approx (0.975,\ 0.899)$. All rows at once are a
# product of matrices.

# %%
a = alpha @ h
assert np.allclose(a[0], [0.975, 0.899], atol=0.001)

context, weights = nmt.attend(h, h, h, score="cosine")
assert np.allclose(a, context)
assert np.allclose(alpha, weights)

# %%
figure = Picture(figsize=(8.5, 4))
mean = h.mean(axis=0)
for axes, score in zip(figure.subplots(1, 2), ["cosine", "euclidean"], strict=True):
    contexts, _ = nmt.attend(h, h, h, score=score)
    draw_arrows(axes, ["#999999"] * 3)
    axes.fill(*h.T, color="#f0f0f0", zorder=0)
    axes.plot(*contexts.T, "o", color=COLORS[1])
    axes.plot(*mean, "kx")
    for point, name, side in zip(contexts, ["a1", "a2", "a3"], [-17, 6, 6], strict=True):
        axes.annotate(name, point, xytext=(side, -4), textcoords="offset points", color=COLORS[1])
    axes.set_title(score, fontsize=11)
    print(f"{score}: distances to the mean", np.linalg.norm(contexts - mean, axis=1).round(2))
figure

# %% [markdown]
# Weights that are positive and sum to one cannot leave the grey triangle between the vectors. The cross is the plain
# mean. The cosine puts all three contexts close to it, two of them on one point: section 5 says why.
#
# ## 4. Two mistakes
#
# **Comparing coordinates instead of vectors.** A dot product multiplies coordinate by coordinate and takes the sum.
# Forget the sum, and what comes out has a column for each of the $d$ coordinates, not for each of the $T$ vectors. Its
# rows do sum to one: it is the *shape* that tells.

# %%
coordinates = softmax(h * h)
assert coordinates.shape == (3, 2)  # (T, d)
assert alpha.shape == (3, 3)  # (T, T)
assert np.allclose(coordinates.sum(axis=1), 1)

# %% [markdown]
# With as many vectors as coordinates even the shape looks right. Then turn all vectors by the same angle, which changes
# no cosine and no distance. Weights of vectors stay, weights of coordinates do not.

# %%
assert softmax(h[:2] * h[:2]).shape == nmt.attention_weights(h[:2], h[:2]).shape

c, s = np.cos(0.5), np.sin(0.5)
turned = h @ np.array([[c, s], [-s, c]])
assert np.allclose(nmt.attention_weights(turned, turned, score="cosine"), alpha)
assert np.allclose(nmt.attention_weights(turned, turned, score="euclidean"), softmax(distance))
assert not np.allclose(softmax(turned * turned), coordinates, atol=0.1)

side_by_side(
    [weighted(matrix, ["x", "y"], names) for matrix in (coordinates, softmax(turned * turned))],
    ["coordinates", "turned"],
)

# %% [markdown]
# **Dividing by the sum of the raw scores.** Exponentials must be divided by a sum of exponentials. Divided by the sum
# of the scores themselves, rows no longer sum to one, and where that sum is negative, so are the weights. With
# negative distances it always is.

# %%
wrong_cosine = np.exp(cosine) / cosine.sum(axis=1, keepdims=True)
wrong_distance = np.exp(distance) / distance.sum(axis=1, keepdims=True)
assert not np.isclose(wrong_cosine.sum(axis=1), 1).any()
assert (wrong_distance < 0).all()
print("sums of rows, cosine:  ", wrong_cosine.sum(axis=1).round(2))
print("sums of rows, distance:", wrong_distance.sum(axis=1).round(2))

draw_scores({"wrong, cosine": wrong_cosine, "wrong, distance": wrong_distance})

# %% [markdown]
# The cure is to check what every matrix of weights must fulfil: a row for each vector that asks and a column for each
# that is looked at, nothing below zero, rows that sum to one.

# %%
for score in ("cosine", "euclidean"):
    weights = nmt.attention_weights(h, h, score=score)
    assert weights.shape == (3, 3)
    assert (weights >= 0).all()
    assert np.allclose(weights.sum(axis=1), 1)

# %% [markdown]
# ## 5. Why raw cosines are nearly uniform
#
# A cosine lies between $-1$ and $1$. Multiplied by a scale $\tau$, which is the same as divided by a *temperature*
# $1 / \tau$, two scores of a row differ by $2 \tau$ at most, and so one weight is at most $e^{2\tau}$ times another. A
# weight over $n$ words is greatest when its word points exactly where the query does, and all others exactly away:
#
# $$\alpha_{\max} \le \frac{e^{2 \tau}}{e^{2 \tau} + n - 1}$$

# %%
random = np.random.default_rng(SEED)


def bound(scale: float, n: int) -> float:
    return np.exp(2 * scale) / (np.exp(2 * scale) + n - 1)


for n in (2, 10, 100):
    for scale in (0.5, 1, 2, 5):
        queries, keys = random.normal(size=(1000, 4)), random.normal(size=(n, 4))
        weights = nmt.attention_weights(queries, keys, temperature=1 / scale)
        assert (weights.max(axis=1) <= np.exp(2 * scale) * weights.min(axis=1)).all()
        assert (weights <= bound(scale, n)).all()
        best = np.array([[1.0, 0.0]] + [[-1.0, 0.0]] * (n - 1))
        assert np.isclose(nmt.attention_weights(best[0], best, temperature=1 / scale)[0], bound(scale, n))

# %% [markdown]
# The left panel is this bound. Words rarely point exactly away from each other: on the right one word points where the
# query does and all others are at right angles to it, as random vectors of many dimensions nearly are. That gains only
# $e^{\tau}$.

# %%
many = random.normal(size=(100, 500))
many /= np.linalg.norm(many, axis=1, keepdims=True)
assert np.abs((many @ many.T)[~np.eye(100, dtype=bool)]).mean() < 0.05


def right_angles(scale: float, n: int) -> float:
    keys = np.array([[1.0, 0.0]] + [[0.0, 1.0]] * (n - 1))
    return nmt.attention_weights(keys[0], keys, temperature=1 / scale)[0]


# %%
figure = Picture(figsize=(10, 3.6))
counts = np.arange(2, 101)
panels = {"greatest possible weight": bound, "the others at right angles": right_angles}
for axes, (title, weight) in zip(figure.subplots(1, 2), panels.items(), strict=True):
    curves = [Curve(f"scale {scale}", counts, [weight(scale, n) for n in counts]) for scale in (5, 3, 2, 1)]
    draw_panel(axes, Panel(title, curves, limits=(0, 1)), end=100, legend=False)
    axes.plot(counts, 1 / counts, color="#999999", linewidth=1, label="uniform, 1/n")
    axes.set(xlabel="words n", ylabel="weight")
axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
figure

# %% [markdown]
# With a scale of 1 and 20 words no weight can be above 0.28, however well a word fits. At right angles it is 0.13, and
# uniform weights are 0.05.

# %%
assert round(bound(1, 20), 2) == 0.28
assert round(right_angles(1, 20), 2) == 0.13

# %% [markdown]
# So a cosine needs a scale, or a temperature below one. Temperature changes how sharp weights are, never their order.
# These are six directions, all round:

# %%
angles = np.arange(0, 360, 60)
labels = [f"{angle}°" for angle in angles]
directions = np.column_stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))])
by_temperature = {t: nmt.attention_weights(directions, directions, temperature=t) for t in (10, 1, 0.3, 0.1)}
side_by_side(
    [weighted(matrix, labels) for matrix in by_temperature.values()], [f"temperature {t}" for t in by_temperature]
)

# %%
assert np.allclose(by_temperature[10], 1 / 6, atol=0.02)  # hot: uniform
assert np.allclose(by_temperature[0.1], np.eye(6), atol=0.02)  # cold: one word takes all
for matrix in by_temperature.values():
    assert (np.diff(matrix[0, [0, 1, 2, 3]]) < 0).all()  # the order by angle stays

# %% [markdown]
# A distance has no such bound: vectors that are ten times as long are ten times as far apart, and their weights are
# sharper. The cosine does not notice.

# %%
assert np.allclose(nmt.attention_weights(10 * h, 10 * h, score="cosine"), alpha)
assert nmt.attention_weights(10 * h, 10 * h, score="euclidean").diagonal().min() > 0.99
assert softmax(distance).diagonal().max() < 0.7

# %% [markdown]
# ## 6. A sentence attends to itself
#
# In self-attention every word asks and every word is looked at. These word vectors are made by hand, so that you can
# see what comes of what: four features, and "fish" is both an animal and food.

# %%
features = ["function word", "animal or person", "food", "action"]
vectors = {
    "the": [1, 0, 0, 0],
    "and": [1, 0, 0, 0],
    "cat": [0, 1, 0, 0],
    "child": [0, 1, 0, 0],
    "fish": [0, 1, 1, 0],
    "milk": [0, 0, 1, 0],
    "eats": [0, 0, 1, 2],
    "drinks": [0, 0, 1, 2],
}
words = ["the", "cat", "eats", "fish", "and", "the", "child", "drinks", "milk"]
x = np.array([vectors[word] for word in words], dtype=float)
context, weights = nmt.attend(x, x, x, score="cosine", temperature=0.25)
heatmap(weights, words, words, title="self-attention, cosine, temperature 0.25")

# %% [markdown]
# Words of one kind share their weight: "cat" looks at itself and at "child", "eats" at "drinks". "fish" stands between
# "cat" and "milk", and looks at both.

# %%
cat, fish, child, milk = (words.index(word) for word in ("cat", "fish", "child", "milk"))
assert np.isclose(weights[cat, child], weights[cat, cat])
assert np.isclose(weights[fish, cat], weights[fish, milk])

# %% [markdown]
# A context is a word seen together with its company. The feature *food* of "cat" was 0, and is now above it: the cat
# has looked at the fish.

# %%
print(f"{'':8}" + "".join(f"{feature:>18}" for feature in features))
for word, row in zip(words, context, strict=True):
    print(f"{word:8}" + "".join(f"{value:18.2f}" for value in row))

food = features.index("food")
assert x[cat, food] == 0 < context[cat, food]

# %% [markdown]
# Attention by itself knows nothing of order. Both "the" have the same row, and shuffled words have the same weights in
# shuffled places. Where order matters it has to be in the vectors, and a recurrent encoder puts it there.

# %%
first, second = (place for place, word in enumerate(words) if word == "the")
assert np.allclose(weights[first], weights[second])

order = random.permutation(len(words))
assert np.allclose(nmt.attention_weights(x[order], x[order], temperature=0.25), weights[order][:, order])

# %% [markdown]
# ## 7. With and without attention
#
# What is it good for? An encoder-decoder without attention must put the whole source into one vector, the first state
# of the decoder. With attention the decoder asks at each step $t$ with its state $q_t$, and the context it gets is a
# mean of the encoder's vectors:
#
# $$\alpha_{tj} = \frac{\exp s(q_t, h_j)}{\sum_k \exp s(q_t, h_k)} \qquad\qquad a_t = \sum_j \alpha_{tj} \, h_j$$
#
# The task: write a row of random letters backwards. `score="none"` is the plain encoder-decoder, `score="cosine"` the
# cosine of section 5 with a scale that is learnt. Both see the same examples, of 1 to 12 letters. The plain decoder is
# half as wide again, so that it has no fewer parameters.

# %%
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LONGEST, STEPS = 12, 600
vocabulary = Vocabulary(size=4 + len(LETTERS), pad_id=0, bos_id=1, eos_id=2, unk_id=3)


def draw_letters(count: int, length: int) -> Tensor:
    return torch.randint(4, vocabulary.size, (count, length))


def with_end(letters: Tensor) -> Tensor:
    return F.pad(letters, (0, 1), value=vocabulary.eos_id)


def reversals(letters: Tensor) -> tuple[Batch, Tensor]:
    """Letters (batch, length) as sources, and the same backwards as targets."""
    count, length = letters.shape
    return Batch(with_end(letters), torch.full((count,), length + 1)), with_end(letters.flip(1))


# %%
def train(score: str, decoder_size: int) -> Seq2Seq:
    attention = AttentionSettings(score)
    sizes = {"embedding_size": 32, "encoder_size": 32, "decoder_size": decoder_size}
    torch.manual_seed(SEED)
    model = build_model(ModelSettings(**sizes, dropout=0.0, tying="none", attention=attention), vocabulary, vocabulary)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=STEPS)
    torch.manual_seed(SEED)  # the same examples for both models
    for _ in range(STEPS):
        length = int(torch.randint(1, LONGEST + 1, ()))
        batch, target = reversals(draw_letters(64, length))
        decoded = model(*batch, shift_right(target, vocabulary.bos_id))
        loss = F.cross_entropy(model.output(decoded.attentional).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


plain = train("none", decoder_size=96)

# %%
attentive = train("cosine", decoder_size=64)

plain_size, attentive_size = (sum(one.numel() for one in model.parameters()) for model in (plain, attentive))
print("parameters:", plain_size, "without attention,", attentive_size, "with")
assert plain_size >= attentive_size

# %% [markdown]
# Now for letters that neither has seen, in rows up to twice as long as any it was trained on. A row counts as right if
# all its letters are, and the end too.

# %%
tested = range(2, 2 * LONGEST + 1, 2)


def accuracy(model: StepModel, length: int, count: int = 200) -> float:
    torch.manual_seed(1000 + length)
    batch, target = reversals(draw_letters(count, length))
    found = greedy_search(model, batch, vocabulary, SearchOptions(max_length=2 * length))
    return sum(one.tokens == row for one, row in zip(found, target.tolist(), strict=True)) / count


right = {
    name: {length: accuracy(model, length) for length in tested}
    for name, model in {"without attention": plain, "with attention": attentive}.items()
}
print(f"{'letters':>17}:", *(f"{length:5}" for length in tested))
for name, found in right.items():
    print(f"{name:>17}:", *(f"{share:5.0%}" for share in found.values()))

# %%
figure = Picture(figsize=(8, 3.8))
axes = figure.subplots()
curves = [Curve(name, list(found), list(found.values())) for name, found in right.items()]
draw_panel(axes, Panel("rows that are right from end to end", curves, limits=(0, 1)), end=2 * LONGEST)
axes.axvspan(LONGEST, 2 * LONGEST, color="#f4f4f4", zorder=0)
axes.text(LONGEST + 0.7, 0.92, "longer than any example")
axes.set(xlabel="letters", xticks=range(0, 2 * LONGEST + 1, 4))
axes.yaxis.set_major_formatter(PercentFormatter(1))
figure

# %% [markdown]
# Short rows both models can write. Then the plain one fails, well within the lengths it was trained on, while the one
# with attention goes on to the end of them. **Beyond** that end attention does not save it: a little further it makes
# mistakes, and far outside of what it has seen it gets nothing right.

# %%
without, with_attention = right["without attention"], right["with attention"]
assert min(found[length] for found in right.values() for length in (2, 4)) > 0.9
assert min(with_attention[length] for length in tested if length <= LONGEST) > 0.9
assert without[LONGEST] < 0.1
assert max(without[2 * LONGEST], with_attention[2 * LONGEST]) < 0.1

# %% [markdown]
# Where does it look? Nobody told it which letter answers which. It found the other diagonal by itself, as looking there
# helps to write the right letter. Some weight may fall on a neighbour: a recurrent encoder's vector of one letter knows
# of those beside it.

# %%
WORD, LONG_WORD = "translation", "recurrentneuralnetwork"


def reverse(model: StepModel, word: str) -> SimpleNamespace:
    batch, _ = reversals(torch.tensor([[4 + LETTERS.index(letter) for letter in word]]))
    (found,) = greedy_search(model, batch, vocabulary, SearchOptions(max_length=len(word)))
    written = [LETTERS[token - 4] for token in found.tokens[:-1]]
    return weighted(found.weights.numpy(), [*word, "</s>"], [*written, "</s>"])


short = reverse(attentive, WORD)
assert short.target_tokens[:-1] == list(WORD[::-1])
for step, place in enumerate(reversed(range(len(WORD)))):  # the letter that is written, and those beside it
    assert short.matrix[step, max(place - 1, 0) : place + 2].sum() > 0.7
heatmap(short.matrix, short.source_tokens, short.target_tokens, title="a length it has learnt")

# %% [markdown]
# In a word that is too long it begins well, and then loses its place: weights get pale, and several letters share them.

# %%
long = reverse(attentive, LONG_WORD)
assert long.target_tokens[:3] == list(LONG_WORD[::-1][:3])
assert long.target_tokens[:-1] != list(LONG_WORD[::-1])
greatest = long.matrix.max(axis=1)
assert greatest[:5].mean() > greatest[-5:].mean()
heatmap(long.matrix, long.source_tokens, long.target_tokens, title="a length it has not learnt")

# %% [markdown]
# Last, the lesson of section 5. The scale began at 10, was free to change, and has stayed far above 1. A temperature of
# the same size takes it away again: what is left are raw cosines, weights that are nearly uniform, and a model that is
# lost.

# %%
score = attentive.decoder.attention.score
scale = (score.max_scale * torch.sigmoid(score.strength)).item()
raw = attentive.viewed(scale)
print(
    f"scale {scale:.1f}; right of 10 letters: {accuracy(attentive, 10):.0%}, with raw cosines {accuracy(raw, 10):.0%}"
)
assert scale > 5
assert accuracy(raw, 10) < 0.1

unscaled = reverse(raw, WORD)
assert unscaled.matrix.max() <= bound(1, len(WORD) + 1)
side_by_side([short, unscaled], [f"scale {scale:.1f}", "scale 1"])

# %% [markdown]
# What this does *not* show is that a plain decoder could never do it: it may, with more steps or units. **Change
# `STEPS`, or the sizes, or the score** (`additive`, `general`, `euclidean`), and run section 7 again. Its last cell is
# for the cosine alone.
#
# Next: [`alignment_heatmaps.ipynb`](alignment_heatmaps.ipynb) reads the attention of models that translate.
