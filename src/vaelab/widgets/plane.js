// A decoder computed here, without a kernel, and the plane in which its reader moves a point. Styles: plane.css.

// ---- the decoder -----------------------------------------------------------------------------------------------

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
		(held >>= bits), (have -= bits);
	}
	return whole;
}

// network: {dtype, steps}, weights: DataView, as packing.py describes them. Each layer holds its own output buffer, so that drawing makes no garbage.
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
		for (let i = 0, k = 0; i < inputs; i++, k += units) {
			const xi = x[i];
			if (xi !== 0) for (let j = 0; j < units; j++) out[j] += xi * kernel[k + j];
		}
		x = out;
	}
	return x;
}

// ---- the plane -------------------------------------------------------------------------------------------------

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// The plane, the decoder's image of [height, width] pixels with a caption, and a readout of two lines.
function addPlane(root, name, [height, width]) {
	const main = element(root, "div", { class: "vx-main" }),
		hint = newId();
	const words = { "aria-label": name, "aria-describedby": hint };
	const plot = element(main, "div", { class: "vx-plot", tabindex: 0, role: "application", ...words, ...OWN_KEYS });
	const scatter = element(plot, "canvas", { "aria-hidden": "true" });
	const axes = element(plot, "svg", { "aria-hidden": "true", focusable: "false" });
	const grip = element(plot, "div", { class: "vx-grip" }); // where a finger takes the point, see onDrag
	const beside = element(main, "div", { class: "vx-image" });
	const frame = element(beside, "div", { class: "vx-frame" });
	const picture = element(frame, "canvas", { role: "img", width, height });
	picture.style.aspectRatio = `${width} / ${height}`;
	const caption = element(beside, "div", { class: "vx-caption", "aria-hidden": "true" });
	return { main, hint, plot, scatter, axes, grip, frame, picture, caption };
}

// Lays the canvas over the square, sharp on any screen, and returns its context.
function fit(canvas, left, top, side) {
	const scale = window.devicePixelRatio || 1,
		ink = canvas.getContext("2d");
	canvas.width = canvas.height = Math.round(side * scale);
	set(canvas, { style: `left: ${left}px; top: ${top}px; width: ${side}px; height: ${side}px` });
	ink.setTransform(scale, 0, 0, scale, 0, 0);
	return ink;
}

// The height for the name of a vertical axis: between two ticks, at about its middle.
function betweenTicks(heights) {
	const middle = Math.floor((heights.length - 1) / 2);
	return heights.length > 1 ? (heights[middle] + heights[middle + 1]) / 2 + 4 : heights[0] - 14;
}

// Step of an arrow key in units of `small`, five times as far with Shift: [dx, dy], or nothing for another key.
function arrowStep(event, small) {
	return ARROWS[event.key]?.map((way) => way * small * (event.shiftKey ? 5 : 1));
}

// An image of dark pixels in [0, 1], row after row, on a square canvas; of none, white.
function paint(canvas, pixels) {
	const context = canvas.getContext("2d"),
		image = context.createImageData(canvas.width, canvas.height);
	image.data.fill(255);
	for (let i = 0; i < pixels.length; i++) image.data.fill(255 * (1 - pixels[i]), 4 * i, 4 * i + 3);
	context.putImageData(image, 0, 0);
}
