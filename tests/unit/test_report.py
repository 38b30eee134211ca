import re
import runpy
from pathlib import Path

import yaml

from prefixyarn.records import Item, Output, System
from prefixyarn.report import Section, example, render, tables


def output(system: System, text: str, continuation: str) -> Output:
    own = (system.kind, system.variant, system.k, system.k_unit, system.model, system.prompt)
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
    assert not re.search(r'(src|href)="(?!data:|#)', text), "nothing is loaded from elsewhere"
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


def test_several_tables_scroll_by_themselves() -> None:
    assert tables("| a |\n|---|\n| 1 |\n\ntext\n\n| b |\n|---|\n| 2 |\n").count("</table></div>") == 2


def test_limits_and_commands_are_those_of_the_run() -> None:
    root = Path(__file__).resolve().parents[2]
    script = runpy.run_path(str(root / "scripts/write_report.py"))
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    small = script["limits"](config)
    assert "0.27 billion" in small[0] and "user interfaces, package descriptions" in small[1] and "silver" in small[2]
    config["foundations"][0]["parameters"] = 6.8e9
    config["translation"]["source"] = "flores"
    config["summarization"]["source"]["kind"] = "crosssum"
    config["tagging"]["source"]["kind"] = "treebanks"
    assert script["limits"](config) == []
    assert script["commands"]("default")[0] == "make results"
    assert script["commands"]("mine")[0].startswith("make results CONFIG=mine-again.yaml")
