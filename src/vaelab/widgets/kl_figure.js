// Two Gaussians and the two KL divergences between them, drawn as areas. No kernel is needed.

// ---- the arithmetic; a Gaussian is [mean, log_var] ------------------------------------------------------------

const logDensity = (z, [mean, logVar]) => -0.5 * (Math.log(2 * Math.PI) + logVar + (z - mean) ** 2 * Math.exp(-logVar));

function divergence(q, p) {
	const logRatio = q[1] - p[1];
	return 0.5 * (Math.expm1(logRatio) - logRatio + (q[0] - p[0]) ** 2 * Math.exp(-p[1]));
}

const integrand = (z, q, p) => Math.exp(logDensity(z, q)) * (logDensity(z, q) - logDensity(z, p));

// ---- the figure ------------------------------------------------------------------------------------------------

const LEFT = 44,
	RIGHT = 10,
	TITLE = 24,
	PANELS = [62, 84], // on a telephone, and wide
	GAP = 10,
	BOTTOM = 36,
	POINTS = 700;

function render({ model, el }) {
	const strings = model.get("strings"),
		{ prior, means, log_vars, step, low, high } = model.get("view");
	const number = numbersOf(strings.language);
	const nats = (value) => number(value, value < 10 ? 3 : value < 100 ? 2 : 1);

	// The elements
	const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
	const curves = element(root, "svg", { class: "vx-drawing vx-across", role: "img", focusable: "false" });
	const controls = element(root, "div", { class: "vx-sliders" });
	const sliders = [
		["mean", means],
		["log_var", log_vars],
	].map(([name, [min, max]]) =>
		addSlider(element(controls, "label"), strings[name], { min, max, step }, (value, event) =>
			change({ [name]: value }, event),
		),
	);
	const presets = element(root, "div", { class: "vx-row" });
	for (const [name, values] of [
		["same", prior],
		["narrow", [0, -3]],
		["wide", [0, 1.5]],
		["far", [2.5, -1]],
	]) {
		const button = element(presets, "button", { type: "button", class: "vx-button", ...OWN_KEYS }, strings[name]);
		button.addEventListener("click", (event) => change({ mean: values[0], log_var: values[1] }, event));
	}
	const keep = addToggle(root, strings.keep_scale, (keep_scale, event) => change({ keep_scale }, event));
	const [kl, about] = addReadout(root);
	element(root, "p", { class: "vx-small" }, strings.small);

	let width = 0,
		tall = PANELS[1],
		stripes = "",
		scale = [0, 0]; // of both areas

	function panel(svg, top, title, lines, extent) {
		const right = width - RIGHT,
			base = top + TITLE + tall;
		const toX = (z) => LEFT + ((z - low) / (high - low)) * (right - LEFT);
		const [bottom, ceiling] = extent,
			toY = (y) => base - ((y - bottom) / (ceiling - bottom)) * tall;
		element(svg, "text", { class: "vx-title", x: LEFT, y: top + 15 }, title);
		const { found, decimals } = ticks(bottom, ceiling, 3);
		ticksBeside(svg, LEFT, found, toY, (value) => number(value, decimals));
		element(svg, "line", { x1: LEFT, x2: LEFT, y1: base - tall, y2: base });
		element(svg, "line", { x1: LEFT, x2: right, y1: toY(0), y2: toY(0) });
		for (const [name, f] of lines) {
			const at = Array.from({ length: POINTS + 1 }, (_, i) => low + (i / POINTS) * (high - low));
			const trace = (clip) => at.map((z) => `${toX(z).toFixed(1)} ${toY(clip(f(z))).toFixed(2)}`).join("L");
			if (name === "kl-outline") {
				const close = `L${right} ${toY(0)}L${LEFT} ${toY(0)}Z`;
				element(svg, "path", { class: "kl-plus", d: `M${trace((y) => Math.max(0, y))}${close}` });
				const minus = { class: "kl-minus", d: `M${trace((y) => Math.min(0, y))}${close}` };
				element(svg, "path", minus).style.fill = stripes;
			}
			element(svg, "path", { class: name, d: `M${trace((y) => y)}` });
		}
		return { base, toX, toY };
	}

	// Lowest and highest value on the drawn part, with some air; always around zero.
	function extent(...functions) {
		let bottom = 0,
			ceiling = 1e-3;
		for (const f of functions) {
			for (let i = 0; i <= POINTS; i++) {
				const y = f(low + (i / POINTS) * (high - low));
				bottom = Math.min(bottom, y);
				ceiling = Math.max(ceiling, y);
			}
		}
		return [1.08 * bottom, 1.08 * ceiling];
	}

	function draw() {
		const q = [model.get("mean"), model.get("log_var")];
		width = curves.clientWidth || 420;
		tall = PANELS[Number(width >= 480)];
		const height = 3 * (TITLE + tall + GAP) + BOTTOM;
		curves.replaceChildren();
		set(curves, { height, viewBox: `0 0 ${width} ${height}` });
		stripes = addStripes(curves);

		const forward = divergence(q, prior),
			backward = divergence(prior, q);
		const densityQ = (z) => Math.exp(logDensity(z, q)),
			densityP = (z) => Math.exp(logDensity(z, prior));
		const first = (z) => integrand(z, q, prior),
			second = (z) => integrand(z, prior, q);
		const next = TITLE + tall + GAP;
		const above = panel(
			curves,
			0,
			strings.densities,
			[
				["kl-p", densityP],
				["kl-q", densityQ],
			],
			extent(densityQ, densityP),
		);
		// The curves' names, each on the side that is turned away from the other curve
		const away = q[0] < prior[0] ? -1 : 1;
		for (const [name, [mean, logVar], f, side] of [
			["q", q, densityQ, away],
			["p", prior, densityP, -away],
		]) {
			const z = mean + side * Math.exp(logVar / 2),
				place = { x: above.toX(z) + 6 * side, y: above.toY(f(z)) - 4, "text-anchor": side < 0 ? "end" : "start" };
			element(curves, "text", { class: "kl-name", ...place }, name);
		}
		const title = (name, area) => fill(strings[name], { area: nats(area) }),
			needed = extent(first, second);
		// A kept scale grows when it must, since a curve that is cut off has no area.
		scale = model.get("keep_scale") ? [Math.min(scale[0], needed[0]), Math.max(scale[1], needed[1])] : needed;
		panel(curves, next, title("forward", forward), [["kl-outline", first]], scale);
		const last = panel(curves, 2 * next, title("backward", backward), [["kl-outline", second]], scale);
		const values = ticks(low, high, Math.max(4, width / 70)).found;
		ticksBelow(curves, last.base + 2, values, last.toX, (value) => number(value, 0));
		const name = { class: "vx-title", x: last.toX((low + high) / 2), y: last.base + 34, "text-anchor": "middle" };
		element(curves, "text", name, "z");

		const words = {
			mean: number(q[0], 1),
			sd: number(Math.exp(q[1] / 2), 2),
			prior_mean: number(prior[0], 1),
			prior_sd: number(Math.exp(prior[1] / 2), 2),
			forward: nats(forward),
			backward: nats(backward),
		};
		sliders.forEach((show, i) => show(q[i], number(q[i], 1)));
		keep(model.get("keep_scale"));
		kl.textContent = fill(strings.kl, words);
		about.textContent = fill(strings.q, words);
		curves.setAttribute("aria-label", `${fill(strings.picture, words)} ${kl.textContent}`);
	}

	// Dragging across the curves moves the mean there
	onDrag(curves, (event) => {
		const share = (event.clientX - curves.getBoundingClientRect().left - LEFT) / (width - RIGHT - LEFT);
		change({ mean: clamp(Math.round((low + share * (high - low)) / step) * step, means) }, event);
	});

	const traits = ["mean", "log_var", "keep_scale"],
		again = () => (scale = [0, 0]),
		settable = { mean: (n) => clamp(n, means), log_var: (n) => clamp(n, log_vars), keep_scale: null };
	const { change, remove } = enliven({ model, traits, root, box: curves, says: [kl, about], draw, again, settable });
	return remove;
}

export { divergence, integrand };
export default { render };
