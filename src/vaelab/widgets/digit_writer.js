// A pad to write on; what a VAE's encoder makes of the digit, and its decoder of draws; the exact posterior beside it.

const SIDE = 28, // pixels of an image, and units of the pad
	BOX = 20, // MNIST's digits fill a box of so many pixels (LeCun et al., 1998)
	PEN = 1.25, // half the width of a line, in units of the pad
	WHOLE = 4.2, // the small plane goes from -WHOLE to WHOLE
	HALVES = [0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.6, 2.4, 3.2, 4.8], // half the width of the enlarged frame is one of these
	MARGIN = { left: 42, right: 8, top: 8, bottom: 34 };

// Strokes, lists of points in units of the pad, as an MNIST image of 28 x 28 bytes: the drawing is scaled so that it
// just fits into 20 x 20 pixels, and moved by whole pixels so that its centre of mass is nearest to pixel (14, 14).
// A pixel is as dark as it lies inside the line, half a pixel from the edge counting from 0 to 1.
function toMnist(strokes) {
	const bytes = new Uint8Array(SIDE * SIDE),
		points = strokes.flat();
	if (!points.length) return bytes;
	const low = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])) - PEN),
		high = [0, 1].map((axis) => Math.max(...points.map((point) => point[axis])) + PEN);
	const scale = BOX / Math.max(high[0] - low[0], high[1] - low[1]),
		edge = (SIDE - BOX) / 2,
		reach = PEN * scale + 0.5;
	const nearest = new Float64Array(SIDE * SIDE).fill(Infinity); // distance to the middle of a line
	for (const stroke of strokes) {
		const place = stroke.map((point) => point.map((value, axis) => edge + (value - low[axis]) * scale));
		for (let k = 0; k < place.length; k++) {
			const [ax, ay] = place[Math.max(0, k - 1)],
				[bx, by] = place[k],
				[dx, dy] = [bx - ax, by - ay],
				square = dx * dx + dy * dy || 1;
			const from = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - reach)),
				to = (a, b) => Math.min(SIDE - 1, Math.ceil(Math.max(a, b) + reach));
			for (let row = from(ay, by); row <= to(ay, by); row++) {
				for (let column = from(ax, bx); column <= to(ax, bx); column++) {
					const [x, y] = [column + 0.5 - ax, row + 0.5 - ay],
						share = clamp((x * dx + y * dy) / square, [0, 1]),
						distance = Math.hypot(x - share * dx, y - share * dy);
					if (distance < nearest[row * SIDE + column]) nearest[row * SIDE + column] = distance;
				}
			}
		}
	}
	const ink = nearest.map((distance) => clamp(reach - distance, [0, 1]));
	const ways = [(i) => i % SIDE, (i) => Math.floor(i / SIDE)],
		moved = ways.map((at) => Math.floor(SIDE / 2 - sumOf(ink.map((value, i) => value * at(i))) / sumOf(ink) + 0.5));
	ink.forEach((value, i) => {
		const [column, row] = ways.map((at, axis) => at(i) + moved[axis]);
		if (column >= 0 && column < SIDE && row >= 0 && row < SIDE) bytes[row * SIDE + column] = Math.round(255 * value);
	});
	return bytes;
}

// What the two networks make of an image x of 784 numbers in [0, 1]: q's mean and standard deviations, a decoded image
// for each epsilon, and the terms of the loss in nats, the reconstruction as the mean over these draws.
function passThrough({ encoder, decoder }, x, epsilon) {
	const [a, b, c, d] = decode(encoder, x),
		mean = [a, b],
		logVar = [c, d],
		sd = logVar.map((value) => Math.exp(0.5 * value));
	let reconstruction = 0;
	const draws = epsilon.map((noise) => {
		const z = mean.map((value, axis) => value + sd[axis] * noise[axis]),
			logits = decode(decoder, z);
		for (let i = 0; i < x.length; i++) reconstruction += ACTIVATIONS.softplus(logits[i]) - x[i] * logits[i];
		return { z, image: logits.map(ACTIVATIONS.sigmoid) };
	});
	reconstruction /= epsilon.length;
	const kl = 0.5 * sumOf(mean.map((m, axis) => m * m + sd[axis] ** 2 - 1 - logVar[axis]));
	return { mean, sd, draws, reconstruction, kl };
}

