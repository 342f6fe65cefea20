/* The heatmap: source across, target down, tokens in their order on both axes. */

const NUMBERED = 16; // most tokens of a side with which cells have room for numbers
const FAINT = 0.1;
const EAST_ASIAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

const heading = (token, side, index) => {
  const isColumn = side === "source";
  const label = isColumn ? element("span", { dir: "auto", textContent: token }) : token;
  const made = element("th", { scope: isColumn ? "col" : "row", dir: "auto", title: token }, label);
  Object.assign(made.dataset, { side, index });
  return made;
};

class Grid {
  constructor(view) {
    this.view = view;
    const { source, target } = view;
    const corner = element("th", { className: "corner", scope: "col", textContent: "target ↓ source →" });
    const head = element("tr", {}, corner, ...source.map((token, s) => heading(token, "source", s)));
    const rows = target.map((token, t) => element("tr", {}, heading(token, "target", t), ...source.map((_, s) => this.cell(s, t))));
    this.table = element("table", { dir: "ltr" }, element("thead", {}, head), element("tbody", {}, ...rows));
    this.table.classList.toggle("many", Math.max(source.length, target.length) > NUMBERED);
    this.table.classList.toggle("upright", source.some((token) => EAST_ASIAN.test(token)));
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-label", "weights, source across, target down");
    this.area = element("div", { className: "scroll" }, this.table);
    this.mark("sure", view.sure);
    this.mark("possible", view.possible);
  }

  cell(s, t) {
    const weight = this.view.weight(s, t);
    const made = element("td", { tabIndex: s || t ? -1 : 0, textContent: shown(weight) });
    made.classList.toggle("faint", weight < FAINT);
    Object.assign(made.dataset, { s, t });
    paint(made, weight);
    return made;
  }

  at(s, t) {
    return this.table.tBodies[0].rows[t]?.cells[s + 1];
  }

  mark(name, links) {
    for (const cell of this.table.querySelectorAll(`td.${name}`)) cell.classList.remove(name);
    for (const [s, t] of links) this.at(s, t)?.classList.add(name);
  }

  light(s, t) {
    const single = (s === undefined) !== (t === undefined);
    for (const label of this.table.querySelectorAll("th[data-side]")) {
      const isSource = label.dataset.side === "source";
      const index = Number(label.dataset.index);
      const [own, partner] = isSource ? [s, t] : [t, s];
      const isPartner = single && own === undefined;
      paint(label, isPartner ? (isSource ? this.view.weight(index, partner) : this.view.weight(partner, index)) : 0);
      label.classList.toggle("origin", own === index);
    }
  }

  next(cell, pressed) {
    const [s, t] = [Number(cell.dataset.s), Number(cell.dataset.t)];
    const last = this.view.source.length - 1;
    const [x, y] = {
      ArrowLeft: [s - 1, t], ArrowRight: [s + 1, t], ArrowUp: [s, t - 1], ArrowDown: [s, t + 1], Home: [0, t], End: [last, t],
    }[pressed] ?? [-1, -1];
    return x < 0 || y < 0 ? undefined : this.at(x, y);
  }
}
