from prefixyarn.own_text import Answer as Answer
from prefixyarn.own_text import Dictionary as Dictionary
from prefixyarn.own_text import Model as Model
from prefixyarn.own_text import Own as Own
from prefixyarn.own_text import Refined as Refined
from prefixyarn.own_text import Text as Text
from prefixyarn.own_text import compare as compare
from prefixyarn.own_text import load as load
from prefixyarn.own_text import look as look

__version__: str
__all__ = ["Answer", "Dictionary", "Model", "Own", "Refined", "Text", "compare", "load", "look"]
