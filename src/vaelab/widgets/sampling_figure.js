// Fixed noise on the upper axis, the samples made from it on the lower one, computed here without a kernel.

// What the dots are, and how fast each moves when sigma grows. The same arithmetic as SamplingFigure's in Python.
function samples(epsilon, mean, logVar, byVariance) {
	const sigma = Math.exp(0.5 * logVar),
		factor = byVariance ? Math.exp(logVar) : sigma,
		slope = byVariance ? 2 * sigma : 1;
	return { z: epsilon.map((e) => mean + factor * e), slopes: epsilon.map((e) => slope * e), sigma, factor };
}

function spread(values) {
	const middle = values.reduce((sum, x) => sum + x, 0) / values.length;
	return Math.sqrt(values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / values.length);
}

// Mean 0 and standard deviation 1, sorted, as in Python, and as many as there were.
function drawNoise(n) {
	const draws = Array.from(
		{ length: n },
		() => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()),
	);
	const middle = draws.reduce((sum, x) => sum + x, 0) / n,
		wide = spread(draws);
	return draws.map((x) => (x - middle) / wide).sort((a, b) => a - b);
}

const UPPER = 40,
	LOWER = 176,
	CURVE = 92,
	HEIGHT = 240,
	ARROW = 0.5, // how far sigma grows for the arrows
	EDGE = 12;

