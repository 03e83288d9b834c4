// One number x, a decoder with a curve, and a Gaussian q in the place of the posterior: ln p(x) = ELBO + gap.

// ---- the arithmetic, the same as ELBOFigure's in Python; a state is {x, mean, log_var, sigma_x} -------------------

const LOG_2_PI = Math.log(2 * Math.PI);
const decode = (z) => z ** 2 / 2 + z / 4;
const logPrior = (z) => -0.5 * (LOG_2_PI + z ** 2);
const logQ = (z, { mean, log_var }) => -0.5 * (LOG_2_PI + log_var + (z - mean) ** 2 * Math.exp(-log_var));
const logJoint = (z, { x, sigma_x }) =>
	-0.5 * (LOG_2_PI + ((x - decode(z)) / sigma_x) ** 2) - Math.log(sigma_x) + logPrior(z);

const logEvidence = (state) => Math.log(integrate((z) => Math.exp(logJoint(z, state)), -8, 8, 2000));

// The average of ln p(x given z) over q, from the moments of a normal.
function reconstruction({ x, mean, log_var, sigma_x }) {
	const variance = Math.exp(log_var),
		off = x - decode(mean) - variance / 2;
	const squared = off ** 2 + (mean + 0.25) ** 2 * variance + variance ** 2 / 2;
	return -0.5 * LOG_2_PI - Math.log(sigma_x) - squared / (2 * sigma_x ** 2);
}

const divergence = ({ mean, log_var }) => 0.5 * (Math.expm1(log_var) - log_var + mean ** 2);
const elbo = (state) => reconstruction(state) - divergence(state);

// KL(q || posterior), by quadrature.
function gap(state, evidence = logEvidence(state)) {
	const reach = 10 * Math.exp(state.log_var / 2);
	const integrand = (z) => Math.exp(logQ(z, state)) * (logQ(z, state) - logJoint(z, state) + evidence);
	return integrate(integrand, state.mean - reach, state.mean + reach, 2000);
}

// ---- the figure ------------------------------------------------------------------------------------------------

const EDGE = 10,
	TITLE = 24,
	AXIS = 38,
	BAR = 16,
	FOOT = 40,
	FLOOR = -2.5, // what is drawn of x
	CEILING = 5.5,
	POINTS = 700;
const NAMES = ["x", "mean", "log_var", "sigma_x"];

