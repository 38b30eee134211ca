"use strict";
// Shows the items in the page's data. Its shape is that of `Explorer` in data.py: texts and systems stand once in
// lists, and answers are arrays that name them by index. Nothing is loaded, and no library is used.

const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const fields = Object.fromEntries(
  ["task", "subset", "foundation", "system", "language", "text", "order", "first", "second"].map((id) => [id, at(id)]),
);
const CLASSES = { unshifted: "the foundation’s likeliest", marginal: "its second or third", shifted: "a later one" };

/** Make an element; a property whose value is null is left out, and so is a child that is null. */
function make(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// ---- The data, decoded

const items = data.items.map((item) => {
  const subset = data.subsets[item.subset];
  const answers = item.answers.map(([system, prior, rest, score, off, stop]) => ({
    system, prior: data.texts[prior], rest: data.texts[rest], score, off, stop: data.texts[stop],
  }));
  return {
    ...item, subset, answers, source: data.texts[item.source], reference: data.texts[item.reference],
    address: [subset.task, subset.name, item.id].map(encodeURIComponent).join("/"),
    bySystem: new Map(answers.map((answer) => [answer.system, answer])),
  };
});
const byAddress = new Map(items.map((item) => [item.address, item]));
const several = data.foundations.length > 1;

function systemName(number) {
  const system = data.systems[number];
  return several ? `${data.foundations[system.foundation].name}: ${system.label}` : system.label;
}

/** An item with names instead of indices, for whoever copies it. */
function asJson(item) {
  const named = (foundation) => data.foundations[foundation].name;
  return {
    run: data.run, task: item.subset.task, subset: item.subset.name, domain: item.domain, id: item.id,
    source: item.source, reference: item.reference, metric: data.tasks[item.subset.task],
    answers: item.answers.map(({ system, prior, rest, score, off, stop }) => {
      const { foundation, label, ...own } = data.systems[system];
      return { foundation: named(foundation), system: own, prior, rest, score, off_target: off, stop };
    }),
    sft_tokens: Object.fromEntries(Object.entries(item.tokens).map(([foundation, tokens]) => [
      named(foundation), tokens.map(([text, rank, likeliest]) => ({ text, rank, likeliest })),
    ])),
  };
}

// ---- Filters and order

/** Offer options; return whether what was chosen is still among them. */
function fill(select, options) {
  const before = select.value;
  select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  const kept = options.some(([value]) => String(value) === before);
  if (kept) select.value = before;
  return kept;
}

/** Offer what the chosen task and foundation have. */
function offer() {
  const task = fields.task.value;
  const subsets = data.subsets.filter((subset) => !task || subset.task === task).map((subset) => subset.name);
  fill(fields.subset, [["", "all"], ...[...new Set(subsets)].map((name) => [name, name])]);
  const used = new Set();
  for (const item of items) {
    if (!task || item.subset.task === task) item.bySystem.forEach((_, system) => used.add(system));
  }
  const systems = data.systems.map((system, number) => [number, systemName(number), system]).filter(
    ([number, , { foundation }]) => used.has(number) && ["", String(foundation)].includes(fields.foundation.value),
  );
  fill(fields.system, [["", "any"], ...systems]);
  fill(fields.second, systems);
  if (!fill(fields.first, systems)) preset();
}

/** What is compared unless the reader chooses: the refined model's prior, or any other, with the foundation alone. */
function preset() {
  const place = (fits) => [...fields.first.options].find((option) => fits(data.systems[option.value]));
  const zero = (system) => system.model === "foundation" && system.prompt === "zero-shot";
  const first = place((system) => zero(system) && system.kind === "refined") || place((system) => system.kind !== "none");
  if (first) fields.first.value = first.value;
}

const matches = (answer) => (
  ["", String(answer.system)].includes(fields.system.value)
  && ["", String(data.systems[answer.system].foundation)].includes(fields.foundation.value)
  && (!fields.language.value || answer.off === (fields.language.value === "off"))
);

/** What items are ordered by: a score or a gain; null where an item lacks an answer. */
function value(item) {
  const score = (select) => item.bySystem.get(Number(select.value))?.score ?? null;
  const [first, second] = [score(fields.first), score(fields.second)];
  if (!fields.order.value.startsWith("gain")) return first;
  return first === null || second === null ? null : first - second;
}

function chosen() {
  const text = fields.text.value.trim().toLowerCase();
  const has = (item) => [item.source, item.reference, ...item.answers.map(({ prior, rest }) => prior + rest)]
    .some((own) => own.toLowerCase().includes(text));
  const found = items.filter((item) => (
    (!fields.task.value || item.subset.task === fields.task.value)
    && (!fields.subset.value || item.subset.name === fields.subset.value)
    && item.answers.some(matches) && (!text || has(item))
  ));
  const order = fields.order.value;
  if (!order) return found;
  const sign = order.endsWith("down") ? -1 : 1;
  return found.map((item) => [value(item), item]).filter(([own]) => own !== null)
    .sort(([a], [b]) => sign * (a - b)).map(([, item]) => item);
}

const signed = (number) => (number > 0 ? "+" : number < 0 ? "−" : "") + Math.abs(number).toFixed(1);

let listed = [];
function showList() {
  const order = fields.order.value;
  fields.first.disabled = !order;
  fields.second.disabled = !order.startsWith("gain");
  listed = chosen();
  at("list").replaceChildren(...listed.map((item) => {
    const own = order ? value(item) : null;
    const shown = own === null ? null : make("b", {}, order.startsWith("gain") ? signed(own) : own.toFixed(1));
    return make("li", {}, make("a", { href: `#${item.address}` },
      make("span", { class: "where" }, `${item.subset.task}, ${item.subset.name}`, shown),
      make("span", { class: "text", lang: item.subset.source, dir: direction(item.subset.source) }, item.source)));
  }));
  const by = !order ? "" : order.startsWith("gain")
    ? `, by the gain of “${name(fields.first)}” over “${name(fields.second)}”` : `, by the score of “${name(fields.first)}”`;
  at("count").textContent = `${listed.length} of ${items.length} items${by}`;
  markCurrent();
}

const name = (select) => select.selectedOptions[0]?.textContent ?? "";

// ---- One item

const direction = (code) => data.languages[code].dir;
let current = null;

function markCurrent() {
  for (const link of at("list").querySelectorAll("a")) {
    const own = current && link.hash === `#${current.address}`;
    if (!own) link.removeAttribute("aria-current");
    else {
      link.setAttribute("aria-current", "true");
      const { offsetTop, offsetHeight } = link.parentElement;
      const list = at("list"); // not scrollIntoView(), which would move the page, too
      const seen = offsetTop >= list.scrollTop && offsetTop + offsetHeight <= list.scrollTop + list.clientHeight;
      if (!seen) list.scrollTop = offsetTop;
    }
  }
}

function text(code, title, content) {
  return [make("dt", {}, `${title} (${data.languages[code].name})`),
    make("dd", { lang: code, dir: direction(code) }, content)];
}

function answerRow(item, { system, prior, rest, score, off, stop }) {
  const flag = off === null ? null : make("span", { class: off ? "off" : "on" }, off ? "✗ off target" : "✓ on target");
  // For screen readers. With a direction of its own it says nothing of the answer's.
  const said = (words) => make("span", { class: "hidden", lang: "en", dir: "ltr" }, words);
  const given = !prior ? null : make("mark", { class: "prior" }, said("prior: "), prior, said(" (end of the prior) "));
  // An answer in another language runs in that one's direction, and its language is not known.
  const own = { class: "text", dir: "auto", lang: off ? "" : item.subset.target };
  return make("li", {},
    make("div", { class: "head" }, make("b", {}, systemName(system)),
      make("span", {}, `${data.tasks[item.subset.task]} ${score.toFixed(1)}`), flag,
      make("span", {}, `ended by ${stop}`)),
    prior || rest ? make("p", own, given, rest) : make("p", { class: "text empty" }, "(an empty answer)"));
}

/** Whether an answer is one of those that the order compares: these stay in sight. */
function compared({ system }) {
  const selects = { score: [fields.first], gain: [fields.first, fields.second] }[fields.order.value.split("-")[0]] || [];
  return selects.some((select) => select.value === String(system));
}

function answerList(item) {
  const rows = (answers) => make("ol", { class: "answers" }, ...answers.map((answer) => answerRow(item, answer)));
  const wanted = (answer) => matches(answer) || compared(answer);
  const [those, others] = [item.answers.filter(wanted), item.answers.filter((answer) => !wanted(answer))];
  const title = make("h3", {}, others.length ? `Answers (${those.length} of ${item.answers.length})` : "Answers");
  if (!others.length) return [title, rows(those)];
  return [title, rows(those), make("details", {}, make("summary", {}, `The ${others.length} others`), rows(others))];
}

async function copy(item, status) {
  const json = JSON.stringify(asJson(item), null, 1);
  try {
    await navigator.clipboard.writeText(json);
    status.textContent = "Copied.";
  } catch { // not allowed, as in some browsers for files: the reader copies it by hand
    const area = make("textarea", { "aria-label": "The item as JSON", readonly: "" });
    area.value = json;
    status.replaceChildren("The browser does not let this page copy. Copy this:", area);
    area.select();
  }
}

function step(item, by, title) {
  const next = listed[listed.indexOf(item) + by];
  return listed.includes(item) && next ? make("a", { href: `#${next.address}` }, title) : null;
}

function showItem(item) {
  current = item;
  const { task, name: subset, source, target } = item.subset;
  const status = make("span", { role: "status" });
  const button = make("button", { type: "button", id: "copy" }, "Copy as JSON");
  button.addEventListener("click", () => copy(item, status));
  at("item").replaceChildren(
    make("h2", { tabindex: "-1", id: "title" },
      `${task}, ${subset}, ${item.id}${item.domain === "test" ? "" : ", out of domain"}`),
    make("div", { class: "actions" }, make("a", { href: `#${item.address}` }, "Link to this item"), button,
      step(item, -1, "Previous"), step(item, 1, "Next"), status),
    make("dl", {}, ...text(source, "Source", item.source), ...text(target, "Reference", item.reference)),
    ...Object.entries(item.tokens).flatMap(([foundation, tokens]) => tokenView(item, Number(foundation), tokens)),
    ...answerList(item),
  );
  markCurrent();
}

// ---- The SFT model's answer, token by token

const kindOf = (rank) => (rank === 1 ? "unshifted" : rank <= data.marginal ? "marginal" : "shifted");
const visible = (token) => token.replaceAll("\n", "⏎").replaceAll("\t", "⇥");
const spaced = (token) => visible(token).replaceAll(" ", "␣");

function tokenView(item, foundation, tokens) {
  const panel = make("div", { class: "panel", role: "status" }, "Point at a token, or go through them with the arrow keys.");
  const marks = tokens.map(([token, rank, likeliest], n) => {
    const mark = make("span", {
      role: "button", class: `token ${kindOf(rank)}`, tabindex: n ? "-1" : "0",
      "aria-label": `${spaced(token)}: ${kindOf(rank)}, rank ${rank}`,
    }, visible(token));
    const look = () => {
      marks.forEach((other) => other.removeAttribute("aria-current"));
      mark.setAttribute("aria-current", "true");
      panel.replaceChildren(...likeliestView(token, rank, likeliest));
    };
    for (const event of ["mouseenter", "focus"]) mark.addEventListener(event, look);
    mark.addEventListener("focus", () => { // one stop of the tab key for all, and that is where the reader was last
      marks.forEach((other) => { other.tabIndex = other === mark ? 0 : -1; });
    });
    return mark;
  });
  const line = make("div", { class: "tokens", lang: item.subset.target, role: "toolbar",
    dir: direction(item.subset.target), "aria-label": "The SFT model’s tokens" }, ...marks);
  line.addEventListener("keydown", (event) => {
    const forward = getComputedStyle(line).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const here = marks.indexOf(document.activeElement);
    const to = { [forward]: here + 1, [back]: here - 1, Home: 0, End: marks.length - 1 }[event.key];
    if (to === undefined || !marks[to]) return;
    event.preventDefault();
    marks[to].focus();
  });
  const counts = Object.keys(CLASSES).map((kind) => {
    const count = tokens.filter(([, rank]) => kindOf(rank) === kind).length;
    return make("li", {}, make("span", { class: kind }, kind), ` ${count}: ${CLASSES[kind]}`);
  });
  const whose = several ? data.foundations[foundation].name : "the foundation";
  return [make("h3", {}, `The SFT model’s answer by token, in the distribution of ${whose}`),
    make("ul", { class: "legend" }, ...counts), line, panel];
}

function likeliestView(token, rank, likeliest) {
  return [
    make("p", {}, "“", make("bdi", {}, spaced(token)), `” is ${kindOf(rank)}: rank ${rank}. The foundation’s likeliest here:`),
    make("ol", {}, ...likeliest.map(([own, probability], n) => make("li", { class: own === token ? "chosen" : null },
      make("span", {}, `${n + 1}.`), make("bdi", {}, spaced(own)),
      make("span", { class: "share" }, `${(100 * probability).toFixed(1)} %`),
      make("span", { class: "bar", style: `width: ${100 * probability}%` })))),
  ];
}

// ---- The page

function follow() {
  const item = byAddress.get(location.hash.slice(1));
  if (item) {
    showItem(item);
    document.title = `${at("title").textContent}, run “${data.run}”`;
  }
  return item;
}

function update() {
  offer();
  showList();
  const linked = current && (location.hash || listed.includes(current));
  const shown = linked ? current : listed[0];
  if (shown) showItem(shown);
}

fill(fields.task, [["", "all"], ...Object.keys(data.tasks).map((task) => [task, task])]);
fill(fields.foundation, [["", "all"], ...data.foundations.map(({ label }, number) => [number, label])]);
at("of-foundation").hidden = !several;
if (data.left_out) {
  at("left-out").textContent = `${data.left_out} items are left out: this page would be too large. `
    + "Their answers are in the run’s folder, in decode/.";
}
offer();
at("filters").addEventListener("input", update);
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("filters").addEventListener("reset", () => setTimeout(() => { preset(); update(); }));
addEventListener("hashchange", () => { if (follow()) at("title").focus(); });
follow();
update();
