"""Translating with a trained model: the model package, the translator, its results and their files."""

from nmt.translation.package import PackageError, load_package, save_package
from nmt.translation.result import Hypothesis, PairScore, Translation
from nmt.translation.translator import Translator

__all__ = ["Hypothesis", "PackageError", "PairScore", "Translation", "Translator", "load_package", "save_package"]
