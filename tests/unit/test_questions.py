import tiny
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import Question, decode_questions
from prefixyarn.decode.stops import Stops
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior

PROMPT = Prompt("labels", "{source_language}: {source}\n{target_language}:")


def questions(unit: str) -> list[Question]:
    # Units share the ids of their items, and here the sources, too.
    items = [Item(str(n), f"the house {n}", f"{unit} {n}") for n in range(3)]
    return [Question(item, PROMPT, Prior.none(item.id)) for item in items]


def test_units_side_by_side_answer_as_each_alone() -> None:
    tok = tiny.tokenizer()
    model = tiny.gemma(len(tok))
    stops = Stops.of(model, tok, 12)
    units = {unit: questions(unit) for unit in ("en-de", "en-fr", "de-fr")}
    together = decode_questions(model, stops, units, Limits(4000))
    assert [*together] == [*units]
    for unit, own in units.items():
        assert together[unit] == decode_questions(model, stops, {unit: own}, Limits(4000))[unit]
        assert [output.item for output in together[unit]] == ["0", "1", "2"]
    assert together["en-de"] != together["en-fr"], "prompts name the languages"
