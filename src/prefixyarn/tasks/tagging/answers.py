"""Tagged sentences keep to a form: the words are given, their tags are chosen."""

from prefixyarn.tasks.answering import Answers
from prefixyarn.tasks.tagging.tags import form

ANSWERS = Answers(form=form)
