// The page of one result. Every text of a result is put in as text, never as HTML.
const LEVELS = ["#e8eef4", "#b7d0e5", "#6fa3cc", "#2c6ca3", "#0b3154"];

async function showRun(path) {
  const page = find("#board-run"), index = data.paths.indexOf(path);
  const back = make("a", { href: "#" }, "← All results");
  if (index < 0) { page.replaceChildren(make("p", {}, back), make("p", {}, `There is no result ${path}.`)); return; }
  page.replaceChildren(make("p", {}, back), make("p", { role: "status" }, "Loading the result …"));
  let run;
  try { run = await server.detail(index); } catch (error) { run = { error: String(error?.message ?? error) }; }
  if (new URLSearchParams(location.hash.slice(1)).get("run") !== path) return;  // another one was opened meanwhile
  run ??= { error: "The server does not answer." };
  if (run.error) { page.replaceChildren(make("p", {}, back), make("p", {}, run.error)); return; }
  const heading = make("h1", { tabindex: "-1" }, run.title);
  page.replaceChildren(
    make("p", {}, back), heading, source(run, path),
    make("ul", { class: "scores" }, ...run.scores.map(([title, value, note]) => make("li", {}, title, make("b", {}, value), note))),
    ...section("Flags", run.flags.length, pairs(run.flags)),
    make("h2", {}, "What it knows of each task, after each stage"), matrix(run),
    make("p", { class: "note" }, "Share of keywords answered, mean over seeds. Below the line a task has been unlearned; gold is the model that was retrained without all of them; a dash: not measured."),
    make("h2", {}, "After each stage"), scroll(rowsOf(["", ...run.series[0][1].map((_, stage) => `stage ${stage + 1}`)], run.series.map(([title, values]) => [title, ...values.map((value) => text(value))]))),
    make("h2", {}, "Seeds"), scroll(rowsOf(["Seed", ...run.scores.map(([title]) => title)], run.seeds)),
    ...section("Attacks", run.attacks.length, ...run.attacks.map(([name, values]) => make("div", {}, make("h3", {}, name), pairs(values)))),
    ...section("Examples, chosen by their place in the data", run.examples.length, make("div", { class: "cards" }, ...run.examples.map(card))),
    make("h2", {}, "How it was made"), facts(run.facts),
    make("h2", {}, "Repeat it"), ...run.commands.map((words) => make("pre", {}, words)));
  heading.focus();
  window.scrollTo(0, 0);
}

function source(run, path) {
  const parts = make("p", { class: "note" }, path);
  if (/^https?:\/\//i.test(run.link ?? "")) parts.append(" · ", make("a", { href: run.link, rel: "noopener nofollow ugc", target: "_blank" }, run.link));
  return parts;
}
const section = (title, count, ...content) => (count ? [make("h2", {}, title), ...content] : []);
const scroll = (table) => make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, table);
const facts = (entries) => { const list = pairs(entries); list.className = "facts"; return list; };
const pairs = (entries) => make("dl", {}, ...entries.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));

function rowsOf(head, lines) {
  const cells = (line) => line.map((cell, column) => make(column ? "td" : "th", { class: column ? "number" : null, scope: column ? null : "row" }, cell));
  const heads = head.map((title, column) => make("th", { scope: "col", class: column ? "number" : null }, title));
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...lines.map((line) => make("tr", {}, ...cells(line)))));
}

function shade(value) {
  if (value === null || value === undefined) return "";
  const place = Math.max(0, Math.min(1, value)) * (LEVELS.length - 1), low = Math.min(LEVELS.length - 2, Math.floor(place)), part = place - low;
  const channel = (color, start) => parseInt(color.slice(start, start + 2), 16);
  const mixed = [1, 3, 5].map((start) => Math.round(channel(LEVELS[low], start) * (1 - part) + channel(LEVELS[low + 1], start) * part));
  return `background: rgb(${mixed}); color: ${value > 0.6 ? "#fff" : "#1f2933"}`;
}

function matrix(run) {
  const columns = [...run.tasks.map((task) => `task ${task}`), "retained"];
  const lines = run.knowledge.map((values, stage) => [stage ? `after ${stage}` : "before", [...values, run.retained[stage]], stage]);
  if (run.gold.length) lines.push(["gold", [...run.gold, undefined], 0]);
  const rows = lines.map(([name, values, stage]) => make("tr", {}, make("th", { scope: "row" }, name), ...values.map((value, task) => {
    const edge = stage && task === stage - 1 ? "; border-top: 3px solid #d55e00" : "";
    const missing = value === null || value === undefined;
    const reason = value === null ? "not measured" : "not in the result";
    const mark = () => make("abbr", { title: reason, "aria-label": reason, role: "img" }, "–");
    return make("td", { style: shade(value) + edge, class: missing ? "absent" : null }, missing ? mark() : value.toFixed(2));
  })));
  const heads = ["", ...columns].map((title) => make("th", { scope: "col" }, title));
  return scroll(make("table", { class: "matrix" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
}

function card(example) {
  const answers = example.answers.map(([model, words, verdict, kind]) => make("div", {}, make("dt", {}, model), make("dd", {}, words || "–", make("span", { class: `verdict ${["good", "bad", "mixed"].includes(kind) ? kind : ""}` }, verdict))));
  return make("div", { class: "card" }, make("p", { class: "kind" }, `${example.section} · ${example.modality}`), make("p", { class: "question" }, example.question),
    make("dl", {}, make("div", {}, make("dt", {}, "true"), make("dd", {}, example.truth)), ...answers));
}
