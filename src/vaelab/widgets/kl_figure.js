// A Gaussian q beside p, a Gaussian or a mixture of two, and the two KL divergences between them, drawn as areas.

// ---- the arithmetic; a Gaussian is [mean, log_var], a mixture a list of [mean, log_var, share] ---------------------

const isMixture = (p) => Array.isArray(p[0]);

function logDensity(z, p) {
	if (!isMixture(p)) return -0.5 * (Math.log(2 * Math.PI) + p[1] + (z - p[0]) ** 2 * Math.exp(-p[1]));
	return p.reduce((total, part) => {
		const one = Math.log(part[2]) + logDensity(z, part); // finite even where its exponential is 0
		return Math.max(total, one) + Math.log1p(Math.exp(-Math.abs(total - one)));
	}, -Infinity);
}

function integrand(z, q, p) {
	const logQ = logDensity(z, q);
	return Math.exp(logQ) * (logQ - logDensity(z, p));
}

// In closed form between Gaussians, else by quadrature over ten standard deviations of each part of q.
function divergence(q, p) {
	if (!isMixture(q) && !isMixture(p)) {
		const logRatio = q[1] - p[1];
		return 0.5 * (Math.expm1(logRatio) - logRatio + (q[0] - p[0]) ** 2 * Math.exp(-p[1]));
	}
	const ends = (isMixture(q) ? q : [q]).map(([mean, logVar]) =>
		[-1, 1].map((way) => mean + way * 10 * Math.exp(logVar / 2)),
	);
	return integrate((z) => integrand(z, q, p), Math.min(...ends.flat()), Math.max(...ends.flat()), 1000);
}

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
		{ prior, bumps, means, log_vars, step, low, high } = model.get("view");
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
	// Beside a Gaussian p places for q, beside one of two bumps the way downhill from where q is
	const rows = [
		{ same: prior, narrow: [0, -3], wide: [0, 1.5], far: [2.5, -1] },
		{ lower_forward: (q) => -divergence(q, bumps), lower_backward: (q) => -divergence(bumps, q) },
	].map((row) => {
		const buttons = element(root, "div", { class: "vx-row" });
		for (const name in row) {
			const button = element(buttons, "button", { type: "button", class: "vx-button", ...OWN_KEYS }, strings[name]);
			button.addEventListener("click", (event) => change(place(row[name]), event));
		}
		return buttons;
	});
	function place(aim) {
		if (Array.isArray(aim)) return { mean: aim[0], log_var: aim[1] };
		const now = { mean: model.get("mean"), log_var: model.get("log_var") };
		return climb((state) => aim([state.mean, state.log_var]), now, { mean: means, log_var: log_vars });
	}
	const boxes = element(root, "div", { class: "vx-row kl-boxes" });
	const [bumpy, keep] = ["two_bumps", "keep_scale"].map((name) =>
		addToggle(boxes, strings[name], (ticked, event) => change({ [name]: ticked }, event)),
	);
	const [kl, about] = addReadout(root);
	const small = element(root, "p", { class: "vx-small" });

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
			const heights = at.map(f);
			const trace = (clip) => at.map((z, i) => `${toX(z).toFixed(1)} ${toY(clip(heights[i])).toFixed(2)}`).join("L");
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
		const q = [model.get("mean"), model.get("log_var")],
			two = model.get("two_bumps"),
			p = two ? bumps : prior;
		width = curves.clientWidth || 420;
		tall = PANELS[Number(width >= 480)];
		const height = 3 * (TITLE + tall + GAP) + BOTTOM;
		curves.replaceChildren();
		set(curves, { height, viewBox: `0 0 ${width} ${height}` });
		stripes = addStripes(curves);

		const forward = divergence(q, p),
			backward = divergence(p, q);
		const densityQ = (z) => Math.exp(logDensity(z, q)),
			densityP = (z) => Math.exp(logDensity(z, p));
		const first = (z) => integrand(z, q, p),
			second = (z) => integrand(z, p, q);
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
		// The curves' names, each on the side that is turned away from the other curve, p's at its bump further off
		const far = two ? bumps[Number(q[0] < (bumps[0][0] + bumps[1][0]) / 2)] : prior,
			away = q[0] < far[0] ? -1 : 1;
		for (const [name, [mean, logVar], f, side] of [
			["q", q, densityQ, away],
			["p", far, densityP, -away],
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
			left: number(bumps[0][0], 1),
			right: number(bumps[1][0], 1),
			forward: nats(forward),
			backward: nats(backward),
		};
		sliders.forEach((show, i) => show(q[i], number(q[i], 1)));
		keep(model.get("keep_scale"));
		bumpy(two);
		rows.forEach((row, i) => (row.hidden = Boolean(i) !== two));
		small.textContent = two ? strings.small_two : strings.small;
		kl.textContent = fill(strings.kl, words);
		about.textContent = fill(strings.q, words);
		curves.setAttribute("aria-label", `${fill(two ? strings.picture_two : strings.picture, words)} ${kl.textContent}`);
	}

	// Dragging across the curves moves the mean there
	onDrag(curves, (event) => {
		const share = (event.clientX - curves.getBoundingClientRect().left - LEFT) / (width - RIGHT - LEFT);
		change({ mean: clamp(Math.round((low + share * (high - low)) / step) * step, means) }, event);
	});

	const traits = ["mean", "log_var", "two_bumps", "keep_scale"],
		again = () => (scale = [0, 0]),
		settable = { mean: (n) => clamp(n, means), log_var: (n) => clamp(n, log_vars), two_bumps: null, keep_scale: null };
	const { change, remove } = enliven({ model, traits, root, box: curves, says: [kl, about], draw, again, settable });
	return remove;
}

export { divergence, integrand };
export default { render };
