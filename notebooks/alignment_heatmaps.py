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
# # Which word came from where
#
# A translation model with attention does not read a sentence once and then write from memory. Before each word it
# writes, it looks back at the source and spreads a total attention of one over its words. These weights are the
# *alignment* of the translation, and a heatmap shows all of them at once.
#
# This notebook translates a sentence with two models and teaches you to read their heatmaps. It needs no data and no
# network: the models learn the *phrasebook*, a generated corpus of numbers, dates, times and prices in English and
# German.

# %%
import subprocess
import sys
from pathlib import Path

import numpy as np

import nmt
from nmt.data.phrasebook import phrasebook
from nmt.visual.heatmap import side_by_side

# %% [markdown]
# **Here you can put in what is yours:** another sentence, or the run directories of your own models.

# %%
SENTENCE = "at twenty-five to nine on Saturday, September eighth"
RUN = "runs/phrasebook/latest"
OTHER_RUN = "runs/cosine/latest"

# %% [markdown]
# ## Two models
#
# `make demo` leaves the first model in `runs/phrasebook`. The second differs from it in one setting: its *score*, the
# formula that says how well a source word answers what the decoder asks. A model that is not there is trained now,
# which takes **about three minutes on two CPU cores, once**. A path of your own is only loaded.

# %%
ROOT = Path.cwd().parent if Path.cwd().name == "notebooks" else Path.cwd()
SETTINGS = {
    "runs/phrasebook/latest": ["name=phrasebook"],
    "runs/cosine/latest": ["name=cosine", "model.attention.score=cosine"],
    "runs/untaught/latest": ["name=untaught", "trainer.max_steps=60"],
}


def load(run: str) -> nmt.Translator:
    """Loads the model of a run directory; trains it first if this notebook knows how."""
    if run in SETTINGS and not (ROOT / run).exists():
        command = [Path(sys.executable).with_name("nmt"), "train", *SETTINGS[run]]
        print("There is no", run, "yet: nmt", *command[1:], flush=True)
        subprocess.run(command, cwd=ROOT, check=True)
    return nmt.Translator.load(ROOT / run)


translator, other = load(RUN), load(OTHER_RUN)

# %% [markdown]
# ## A translation, and its alignment

# %%
result = translator.translate(SENTENCE)
print(result.source)
print(result.text)

# %% [markdown]
# The source stands above the picture, the translation to the left of it, both in the order in which they are written.
# **Read it by rows.** Each row is one step of the decoder: the word on the left, and how much attention each source
# word got while the model wrote it. The weights of a row sum to one. A column shows where a source word was used, and
# its weights sum to nothing in particular: a word may be looked at often, or never.

# %%
words = result.alignment.words()
words.plot(title=result.text)

# %%
print("sums of the rows:", words.matrix.sum(axis=1).round(3))

# %% [markdown]
# Were the two languages word for word the same, the dark cells would form a diagonal from the top left to the bottom
# right. Here there are two diagonals: English says the time before the date, German begins with the date. The model
# writes "am Samstag" first and for that looks at the second half of the source; then it goes back to the beginning
# for the time. Such a *crossing* is what attention is for, as a fixed order could not follow it.
#
# The same as lines between the two sentences, one for each link. The crossing is plain to see here:

# %%
words.plot(kind="arcs")

# %% [markdown]
# Step by step, each German word with the English words that got most attention:

# %%
for target, weights in zip(words.target_tokens, words.matrix, strict=True):
    best = [source for source in np.argsort(-weights, kind="stable")[:2] if weights[source] > 0.1]
    print(f"{target:>16} <- " + ", ".join(f"{words.source_tokens[source]} {weights[source]:.2f}" for source in best))

# %% [markdown]
# Words such as "dem" have no partner of their own, so their attention is spread: the model is already looking for
# what comes next. That is no fault, but it is why the weights are a hint and no proof of what a word means.
#
# ## Below the words: pieces
#
# The model does not see words. Both languages are cut into *pieces* from a small vocabulary, where `▁` marks the
# beginning of a word, and each decoder step emits one piece. These are the weights as the model computed them. For
# the picture by words they were summed over the pieces of a source word and averaged over the pieces of a target
# word.

# %%
result.alignment.plot(title=result.text)

# %% [markdown]
# The last row and the last column are called `</s>`, the end of the sentence.
#
# * The **row** `</s>` is the step in which the model decided to stop. Often it looks at the end of the source, to see
#   that nothing is left to say.
# * The **column** `</s>` takes attention that has no better place: the model may look there when it needs no source
#   word, for instance in the middle of a word that it has already chosen. The picture by words leaves `</s>` out and
#   scales the rest of each row back to a sum of one.
#
# ## A crossing inside a word
#
# English says "twenty-five", German "fünfundzwanzig", *five and twenty*. By words this is one cell. By pieces the
# crossing can be seen: for the first pieces the model looks at the end of the English word, then it jumps back.

