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
	const mass = [0, 0, 0];
	ink.forEach((value, i) => {
		mass[0] += value * (i % SIDE);
		mass[1] += value * Math.floor(i / SIDE);
		mass[2] += value;
	});
	const [right, down] = [0, 1].map((axis) => Math.floor(SIDE / 2 - mass[axis] / mass[2] + 0.5));
	ink.forEach((value, i) => {
		const column = (i % SIDE) + right,
			row = Math.floor(i / SIDE) + down;
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
			image = Float64Array.from(decode(decoder, z));
		for (let i = 0; i < image.length; i++) {
			const logit = image[i];
			reconstruction += Math.max(logit, 0) - x[i] * logit + Math.log1p(Math.exp(-Math.abs(logit)));
			image[i] = 1 / (1 + Math.exp(-logit));
		}
		return { z, image };
	});
	reconstruction /= epsilon.length;
	const kl = 0.5 * mean.reduce((sum, m, axis) => sum + m * m + sd[axis] ** 2 - 1 - logVar[axis], 0);
	return { mean, logVar, sd, draws, reconstruction, kl };
}

// Independent draws from N(0, 1), by Box and Muller
function standardNormal() {
	return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

function render({ model, el }) {
	const strings = model.get("strings"),
		number = numbersOf(strings.language),
		still = matchMedia("(prefers-reduced-motion: reduce)");
	const count = model.get("epsilon").length;

	// The elements
	const root = element(el, "div", { class: "vaelab-explorer dw", lang: strings.language }),
		main = element(root, "div", { class: "dw-main" }),
		hint = newId();
	const panel = (name, words) => {
		const box = element(main, "div", { class: `dw-${name}` }),
			frame = element(box, "div", { class: "dw-frame" });
		return [frame, words === undefined ? null : element(box, "p", { class: "dw-caption" }, words)];
	};
	const [padFrame, status] = panel("pad", "");
	const pad = element(padFrame, "canvas", {
		class: "dw-surface",
		tabindex: 0,
		role: "application",
		"aria-label": strings.pad,
		"aria-describedby": hint,
		...OWN_KEYS,
	});
	const [seenFrame] = panel("seen", strings.seen);
	const seen = element(seenFrame, "canvas", { class: "dw-image", role: "img", width: SIDE, height: SIDE });
	const [wholeFrame] = panel("whole"),
		cloud = element(wholeFrame, "canvas", { "aria-hidden": "true" }),
		map = element(wholeFrame, "svg", { "aria-hidden": "true", focusable: "false" });
	const [lensFrame] = panel("lens"),
		lens = element(lensFrame, "svg", { "aria-hidden": "true", focusable: "false" });
	const button = (parent, words, press, attributes = {}) => {
		const made = element(parent, "button", { type: "button", class: "dw-button", ...attributes, ...OWN_KEYS }, words);
		made.addEventListener("click", press);
		return made;
	};
	const choice = element(main, "div", { class: "dw-choice", role: "group", "aria-label": strings.choose });
	const digits = Array.from({ length: 10 }, (_, digit) =>
		button(choice, String(digit), (event) => choose(digit, event), { "aria-label": fill(strings.digit, { digit }) }),
	);

	button(choice, strings.clear, (event) => write([], event));
	const words = element(main, "p", { class: "dw-caption dw-words" });
	const gallery = element(main, "div", { class: "dw-gallery", role: "img", "aria-label": strings.draws });
	const thumbnails = Array.from({ length: count }, () =>
		element(gallery, "canvas", { class: "dw-image", width: SIDE, height: SIDE }),
	);
	const actions = element(main, "div", { class: "dw-actions" });
	button(actions, strings.draw, drawAgain);
	const toggle = button(actions, strings.show, (event) => showExact(!exact, event), { "aria-pressed": "false" });
	const [terms, where] = addReadout(main),
		posterior = element(where.parentElement, "span");
	where.parentElement.classList.add("dw-readout");
	element(root, "p", { class: "vx-small", id: hint }, strings.hint);

	// State of this view
	let networks, // {encoder, decoder}, once they are here
		stored, // {images, labels, codes, marks}
		failed = false,
		strokes = [],
		written, // the pixels that the strokes made
		last, // the pixels drawn last
		pen = [SIDE / 2, SIDE / 2],
		keys = false, // the keyboard writes, so its pen is shown
		down = false, // that pen
		busy = false, // the pointer's
		shown = -1, // of the stored images
		exact = false,
		found = null, // the exact posterior of the digit that stands here
		waiting = 0,
		falling = false,
		result = null,
		solver,
		side = 0; // of the pad
	const pixels = () => new Uint8Array(copy(model.get("pixels")));

	// ---- drawing ---------------------------------------------------------------------------------------------------

	function drawPad(ink) {
		const context = fit(pad, 0, 0, side),
			unit = side / SIDE;
		context.fillStyle = "#ffffff";
		context.fillRect(0, 0, side, side);
		if (strokes.length) {
			Object.assign(context, {
				lineWidth: 2 * PEN * unit,
				lineCap: "round",
				lineJoin: "round",
				strokeStyle: "#000000",
			});
			for (const stroke of strokes) {
				context.beginPath();
				context.moveTo(stroke[0][0] * unit, stroke[0][1] * unit);
				for (const [x, y] of stroke) context.lineTo(x * unit, y * unit);
				context.stroke();
			}
		} else {
			context.imageSmoothingEnabled = false;
			context.drawImage(seen, 0, 0, side, side);
			if (!ink.some(Boolean)) {
				context.fillStyle = "#5b6270";
				context.font = getComputedStyle(root).font;
				context.textAlign = "center";
				context.fillText(strings.invitation, side / 2, side / 2 - 24);
			}
		}
		if (!keys) return;
		// The keyboard's pen: a ring while it is up, a disc while it is down
		context.beginPath();
		context.arc(pen[0] * unit, pen[1] * unit, PEN * unit + 2, 0, 2 * Math.PI);
		Object.assign(context, { lineWidth: 2, strokeStyle: "#b4235a", fillStyle: "#b4235a" });
		down ? context.fill() : context.stroke();
	}

	// The codes of the small plane, which stay where they are
	function drawCloud() {
		const size = wholeFrame.clientWidth,
			ink = fit(cloud, 0, 0, size),
			to = (value) => ((value + WHOLE) / (2 * WHOLE)) * size;
		ink.fillStyle = getComputedStyle(root).getPropertyValue("--vx-edge");
		ink.globalAlpha = 0.6;
		for (let i = 0; i < (stored?.codes.length ?? 0); i += 2)
			ink.fillRect(to(stored.codes[i]), to(-stored.codes[i + 1]), 1.5, 1.5);
	}

	function drawWhole() {
		const size = wholeFrame.clientWidth,
			to = (value) => ((value + WHOLE) / (2 * WHOLE)) * size;
		map.replaceChildren();
		set(map, { width: size, height: size });
		if (result) {
			const { half, center } = frameOf(),
				width = Math.max(18, (half / WHOLE) * size);
			const box = { x: to(center[0]) - width / 2, y: to(-center[1]) - width / 2, width, height: width };
			for (const halo of ["dw-halo", "dw-mark"]) element(map, "rect", { class: halo, ...box });
		}
		for (const [label, x, y] of stored?.marks ?? []) {
			element(map, "text", { x: to(x), y: to(-y) + 4, "text-anchor": "middle" }, String(label));
		}
	}

	// The part of the plane that is enlarged: around the ellipse, and around the exact posterior if it is there
	function frameOf() {
		const center = result.mean,
			ends = result.sd.map((sd) => 3.6 * sd);
		for (const line of found?.lines.flat() ?? []) {
			for (const point of line) point.forEach((value, axis) => ends.push(1.1 * Math.abs(value - center[axis])));
		}
		const widest = Math.max(...ends);
		return { center, half: HALVES.find((half) => half >= widest) ?? HALVES.at(-1) };
	}

	function drawLens() {
		const width = lensFrame.clientWidth,
			{ left, right, top, bottom } = MARGIN,
			span = Math.max(40, width - left - right);
		lens.replaceChildren();
		set(lens, { width, height: top + span + bottom });
		lensFrame.style.height = `${top + span + bottom}px`;
		const grid = element(lens, "g", { class: "vx-axes" });
		element(grid, "rect", { x: left, y: top, width: span, height: span });
		if (!result) return;
		const { center, half } = frameOf(),
			toX = (x) => left + ((x - center[0] + half) / (2 * half)) * span,
			toY = (y) => top + ((center[1] + half - y) / (2 * half)) * span;
		const [across, up] = [0, 1].map((axis) => ticks(center[axis] - half, center[axis] + half, Math.max(4, span / 60)));
		ticksBelow(grid, top + span, across.found, toX, (value) => number(value, across.decimals), [left + 14, width - 22]);
		ticksBeside(grid, left, up.found, toY, (value) => number(value, up.decimals));
		element(grid, "text", { x: left + span / 2, y: top + span + 31, "text-anchor": "middle", class: "vx-name" }, "z₁");
		element(grid, "text", { x: 10, y: top + 10, "text-anchor": "middle", class: "vx-name" }, "z₂");
		const inside = newId(),
			cut = element(element(lens, "defs"), "clipPath", { id: inside });
		element(cut, "rect", { x: left, y: top, width: span, height: span });
		const drawing = element(lens, "g", { class: "dw-drawing", "clip-path": `url(#${inside})` });
		for (const line of found?.lines.flat().reverse() ?? []) {
			const d = "M" + line.map(([x, y]) => `${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`).join("L") + "Z";
			element(drawing, "path", { class: "dw-exact", d });
		}
		for (const times of [1, 2]) {
			const [rx, ry] = result.sd.map((sd) => ((times * sd) / (2 * half)) * span);
			element(drawing, "ellipse", { class: "dw-ellipse", cx: toX(center[0]), cy: toY(center[1]), rx, ry });
		}
		result.draws.forEach(({ z }, i) => {
			const dot = element(drawing, "circle", { class: "dw-dot", cx: toX(z[0]), cy: toY(z[1]), r: 4 });
			if (falling && !still.matches) dot.style.animation = `dw-fall 350ms ${60 * i}ms ease-in both`;
		});
		falling = false;
	}

	const pair = (values, digits) => ({ x: number(values[0], digits), y: number(values[1], digits) });

	// Everything that depends on the digit, on epsilon and on what was found
	function draw() {
		const bytes = pixels(),
			x = Float64Array.from(bytes, (value) => value / 255);
		const differs = (others) => bytes.some((value, i) => value !== others?.[i]);
		if (strokes.length && differs(written)) strokes = []; // a digit that was not written here
		if (differs(last)) {
			last = bytes;
			forget(); // what was found belongs to the digit before
			if (exact) waiting = setTimeout(seek, 150);
		}
		paint(seen, x);
		const ink = (100 * x.reduce((sum, value) => sum + value)) / x.length;
		set(seen, { "aria-label": fill(strings.image, { ink: number(ink, 0) }) });
		drawPad(x);
		const at = pair(pen, 0);
		status.textContent = fill(down || busy ? strings.down : strings.up, at);

		result = networks && ink ? passThrough(networks, x, model.get("epsilon")) : null;
		root.dataset.state = result ? "read" : ink ? "waiting" : "empty";
		drawWhole();
		drawLens();
		thumbnails.forEach((canvas, i) => paint(canvas, result ? result.draws[i].image : []));
		posterior.textContent = "";
		where.textContent = "";
		words.textContent = found ? strings.both : strings.lens;
		if (!ink) terms.textContent = strings.empty;
		else if (!result) terms.textContent = failed ? strings.failed : strings.loading;
		if (!result) return;
		const [reconstruction, kl] = [result.reconstruction, result.kl].map((value) => Math.round(10 * value) / 10);
		terms.textContent = fill(strings.terms, {
			reconstruction: number(reconstruction, 1),
			kl: number(kl, 1),
			loss: number(reconstruction + kl, 1),
		});
		const [mean, sd] = [result.mean, result.sd].map((values, i) => pair(values, i + 2));
		where.textContent = fill(strings.where, { x: mean.x, y: mean.y, across: sd.x, up: sd.y });
		if (!exact) return;
		if (!found) posterior.textContent = strings.computing;
		else {
			const [mean, sd] = [found.mean, found.sd].map((values, i) => pair(values, i + 2));
			const words = { x: mean.x, y: mean.y, across: sd.x, up: sd.y, gap: number(found.gap, 1) };
			posterior.textContent = fill(strings.posterior, words);
		}
	}

	function drawAll() {
		side = Math.round(padFrame.clientWidth) || 200;
		for (const [frame, height] of [
			[padFrame, side],
			[wholeFrame, wholeFrame.clientWidth],
		])
			frame.style.height = `${height}px`;
		drawCloud();
		draw();
	}

	// ---- what the reader does --------------------------------------------------------------------------------------

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
		const epsilon = Array.from({ length: count }, () => [standardNormal(), standardNormal()]);
		falling = true;
		change({ epsilon }, event);
	}

	function forget() {
		clearTimeout(waiting);
		solver?.cancel();
		found = null;
	}

	function showExact(wanted, event) {
		exact = wanted;
		set(toggle, { "aria-pressed": String(exact) });
		toggle.textContent = exact ? strings.hide : strings.show;
		forget();
		change({}, event);
		if (exact) seek();
	}

	function seek() {
		if (busy || !result || !exact) return;
		solver ??= startSolver(networks.decoder);
		const x = Float64Array.from(pixels(), (value) => value / 255);
		const asked = { timeStamp: performance.now() };
		solver.solve(x, result.mean, result.sd, (answer) => {
			found = answer;
			root.dataset.took = String(Math.round(performance.now() - asked.timeStamp));
			change({}, { timeStamp: performance.now() });
		});
	}

	// The pointer writes a line from where it goes down to where it is lifted. Unlike a plane, the pad keeps a finger that
	// moves up or down.
	let held = null;
	function follow(event) {
		const box = pad.getBoundingClientRect(),
			parts = event.type === "pointermove" ? (event.getCoalescedEvents?.() ?? []) : [];
		const points = (parts.length ? parts : [event]).map((part) =>
			[part.clientX - box.left, part.clientY - box.top].map((value) => clamp((value / box.width) * SIDE, [0, SIDE])),
		);
		pen = points.at(-1);
		if (event.type === "pointerdown" || !strokes.length) write([...strokes, points], event);
		else {
			strokes.at(-1).push(...points);
			write(strokes, event);
		}
	}
	pad.addEventListener("pointerdown", (event) => {
		if (!event.isPrimary || event.button !== 0) return;
		held = event.pointerId;
		pad.setPointerCapture(held);
		pad.focus({ preventScroll: true });
		event.preventDefault();
		busy = true;
		keys = down = false;
		follow(event);
	});
	pad.addEventListener("pointermove", (event) => event.pointerId === held && follow(event));
	for (const end of ["pointerup", "pointercancel"]) {
		pad.addEventListener(end, (event) => {
			if (event.pointerId !== held) return;
			held = null;
			busy = false;
			falling = true;
			change({}, event);
			if (exact) seek();
		});
	}
	for (const kind of ["focus", "blur"]) {
		pad.addEventListener(kind, () => {
			keys = pad.matches(":focus-visible");
			if (side) draw();
		});
	}
	pad.addEventListener("keydown", (event) => {
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const step = arrowStep(event, 1);
		if (!step && !/^( |Backspace|[0-9])$/.test(event.key)) return;
		event.preventDefault();
		event.stopPropagation(); // some themes turn pages on the arrow keys
		keys = true;
		if (step) {
			pen = [clamp(pen[0] + step[0], [0, SIDE]), clamp(pen[1] - step[1], [0, SIDE])];
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

	// ---- the networks come when the figure is near the screen ------------------------------------------------------

	let stopLoading = whenNear(root, () => {
		stopLoading = loadDataFile(
			model,
			({ encoder, decoder, images, codes }) => {
				networks = { encoder: readLayers(...encoder), decoder: readLayers(...decoder) };
				stored = {
					images: new Uint8Array(copy(images[1])),
					labels: images[0].labels,
					codes: Float64Array.from(new Int16Array(copy(codes[1])), (value) => value * codes[0].scale),
					marks: codes[0].marks,
				};
				for (const one of digits) one.disabled = false;
				root.dataset.loaded = "true";
				drawCloud();
				draw();
			},
			() => {
				failed = true;
				draw();
			},
		);
	});
	for (const one of digits) one.disabled = true;

	// Back to the first digit
	function again() {
		strokes = [];
		[pen, keys, down, shown] = [[SIDE / 2, SIDE / 2], false, false, -1];
		if (exact) showExact(false, { timeStamp: performance.now() });
	}

	const parts = { model, traits: ["pixels", "epsilon"], root, box: lensFrame, says: [status, terms, where, posterior] };
	const { change, remove } = enliven({ ...parts, draw, redraw: drawAll, again });
	return () => {
		stopLoading();
		clearTimeout(waiting);
		solver?.remove();
		remove();
	};
}

export { decode, interpolate, makeSolver, outline, passThrough, readDataFile, readLayers, toMnist };
export default { render };
