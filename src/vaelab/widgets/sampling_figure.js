// Fixed noise on the upper axis, the samples made from it on the lower one, computed here without a kernel.
// Needs of its host: model.get, set, on, off, save_changes. Styles: sampling_figure.css after latent_explorer.css.

// What the dots are and how far they spread. The same arithmetic as SamplingFigure.z in Python.
function samples(epsilon, mean, logVar, byVariance) {
  const sigma = Math.exp(0.5 * logVar), factor = byVariance ? Math.exp(logVar) : sigma;
  return { z: epsilon.map((e) => mean + factor * e), sigma, factor };
}

function spread(values) {
  const middle = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / values.length);
}

function element(parent, tag, attributes = {}, text = "") {
  const svg = parent.namespaceURI.endsWith("svg") || tag === "svg";
  const child = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const name in attributes) child.setAttribute(name, attributes[name]);
  if (text) child.textContent = text;
  parent.append(child);
  return child;
}

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);

// The page's own choice of theme, or the reader's.
function isDark() {
  const { documentElement: html, body } = document;
  if (html.dataset.theme === "dark" || html.dataset.theme === "light") return html.dataset.theme === "dark";
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind) return !body.dataset.vscodeThemeKind.includes("light");
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

const UPPER = 40, LOWER = 170, CURVE = 76, HEIGHT = 298, EDGE = 12;