# %%
number = translator.translate("twenty-five")
number.alignment.plot(title=f"{number.source} → {number.text}")

# %% [markdown]
# ## Two models side by side
#
# Did the other model find the same partners? `side_by_side` draws several alignments with cells of one size and one
# scale of colours, so that equal weights look equal.

# %%
results = [result, other.translate(SENTENCE)]
titles = [f"{run}: {one.text}" for run, one in zip((RUN, OTHER_RUN), results, strict=True)]
side_by_side([one.alignment.words() for one in results], titles)

# %%
side_by_side([one.alignment for one in results], titles)

# %% [markdown]
# If one of the pictures looks paler, that model spreads its attention wider. It may translate just as well: the
# decoder only needs the mixture to hold what it is after.
#
# ## The translations that came second
#
# Beam search follows several hypotheses at once, and each has an alignment of its own. Look where the runners-up
# differ from the best one: the rows before are nearly the same.

# %%
hypotheses = translator.translate(SENTENCE, n_best=4).hypotheses
side_by_side(
    [one.alignment.words() for one in hypotheses],
    [f"{place}. {one.text} ({one.score:.2f})" for place, one in enumerate(hypotheses, 1)],
)

# %% [markdown]
# ## A translation that is given
#
# `align` asks the other way round: the translation is there, and the model says where it would have looked while
# writing it. This is how a parallel text is aligned. The phrasebook knows the truth about its own sentences, which
# orange frames show: a dark cell in a frame is right. A frame on a pale cell is a link that the model missed, or did
# not need.

# %%
long = (one for one in phrasebook("en", "de").test if len(one.target.split()) > 7)
pair = next(one for one in long if one.source != SENTENCE)
translator.align(pair.source, pair.target).words().plot(title=f"{pair.source} → {pair.target}", gold=pair.sure)

# %% [markdown]
# ## Before it has learnt
#
# For contrast, a model after 60 steps, of more than a thousand. It is told the same translation, as it would not come
# up with it. Its rows are almost alike: whatever it writes, it looks at the same places. Attention that stays like
# this is the first sign of a model that does not learn to align.

# %%
untaught = load("runs/untaught/latest")
side_by_side(
    [model.align(pair.source, pair.target).words() for model in (untaught, translator)],
    ["after 60 steps", "trained"],
    gold=[pair.sure, pair.sure],
)

# %% [markdown]
# ## Other scripts
#
# Labels can be in any script that an installed font has; if there is none, a warning names the font to install. These
# three alignments are written by hand, to show that any matrix with its labels can be drawn. Arabic is read from
# right to left: each label is, while the words keep the order of the text, the first one at the left.

# %%
by_hand = [
    (
        "Chinese",
        ["yesterday", "I", "read", "a", "book", "in", "the", "library"],
        ["我", "昨天", "在", "图书馆", "看", "书"],
        [1, 0, 5, 7, 2, 4],
    ),
    (
        "Japanese",
        ["I", "read", "a", "book", "at", "the", "library", "yesterday"],
        ["私は", "昨日", "図書館で", "本を", "読みました"],
        [0, 7, 6, 3, 1],
    ),
    ("Arabic", ["ذهب", "الولد", "إلى", "المدرسة"], ["the", "boy", "went", "to", "the", "school"], [1, 1, 0, 2, 3, 3]),
]
alignments = [
    nmt.Alignment(np.eye(len(source), dtype=np.float32)[partners], tuple(source), tuple(target), level="word")
    for _, source, target, partners in by_hand
]
side_by_side(alignments, [name for name, *_ in by_hand])

# %% [markdown]
# ## Keeping a picture
#
# `plot` returns matplotlib's axes, so that everything about a picture can be changed, and `plot(ax=...)` draws on
# axes of yours. To write it to a file, `axes.figure.savefig("alignment.svg", bbox_inches="tight")`; `.png` will do as
# well.

# %%
axes = words.plot()
axes.set(xlabel="English", ylabel="German")
axes

# %% [markdown]
# A page to explore is one line, and needs no server: `Path("alignment.html").write_text(result.alignment.to_html())`.
# In a notebook a result also shows itself as a small table, whose cells tell their weight when you point at them:

# %%
result

# %% [markdown]
# On the command line the same is `nmt heatmap RUN "a sentence" -o alignment.png` (or `.svg`, `.html`).
#
# **Now change `SENTENCE` at the top and run all again.** Try "three hundred and forty-six" for a long compound, or a
# sentence with a word that the phrasebook does not know, and see where the model looks when it is lost.
