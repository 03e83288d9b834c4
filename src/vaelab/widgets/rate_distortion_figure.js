// A measured rate-distortion curve, a marker that the reader moves along it, and what belongs to the marked point.

const SIDE = 28,
	COLUMNS = 10,
	STEP = SIDE + 2, // from one picture of a row to the next
	[LEFT, RIGHT, TOP] = [46, 12, 26],
	PANELS = [116, 190]; // narrow, so that the curve and its digits fit on a telephone's screen, and wide

function render({ model, el }) {
	const { strings, root, number, say, traitsOf } = beginFigure({ model, el }),
		{ points, others, pictures } = traitsOf("points", "others", "pictures"),
		levels = unpackLevels(new Uint8Array(pictures.buffer ?? pictures, pictures.byteOffset ?? 0));
	const nats = (value) => number(value, 1);
	const betaText = (value) => new Intl.NumberFormat(strings.language, { maximumFractionDigits: 3 }).format(value);

	const main = element(root, "div.rd-main"),
		curve = element(main, "svg.vx-drawing.rd-curve", { role: "img" }),
		control = element(main, "label.rd-control"),
		ends = { min: 0, max: points.length - 1, step: 1 };
	const choose = (index, event) => change({ beta: points[index].beta }, event),
		showBeta = addSlider(control, strings.beta, ends, choose);
	const rows = element(main, "div.rd-rows");
	const canvases = ["digits", "reconstructed", "samples"].map((name) => {
		element(rows, "div", strings[name]);
		return [name, element(rows, "canvas", { width: COLUMNS * STEP - 2, height: SIDE, role: "img" })];
	});
	const [value, sum] = addReadout(main);
	const bars = element(main, "svg.vx-drawing.rd-bars", { role: "img" });

	const all = [...points.map((p) => [p.rate, p.distortion]), ...others],
		[rates, distortions] = [0, 1].map((i) => all.map((pair) => pair[i]));
	const mostRate = 1.06 * Math.max(...rates),
		[lowest, highest] = [Math.min(...distortions), Math.max(...distortions)],
		air = 0.06 * (highest - lowest),
		[low, high] = [lowest - air, highest + air],
		mostKL = 1.05 * Math.max(...points.flatMap((p) => p.kl), 1e-3);
	let width, tall, toY;

	const found = () => points.findIndex((p) => p.beta === model.get("beta"));
	const toX = (rate) => LEFT + 12 + (rate / mostRate) * (width - RIGHT - LEFT - 12); // room for the marker at 0

	function begin(svg, width, base, title, height, range) {
		const edges = { width, height, title, left: LEFT, right: width - RIGHT, top: TOP, base };
		return startChart(svg, edges, range, base > 150 ? 5 : 3, number);
	}

	function drawCurve(point) {
		width = curve.clientWidth || 420;
		const total = point.rate + point.distortion,
			base = TOP + tall;
		toY = begin(curve, width, base, strings.curve, base + 40, [low, high]);
		addText(curve, "rd-label", (LEFT + width - RIGHT) / 2, base + 34, strings.rate);
		const values = ticks(0, mostRate, Math.max(3, width / 80)).found;
		ticksBelow(curve, base, values, toX, (value) => number(value, 0));
		// The dashed line of one sum, cut off at the edges of the drawing
		const from = Math.max(0, total - high),
			to = Math.min(mostRate, total - low);
		const ends = { x1: toX(from), y1: toY(total - from), x2: toX(to), y2: toY(total - to) };
		const drawn = to > from ? [element(curve, "line.rd-sum", { ...ends })] : [];
		const d = through(points.map((p) => [toX(p.rate), toY(p.distortion)]));
		drawn.push(element(curve, "path.rd-line", { d }));
		all.forEach(([rate, distortion], i) => {
			const [kind, r] = i < points.length ? ["rd-dot", 4] : ["rd-other", 2.5];
			drawn.push(addDot(curve, kind, toX(rate), toY(distortion), r));
		});
		const [x, y] = [toX(point.rate), toY(point.distortion)];
		drawn.push(addDot(curve, "rd-marker", x, y, 9));
		const label = element(curve, "text.rd-label", say("value", { beta: betaText(point.beta) }));
		const places = [[x + 14, y - 8, "start"], ...around(x, y, [12, 18, 26, 36, 50, 70])];
		placeFreely(label, places, drawn.flatMap(along), [LEFT + 2, TOP - 4, width - RIGHT, base - 2]);
		curve.ariaLabel = `${say("picture", { count: points.length })} ${value.textContent}`;
	}

	function drawBars({ kl, active }) {
		const w = bars.clientWidth || 260,
			panel = root.clientWidth >= 560 ? tall : 66,
			base = TOP + panel,
			toY = begin(bars, w, base, strings.bars, base + 8, [0, mostKL]);
		const room = (w - RIGHT - LEFT - 4) / kl.length;
		kl.forEach((value, i) => {
			const [x, y] = [LEFT + 4 + i * room, toY(value)],
				box = { x, y, width: Math.max(1, 0.75 * room), height: base - y };
			element(bars, active[i] ? "rect.rd-bar.rd-active" : "rect.rd-bar", box);
		});
		const [smallest, largest] = [Math.min(...kl), Math.max(...kl)].map((value) => number(value, 2));
		bars.ariaLabel = say("bars_picture", { count: kl.length, largest, smallest });
	}

	// Levels hold rows of ten pictures, one after the other
	function drawRow(canvas, row) {
		paint(canvas, []);
		for (let i = 0; i < COLUMNS; i++) {
			const at = (row * COLUMNS + i) * SIDE ** 2,
				pixels = inkOf(levels.subarray(at, at + SIDE ** 2));
			paint(canvas, pixels, null, [i * STEP, 0, SIDE, SIDE]);
		}
	}

	function draw() {
		const index = Math.max(0, found()),
			point = points[index],
			beta = betaText(point.beta);
		const words = {
			beta,
			rate: nats(point.rate),
			distortion: nats(point.distortion),
			sum: nats(point.rate + point.distortion),
			active: sumOf(point.active),
			dims: point.kl.length,
		};
		value.textContent = say("readout", words);
		sum.textContent = say("sum", words);
		const named = say("value", { beta });
		showBeta(index, named);
		tall = PANELS[Number(root.clientWidth >= 560)];
		drawCurve(point);
		drawBars(point);
		canvases.forEach(([name, canvas], i) => {
			drawRow(canvas, i === 0 ? 0 : 2 * index + i);
			canvas.ariaLabel = i === 0 ? strings[name] : `${strings[name]}, ${named}`;
		});
	}

	onDrag(curve, (event) => {
		const box = curve.getBoundingClientRect();
		const away = all.map(([rate, distortion]) =>
			Math.hypot(toX(rate) - event.clientX + box.left, toY(distortion) - event.clientY + box.top),
		);
		const nearest = away.indexOf(Math.min(...away.slice(0, points.length)));
		if (nearest !== found()) choose(nearest, event);
	});

	const settable = { beta: (n) => points.find((p) => p.beta === n)?.beta };
	const { change, remove } = enliven({ model, root, draw, settable });
	return remove;
}

export default { render };
