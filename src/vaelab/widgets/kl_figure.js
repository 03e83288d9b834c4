// A Gaussian q beside p, a Gaussian or a mixture of two, and the two KL divergences between them, drawn as areas.

// ---- the arithmetic; a Gaussian is [mean, log_var], a mixture a list of [mean, log_var, share] ----

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

const LEFT = 44,
	RIGHT = 10,
	TITLE = 24,
	PANELS = [62, 84], // on a telephone, and wide
	GAP = 10,
	BOTTOM = 36,
	POINTS = 400;

function render({ model, el }) {
	const { strings, root, number, nats, say, traitsOf } = beginFigure({ model, el }),
		{ prior, bumps, means, log_vars, step, low, high } = model.get("view"),
		ranges = { mean: means, log_var: log_vars };
	const curves = element(root, "svg.vx-drawing.vx-across", { role: "img" });
	const sliders = addSliders(element(root, "div.vx-sliders"), strings, ranges, step, (...move) => change(...move));
	// Beside a Gaussian p places for q, beside one of two bumps the way downhill from where q is
	const rows = [
		{ same: prior, narrow: [0, -3], wide: [0, 1.5], far: [2.5, -1] },
		{ lower_forward: (q) => -divergence(q, bumps), lower_backward: (q) => -divergence(bumps, q) },
	].map((row) => {
		const buttons = element(root, "div.vx-row");
		for (const name in row) addButton(buttons, strings[name], (event) => change(place(row[name]), event));
		return buttons;
	});
	function place(aim) {
		if (Array.isArray(aim)) return { mean: aim[0], log_var: aim[1] };
		return climb((state) => aim([state.mean, state.log_var]), traitsOf("mean", "log_var"), ranges);
	}
	const boxes = element(root, "div.vx-row.kl-boxes");
	const [bumpy, keep] = ["two_bumps", "keep_scale"].map((name) =>
		addToggle(boxes, strings[name], (ticked, event) => change({ [name]: ticked }, event)),
	);
	const [kl, about] = addReadout(root);

	const at = times(POINTS + 1, (i) => low + (i / POINTS) * (high - low));
	let width,
		tall,
		stripes,
		scale = [0, 0]; // of both areas
	const toX = (z) => LEFT + ((z - low) / (high - low)) * (width - RIGHT - LEFT);

	// lines: heights under the name of a class
	function panel(top, title, lines, [bottom, ceiling]) {
		const right = width - RIGHT,
			base = top + TITLE + tall,
			toY = (y) => base - ((y - bottom) / (ceiling - bottom)) * tall;
		element(curves, "text.vx-title", { x: LEFT, y: top + 15 }, title);
		const { found, decimals } = ticks(bottom, ceiling, 3);
		ticksBeside(curves, LEFT, found, toY, (value) => number(value, decimals));
		element(curves, "path", { d: `M${LEFT} ${base - tall}V${base}M${LEFT} ${toY(0)}H${right}` });
		for (const name in lines) {
			const trace = (clip) => through(lines[name].map((y, i) => [toX(at[i]), toY(clip(y))]));
			if (name === "kl-outline") {
				const close = `L${right} ${toY(0)}L${LEFT} ${toY(0)}Z`;
				element(curves, "path.kl-plus", { d: trace((y) => Math.max(0, y)) + close });
				element(curves, "path.kl-minus", { d: trace((y) => Math.min(0, y)) + close }).style.fill = stripes;
			}
			element(curves, `path.${name}`, { d: trace((y) => y) });
		}
		return toY;
	}

	// Lowest and highest value on the drawn part, with some air; always around zero.
	const extent = (...lines) => [1.08 * Math.min(0, ...lines.flat()), 1.08 * Math.max(1e-3, ...lines.flat())];

	function draw() {
		const q = [model.get("mean"), model.get("log_var")],
			two = model.get("two_bumps"),
			p = two ? bumps : prior;
		width = curves.clientWidth || 420;
		tall = PANELS[Number(width >= 480)];
		const next = TITLE + tall + GAP,
			bottom = 3 * next - GAP;
		clear(curves, width, 3 * next + BOTTOM);
		stripes = addStripes(curves);

		const density = (z, of) => Math.exp(logDensity(z, of)),
			[densityQ, densityP] = [q, p].map((of) => at.map((z) => density(z, of))),
			first = at.map((z) => integrand(z, q, p)),
			second = at.map((z) => integrand(z, p, q));
		const lines = { "kl-p": densityP, "kl-q": densityQ },
			toY = panel(0, strings.densities, lines, extent(densityQ, densityP));
		// The curves' names, each on the side that is turned away from the other curve, p's at its bump further off
		const far = two ? bumps[Number(q[0] < (bumps[0][0] + bumps[1][0]) / 2)] : prior,
			away = q[0] < far[0] ? -1 : 1;
		for (const [name, own, of, side] of [
			["q", q, q, away],
			["p", far, p, -away],
		]) {
			const z = own[0] + side * Math.exp(own[1] / 2),
				y = toY(density(z, of)) - 4;
			addText(curves, "kl-name", toX(z) + 6 * side, y, name, side < 0 ? "end" : "start");
		}
		const [forward, backward] = [divergence(q, p), divergence(p, q)].map(nats),
			needed = extent(first, second);
		// A kept scale grows when it must, since a curve that is cut off has no area.
		scale = model.get("keep_scale") ? [Math.min(scale[0], needed[0]), Math.max(scale[1], needed[1])] : needed;
		panel(next, say("forward", { area: forward }), { "kl-outline": first }, scale);
		panel(2 * next, say("backward", { area: backward }), { "kl-outline": second }, scale);
		const values = ticks(low, high, Math.max(4, width / 70)).found;
		ticksBelow(curves, bottom + 2, values, toX, (value) => number(value, 0));
		addText(curves, "vx-title", toX((low + high) / 2), bottom + 34, "z");

		const words = {
			mean: number(q[0], 1),
			sd: number(Math.exp(q[1] / 2), 2),
			prior_mean: number(prior[0], 1),
			prior_sd: number(Math.exp(prior[1] / 2), 2),
			left: number(bumps[0][0], 1),
			right: number(bumps[1][0], 1),
			forward,
			backward,
		};
		sliders.forEach((show, i) => show(q[i], number(q[i], 1)));
		keep(model.get("keep_scale"));
		bumpy(two);
		rows.forEach((row, i) => (row.hidden = Boolean(i) !== two));
		root.querySelector(".vx-small").textContent = two ? strings.small_two : strings.small;
		kl.textContent = say("kl", words);
		about.textContent = say("q", words);
		curves.ariaLabel = `${say(two ? "picture_two" : "picture", words)} ${kl.textContent}`;
	}

	// Dragging across the curves moves the mean there
	onDragAcross(curves, [LEFT, RIGHT], [low, high], step, (mean, event) => change({ mean: clamp(mean, means) }, event));

	const again = () => (scale = [0, 0]),
		settable = { ...ranges, two_bumps: null, keep_scale: null };
	const { change, remove } = enliven({ model, root, draw, again, settable });
	return remove;
}

export { divergence, integrand };
export default { render };
