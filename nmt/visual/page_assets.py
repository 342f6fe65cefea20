"""Style and script of the alignment page, as constants because a wheel of ours ships Python files alone."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #fdfdfc; --ink: #1d1f21; --dim: #5f6368; --line: #d4d7da;
  --weight: 8 81 156; --strong-ink: #fff; --link: #b4500a; --focus: #1d1f21;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #17191c; --ink: #e6e6e3; --dim: #a0a4a9; --line: #3a3e43;
    --weight: 120 190 255; --strong-ink: #0b1520; --link: #ffab5e; --focus: #fff;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header {
  position: sticky; top: 0; z-index: 3; display: flex; flex-wrap: wrap; align-items: center; gap: .3rem 1.5rem;
  padding: .6rem 1.5rem; background: var(--page); border-bottom: 1px solid var(--line);
}
h1 { flex: 1 1 auto; margin: 0; font-size: 1.15rem; overflow-wrap: anywhere; }
.levels { display: flex; gap: .9rem; margin: 0; padding: 0; border: 0; }
.levels[hidden] { display: none; }
.levels legend { float: left; padding: 0; margin-right: .9rem; color: var(--dim); }
.levels label { cursor: pointer; }
.legend { margin: 0; color: var(--dim); font-size: .85rem; }
.scale {
  display: inline-block; width: 5rem; height: .7rem; border: 1px solid var(--line);
  background: linear-gradient(to right, transparent, rgb(var(--weight)));
}
.frame { display: inline-block; width: .9rem; height: .9rem; margin-left: 1rem; vertical-align: -.1rem; }
.frame, td.linked { outline: 2px solid var(--link); outline-offset: -2px; }
main, noscript p { padding: 0 1.5rem; }
article { padding: 1rem 0 1.5rem; border-bottom: 1px solid var(--line); scroll-margin-top: 4rem; min-height: 12rem; }
h2 { margin: 0 0 .2rem; font-size: .9rem; color: var(--dim); }
.score { margin-left: .8rem; font-weight: normal; }
.text { margin: 0; color: var(--dim); overflow-wrap: anywhere; }
.row { display: flex; gap: .8rem; margin-top: .5rem; }
.row .name { flex: 0 0 3.2rem; color: var(--dim); font-size: .85rem; line-height: 1.9rem; }
.tokens { flex: 1; display: flex; flex-wrap: wrap; gap: .2rem; min-width: 0; }
.tokens button {
  max-width: 100%; min-width: 1.6rem; min-height: 1.8rem; padding: 0 .35rem; font: inherit; cursor: default;
  border: 1px solid var(--line); border-radius: 4px; overflow-wrap: anywhere;
}
.tokens button, th[data-side] { unicode-bidi: plaintext; white-space: pre-wrap; color: inherit; }
.tokens button, td { background: rgb(var(--weight) / var(--w, 0)); }
th { position: sticky; z-index: 1; background: linear-gradient(rgb(var(--weight) / var(--w, 0)) 0 0), var(--page); }
thead th { top: -2px; }
th[scope=row], .corner { left: -2px; }
.corner { z-index: 2; }
.tokens button.strong, th.strong { color: var(--strong-ink); }
.tokens button.origin { border-color: var(--ink); box-shadow: 0 0 0 1px var(--ink); }
th.origin { text-decoration: underline 2px; text-underline-offset: 3px; }
:focus-visible, td:focus { outline: 3px solid var(--focus); outline-offset: 1px; position: relative; }
.readout { display: block; min-height: 1.6rem; margin: .4rem 0 0 4rem; font-variant-numeric: tabular-nums; }
.readout:empty::after {
  content: "Point at a token or a cell, or reach it by Tab and the arrow keys."; color: var(--dim); font-size: .85rem;
}
.scroll {
  overflow: auto; max-height: 85vh; padding: 2px; width: fit-content; max-width: 100%;
  scroll-padding: 13rem 2rem 2rem 15rem; /* the labels stay in view and must not hide a focused cell */
}
table { border-collapse: collapse; font-size: .85rem; line-height: 1.2; }
th { font-weight: normal; }
th[scope=col][data-side] { padding: .2rem 0; vertical-align: bottom; }
th[scope=col] span {
  writing-mode: vertical-rl; text-orientation: sideways; transform: rotate(180deg);
  display: inline-block; max-height: 12rem; overflow: hidden; text-overflow: ellipsis; white-space: pre;
}
th[scope=row] {
  max-width: 14rem; padding: 0 .4rem; text-align: right;
  overflow: hidden; text-overflow: ellipsis; white-space: pre;
}
.corner { padding: .4rem; vertical-align: bottom; text-align: right; color: var(--dim); }
td { min-width: 1.7rem; width: 1.7rem; height: 1.7rem; padding: 0; border: 1px solid var(--line); }
td:hover { box-shadow: inset 0 0 0 2px var(--ink); }
@media print { header { position: static; } .scroll { max-height: none; } }
"""

