"""Summaries are free text; a dictionary's prior is the source's most telling word."""

from prefixyarn.tasks.answering import Answers

ANSWERS = Answers(telling=True)