// Keys pressed here are not the notebook's: JupyterLab honours this attribute on the focused element itself.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function render({ model, el }) {
  const strings = model.get("strings"), epsilon = model.get("epsilon"), ranges = model.get("ranges");
  const marked = new Set(model.get("marked")), names = ["mean", "log_var", "by_variance"];
  const format = new Intl.NumberFormat(strings.language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const whole = new Intl.NumberFormat(strings.language, { maximumFractionDigits: 0 });
  const number = (value) => format.format(value).replace(/^-(?=[0.,]*$)/, "").replace("-", "−");

  const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
  const label = fill(strings.picture, { n: epsilon.length });
  const picture = element(root, "svg", { class: "sf-picture", role: "img", "aria-label": label });
  const controls = element(root, "div", { class: "sf-controls" });
  const inputs = {}, shown = {};
  for (const name of ["mean", "log_var"]) {
    const id = "sf-" + Math.random().toString(36).slice(2), [min, max] = ranges[name];
    element(controls, "label", { for: id }, strings[name]);
    inputs[name] = element(controls, "input", { type: "range", id, min, max, step: 0.05, tabindex: 0, ...OWN_KEYS });
    shown[name] = element(controls, "span", { class: "sf-value", "aria-hidden": "true" });
  }
  const toggle = element(controls, "label", { class: "sf-toggle" });
  inputs.by_variance = element(toggle, "input", { type: "checkbox", ...OWN_KEYS });
  element(toggle, "span", {}, strings.by_variance);
  const readout = element(root, "p", { class: "sf-readout" });
  const formula = element(readout, "strong"), words = element(readout, "span");
  const live = element(root, "p", { class: "vx-hidden", "aria-live": "polite" });
  element(root, "p", { class: "vx-small" }, fill(strings.hint, { n: epsilon.length }));

  let width = 0, announcement = 0, threads = [], upper = [], lower = [], curve, wanted;
  const toX = (value) => EDGE + ((value + ranges.shown) / (2 * ranges.shown)) * (width - 2 * EDGE);

  // Everything that depends on the width
  function drawFrame() {
    width = picture.clientWidth || 600;
    picture.replaceChildren();
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    for (const y of [UPPER, LOWER]) {
      element(picture, "line", { class: "sf-axis", x1: EDGE, x2: width - EDGE, y1: y, y2: y });
    }
    const step = width < 480 ? 3 : 2;
    for (let value = -ranges.shown; value <= ranges.shown; value += step) {
      const x = toX(value), anchor = x < 20 ? "start" : x > width - 20 ? "end" : "middle";
      element(picture, "line", { class: "sf-axis", x1: x, x2: x, y1: LOWER, y2: LOWER + 5 });
      element(picture, "line", { class: "sf-axis", x1: x, x2: x, y1: UPPER - 5, y2: UPPER });
      const place = { class: "sf-tick", x, "text-anchor": anchor };
      element(picture, "text", { ...place, y: HEIGHT - 6 }, whole.format(value).replace("-", "−"));
    }
    element(picture, "text", { x: EDGE, y: UPPER - 16 }, strings.noise);
    element(picture, "text", { x: EDGE, y: LOWER - 12 }, strings.sample);
    curve = element(picture, "path", { class: "sf-wanted" });
    wanted = element(picture, "text", { y: LOWER + CURVE + 28, "text-anchor": "middle" }, strings.wanted);
    const order = [...epsilon.keys()].sort((a, b) => marked.has(a) - marked.has(b)); // the marked ones on top
    threads = [], upper = [], lower = [];
    for (const i of order) {
      const kind = marked.has(i) ? " sf-marked" : "";
      threads[i] = element(picture, "line", { class: "sf-thread" + kind, x1: toX(epsilon[i]), y1: UPPER, y2: LOWER });
    }
    for (const i of order) {
      const dot = { class: "sf-dot" + (marked.has(i) ? " sf-marked" : ""), r: marked.has(i) ? 6 : 3 };
      upper[i] = element(picture, "circle", { ...dot, cx: toX(epsilon[i]), cy: UPPER });
      lower[i] = element(picture, "circle", { ...dot, cy: LOWER });
    }
    draw();
  }

  // Everything that depends on the sliders
  function draw(event) {
    const [mean, logVar, byVariance] = names.map((name) => model.get(name));
    const { z, sigma, factor } = samples(epsilon, mean, logVar, byVariance), measured = spread(z);
    z.forEach((value, i) => {
      const x = toX(value);
      threads[i].setAttribute("x2", x);
      lower[i].setAttribute("cx", x);
    });
    const points = Array.from({ length: 161 }, (_, i) => ranges.shown * (i / 80 - 1));
    const height = (x) => LOWER + 8 + CURVE * Math.exp(-0.5 * ((x - mean) / sigma) ** 2);
    curve.setAttribute("d", "M" + points.map((x) => `${toX(x).toFixed(1)} ${height(x).toFixed(1)}`).join("L"));
    const half = wanted.getComputedTextLength() / 2 + 4;
    wanted.setAttribute("x", Math.min(width - half, Math.max(half, toX(mean))));

    for (const name of ["mean", "log_var"]) {
      inputs[name].value = model.get(name);
      shown[name].textContent = number(model.get(name));
      inputs[name].setAttribute("aria-valuetext", shown[name].textContent);
    }
    inputs.by_variance.checked = byVariance;
    formula.textContent = fill(strings.formula, { mean: number(mean), factor: number(factor) });
    const beyond = z.filter((value) => Math.abs(value) > ranges.shown).length;
    words.textContent = [
      fill(strings.wanted_spread, { sigma: number(sigma) }),
      fill(strings.measured, { spread: number(measured), percent: whole.format((100 * measured) / sigma) }),
      beyond ? fill(strings.outside, { n: beyond }) : "",
    ].join(" ").trim();
    root.dataset.state = byVariance ? "variance" : "deviation";
    root.dataset.ready = "true";
    if (event) {
      clearTimeout(announcement);
      announcement = setTimeout(() => (live.textContent = readout.textContent), 500);
    }
  }

  function change(name, value, event) {
    model.set(name, value);
    model.save_changes();
    draw(event);
  }
  for (const name of ["mean", "log_var"]) {
    inputs[name].addEventListener("input", (event) => change(name, Number(inputs[name].value), event));
    // Pages turn on the arrow keys in some themes
    inputs[name].addEventListener("keydown", (event) => event.key.startsWith("Arrow") && event.stopPropagation());
  }
  inputs.by_variance.addEventListener("change", (event) => change("by_variance", inputs.by_variance.checked, event));
  let grip = null;
  picture.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    grip = { id: event.pointerId, x: event.clientX, mean: model.get("mean") };
    picture.setPointerCapture(grip.id);
    event.preventDefault();
  });
  picture.addEventListener("pointermove", (event) => {
    if (event.pointerId !== grip?.id) return;
    const moved = ((event.clientX - grip.x) * 2 * ranges.shown) / (width - 2 * EDGE), [low, high] = ranges.mean;
    change("mean", Math.min(high, Math.max(low, grip.mean + moved)), event);
  });
  for (const end of ["pointerup", "pointercancel"]) picture.addEventListener(end, () => (grip = null));
  const changed = () => draw();
  for (const name of names) model.on("change:" + name, changed);

  const paint = () => root.classList.toggle("vx-dark", isDark());
  paint();
  drawFrame();
  const theme = new MutationObserver(paint);
  const watched = { attributeFilter: ["data-theme", "data-jp-theme-light", "data-vscode-theme-kind"] };
  theme.observe(document.documentElement, watched);
  theme.observe(document.body, watched);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", paint);
  const resize = new ResizeObserver(() => picture.clientWidth !== width && picture.clientWidth > 0 && drawFrame());
  resize.observe(root);

  return () => {
    for (const name of names) model.off("change:" + name, changed);
    theme.disconnect();
    scheme.removeEventListener("change", paint);
    resize.disconnect();
    clearTimeout(announcement);
    root.remove();
  };
}

export { samples, spread };
export default { render };
