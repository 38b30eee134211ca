import copy
import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from configs import DEFAULT
from prefixyarn.analysis.scale.table import ScaleRow, scale_markdown
from prefixyarn.errors import InputError
from prefixyarn.records import Item, Output, System, read_records, write_by_subset, write_records
from prefixyarn.report import Section, example, render, tables
from prefixyarn.report.sections import examples, sections
from prefixyarn.report.setup import commands, limits
from prefixyarn.systems import NONE, SFT
from prefixyarn.tables.cost import CostRow, cost_markdown
from prefixyarn.tables.overview import OverviewRow, overview_markdown
from prefixyarn.tables.prompts import PromptRow, prompt_markdown

ROOT = Path(__file__).resolve().parents[2]


def output(system: System, text: str, continuation: str) -> Output:
    own = (system.kind, system.variant, system.k, system.unit, system.model, system.prompt)
    return Output("1", *own, [], [], text, text, continuation, "newline", 1)


def page(tmp_path: Path) -> str:
    svg = tmp_path / "some_figure.svg"
    svg.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    outputs = {
        System("none"): output(System("none"), "I <b>cannot</b>", "I <b>cannot</b>"),
        System("refined", "", 2, "token"): output(System("refined", "", 2, "token"), "تم حفظ الملف", "الملف"),
    }
    shown = example("en-ar", Item("1", "The file & more", "تم حفظ الملف."), outputs, ("en", "ar"))
    section = Section("A section", "What to see", (svg,), "| a | b |\n|:--|--:|\n| x | 1 |\n\n- a note\n")
    return render(
        "Title", [("models", "tiny <1>")], [section], [shown], "run: x", {"torch": "2"}, ["few items"], ["make results"]
    )