function render({ model, el }) {
	const { strings, root, number, say, tone } = beginFigure({ model, el }, "dw"),
		main = element(root, "div.dw-main"),
		hint = newId(),
		count = model.get("epsilon").length;

	const panel = (name) => element(element(main, `div.dw-${name}`), "div.dw-frame"),
		caption = (frame, words) => element(frame.parentElement, "p.dw-caption", words);
	const padFrame = panel("pad"),
		words = { "aria-label": strings.pad, "aria-describedby": hint, ...OWN_KEYS },
		pad = element(padFrame, "canvas.dw-surface", { tabindex: 0, role: "application", ...words }),
		status = caption(padFrame);
	const seenFrame = panel("seen"),
		seen = element(seenFrame, "canvas.dw-image", { role: "img", width: SIDE, height: SIDE });
	caption(seenFrame, strings.seen);
	const wholeFrame = panel("whole"),
		cloud = element(wholeFrame, "canvas", HIDDEN),
		lensFrame = panel("lens"),
		[map, lens] = [wholeFrame, lensFrame].map((frame) => element(frame, "svg", HIDDEN));
	const button = (parent, words, press, attributes) =>
		addButton(parent, words, press, { class: "dw-button", ...attributes });
	const choice = element(main, "div.dw-choice", { role: "group", "aria-label": strings.choose });
	const digits = times(10, (digit) => {
		const label = { "aria-label": say("digit", { digit }), disabled: "" };
		return button(choice, String(digit), (event) => choose(digit, event), label);
	});
	button(choice, strings.clear, (event) => write([], event));
	const about = element(main, "p.dw-caption.dw-words");
	const gallery = element(main, "div.dw-gallery", { role: "img", "aria-label": strings.draws });
	const thumbnails = times(count, () => element(gallery, "canvas.dw-image", { width: SIDE, height: SIDE }));
	const actions = element(main, "div.dw-actions");
	button(actions, strings.draw, drawAgain);
	const toggle = button(actions, strings.show, (event) => showExact(!exact, event), { "aria-pressed": "false" });
	const [terms, where, posterior] = addReadout(main, 3);
	terms.parentElement.classList.add("dw-readout");
	element(root, "p.vx-small", { id: hint }, strings.hint);

	let networks, // {encoder, decoder}, once they are here
		stored, // {images, labels, codes, marks}
		strokes = [],
		written, // the pixels that the strokes made
		last, // the pixels drawn last
		pen = [SIDE / 2, SIDE / 2],
		keys = false, // the keyboard writes, so its pen is shown
		down = false, // that pen
		busy = false, // the pointer's
		shown = -1, // of the stored images
		exact = false,
		found, // the exact posterior of the digit that stands here
		waiting,
		falling = false,
		result,
		solver;
	const pixels = () => new Uint8Array(copy(model.get("pixels"))),
		inked = () => Float64Array.from(pixels(), (value) => value / 255);

	function drawPad(empty) {
		const side = padFrame.clientWidth || 200,
			context = fit(pad, side),
			unit = side / SIDE;
		context.fillStyle = "#ffffff";
		context.fillRect(0, 0, side, side);
		Object.assign(context, { lineWidth: 2 * PEN * unit, lineCap: "round", lineJoin: "round" });
		for (const stroke of strokes) {
			context.beginPath();
			for (const [x, y] of [stroke[0], ...stroke]) context.lineTo(x * unit, y * unit);
			context.stroke();
		}
		context.imageSmoothingEnabled = false;
		if (!strokes.length) context.drawImage(seen, 0, 0, side, side);
		if (empty) {
			Object.assign(context, { fillStyle: "#5b6270", font: getComputedStyle(root).font, textAlign: "center" });
			context.fillText(strings.invitation, side / 2, side / 2 - 24);
		}
		if (!keys) return;
		// The keyboard's pen: a ring while it is up, a disc while it is down
		context.beginPath();
		context.arc(pen[0] * unit, pen[1] * unit, PEN * unit + 2, 0, 2 * Math.PI);
		Object.assign(context, { lineWidth: 2, strokeStyle: "#b4235a", fillStyle: "#b4235a" });
		down ? context.fill() : context.stroke();
	}

	const whole = { left: 0, top: 0, low: [-WHOLE, -WHOLE], high: [WHOLE, WHOLE] },
		small = inSquare(whole);

	// The codes of the whole plane stay where they are
	function drawAll() {
		whole.side = wholeFrame.clientWidth;
		const ink = fit(cloud, whole.side);
		Object.assign(ink, { fillStyle: tone("edge"), globalAlpha: 0.6 });
		for (const z of stored?.codes ?? []) ink.fillRect(...small.to(z), 1.5, 1.5);
		draw();
	}

	function drawWhole() {
		clear(map, whole.side, whole.side);
		if (result) {
			const width = Math.max(18, small.size(2 * halfOf())),
				[x, y] = small.to(result.mean).map((middle) => middle - width / 2);
			for (const halo of ["halo", "mark"]) element(map, `rect.dw-${halo}`, { x, y, width, height: width });
		}
		for (const [label, x, y] of stored?.marks ?? []) {
			const [left, top] = small.to([x, y]);
			addText(map, "", left, top + 4, String(label));
		}
	}

	// Half the side of what is enlarged: around the ellipse, and around the exact posterior if it is there
	function halfOf() {
		const { mean, sd } = result,
			ends = (found?.lines.flat(2) ?? []).flatMap((point) => point.map((value, axis) => 1.1 * (value - mean[axis])));
		const widest = Math.max(...ends.map(Math.abs), ...sd.map((value) => 3.6 * value));
		return HALVES.find((half) => half >= widest) ?? HALVES.at(-1);
	}

	function drawLens() {
		const { left, right, top, bottom } = MARGIN,
			width = lensFrame.clientWidth,
			side = Math.max(40, width - left - right),
			height = top + side + bottom,
			box = { x: left, y: top, width: side, height: side };
		clear(lens, width, height);
		lensFrame.style.height = `${height}px`;
		if (!result) return element(element(lens, "g.vx-axes"), "rect", box);
		const { mean, sd, draws } = result,
			half = halfOf(),
			[low, high] = [-half, half].map((away) => mean.map((value) => value + away)),
			square = { left, top, side, low, high },
			{ size, to } = inSquare(square);
		drawAxes(lens, square, number, Math.max(4, side / 60), [left + 14, width - 22]);
		const inside = newId();
		element(element(element(lens, "defs"), "clipPath", { id: inside }), "rect", box);
		const drawing = element(lens, "g", { "clip-path": `url(#${inside})` });
		for (const line of found?.lines.flat().reverse() ?? []) {
			element(drawing, "path.dw-exact", { d: `${through(line.map(to))}Z` });
		}
		for (const sds of [1, 2]) {
			const [cx, cy, rx, ry] = [...to(mean), ...sd.map((value) => size(sds * value))];
			element(drawing, "ellipse.dw-ellipse", { cx, cy, rx, ry });
		}
		draws.forEach(({ z }, i) => {
			const dot = addDot(drawing, "dw-dot", ...to(z), 4);
			if (falling && !LESS_MOTION.matches) dot.style.animation = `dw-fall 350ms ${60 * i}ms ease-in both`;
		});
		falling = false;
	}

	const spotOf = ({ mean, sd }) => {
		const [x, y, across, up] = [...mean, ...sd].map((value, i) => number(value, i < 2 ? 2 : 3));
		return { x, y, across, up };
	};

	function draw() {
		const bytes = pixels(),
			x = inked();
		const differs = (others) => bytes.some((value, i) => value !== others?.[i]);
		if (strokes.length && differs(written)) strokes = []; // a digit that was not written here
		if (differs(last)) {
			last = bytes;
			forget(); // what was found belongs to the digit before
			if (exact) waiting = setTimeout(seek, 150);
		}
		paint(seen, x);
		const ink = (100 * sumOf(x)) / x.length;
		seen.ariaLabel = say("image", { ink: number(ink, 0) });
		drawPad(!ink);
		status.textContent = say(down || busy ? "down" : "up", { x: number(pen[0], 0), y: number(pen[1], 0) });

		result = networks && ink ? passThrough(networks, x, model.get("epsilon")) : null;
		drawWhole();
		drawLens();
		thumbnails.forEach((canvas, i) => paint(canvas, result ? result.draws[i].image : []));
		about.textContent = found ? strings.both : strings.lens;
		terms.textContent = strings[ink ? root.dataset.data : "empty"];
		where.textContent = posterior.textContent = "";
		if (!result) return;
		const [reconstruction, kl] = [result.reconstruction, result.kl].map((value) => Math.round(10 * value) / 10),
			[first, second, loss] = [reconstruction, kl, reconstruction + kl].map((value) => number(value, 1));
		terms.textContent = say("terms", { reconstruction: first, kl: second, loss });
		where.textContent = say("where", spotOf(result));
		if (found) posterior.textContent = say("posterior", { ...spotOf(found), gap: number(found.gap, 1) });
		else if (exact) posterior.textContent = strings.computing;
	}

	const setPixels = (bytes, event) => change({ pixels: new DataView(bytes.buffer) }, event);

	function write(lines, event) {
		strokes = lines;
		written = toMnist(strokes);
		shown = -1;
		if (!lines.length) down = false;
		setPixels(written, event);
	}

	function choose(digit, event) {
		if (!stored) return;
		const own = stored.labels.flatMap((label, i) => (label === digit ? [i] : []));
		shown = own[(own.indexOf(shown) + 1) % own.length];
		strokes = [];
		down = false;
		falling = true;
		setPixels(stored.images.slice(SIDE * SIDE * shown, SIDE * SIDE * (shown + 1)), event);
	}

	function drawAgain(event) {
		falling = true;
		change({ epsilon: times(count, () => [normal(Math.random), normal(Math.random)]) }, event);
	}

	function forget() {
		clearTimeout(waiting);
		solver?.cancel();
		found = null;
	}

	function showExact(wanted, event) {
		exact = wanted;
		toggle.ariaPressed = exact;
		toggle.textContent = exact ? strings.hide : strings.show;
		forget();
		change({}, event);
		seek();
	}

	function seek() {
		if (busy || !result || !exact) return;
		solver ??= startSolver(networks.decoder);
		solver.solve(inked(), result.mean, result.sd, (answer) => {
			found = answer;
			change({});
		});
	}

	// Unlike a plane, the pad keeps a finger that moves up or down: onDrag knows it.
	function follow(event) {
		const box = pad.getBoundingClientRect(),
			parts = event.getCoalescedEvents?.() ?? [];
		const points = (parts.length ? parts : [event]).map((part) =>
			[part.clientX - box.left, part.clientY - box.top].map((value) => clamp((value / box.width) * SIDE, [0, SIDE])),
		);
		busy = true;
		keys = down = false;
		pen = points.at(-1);
		if (event.type === "pointerdown" || !strokes.length) return write([...strokes, points], event);
		strokes.at(-1).push(...points);
		write(strokes, event);
	}
	onDrag(pad, follow, (event) => {
		busy = false;
		falling = true;
		change({}, event);
		seek();
	});
	for (const kind of ["focus", "blur"]) {
		pad.addEventListener(kind, () => {
			keys = pad.matches(":focus-visible");
			draw();
		});
	}
	onKeys(pad, (event) => {
		const step = arrowStep(event, 1);
		if (!step && !/^( |Backspace|[0-9])$/.test(event.key)) return false;
		keys = true;
		if (step) {
			pen = [pen[0] + step[0], pen[1] - step[1]].map((value) => clamp(value, [0, SIDE]));
			if (!down) return change({}, event);
			strokes.at(-1).push(pen);
			write(strokes, event);
		} else if (event.key === " ") {
			down = !down;
			if (down) write([...strokes, [pen]], event);
			else change({}, event);
		} else if (event.key === "Backspace") {
			down = false;
			write(strokes.slice(0, -1), event);
		} else choose(Number(event.key), event);
	});

	function receive({ encoder, decoder, images, codes }) {
		networks = { encoder: readLayers(...encoder), decoder: readLayers(...decoder) };
		stored = {
			images: new Uint8Array(copy(images[1])),
			labels: images[0].labels,
			codes: pairsOf(scaled(codes[1], codes[0].scale)),
			marks: codes[0].marks,
		};
		for (const one of digits) one.disabled = false;
		drawAll();
		seek(); // the exact posterior may have been asked for already
	}
	const stopLoading = loadData(root, model, receive, draw);

	function again() {
		[strokes, pen, keys, down, shown] = [[], [SIDE / 2, SIDE / 2], false, false, -1];
		if (exact) showExact(false);
	}

	const says = [status, terms, where, posterior],
		parts = { model, traits: ["pixels", "epsilon"], root, says };
	const { change, remove } = enliven({ ...parts, draw, redraw: drawAll, again });
	return () => {
		stopLoading();
		clearTimeout(waiting);
		solver?.remove();
		remove();
	};
}

export { makeSolver, passThrough, readDataFile, readLayers, toMnist };
export default { render };
