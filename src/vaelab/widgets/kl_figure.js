// Two Gaussians and the two KL divergences between them, drawn as areas. No kernel is needed.
// Needs of its host: model.get, set, on, off, save_changes. Styles are in latent_explorer.css and kl_figure.css.

// ---- the arithmetic; a Gaussian is [mean, log_var] ------------------------------------------------------------

const logDensity = (z, [mean, logVar]) =>
  -0.5 * (Math.log(2 * Math.PI) + logVar + (z - mean) ** 2 * Math.exp(-logVar));

function divergence(q, p) {
  const logRatio = q[1] - p[1];
  return 0.5 * (Math.expm1(logRatio) - logRatio + (q[0] - p[0]) ** 2 * Math.exp(-p[1]));
}

const integrand = (z, q, p) => Math.exp(logDensity(z, q)) * (logDensity(z, q) - logDensity(z, p));

// ---- small helpers ---------------------------------------------------------------------------------------------

function element(parent, tag, attributes = {}, text = "") {
  const svg = parent.namespaceURI.endsWith("svg") || tag === "svg";
  const child = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  set(child, attributes);
  if (text) child.textContent = text;
  parent.append(child);
  return child;
}

function set(node, attributes) {
  for (const name in attributes) node.setAttribute(name, attributes[name]);
}

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);