function render({ model, el }) {
	const strings = model.get("strings"),
		ranges = model.get("ranges");
	const marked = new Set(model.get("marked")),
		names = ["mean", "log_var", "by_variance"],
		count = model.get("epsilon").length;
	const number = numbersOf(strings.language);

	const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
	const label = fill(strings.picture, { n: count });
	const picture = element(root, "svg", { class: "vx-drawing vx-across sf-picture", role: "img", "aria-label": label });
	const controls = element(root, "div", { class: "sf-controls" });
	const sliders = ["mean", "log_var"].map((name) => {
		const [min, max] = ranges[name],
			move = (value, event) => change({ [name]: value }, event);
		return addSlider(element(controls, "label"), strings[name], { min, max, step: 0.05 }, move);
	});
	const tick = addToggle(controls, strings.by_variance, (by_variance, event) => change({ by_variance }, event));
	const anew = element(
		element(root, "div", { class: "vx-row" }),
		"button",
		{ type: "button", class: "vx-button", ...OWN_KEYS },
		strings.anew,
	);
	anew.addEventListener("click", (event) => change({ epsilon: drawNoise(count) }, event));
	const [formula, words] = addReadout(root);
	element(root, "p", { class: "vx-small" }, fill(strings.hint, { n: count }));

	let width = 0,
		epsilon,
		grip,
		threads = [],
		upper = [],
		lower = [],
		arrows = [],
		curve;
	const toX = (value) => EDGE + ((value + ranges.shown) / (2 * ranges.shown)) * (width - 2 * EDGE);

	// Everything that depends on the width and on the noise
	function drawFrame() {
		epsilon = model.get("epsilon");
		width = picture.clientWidth || 600;
		picture.replaceChildren();
		picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
		for (const y of [UPPER, LOWER]) {
			element(picture, "line", { x1: EDGE, x2: width - EDGE, y1: y, y2: y });
		}
		const values = ticks(-ranges.shown, ranges.shown, width / 90).found;
		ticksBelow(picture, LOWER, values, toX, (value) => number(value, 0), [20, width - 20]);
		for (const x of values.map(toX)) element(picture, "line", { x1: x, x2: x, y1: UPPER - 5, y2: UPPER });
		element(picture, "text", { class: "vx-title", x: EDGE, y: UPPER - 16 }, strings.noise);
		element(picture, "text", { class: "vx-title", x: EDGE, y: HEIGHT - 26 }, strings.sample);
		element(picture, "text", { class: "vx-title", x: EDGE, y: HEIGHT - 6 }, strings.arrows);
		curve = element(picture, "path", { class: "sf-wanted" });
		const order = [...epsilon.keys()].sort((a, b) => marked.has(a) - marked.has(b)); // the marked ones on top
		(threads = []), (upper = []), (lower = []);
		for (const i of order) {
			const kind = marked.has(i) ? " sf-marked" : "";
			threads[i] = element(picture, "line", { class: "sf-thread" + kind, x1: toX(epsilon[i]), y1: UPPER, y2: LOWER });
		}
		for (const i of order) {
			const dot = { class: "sf-dot" + (marked.has(i) ? " sf-marked" : ""), r: marked.has(i) ? 6 : 3 };
			upper[i] = element(picture, "circle", { ...dot, cx: toX(epsilon[i]), cy: UPPER });
			lower[i] = element(picture, "circle", { ...dot, cy: LOWER });
		}
		arrows = [...marked].map(() => element(picture, "path", { class: "sf-arrow" }));
		draw();
	}

	// Everything that depends on the sliders
	function draw() {
		if (epsilon !== model.get("epsilon")) return drawFrame();
		const [mean, logVar, byVariance] = names.map((name) => model.get(name));
		const { z, slopes, sigma, factor } = samples(epsilon, mean, logVar, byVariance),
			measured = spread(z);
		z.forEach((value, i) => {
			const x = toX(value);
			threads[i].setAttribute("x2", x);
			lower[i].setAttribute("cx", x);
		});
		[...marked].forEach((i, one) => {
			const from = toX(z[i]),
				to = toX(z[i] + ARROW * slopes[i]),
				back = clamp(from - to, [-5, 5]),
				wing = Math.abs(back);
			arrows[one].setAttribute(
				"d",
				`M${from} ${LOWER - 14}h${to - from}m${back} -${wing}l${-back} ${wing}l${back} ${wing}`,
			);
		});
		const points = Array.from({ length: 161 }, (_, i) => ranges.shown * (i / 80 - 1));
		const height = (x) => LOWER - CURVE * Math.exp(-0.5 * ((x - mean) / sigma) ** 2);
		curve.setAttribute("d", "M" + points.map((x) => `${toX(x).toFixed(1)} ${height(x).toFixed(1)}`).join("L"));
		sliders.forEach((show, i) => show([mean, logVar][i], number([mean, logVar][i], 2)));
		tick(byVariance);
		formula.textContent = fill(strings.formula, { mean: number(mean, 2), factor: number(factor, 2) });
		const beyond = z.filter((value) => Math.abs(value) > ranges.shown).length;
		words.textContent = [
			fill(strings.wanted_spread, { sigma: number(sigma, 2) }),
			fill(strings.measured, { spread: number(measured, 2), percent: number((100 * measured) / sigma, 0) }),
			"\n" +
				fill(byVariance ? strings.slopes_variance : strings.slopes, {
					slopes: [...marked].map((i) => number(slopes[i], 2)).join("; "),
				}),
			beyond ? fill(strings.outside, { n: beyond }) : "",
		]
			.join(" ")
			.trim();
		root.dataset.state = byVariance ? "variance" : "deviation";
	}

	onDrag(picture, (event) => {
		if (event.type === "pointerdown") return (grip = { x: event.clientX, mean: model.get("mean") });
		const moved = ((event.clientX - grip.x) * 2 * ranges.shown) / (width - 2 * EDGE);
		change({ mean: clamp(grip.mean + moved, ranges.mean) }, event);
	});

	const parts = { model, traits: [...names, "epsilon"], root, box: picture, says: [formula, words] };
	const settable = { mean: (n) => clamp(n, ranges.mean), log_var: (n) => clamp(n, ranges.log_var), by_variance: null };
	const { change, remove } = enliven({ ...parts, draw, redraw: drawFrame, settable });
	return remove;
}

export { samples, spread };
export default { render };
