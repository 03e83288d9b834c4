// A measured rate-distortion curve, a marker that the reader moves along it, and what belongs to the marked point.

const SIDE = 28,
	COLUMNS = 10,
	GAP = 2; // the pictures

// One row of ten pictures, two pixels a byte, from 0, white, to 15, ink. Returns 280 x 28 numbers.
function unpackRow(bytes, row) {
	const levels = new Uint8Array(COLUMNS * SIDE * SIDE),
		start = (row * levels.length) / 2;
	for (let i = 0; i < levels.length; i += 2) {
		const byte = bytes.getUint8(start + i / 2);
		levels[i] = byte >> 4;
		levels[i + 1] = byte & 15;
	}
	return levels;
}

// ---- the figure ------------------------------------------------------------------------------------------------

const LEFT = 46,
	RIGHT = 12,
	TOP = 26,
	PANELS = [116, 190], // narrow, so that the curve and its digits fit on a telephone's screen, and wide
	BOTTOM = 40;

function render({ model, el }) {
	const strings = model.get("strings"),
		points = model.get("points"),
		others = model.get("others");
	const packed = model.get("pictures"),
		bytes = new DataView(packed.buffer ?? packed, packed.byteOffset ?? 0);

	const number = numbersOf(strings.language);
	const nats = (value) => number(value, 1);
	const betaText = (value) => new Intl.NumberFormat(strings.language, { maximumFractionDigits: 3 }).format(value);

	// The elements
	const root = element(el, "div", { class: "vaelab-explorer", lang: strings.language });
	const main = element(root, "div", { class: "rd-main" });
	const curve = element(main, "svg", { class: "vx-drawing rd-curve", role: "img", focusable: "false" });
	const control = element(main, "label", { class: "rd-control" });
	const ends = { min: 0, max: points.length - 1, step: 1 };
	const showBeta = addSlider(control, strings.beta, ends, (index, event) =>
		change({ beta: points[index].beta }, event),
	);
	const rows = element(main, "div", { class: "rd-rows" });
	const canvases = ["digits", "reconstructed", "samples"].map((name) => {
		element(rows, "div", {}, strings[name]);
		const size = { width: COLUMNS * (SIDE + GAP) - GAP, height: SIDE };
		return [name, element(rows, "canvas", { ...size, role: "img" })];
	});
	const [value, sum] = addReadout(main);
	const bars = element(main, "svg", { class: "vx-drawing rd-bars", role: "img", focusable: "false" });
	element(root, "p", { class: "vx-small" }, strings.small);

	const all = [...points.map((p) => [p.rate, p.distortion]), ...others];
	const [rates, distortions] = [0, 1].map((i) => all.map((pair) => pair[i]));
	const mostRate = 1.06 * Math.max(...rates),
		air = 0.06 * (Math.max(...distortions) - Math.min(...distortions));
	const [low, high] = [Math.min(...distortions) - air, Math.max(...distortions) + air];
	const mostKL = 1.05 * Math.max(...points.flatMap((p) => p.kl), 1e-3);
	let width = 0,
		tall = PANELS[1];

	const at = () =>
		Math.max(
			0,
			points.findIndex((p) => p.beta === model.get("beta")),
		);
	const toX = (rate) => LEFT + 12 + (rate / mostRate) * (width - RIGHT - LEFT - 12); // room for the marker at 0
	const toY = (distortion) => TOP + ((high - distortion) / (high - low)) * tall;

	function axes(svg, w, base, title, name, yLow, yHigh, y) {
		const height = base + (name ? BOTTOM : 8);
		set(svg, { height, viewBox: `0 0 ${w} ${height}` });
		svg.replaceChildren();
		element(svg, "text", { class: "vx-title", x: 4, y: 15 }, title);
		const { found, decimals } = ticks(yLow, yHigh, base > 150 ? 5 : 3);
		ticksBeside(svg, LEFT, found, y, (value) => number(value, decimals));
		element(svg, "line", { x1: LEFT, x2: LEFT, y1: TOP, y2: base });
		element(svg, "line", { x1: LEFT, x2: w - RIGHT, y1: base, y2: base });
		const middle = { class: "rd-label", x: (LEFT + w - RIGHT) / 2, y: base + 34, "text-anchor": "middle" };
		element(svg, "text", middle, name);
	}

	function drawCurve(point) {
		width = curve.clientWidth || 420;
		tall = PANELS[Number(root.clientWidth >= 560)];
		const total = point.rate + point.distortion,
			base = TOP + tall;
		axes(curve, width, base, strings.curve, strings.rate, low, high, toY);
		const values = ticks(0, mostRate, Math.max(3, width / 80)).found;
		ticksBelow(curve, base, values, toX, (value) => number(value, 0));
		// The dashed line of one sum, cut off at the edges of the drawing
		const from = Math.max(0, total - high),
			to = Math.min(mostRate, total - low);
		const ends = { x1: toX(from), y1: toY(total - from), x2: toX(to), y2: toY(total - to) };
		const drawn = to > from ? [element(curve, "line", { class: "rd-sum", ...ends })] : [];
		const trace = points.map((p) => `${toX(p.rate).toFixed(1)} ${toY(p.distortion).toFixed(1)}`).join("L");
		drawn.push(element(curve, "path", { class: "rd-line", d: `M${trace}` }));
		for (const [rate, distortion] of others) {
			drawn.push(element(curve, "circle", { class: "rd-other", cx: toX(rate), cy: toY(distortion), r: 2.5 }));
		}
		for (const p of points) {
			drawn.push(element(curve, "circle", { class: "rd-dot", cx: toX(p.rate), cy: toY(p.distortion), r: 4 }));
		}
		const [x, y] = [toX(point.rate), toY(point.distortion)];
		drawn.push(element(curve, "circle", { class: "rd-marker", cx: x, cy: y, r: 9 }));
		const label = element(curve, "text", { class: "rd-label" }, fill(strings.value, { beta: betaText(point.beta) }));
		const places = [[x + 14, y - 8, "start"], ...around(x, y, [12, 18, 26, 36, 50, 70])];
		placeFreely(label, places, drawn.flatMap(along), [LEFT + 2, TOP - 4, width - RIGHT, base - 2]);
		const words = fill(strings.picture, { count: points.length });
		curve.setAttribute("aria-label", `${words} ${value.textContent}`);
	}

	function drawBars(point) {
		const w = bars.clientWidth || 260,
			panel = root.clientWidth >= 560 ? tall : 66,
			base = TOP + panel,
			y = (kl) => base - (kl / mostKL) * panel;
		axes(bars, w, base, strings.bars, "", 0, mostKL, y);
		const room = (w - RIGHT - LEFT - 4) / point.kl.length;
		point.kl.forEach((kl, i) => {
			const box = { x: LEFT + 4 + i * room, y: y(kl), width: Math.max(1, 0.75 * room), height: base - y(kl) };
			element(bars, "rect", { class: point.active[i] ? "rd-bar rd-active" : "rd-bar", ...box });
		});
		const words = { count: point.kl.length, largest: number(Math.max(...point.kl), 2) };
		bars.setAttribute(
			"aria-label",
			fill(strings.bars_picture, { ...words, smallest: number(Math.min(...point.kl), 2) }),
		);
	}

	function drawRow(canvas, row) {
		const levels = unpackRow(bytes, row),
			context = canvas.getContext("2d");
		const picture = context.createImageData(canvas.width, SIDE);
		picture.data.fill(255);
		for (let image = 0; image < COLUMNS; image++) {
			for (let i = 0; i < SIDE * SIDE; i++) {
				const x = image * (SIDE + GAP) + (i % SIDE),
					y = Math.floor(i / SIDE);
				const shade = 255 - 17 * levels[image * SIDE * SIDE + i];
				picture.data.fill(shade, 4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 3);
			}
		}
		context.putImageData(picture, 0, 0);
	}

	function draw() {
		const index = at(),
			point = points[index],
			beta = betaText(point.beta);
		const words = {
			beta,
			rate: nats(point.rate),
			distortion: nats(point.distortion),
			sum: nats(point.rate + point.distortion),
			active: point.active.reduce((a, b) => a + b, 0),
			dims: point.kl.length,
		};
		value.textContent = fill(strings.readout, words);
		sum.textContent = fill(strings.sum, words);
		const named = fill(strings.value, { beta });
		showBeta(index, named);
		drawCurve(point);
		drawBars(point);
		canvases.forEach(([name, canvas], i) => {
			drawRow(canvas, i === 0 ? 0 : 2 * index + i);
			canvas.setAttribute("aria-label", i === 0 ? strings[name] : `${strings[name]}, ${named}`);
		});
	}

	onDrag(curve, (event) => {
		const box = curve.getBoundingClientRect();
		const distance = (p) =>
			Math.hypot(toX(p.rate) - event.clientX + box.left, toY(p.distortion) - event.clientY + box.top);
		const nearest = points.reduce((best, p, i) => (distance(p) < distance(points[best]) ? i : best), 0);
		if (nearest !== at()) change({ beta: points[nearest].beta }, event);
	});

	const settable = { beta: (n) => points.find((p) => p.beta === n)?.beta };
	const { change, remove } = enliven({ model, traits: ["beta"], root, box: curve, says: [value, sum], draw, settable });
	return remove;
}

export { unpackRow };
export default { render };