def test_text_is_escaped_and_the_page_whole(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert "I &lt;b&gt;cannot&lt;/b&gt;" in text and "The file &amp; more" in text and "tiny &lt;1&gt;" in text
    assert 'src="data:image/svg+xml;base64,' in text and 'alt="some figure"' in text
    assert not re.search(r'(src|href)="(?!data:|#|explorer.html")', text), "nothing is loaded from elsewhere"
    assert "<li>a note</li>" in text and '<div class="scroll"><table>' in text
    assert "<li>few items</li>" in text
    assert '<meta name="viewport"' in text and "<summary>Configuration</summary><pre>run: x</pre>" in text


def test_priors_are_marked_and_arabic_runs_from_right_to_left(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert '<td lang="ar" dir="rtl">تم حفظ الملف.</td>' in text and '<td lang="en" dir="ltr">' in text
    assert '<span class="given">تم حفظ </span>الملف' in text
    assert text.count('class="given"') == 2, "once in the caption, once where a prior was given"


def test_lines_break_in_tables_with_sentences_alone() -> None:
    html = tables(f"| a |\n|---|\n| {'word ' * 20}|\n\ntext\n\n| b |\n|---|\n| 2 |\n")
    assert html.count('<div class="scroll told"><table>') == html.count('<div class="scroll"><table>') == 1


HOSTILE = "<script>alert(1)</script> a|b & *c* `d` _e_ [f](g) \\\\ $x_1$ {h} <!-- &lt;"


def test_a_hostile_label_is_shown_letter_by_letter() -> None:
    row = OverviewRow("m", "translation", "chrF++", NONE, 3, 20.0, None, None, None)
    other = ScaleRow("translation", "none", "m", 5, 20.0, 3, None)
    cost = CostRow("m", "none", 0.0, 0, 0, 0.0, 10.0, None)
    texts = [
        overview_markdown([row], {"m": HOSTILE}),
        cost_markdown("translation", [cost], {"m": HOSTILE}),
        scale_markdown([other], {"m": HOSTILE}),
        prompt_markdown([PromptRow("m", HOSTILE + "\n", True, "", 3.0, 2)]).replace("<", "&lt;"),
    ]
    for text in texts[:3]:
        page = str(tables(text))
        assert "<script" not in page and "<em>" not in page and "<code>d" not in page and "href" not in page
        assert HOSTILE in html.unescape(page)
        lines = [line for line in text.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1, "as many cells in each line"
    bars = [len(re.findall(r"(?<!\\)\|", line)) for line in texts[3].splitlines()]
    assert bars == [6, 6, 6]


def test_html_in_a_table_is_text() -> None:
    page = tables(
        "| a |\n|---|\n| <b>x</b> <img src=x onerror=alert(1)> |\n\n<script>alert(1)</script>\n\n- <i>y</i> & z\n"
    )
    assert not re.search("<(b|i|img|script)", page)
    assert "&lt;script&gt;" in page and "&lt;b&gt;x&lt;/b&gt;" in page and "&lt;i&gt;y&lt;/i&gt; &amp; z" in page


def test_several_tables_scroll_by_themselves() -> None:
    assert tables("| a |\n|---|\n| 1 |\n\ntext\n\n| b |\n|---|\n| 2 |\n").count("</table></div>") == 2


def test_limits_and_commands_are_those_of_the_run() -> None:
    config = copy.deepcopy(DEFAULT)
    small = limits(config)
    assert "0.27 billion" in small[0] and "user interfaces, package descriptions" in small[1] and "silver" in small[2]
    config["foundations"][0]["parameters"] = 6.8e9
    config["translation"]["source"] = "flores"
    config["summarization"]["source"]["kind"] = "crosssum"
    config["tagging"]["source"]["kind"] = "treebanks"
    assert limits(config) == []
    assert commands("default")[0] == "make results"
    assert commands("mine")[0].startswith("make results CONFIG=mine-again.yaml")


def test_sections_are_those_that_a_run_has_something_for(tmp_path: Path) -> None:
    config = {"tasks": ["translation", "tagging"], "foundations": [{"name": "a"}, {"name": "b"}]}
    for name in ("overview.md", "translation.md", "cost_translation.md", "cost_tagging.md", "by_direction.md"):
        (tmp_path / name).write_text(f"text of {name}\n")
    found = {
        section.title: section
        for section in sections(config, sorted(tmp_path.iterdir()), [Path(f"cost_{name}.svg") for name in "ab"])
    }
    assert [title.split(" (")[0] for title in found] == ["The headline", "Translation", "Cost"]
    assert found["Cost"].figures == (Path("cost_a.svg"), Path("cost_b.svg"))
    assert found["Cost"].table == "text of cost_translation.md\n\ntext of cost_tagging.md\n"


def test_a_documents_headings_stand_below_its_sections(tmp_path: Path) -> None:
    (tmp_path / "findings.md").write_text("# Findings\n\nText.\n\n## Controls\n\n# of items\n")
    (found,) = sections({"tasks": ["tagging"], "foundations": [{"name": "a"}]}, [tmp_path / "findings.md"], [])
    assert (
        found.title == "Findings, claim by claim" and "### Controls" in found.table and "# Findings" not in found.table
    )


def test_examples_show_the_headlines_priors(tmp_path: Path) -> None:
    systems = [NONE, *(System("refined", "", k, "token") for k in (1, 2, 4)), System("oracle", "", 2, "token")]
    items, decoded, sft = (tmp_path / name for name in ("items", "decoded", "sft"))
    write_records(items, [Item(str(n), f"source {n}", f"target {n}") for n in (1, 2, 3)])
    write_records(decoded, [replace(output(system, "some text", "text"), item=n) for system in systems for n in "123"])
    write_by_subset(sft, {"en-de": [replace(output(SFT, "a text", "a text"), item=n) for n in "123"]})
    found = examples(["en-de"], [items], [decoded], sft)
    assert [(own.subset, own.source, own.reference) for own in found] == [
        ("en-de", ("source 1", "en"), ("target 1", "de")),
        ("en-de", ("source 2", "en"), ("target 2", "de")),
    ]
    assert [name for name, _, _ in found[0].answers] == ["foundation alone", "refined, 2 tokens", "SFT model"]
    assert len(examples(["en-de"], [items], [decoded], None)[0].answers) == 2
    write_records(decoded, [own for own in read_records(decoded, Output) if (own.item, own.kind) != ("2", "oracle")])
    with pytest.raises(InputError, match=r"decoded: no record of foundation zero-shot oracle 2 token for the item '2'"):
        examples(["en-de"], [items], [decoded], sft)
    write_records(decoded, [replace(output(NONE, "some text", "text"), item=n) for n in "123"])
    write_by_subset(sft, {"en-de": [replace(output(SFT, "a text", "a text"), item="1")]})
    with pytest.raises(InputError, match=r"sft: no record of sft zero-shot none for the item '2'"):
        examples(["en-de"], [items], [decoded], sft)
