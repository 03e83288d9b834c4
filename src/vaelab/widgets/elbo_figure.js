// One number x, a decoder with a curve, and a Gaussian q in the place of the posterior: ln p(x) = ELBO + gap.

// ---- the arithmetic, the same as ELBOFigure's in Python; a state is {x, mean, log_var, sigma_x} ----

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
	const { strings, root, number, nats, say, traitsOf } = beginFigure({ model, el }),
		{ step, low, high, ...view } = model.get("view"),
		ranges = Object.fromEntries(NAMES.map((name) => [name, view.ranges[name]])); // a notebook sorts them
	const curves = element(root, "svg.vx-drawing.vx-across.ef-curves", { role: "img" }),
		bars = element(root, "svg.vx-drawing.ef-bars", { role: "img" });
	const [sum, parts] = addReadout(root);
	const controls = element(root, "div.vx-sliders.ef-sliders"),
		sliders = addSliders(controls, strings, ranges, step, (...move) => change(...move));
	addButton(root, strings.best, (event) => change(climb(elbo, now(), ranges), event), { class: "ef-best" });

	const at = times(POINTS + 1, (i) => low + (i / POINTS) * (high - low)),
		toX = (z) => EDGE + ((z - low) / (high - low)) * (width - 2 * EDGE);
	let width, tall, arms, down; // the heights of the curves, of the decoder's and of a bar with its name: less on a telephone
	const now = () => traitsOf(...NAMES);

	// Over the densities the decoder's curve, over it the band of x: where they meet, the posterior has its bumps.
	function drawDecoder({ x, sigma_x }) {
		const toY = (value) => TITLE + arms * (1 - clamp((value - FLOOR) / (CEILING - FLOOR), [0, 1])),
			right = width - EDGE,
			[top, bottom] = [x + sigma_x, x - sigma_x].map(toY);
		element(curves, "text.vx-title", { x: EDGE, y: 15 }, strings.decoder);
		element(curves, "rect.ef-band", { x: EDGE, y: top, width: right - EDGE, height: bottom - top });
		element(curves, "line.ef-x", { x1: EDGE, x2: right, y1: toY(x), y2: toY(x) });
		const shown = at.filter((z) => decode(z) < CEILING);
		element(curves, "path.ef-decoder", { d: through(shown.map((z) => [toX(z), toY(decode(z))])) });
	}

	function drawCurves(state, evidence) {
		const right = width - EDGE,
			start = TITLE + arms + 6,
			base = start + TITLE + tall;
		const lines = {
			posterior: at.map((z) => Math.exp(logJoint(z, state) - evidence)),
			prior: at.map((z) => Math.exp(logPrior(z))),
			q: at.map((z) => Math.exp(logQ(z, state))),
		};
		const ceiling = 1.06 * Math.max(...Object.values(lines).flat());
		clear(curves, width, base + AXIS);
		drawDecoder(state);
		element(curves, "text.vx-title", { x: EDGE, y: start + 15 }, strings.curves);
		for (const name in lines) {
			const trace = through(lines[name].map((height, i) => [toX(at[i]), base - (height / ceiling) * tall])),
				close = name === "posterior" ? `L${right} ${base}L${EDGE} ${base}Z` : "";
			element(curves, `path.ef-${name}`, { d: trace + close });
		}
		element(curves, "line", { x1: EDGE, x2: right, y1: base, y2: base });
		const values = ticks(low, high, Math.max(4, width / 70)).found;
		ticksBelow(curves, base, values, toX, (value) => number(value, 0), [14, width - 14]);
		addText(curves, "vx-title", toX(0), base + 33, "z");
	}

	// Each bar begins where the one before it ends; the dashed line is computed by itself.
	function drawBars(evidence, first, kl, missing) {
		const rows = [
			["reconstruction", first, 0],
			["kl", -kl, first],
			["gap", missing, first - kl],
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
		clear(bars, width, height);
		const fills = { kl: addStripes(bars), gap: addStripes(bars) };
		["kl", "gap"].forEach((name, i) => set(bars.children[i], { class: `ef-${name}` }));
		set(bars.children[1].firstChild, { patternTransform: "rotate(-45)" });
		rows.forEach(([name, value, from], row) => {
			const [start, end] = [from, from + value].map(toX),
				bar = { x: Math.min(start, end), width: Math.abs(end - start), y: row * down + 24, height: BAR };
			element(bars, `rect.ef-bar.ef-${name}`, bar).style.fill = fills[name] ?? "";
		});
		const there = toX(evidence);
		rows.forEach(([name, value, from], row) => {
			const y = row * down,
				label = element(bars, "text.vx-title", { x: EDGE, y: y + 17 }, `${strings[name]}: ${nats(value)}`),
				end = label.getComputedTextLength() + EDGE + 4;
			// Lines stop at words in their way.
			const parts = (x) => (x > end ? [[y, y + 24]] : [[y + 22, y + 24]]);
			const start = toX(from),
				rest = [y + 24, row === 2 ? base : y + down];
			for (const [y1, y2] of row ? [[y - 4, y], ...parts(start)] : []) {
				element(bars, "line.ef-link", { x1: start, x2: start, y1, y2 });
			}
			for (const [y1, y2] of row ? [...parts(there), rest] : [rest]) {
				element(bars, "line.ef-evidence", { x1: there, x2: there, y1, y2 });
			}
		});
		element(bars, "line", { x1: EDGE, x2: width - EDGE, y1: base, y2: base });
		const { found, decimals } = ticks(bottom, ceiling, Math.max(3, width / 90));
		ticksBelow(bars, base, found, toX, (value) => number(value, decimals), [16, width - 16]);
		const anchor = there > width - 60 ? "end" : there < 60 ? "start" : "middle";
		addText(bars, "vx-title", there, base + 34, strings.evidence, anchor);
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
		sum.textContent = say("sum", words);
		parts.textContent = say("parts", words);
		curves.ariaLabel = say("picture", words);
		bars.ariaLabel = say("bars", words);
	}

	// Dragging across the curves moves the mean there
	const move = (mean, event) => change({ mean: clamp(mean, ranges.mean) }, event);
	onDragAcross(curves, [EDGE, EDGE], [low, high], step, move);

	const { change, remove } = enliven({ model, root, draw, settable: ranges });
	return remove;
}

export { divergence, elbo, gap, logEvidence, reconstruction };
export default { render };
