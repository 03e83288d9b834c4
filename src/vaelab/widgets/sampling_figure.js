// Fixed noise on the upper axis, the samples made from it on the lower one, computed here without a kernel.

// What the dots are, and how fast each moves when sigma grows. The same arithmetic as SamplingFigure's in Python.
function samples(epsilon, mean, logVar, byVariance) {
	const sigma = Math.exp(0.5 * logVar),
		factor = byVariance ? Math.exp(logVar) : sigma,
		slope = byVariance ? 2 * sigma : 1;
	return { z: epsilon.map((e) => mean + factor * e), slopes: epsilon.map((e) => slope * e), sigma, factor };
}

function spread(values) {
	const middle = sumOf(values) / values.length;
	return Math.sqrt(sumOf(values.map((x) => (x - middle) ** 2)) / values.length);
}

// Mean 0 and standard deviation 1, sorted, as in Python, and as many as there were.
function drawNoise(n) {
	const draws = times(n, () => normal(Math.random)),
		middle = sumOf(draws) / n,
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
	const { strings, root, number, say, traitsOf } = beginFigure({ model, el }),
		ranges = model.get("ranges"),
		marked = new Set(model.get("marked")),
		count = model.get("epsilon").length,
		{ mean, log_var, shown } = ranges;

	const words = { role: "img", "aria-label": say("picture", { n: count }) },
		picture = element(root, "svg.vx-drawing.vx-across.sf-picture", words);
	const controls = element(root, "div.sf-controls"),
		sliders = addSliders(controls, strings, { mean, log_var }, 0.05, (...move) => change(...move));
	const tick = addToggle(controls, strings.by_variance, (by_variance, event) => change({ by_variance }, event));
	addButton(element(root, "div.vx-row"), strings.anew, (event) => change({ epsilon: drawNoise(count) }, event));
	const [formula, about] = addReadout(root);
	element(root, "p.vx-small", say("hint", { n: count }));

	let width, epsilon, grip, threads, lower, arrows, curve;
	const toX = (value) => EDGE + ((value + shown) / (2 * shown)) * (width - 2 * EDGE);

	// Everything that depends on the width and on the noise
	function drawFrame() {
		epsilon = model.get("epsilon");
		width = picture.clientWidth || 600;
		clear(picture, width, HEIGHT);
		for (const y of [UPPER, LOWER]) element(picture, "path", { d: `M${EDGE} ${y}H${width - EDGE}` });
		const values = ticks(-shown, shown, width / 90).found;
		ticksBelow(picture, LOWER, values, toX, (value) => number(value, 0), [20, width - 20]);
		for (const x of values.map(toX)) element(picture, "line", { x1: x, x2: x, y1: UPPER - 5, y2: UPPER });
		element(picture, "text.vx-title", { x: EDGE, y: UPPER - 16 }, strings.noise);
		element(picture, "text.vx-title", { x: EDGE, y: HEIGHT - 26 }, strings.sample);
		element(picture, "text.vx-title", { x: EDGE, y: HEIGHT - 6 }, strings.arrows);
		curve = element(picture, "path.sf-wanted");
		const order = [...epsilon.keys()].sort((a, b) => marked.has(a) - marked.has(b)); // the marked ones on top
		(threads = []), (lower = []);
		const kind = (i) => (marked.has(i) ? "sf-marked" : "");
		for (const i of order) {
			threads[i] = element(picture, `line.sf-thread.${kind(i)}`, { x1: toX(epsilon[i]), y1: UPPER, y2: LOWER });
		}
		for (const i of order) {
			const [, dot] = [UPPER, LOWER].map((y) =>
				addDot(picture, `sf-dot.${kind(i)}`, toX(epsilon[i]), y, marked.has(i) ? 6 : 3),
			);
			lower[i] = dot;
		}
		arrows = [...marked].map(() => element(picture, "path.sf-arrow"));
		draw();
	}

	// Everything that depends on the sliders
	function draw() {
		if (epsilon !== model.get("epsilon")) return drawFrame();
		const { mean, log_var: logVar, by_variance: byVariance } = traitsOf(...Object.keys(settable));
		const { z, slopes, sigma, factor } = samples(epsilon, mean, logVar, byVariance),
			measured = spread(z);
		z.forEach((value, i) => {
			set(threads[i], { x2: toX(value) });
			set(lower[i], { cx: toX(value) });
		});
		[...marked].forEach((i, one) => {
			const from = toX(z[i]),
				to = toX(z[i] + ARROW * slopes[i]),
				back = clamp(from - to, [-5, 5]),
				wing = Math.abs(back);
			const d = `M${from} ${LOWER - 14}h${to - from}m${back} -${wing}l${-back} ${wing}l${back} ${wing}`;
			set(arrows[one], { d });
		});
		const points = times(161, (i) => shown * (i / 80 - 1)),
			height = (x) => LOWER - CURVE * Math.exp(-0.5 * ((x - mean) / sigma) ** 2);
		set(curve, { d: through(points.map((x) => [toX(x), height(x)])) });
		sliders.forEach((show, i) => show([mean, logVar][i], number([mean, logVar][i], 2)));
		tick(byVariance);
		formula.textContent = say("formula", { mean: number(mean, 2), factor: number(factor, 2) });
		const beyond = z.filter((value) => Math.abs(value) > shown).length,
			fast = [...marked].map((i) => number(slopes[i], 2)).join("; ");
		const sentences = [
			say("wanted_spread", { sigma: number(sigma, 2) }),
			say("measured", { spread: number(measured, 2), percent: number((100 * measured) / sigma, 0) }),
			"\n" + say(byVariance ? "slopes_variance" : "slopes", { slopes: fast }),
			beyond ? say("outside", { n: beyond }) : "",
		];
		about.textContent = sentences.join(" ").trim();
		root.dataset.state = byVariance ? "variance" : "deviation";
	}

	onDrag(picture, (event) => {
		if (event.type === "pointerdown") return (grip = { x: event.clientX, mean: model.get("mean") });
		const moved = ((event.clientX - grip.x) * 2 * shown) / (width - 2 * EDGE);
		change({ mean: clamp(grip.mean + moved, ranges.mean) }, event);
	});

	const settable = { mean, log_var, by_variance: null },
		traits = [...Object.keys(settable), "epsilon"];
	const { change, remove } = enliven({
		model,
		root,
		traits,
		draw,
		redraw: drawFrame,
		settable,
	});
	return remove;
}

export { samples, spread };
export default { render };
