"""Plain settings of a model, of its text and of the search: what is saved with a model is exactly this.

Settings are dataclasses of names and numbers. `build` makes one from a mapping read from YAML or JSON and answers a
misspelt key, a value of the wrong type or an unknown choice with one line that names the nearest right one.
"""

from nmt.config.attention import AttentionSettings
from nmt.config.checks import SettingsError, UserError, at_least, build, choice, convert, nearest, plain
from nmt.config.data import DataSettings, PhrasebookSettings, TokenizerSettings, column_names, prefixes
from nmt.config.guided import GuidedSettings
from nmt.config.links import DECODER_LINKS, END_RULES, LinkSettings, link_settings
from nmt.config.model import ModelSettings, Vocabulary
from nmt.config.search import PRECISIONS, STOPPING, SearchOptions, search_options

__all__ = [
    "DECODER_LINKS",
    "END_RULES",
    "PRECISIONS",
    "STOPPING",
    "AttentionSettings",
    "DataSettings",
    "GuidedSettings",
    "LinkSettings",
    "ModelSettings",
    "PhrasebookSettings",
    "SearchOptions",
    "SettingsError",
    "TokenizerSettings",
    "UserError",
    "Vocabulary",
    "at_least",
    "build",
    "choice",
    "column_names",
    "convert",
    "link_settings",
    "nearest",
    "plain",
    "prefixes",
    "search_options",
]
