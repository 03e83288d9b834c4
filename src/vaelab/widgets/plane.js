// A decoder computed here, without a kernel, and the plane in which its reader moves a point. Styles: plane.css.

// ---- the decoder ----

const ACTIVATIONS = {
	linear: (x) => x,
	relu: (x) => (x > 0 ? x : 0),
	sigmoid: (x) => 1 / (1 + Math.exp(-x)),
	tanh: Math.tanh,
	softplus: (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

// A buffer's bytes at an aligned place of their own; an empty one may be missing from saved state.
const copy = (view) => view?.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) ?? new ArrayBuffer(0);

// `count` whole numbers of `bits` bits each, one after the other, lowest bit first, 2 ** (bits - 1) added to each.
function unpack(bytes, bits, count) {
	const whole = new Int16Array(count),
		offset = 2 ** (bits - 1);
	for (let i = 0, at = 0, held = 0, have = 0; i < count; i++) {
		for (; have < bits; have += 8) held |= bytes[at++] << have;
		whole[i] = (held & (2 * offset - 1)) - offset;
		held >>= bits;
		have -= bits;
	}
	return whole;
}

// network: {dtype, steps}, weights: DataView, as packing.py describes them.
function readLayers(network, weights) {
	const bytes = copy(weights),
		layers = [];
	let at = 0;
	const take = (Kind, n) => new Kind(bytes.slice(at, (at += n * Kind.BYTES_PER_ELEMENT)));
	for (const step of network.steps) {
		if (typeof step === "string") {
			layers.push({ activation: ACTIVATIONS[step] });
			continue;
		}
		const [inputs, units, bits] = step,
			count = inputs * units;
		let kernel;
		if (network.dtype === "float32") kernel = take(Float32Array, count);
		else {
			const whole = bits
				? unpack(take(Uint8Array, Math.ceil((count * bits) / 8)), bits, count)
				: take(Int16Array, count);
			const scale = take(Float32Array, units);
			kernel = Float32Array.from(whole, (value, i) => value * scale[i % units]);
		}
		layers.push({ inputs, units, kernel, bias: take(Float32Array, units), out: new Float64Array(units) });
	}
	return layers;
}

// Pixels of the image at z, row after row. The array is reused by the next call.
function decode(layers, z) {
	let x = Float64Array.from(z, Math.fround);
	for (const { activation, inputs, units, kernel, bias, out } of layers) {
		if (activation) {
			for (let j = 0; j < x.length; j++) x[j] = activation(x[j]);
			continue;
		}
		out.set(bias);
		// Four inputs at once, which saves a third of the time
		const on = [];
		for (let i = 0; i < inputs; i++) if (x[i] !== 0) on.push(i);
		for (let n = 0; n < on.length; n += 4) {
			const [p, q, r, s] = [0, 1, 2, 3].map((k) => (on[n + k] ?? 0) * units),
				[xp, xq, xr, xs] = [0, 1, 2, 3].map((k) => x[on[n + k]] ?? 0);
			for (let j = 0; j < units; j++) {
				out[j] += xp * kernel[p + j] + xq * kernel[q + j] + xr * kernel[r + j] + xs * kernel[s + j];
			}
		}
		x = out;
	}
	return x;
}

// ---- the plane ----

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// The frame, ticks and names of the axes of a square that shows low to high in `side` pixels.
function drawAxes(svg, { left, top, side, low, high }, number, wanted = Math.max(3, side / 50), inner = undefined) {
	const grid = element(svg, "g.vx-axes"),
		{ toX, toY } = inSquare({ left, top, side, low, high }),
		[across, up] = [0, 1].map((axis) => ticks(low[axis], high[axis], wanted)),
		heights = up.found.map(toY),
		middle = Math.floor((heights.length - 1) / 2);
	element(grid, "rect", { x: left, y: top, width: side, height: side });
	ticksBelow(grid, top + side, across.found, toX, (value) => number(value, across.decimals), inner);
	ticksBeside(grid, left, up.found, toY, (value) => number(value, up.decimals));
	addText(grid, "vx-name", left + side / 2, top + side + 32, "z₁");
	// between two ticks, at about the middle of the axis
	const y = heights.length > 1 ? (heights[middle] + heights[middle + 1]) / 2 + 4 : heights[0] - 14;
	addText(grid, "vx-name", 10, y, "z₂");
}

// In pixels: how long a distance is in such a square, where a coordinate lies, and a point.
function inSquare(square) {
	const size = (distance) => (distance / (square.high[0] - square.low[0])) * square.side,
		toX = (x) => square.left + size(x - square.low[0]),
		toY = (y) => square.top + size(square.high[1] - y);
	return { size, toX, toY, to: ([x, y]) => [toX(x), toY(y)] };
}

// A framed canvas of [height, width] pixels.
const addFrame = (parent, [height, width]) =>
	element(element(parent, "div.vx-frame"), "canvas", {
		role: "img",
		width,
		height,
		style: `aspect-ratio: ${width} / ${height}`,
	});

// The plane, the decoder's image with a caption, and what moves a point. square: what the plane
// shows, {low, high} and its distances {left, right, top, bottom} from the edges; its `side` is known after layOut().
function addPlane(root, name, shape, square) {
	const main = element(root, "div.vx-main"),
		hint = newId();
	const words = { "aria-label": name, "aria-describedby": hint };
	const plot = element(main, "div.vx-plot", { tabindex: 0, role: "application", ...words, ...OWN_KEYS });
	const scatter = element(plot, "canvas", HIDDEN);
	const axes = element(plot, "svg", HIDDEN);
	const grip = element(plot, "div.vx-grip"); // where a finger takes the point, see onDrag
	const beside = element(main, "div.vx-image");
	const picture = addFrame(beside, shape);
	const caption = element(beside, "div.vx-caption", HIDDEN);
	const { low, high, left, right, top, bottom } = square,
		span = high[0] - low[0],
		{ size, to } = inSquare(square);
	let ring;

	function layOut(number) {
		const wide = plot.clientWidth || 420;
		square.side = Math.max(40, wide - left - right);
		const tall = top + square.side + bottom;
		plot.style.height = `${tall}px`;
		clear(axes, wide, tall);
		drawAxes(axes, square, number);
	}

	// The point's mark; `outside`: where it has two, of which the style sheet shows one.
	function addRing(cursor, outside) {
		ring = element(cursor, "g.vx-ring");
		for (const halo of ["vx-halo", ""]) {
			element(ring, `circle.vx-in.${halo}`, { r: 8 });
			if (outside) element(ring, `path.vx-out.${halo}`, { d: "M0 -11 11 0 0 11 -11 0Z" });
			element(ring, `path.${halo}`, { d: "M-16 0H-11M11 0H16M0 -16V-11M0 11V16" });
		}
	}
	function moveRing(point) {
		const [x, y] = to(point);
		set(ring, { transform: `translate(${x} ${y})` });
		grip.style.transform = `translate(${x}px, ${y}px)`;
	}

	function dot(ink, z, r) {
		const [x, y] = to(z);
		ink.beginPath();
		ink.arc(x - left, y - top, r, 0, 2 * Math.PI);
		ink.fill();
	}

	// A finger, the pointer or the keys move the point of the model: move(point, event), within the square.
	function steer(model, start, move) {
		function moveTo(point, event) {
			const inside = point.map((value, i) => clamp(value, [low[i], high[i]]));
			move(inside, event);
		}
		onDrag(plot, (event) => {
			const box = scatter.getBoundingClientRect(),
				share = span / box.width;
			moveTo([low[0] + (event.clientX - box.left) * share, high[1] - (event.clientY - box.top) * share], event);
		});
		onKeys(plot, (event) => {
			const step = arrowStep(event, span / 100);
			if (!step && event.key !== "Home") return false;
			moveTo(step ? model.get("point").map((value, i) => value + step[i]) : start, event);
		});
		return moveTo;
	}
	return { main, hint, plot, scatter, axes, picture, caption, size, to, layOut, addRing, moveRing, dot, steer };
}

// Lays the canvas over the square, sharp on any screen, and returns its context.
function fit(canvas, side, left = 0, top = 0) {
	const scale = window.devicePixelRatio || 1,
		ink = canvas.getContext("2d");
	canvas.width = canvas.height = Math.round(side * scale);
	set(canvas, { style: `left: ${left}px; top: ${top}px; width: ${side}px; height: ${side}px` });
	ink.setTransform(scale, 0, 0, scale, 0, 0);
	return ink;
}

// Step of an arrow key in units of `small`, five times as far with Shift: [dx, dy], or nothing for another key.
function arrowStep(event, small) {
	return ARROWS[event.key]?.map((way) => way * small * (event.shiftKey ? 5 : 1));
}