SCRIPT = """
"use strict";

const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const describe = (view, s, t) =>
  `${view.source[s]} \\u2192 ${view.target[t]}: ${view.matrix[t][s].toFixed(2)}`;

const paint = (label, weight, isOrigin) => {
  label.style.setProperty("--w", weight);
  label.classList.toggle("strong", weight > 0.65);
  label.classList.toggle("origin", isOrigin);
};

/* A token as a button of a row or as a heading of the table: both light up alike. */
const markAsToken = (label, side, index) => {
  label.dataset.side = side;
  label.dataset[side === "source" ? "s" : "t"] = index;
  return label;
};

const tokenRow = (view, side) => {
  const row = element("div", { className: "tokens", dir: "auto" });
  row.setAttribute("role", "toolbar");
  row.setAttribute("aria-label", `${side} tokens, arrow keys move`);
  view[side].forEach((token, index) => {
    const button = element("button", { type: "button", tabIndex: index ? -1 : 0, textContent: token });
    row.append(markAsToken(button, side, index));
  });
  return element("div", { className: "row" }, element("span", { className: "name", textContent: side }), row);
};

const headingRow = (view) => {
  const corner = element("th", { className: "corner", scope: "col", textContent: "target \\u2193 source \\u2192" });
  const headings = view.source.map((token, s) => {
    const label = element("span", { dir: "auto", textContent: token });
    return markAsToken(element("th", { scope: "col", title: token }, label), "source", s);
  });
  return element("tr", {}, corner, ...headings);
};

const weightRow = (view, linked, t) => {
  const label = element("th", { scope: "row", dir: "auto", title: view.target[t], textContent: view.target[t] });
  const cells = view.source.map((_, s) => {
    const isLinked = linked.has(`${s}-${t}`);
    const title = describe(view, s, t) + (isLinked ? ", linked" : "");
    const cell = element("td", { title, tabIndex: s || t ? -1 : 0, className: isLinked ? "linked" : "" });
    Object.assign(cell.dataset, { s, t });
    cell.style.setProperty("--w", view.matrix[t][s]);
    return cell;
  });
  return element("tr", {}, markAsToken(label, "target", t), ...cells);
};

const grid = (view) => {
  const linked = new Set(view.links.map((link) => link.join("-")));
  const rows = view.target.map((_, t) => weightRow(view, linked, t));
  const table = element("table", { dir: "ltr" }, element("thead", {}, headingRow(view)), element("tbody", {}, ...rows));
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", "weights, source across, target down, arrow keys move");
  return element("div", { className: "scroll" }, table);
};

/* Lights one token's partners by weight, or both tokens of a cell; undefined s and t put the lights out. */
const light = (area, view, s, t) => {
  for (const label of area.querySelectorAll("[data-side]")) {
    const isSource = label.dataset.side === "source";
    const index = Number(isSource ? label.dataset.s : label.dataset.t);
    const [own, partner] = isSource ? [s, t] : [t, s];
    const lit = own === undefined && partner !== undefined;
    paint(label, lit ? view.matrix[isSource ? partner : index][isSource ? index : partner] : 0, own === index);
  }
  area.querySelector(".readout").textContent = readout(view, s, t);
};

const readout = (view, s, t) => {
  if (s === undefined && t === undefined) return "";
  if (s !== undefined && t !== undefined) return describe(view, s, t);
  const [token, partners, weight] = s !== undefined
    ? [view.source[s], view.target, (index) => view.matrix[index][s]]
    : [view.target[t], view.source, (index) => view.matrix[t][index]];
  const best = partners.map((name, index) => [weight(index), name]).sort((a, b) => b[0] - a[0]);
  const shown = best.slice(0, 4).filter(([value]) => value >= 0.01);
  return `${token}: ${shown.map(([value, name]) => `${name} ${value.toFixed(2)}`).join(", ") || "no partner"}`;
};

const position = (target) => {
  const { s, t } = target?.closest?.("[data-s], [data-t]")?.dataset ?? {};
  return [s, t].map((index) => (index === undefined ? undefined : Number(index)));
};

/* One tab stop a row of tokens and one a table; arrows, Home and End move inside. */
const move = (event) => {
  const place = event.target.closest("td, .tokens button");
  if (!place) return;
  const isCell = place.matches("td");
  const row = [...place.parentNode.children].filter((child) => child.matches("td, button"));
  const column = row.indexOf(place);
  const rightToLeft = getComputedStyle(place.parentNode).direction === "rtl" ? -1 : 1;
  const sibling = (line) => isCell && line?.children[column + 1];
  const next = {
    ArrowLeft: () => row[column - rightToLeft],
    ArrowRight: () => row[column + rightToLeft],
    ArrowUp: () => sibling(place.parentNode.previousElementSibling),
    ArrowDown: () => sibling(place.parentNode.nextElementSibling),
    Home: () => row[0],
    End: () => row[row.length - 1],
  }[event.key];
  if (!next) return;
  event.preventDefault();
  const reached = next();
  if (!reached) return;
  place.tabIndex = -1;
  reached.tabIndex = 0;
  reached.focus();
};

const draw = (article) => {
  const levels = JSON.parse(article.querySelector("script").textContent);
  const chosen = document.querySelector("input[name=level]:checked")?.value;
  const name = Object.hasOwn(levels, chosen) ? chosen : Object.keys(levels)[0];
  if (name === undefined || article.dataset.level === name) return;
  const view = levels[name];
  const area = element("div", { className: "view" });
  const output = element("output", { className: "readout", dir: "auto" });
  area.append(tokenRow(view, "source"), tokenRow(view, "target"), output, grid(view));
  const follow = (event) => light(area, view, ...position(event.target));
  const settle = () => light(area, view, ...position(area.querySelector(":focus-visible")));
  area.addEventListener("mouseover", follow);
  area.addEventListener("focusin", follow);
  area.addEventListener("mouseleave", settle);
  area.addEventListener("focusout", () => light(area, view));
  area.addEventListener("keydown", move);
  article.querySelector(".view").replaceWith(area);
  article.dataset.level = name;
};

const articles = document.querySelectorAll("article");
const observer = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
  { rootMargin: "800px" },
);
const watch = (article) => {
  observer.unobserve(article);
  observer.observe(article);
};
articles.forEach(watch);
document.querySelectorAll("input[name=level]").forEach((input) =>
  input.addEventListener("change", () => articles.forEach(watch)));
addEventListener("beforeprint", () => articles.forEach(draw));
"""
