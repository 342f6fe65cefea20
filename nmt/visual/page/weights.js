/* What the page holds, and what a view answers: weights are bytes, so that a thousand sentences open at once. */

const data = JSON.parse(document.getElementById("data").textContent);

const byId = (id) => document.getElementById(id);

const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const bytes = (encoded) => Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));

const pairs = (flat = []) => Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

/* One alignment at one level: labels of both sides, weight(s, t) from 0 to 1, links as [source, target]. */
class View {
  constructor({ source, target, weights, links, sure, possible }) {
    this.source = source;
    this.target = target;
    this.bytes = bytes(weights);
    this.links = pairs(links);
    this.sure = pairs(sure);
    this.possible = pairs(possible);
  }

  weight(s, t) {
    return this.bytes[t * this.source.length + s] / 255;
  }

  /* The links of the alignment itself, or all pairs of at least this weight. */
  linksAt(threshold) {
    if (threshold === null) return this.links;
    const found = [];
    this.bytes.forEach((value, i) => {
      if (value >= threshold * 255 - 0.5) found.push([i % this.source.length, Math.floor(i / this.source.length)]);
    });
    return found;
  }

  /* [index, weight] of the tokens of the other side, strongest first. */
  partners(side, index) {
    const others = side === "source" ? this.target : this.source;
    const weigh = (other) => (side === "source" ? this.weight(index, other) : this.weight(other, index));
    return others.map((_, other) => [other, weigh(other)]).sort((a, b) => b[1] - a[1]);
  }
}

const key = (s, t) => `${s}-${t}`;

const shown = (weight) => weight.toFixed(2);

/* The ink that is legible on a weight's colour: where it changes, both black and white have a contrast above 4.5. */
const STRONG = { light: 0.775, dark: 0.56 };

const paint = (label, weight) => {
  label.style.setProperty("--w", `${(100 * weight).toFixed(1)}%`);
  const theme = document.documentElement.dataset.theme;
  label.classList.toggle("lit-pale", weight > 0 && weight <= STRONG[theme]);
  label.classList.toggle("lit-strong", weight > STRONG[theme]);
};
