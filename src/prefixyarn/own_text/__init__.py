"""A base model on one's own texts: `load` opens it, a `Model` answers, `compare` and `look` show what a prior does."""

from prefixyarn.own_text.answer import Answer
from prefixyarn.own_text.comparison import compare
from prefixyarn.own_text.model import Model, load
from prefixyarn.own_text.priors import Dictionary, Own, Refined, Text
from prefixyarn.own_text.steps import look

__all__ = ["Answer", "Dictionary", "Model", "Own", "Refined", "Text", "compare", "load", "look"]