function ticks(low, high, wanted) {
  const raw = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw), found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
  return { found, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// The page's own choice of theme, or the reader's.
function isDark() {
  const { documentElement: html, body } = document;
  if (html.dataset.theme === "dark" || html.dataset.theme === "light") return html.dataset.theme === "dark";
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind) return !body.dataset.vscodeThemeKind.includes("light");
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// ---- the figure ------------------------------------------------------------------------------------------------

const LEFT = 44, RIGHT = 10, TITLE = 24, PANEL = 84, GAP = 10, BOTTOM = 36, POINTS = 700;

// Keys pressed here are not the notebook's: JupyterLab honours this attribute on the focused element itself.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function render({ model, el }) {
  const strings = model.get("strings"), { prior, means, log_vars, step, low, high } = model.get("view");

  const number = (value, digits) => {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    const text = new Intl.NumberFormat(strings.language, options).format(value);
    return text.replace(/^-(?=[0.,]*$)/, "").replace("-", "−");
  };
  const nats = (value) => number(value, value < 10 ? 3 : value < 100 ? 2 : 1);

  // The elements
  const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
  const curves = element(root, "svg", { class: "kl-curves", role: "img", focusable: "false" });
  const controls = element(root, "div", { class: "kl-controls" });
  const readout = element(root, "p", { class: "kl-readout" });
  const kl = element(readout, "span", { class: "kl-value" });
  readout.append(" ");
  const about = element(readout, "span");
  const live = element(root, "p", { class: "vx-hidden", "aria-live": "polite" });
  element(root, "p", { class: "vx-small" }, strings.small);
  const stripes = "kl-" + Math.random().toString(36).slice(2);

  const sliders = [["mean", means], ["log_var", log_vars]].map(([name, [min, max]]) => {
    const label = element(controls, "label");
    element(label, "span", {}, strings[name]);
    const input = element(label, "input", { type: "range", min, max, step, tabindex: 0, ...OWN_KEYS });
    return { name, input, value: element(label, "span", { "aria-hidden": "true" }) };
  });

  let width = 0, draws = 0, announcement = 0;

  function panel(svg, top, title, lines, extent) {
    const right = width - RIGHT, base = top + TITLE + PANEL;
    const toX = (z) => LEFT + ((z - low) / (high - low)) * (right - LEFT);
    const [bottom, ceiling] = extent, toY = (y) => base - ((y - bottom) / (ceiling - bottom)) * PANEL;
    element(svg, "text", { class: "kl-title", x: LEFT, y: top + 15 }, title);
    const { found, decimals } = ticks(bottom, ceiling, 3);
    for (const value of found) {
      element(svg, "line", { x1: LEFT - 4, x2: LEFT, y1: toY(value), y2: toY(value) });
      element(svg, "text", { x: LEFT - 7, y: toY(value) + 4, "text-anchor": "end" }, number(value, decimals));
    }
    element(svg, "line", { x1: LEFT, x2: LEFT, y1: base - PANEL, y2: base });
    element(svg, "line", { x1: LEFT, x2: right, y1: toY(0), y2: toY(0) });
    for (const [name, f] of lines) {
      const at = Array.from({ length: POINTS + 1 }, (_, i) => low + (i / POINTS) * (high - low));
      const trace = (clip) => at.map((z) => `${toX(z).toFixed(1)} ${toY(clip(f(z))).toFixed(1)}`).join("L");
      if (name === "kl-outline") {
        const close = `L${right} ${toY(0)}L${LEFT} ${toY(0)}Z`;
        element(svg, "path", { class: "kl-plus", d: `M${trace((y) => Math.max(0, y))}${close}` });
        const minus = { class: "kl-minus", d: `M${trace((y) => Math.min(0, y))}${close}` };
        element(svg, "path", minus).style.fill = `url(#${stripes})`;
      }
      element(svg, "path", { class: name, d: `M${trace((y) => y)}` });
    }
    return { base, toX };
  }

  // Lowest and highest value on the drawn part, with some air; always around zero.
  function extent(...functions) {
    let bottom = 0, ceiling = 1e-3;
    for (const f of functions) {
      for (let i = 0; i <= POINTS; i++) {
        const y = f(low + (i / POINTS) * (high - low));
        bottom = Math.min(bottom, y);
        ceiling = Math.max(ceiling, y);
      }
    }
    return [1.08 * bottom, 1.08 * ceiling];
  }

  function draw(event) {
    const q = [model.get("mean"), model.get("log_var")];
    width = curves.clientWidth || 420;
    const height = 3 * (TITLE + PANEL + GAP) + BOTTOM;
    curves.replaceChildren();
    set(curves, { height, viewBox: `0 0 ${width} ${height}` });
    const frame = { id: stripes, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    element(element(element(curves, "defs"), "pattern", frame), "line", { class: "kl-stripe", y2: 6 });

    const forward = divergence(q, prior), backward = divergence(prior, q);
    const densityQ = (z) => Math.exp(logDensity(z, q)), densityP = (z) => Math.exp(logDensity(z, prior));
    const first = (z) => integrand(z, q, prior), second = (z) => integrand(z, prior, q);
    const next = TITLE + PANEL + GAP;
    panel(curves, 0, strings.densities, [["kl-p", densityP], ["kl-q", densityQ]], extent(densityQ, densityP));
    const title = (name, area) => fill(strings[name], { area: nats(area) });
    panel(curves, next, title("forward", forward), [["kl-outline", first]], extent(first));
    const last = panel(curves, 2 * next, title("backward", backward), [["kl-outline", second]], extent(second));
    for (const value of ticks(low, high, Math.max(4, width / 70)).found) {
      const x = last.toX(value);
      element(curves, "line", { x1: x, x2: x, y1: last.base + 2, y2: last.base + 6 });
      element(curves, "text", { x, y: last.base + 19, "text-anchor": "middle" }, number(value, 0));
    }
    const name = { class: "kl-title", x: last.toX((low + high) / 2), y: last.base + 34, "text-anchor": "middle" };
    element(curves, "text", name, "z");

    const words = {
      mean: number(q[0], 1),
      sd: number(Math.exp(q[1] / 2), 2),
      prior_mean: number(prior[0], 1),
      prior_sd: number(Math.exp(prior[1] / 2), 2),
      forward: nats(forward),
      backward: nats(backward),
    };
    sliders.forEach(({ input, value }, i) => {
      input.value = q[i];
      value.textContent = number(q[i], 1);
      input.setAttribute("aria-valuetext", value.textContent);
    });
    kl.textContent = fill(strings.kl, words);
    about.textContent = fill(strings.q, words);
    curves.setAttribute("aria-label", `${fill(strings.picture, words)} ${kl.textContent}`);
    root.dataset.draws = ++draws;
    root.dataset.ready = "true";
    if (event) {
      clearTimeout(announcement);
      announcement = setTimeout(() => (live.textContent = readout.textContent), 500);
    }
  }

  let own = false; // while this view itself sets the model
  function change(name, value, event) {
    own = true;
    model.set(name, value);
    own = false;
    model.save_changes();
    draw(event);
  }
  for (const { name, input } of sliders) {
    input.addEventListener("input", (event) => change(name, Number(input.value), event));
    input.addEventListener("keydown", (event) => event.stopPropagation()); // some themes turn pages on the arrow keys
  }

  // Dragging across the curves moves the mean there
  let dragging = null;
  function follow(event) {
    const share = (event.clientX - curves.getBoundingClientRect().left - LEFT) / (width - RIGHT - LEFT);
    const there = Math.round((low + share * (high - low)) / step) * step;
    change("mean", Math.min(means[1], Math.max(means[0], there)), event);
  }
  curves.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    dragging = event.pointerId;
    curves.setPointerCapture(dragging);
    event.preventDefault();
    follow(event);
  });
  curves.addEventListener("pointermove", (event) => event.pointerId === dragging && follow(event));
  for (const end of ["pointerup", "pointercancel"]) curves.addEventListener(end, () => (dragging = null));
  const changed = () => own || draw();
  model.on("change:mean", changed);
  model.on("change:log_var", changed);

  // Theme and size
  const paint = () => root.classList.toggle("vx-dark", isDark());
  paint();
  draw();
  const theme = new MutationObserver(paint);
  const watched = { attributeFilter: ["data-theme", "data-jp-theme-light", "data-vscode-theme-kind"] };
  theme.observe(document.documentElement, watched);
  theme.observe(document.body, watched);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", paint);
  const resize = new ResizeObserver(() => curves.clientWidth !== width && curves.clientWidth > 0 && draw());
  resize.observe(root);

  return () => {
    model.off("change:mean", changed);
    model.off("change:log_var", changed);
    theme.disconnect();
    scheme.removeEventListener("change", paint);
    resize.disconnect();
    clearTimeout(announcement);
    root.remove();
  };
}

export { divergence, integrand };
export default { render };