function render({ model, el }) {
	const strings = model.get("strings"),
		{ ranges, step, low, high } = model.get("view");
	const number = numbersOf(strings.language);
	const nats = (value) => number(value, Math.abs(value) < 10 ? 3 : Math.abs(value) < 100 ? 2 : 1);

	// The elements
	const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
	const curves = element(root, "svg", { class: "vx-drawing vx-across ef-curves", role: "img", focusable: "false" });
	const bars = element(root, "svg", { class: "vx-drawing ef-bars", role: "img", focusable: "false" });
	const [sum, parts] = addReadout(root);
	const controls = element(root, "div", { class: "vx-sliders ef-sliders" });
	const sliders = NAMES.map((name) => {
		const [min, max] = ranges[name],
			move = (value, event) => change({ [name]: value }, event);
		return addSlider(element(controls, "label"), strings[name], { min, max, step }, move);
	});
	const button = element(root, "button", { type: "button", class: "ef-best", ...OWN_KEYS }, strings.best);
	element(root, "p", { class: "vx-small" }, strings.small);

	let width = 0,
		tall = 130,
		arms = 64,
		down = 44; // the heights of the curves, of the decoder's and of a bar with its name: less on a telephone
	const now = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));

	// Over the densities the decoder's curve, over it the band of x: where they meet, the posterior has its bumps.
	function drawDecoder({ x, sigma_x }, toX, at) {
		const toY = (value) => TITLE + arms * (1 - clamp((value - FLOOR) / (CEILING - FLOOR), [0, 1])),
			right = width - EDGE,
			[top, bottom] = [x + sigma_x, x - sigma_x].map(toY);
		element(curves, "text", { class: "vx-title", x: EDGE, y: 15 }, strings.decoder);
		element(curves, "rect", { class: "ef-band", x: EDGE, y: top, width: right - EDGE, height: bottom - top });
		element(curves, "line", { class: "ef-x", x1: EDGE, x2: right, y1: toY(x), y2: toY(x) });
		const trace = at.filter((z) => decode(z) < CEILING).map((z) => `${toX(z).toFixed(1)} ${toY(decode(z)).toFixed(1)}`);
		element(curves, "path", { class: "ef-decoder", d: "M" + trace.join("L") });
	}

	function drawCurves(state, evidence) {
		const right = width - EDGE,
			start = TITLE + arms + 6,
			base = start + TITLE + tall;
		const lines = [
			["ef-posterior", (z) => Math.exp(logJoint(z, state) - evidence)],
			["ef-prior", (z) => Math.exp(logPrior(z))],
			["ef-q", (z) => Math.exp(logQ(z, state))],
		];
		const at = Array.from({ length: POINTS + 1 }, (_, i) => low + (i / POINTS) * (high - low));
		const ceiling = 1.06 * Math.max(...lines.map(([, f]) => Math.max(...at.map(f))));
		const toX = (z) => EDGE + ((z - low) / (high - low)) * (right - EDGE);
		curves.replaceChildren();
		set(curves, { height: base + AXIS, viewBox: `0 0 ${width} ${base + AXIS}` });
		drawDecoder(state, toX, at);
		element(curves, "text", { class: "vx-title", x: EDGE, y: start + 15 }, strings.curves);
		for (const [name, f] of lines) {
			const trace = at.map((z) => `${toX(z).toFixed(1)} ${(base - (f(z) / ceiling) * tall).toFixed(1)}`).join("L");
			const close = name === "ef-posterior" ? `L${right} ${base}L${EDGE} ${base}Z` : "";
			element(curves, "path", { class: name, d: `M${trace}${close}` });
		}
		element(curves, "line", { x1: EDGE, x2: right, y1: base, y2: base });
		const values = ticks(low, high, Math.max(4, width / 70)).found;
		ticksBelow(curves, base, values, toX, (value) => number(value, 0), [14, width - 14]);
		element(curves, "text", { class: "vx-title", x: toX(0), y: base + 33, "text-anchor": "middle" }, "z");
	}

	// Each bar begins where the one before it ends; the dashed line is computed by itself.
	function drawBars(evidence, first, kl, missing) {
		const ends = [
			[0, first],
			[first, first - kl],
			[first - kl, first - kl + missing],
		];
		const lowest = Math.min(first - kl, evidence),
			highest = Math.max(0, first, evidence);
		let span = 4;
		while (-span > lowest) span *= 2;
		const bottom = -span * 1.03,
			ceiling = Math.max(highest * 1.15, 0.06 * span);
		const toX = (value) => EDGE + ((value - bottom) / (ceiling - bottom)) * (width - 2 * EDGE);
		const height = 3 * down + FOOT,
			base = 3 * down + 2;
		bars.replaceChildren();
		set(bars, { height, viewBox: `0 0 ${width} ${height}` });
		const fills = { kl: addStripes(bars), gap: addStripes(bars) };
		for (const [i, name] of ["kl", "gap"].entries()) bars.children[i].setAttribute("class", `ef-${name}`);
		bars.children[1].firstChild.setAttribute("patternTransform", "rotate(-45)");
		const words = [
			["reconstruction", first],
			["kl", -kl],
			["gap", missing],
		];
		words.forEach(([name, value], row) => {
			const y = row * down,
				[start, end] = ends[row].map(toX);
			const bar = { x: Math.min(start, end), width: Math.abs(end - start), y: y + 24, height: BAR };
			const drawn = element(bars, "rect", { class: "ef-bar ef-" + name, ...bar });
			drawn.style.fill = fills[name] ?? "";
		});
		const there = toX(evidence);
		words.forEach(([name, value], row) => {
			const y = row * down,
				label = { class: "vx-title", x: EDGE, y: y + 17 };
			const end = element(bars, "text", label, `${strings[name]}: ${nats(value)}`).getComputedTextLength() + EDGE + 4;
			// Lines stop at words in their way.
			const parts = (x) => (x > end ? [[y, y + 24]] : [[y + 22, y + 24]]);
			const start = toX(ends[row][0]),
				rest = [y + 24, row === 2 ? base : y + down];
			for (const [y1, y2] of row ? [[y - 4, y], ...parts(start)] : []) {
				element(bars, "line", { class: "ef-link", x1: start, x2: start, y1, y2 });
			}
			for (const [y1, y2] of row ? [...parts(there), rest] : [rest]) {
				element(bars, "line", { class: "ef-evidence", x1: there, x2: there, y1, y2 });
			}
		});
		element(bars, "line", { x1: EDGE, x2: width - EDGE, y1: base, y2: base });
		const { found, decimals } = ticks(bottom, ceiling, Math.max(3, width / 90));
		ticksBelow(bars, base, found, toX, (value) => number(value, decimals), [16, width - 16]);
		const anchor = there > width - 60 ? "end" : there < 60 ? "start" : "middle";
		element(bars, "text", { class: "vx-title", x: there, y: base + 34, "text-anchor": anchor }, strings.evidence);
		element(bars, "text", { x: EDGE, y: base + 33 }, there < 110 ? "" : strings.axis);
	}

	function draw() {
		const state = now();
		width = curves.clientWidth || 420;
		[tall, arms, down] = width < 480 ? [76, 48, 40] : [130, 64, 44];
		const evidence = logEvidence(state),
			first = reconstruction(state),
			kl = divergence(state),
			missing = gap(state, evidence);
		drawCurves(state, evidence);
		drawBars(evidence, first, kl, missing);
		const words = {
			x: number(state.x, 2),
			mean: number(state.mean, 2),
			sd: number(Math.exp(state.log_var / 2), 2),
			sigma_x: number(state.sigma_x, 2),
			reconstruction: nats(first),
			kl: nats(kl),
			gap: nats(missing),
			elbo: nats(first - kl),
			evidence: nats(evidence),
		};
		sliders.forEach((show, i) => show(state[NAMES[i]], number(state[NAMES[i]], 2)));
		sum.textContent = fill(strings.sum, words);
		parts.textContent = fill(strings.parts, words);
		curves.setAttribute("aria-label", fill(strings.picture, words));
		bars.setAttribute("aria-label", fill(strings.bars, words));
	}

	button.addEventListener("click", (event) => change(climb(elbo, now(), ranges), event));

	// Dragging across the curves moves the mean there
	onDrag(curves, (event) => {
		const share = (event.clientX - curves.getBoundingClientRect().left - EDGE) / (width - 2 * EDGE);
		change({ mean: clamp(Math.round((low + share * (high - low)) / step) * step, ranges.mean) }, event);
	});

	const settable = Object.fromEntries(NAMES.map((name) => [name, (n) => clamp(n, ranges[name])]));
	const { change, remove } = enliven({ model, traits: NAMES, root, box: curves, says: [sum, parts], draw, settable });
	return remove;
}

export { divergence, elbo, gap, logEvidence, reconstruction };
export default { render };
