// The exact posterior of an image's code in the plane, by summing over a grid that grows finer where it matters.
// A worker gets the text of all this but startSolver, with decode and sumOf: it knows nothing else.

// layers: Dense layers {inputs, units, kernel, bias} of a decoder of two numbers, ReLU between them, logits at the end.
// solve(x, mean, sd) of what it returns is a generator, so that it can be interrupted.
function makeSolver(layers) {
	const COARSE = 0.2, // the step at which the plane is searched
		REACH = 22, // so many steps
		KEEP = [24, 16, 13], // what lies so many nats below the peak at the first steps, and then, is not looked at closer
		MOST = 6000, // points of one grid
		FINE = 4; // for the lines, so many points between two of the grid, by cubic interpolation
	const chain = layers
		.flatMap((layer) => [{ ...layer, out: new Float64Array(layer.units) }, { activation: (x) => Math.max(0, x) }])
		.slice(0, -1);
	const coarse = []; // what the first grid needs for every image: [i, j, what look() saw]
	for (let i = -REACH; i <= REACH; i++)
		for (let j = -REACH; j <= REACH; j++) if (Math.hypot(i, j) <= REACH) coarse.push([i, j]);

	// The logits at (a, b), and the sum of their softplus
	function look(a, b) {
		const logits = decode(chain, [a, b]);
		return [logits, logits.reduce((sum, y) => sum + Math.max(y, 0) + Math.log1p(Math.exp(-Math.abs(y))), 0)];
	}

	// ln p(x given z) + ln p(z) at z = (a, b)
	function logJoint(x, a, b, [logits, offset] = look(a, b)) {
		const logLikelihood = logits.reduce((sum, value, p) => sum + x[p] * value, -offset);
		return logLikelihood - 0.5 * (a * a + b * b) - Math.log(2 * Math.PI);
	}

	// The logarithm of the sum over points [i, j, value], and mean and standard deviations of what they describe
	function momentsOf(points, step) {
		const peak = points.reduce((most, [, , value]) => Math.max(most, value), -Infinity),
			shares = points.map(([, , value]) => Math.exp(value - peak)),
			mass = sumOf(shares),
			average = (f) => sumOf(points.map((point, n) => shares[n] * f(point))) / mass;
		const mean = [0, 1].map((axis) => average((point) => point[axis] * step)),
			sd = mean.map((m, axis) => Math.sqrt(average((point) => (point[axis] * step - m) ** 2)));
		return { peak, logSum: peak + Math.log(mass) + 2 * Math.log(step), mean, sd };
	}

	function* solve(x, mean, sd) {
		let step = COARSE,
			grid = new Map();
		const keyOf = (i, j) => 65536 * i + j,
			add = (i, j, value = logJoint(x, i * step, j * step)) => grid.set(keyOf(i, j), [i, j, value]),
			encoded = () => mean.map((value) => Math.round(value / step)); // in a peak that the grid may have missed

		// The whole plane, roughly
		for (const point of coarse) {
			const [i, j, seen] = point;
			if (!seen) {
				const [logits, offset] = look(i * step, j * step);
				point[2] = [Float32Array.from(logits), offset];
				yield;
			}
			add(i, j, logJoint(x, i * step, j * step, point[2]));
		}
		add(...encoded());
		let now = momentsOf([...grid.values()], step);

		// Twice as fine around what matters, until that changes nothing. A step of one standard deviation is enough for a
		// sum: on a Gaussian it errs by 1e-8.
		for (let round = 0; round < 7; round++) {
			const lowest = now.peak - (KEEP[round] ?? KEEP.at(-1)),
				kept = [...grid.values()].filter(([, , value]) => value > lowest);
			if (4 * kept.length > MOST) break;
			kept.push(encoded());
			grid = new Map();
			step /= 2;
			for (const [i, j, known] of kept) {
				for (let k = 0; k < 9; k++) {
					const [a, b] = [2 * i + (k % 3) - 1, 2 * j + Math.floor(k / 3) - 1];
					if (grid.has(keyOf(a, b))) continue;
					add(a, b, k === 4 ? known : undefined);
					yield;
				}
			}
			const before = now;
			now = momentsOf([...grid.values()], step);
			if (Math.abs(now.logSum - before.logSum) < 0.01 && step <= Math.min(...now.sd)) break;
		}

		// The lines around the densest 39 % and 86 %, as those of an ellipse of one and two standard deviations
		const smooth = {},
			at = (i, j) => grid.get(keyOf(i, j))?.[2],
			between = (i, j) => (smooth[keyOf(i, j)] ??= interpolate(at, i / FINE, j / FINE));
		const corners = [];
		for (const [i, j, value] of grid.values()) {
			if (value < now.peak - 9) continue;
			for (let a = 0; a < FINE; a++) for (let b = 0; b < FINE; b++) corners.push([FINE * i + a, FINE * j + b]);
		}
		const values = corners.map(([i, j]) => between(i, j)).filter((value) => !Number.isNaN(value)),
			shares = values.sort((a, b) => b - a).map((value) => Math.exp(value - now.peak));
		const lines = [1, 2].map((sds) => {
			let left = (1 - Math.exp(-0.5 * sds ** 2)) * sumOf(shares);
			const last = shares.findIndex((share) => (left -= share) <= 0);
			return outline(between, corners, values[last], step / FINE);
		});

		// KL(q || p(z given x)): q's part by a sum over a grid of its own
		let expected = 0,
			weights = 0;
		for (let k = 0; k < 169; k++) {
			const [a, b] = [k % 13, Math.floor(k / 13)].map((place) => 0.75 * (place - 6)),
				weight = Math.exp(-0.5 * (a * a + b * b));
			weights += weight;
			expected += weight * logJoint(x, mean[0] + a * sd[0], mean[1] + b * sd[1]);
			yield;
		}
		const entropy = Math.log(2 * Math.PI * sd[0] * sd[1]) + 1;
		return { ...now, lines, gap: Math.max(0, now.logSum - expected / weights - entropy) };
	}

	return { solve };
}

// value(i, j), given where both are whole numbers, between them: cubic convolution, exact where it is a quadratic. NaN
// where one of the sixteen values around is missing. Source: Keys (1981), equation 15.
function interpolate(value, x, y) {
	const weights = (t) => [
		t * (-0.5 + t * (1 - 0.5 * t)),
		1 + t * t * (-2.5 + 1.5 * t),
		t * (0.5 + t * (2 - 1.5 * t)),
		t * t * (-0.5 + 0.5 * t),
	];
	const [i, j] = [Math.floor(x), Math.floor(y)],
		[across, up] = [weights(x - i), weights(y - j)];
	let sum = 0;
	for (let a = 0; a < 4; a++) for (let b = 0; b < 4; b++) sum += across[a] * up[b] * value(i + a - 1, j + b - 1);
	return sum;
}

// The closed lines at which value(i, j) crosses the level, by marching squares over the given corners [i, j]. Returns
// lists of points [i * step, j * step].
function outline(value, corners, level, step) {
	const nodes = {}; // {at, next}: a crossing, and the one or two beside it
	// The crossing of the edge from a corner to its neighbour on the right or above
	function crossing(i, j, upwards) {
		const id = `${i},${j},${upwards}`;
		if (nodes[id]) return nodes[id];
		const [a, b] = [value(i, j), upwards ? value(i, j + 1) : value(i + 1, j)],
			share = (level - a) / (b - a);
		nodes[id] = { at: upwards ? [i * step, (j + share) * step] : [(i + share) * step, j * step], next: [] };
		return nodes[id];
	}
	for (const [i, j] of corners) {
		const four = [value(i, j), value(i + 1, j), value(i + 1, j + 1), value(i, j + 1)];
		if (four.some(Number.isNaN)) continue;
		const inside = four.map((one) => one > level);
		const edges = [0, 1, 2, 3].filter((k) => inside[k] !== inside[(k + 1) % 4]);
		const crossed = edges.map((k) => crossing(i + (k === 1), j + (k === 2), k % 2 === 1));
		crossed.forEach((one, k) => one.next.push(crossed[k ^ 1])); // in pairs
	}
	const left = new Set(Object.values(nodes)),
		lines = [];
	for (const first of left) {
		lines.push([]);
		for (let here = first; here; here = here.next.find((one) => left.has(one))) {
			lines.at(-1).push(here.at);
			left.delete(here);
		}
	}
	return lines;
}

// Answers {run, x, mean, sd}, after {layers}, with post({run, result}), unless another run comes between slices of work, in
// milliseconds.
function answering(post, slice) {
	let solver, latest;
	return async ({ layers, run, x, mean, sd }) => {
		latest = run;
		if (layers) solver = makeSolver(layers);
		if (!x) return;
		const steps = solver.solve(x, mean, sd);
		for (let until = performance.now() + slice; latest === run; ) {
			const { done, value } = steps.next();
			if (done) return post({ run, result: value });
			if (performance.now() < until) continue;
			await new Promise((resolve) => setTimeout(resolve));
			until = performance.now() + slice;
		}
	};
}

// solve(x, mean, sd, done): calls done(result), unless the next call or cancel() comes before. In a worker, or, where the
// host allows none, here. remove() ends it.
function startSolver(layers) {
	const start = { layers: layers.filter(({ kernel }) => kernel) };
	let run = 0,
		call,
		finish,
		worker,
		send;
	const receive = (data) => data.run === run && finish(data.result);
	function solveHere() {
		send = answering(receive, 8);
		send(start);
		if (call) send(call);
	}
	function begin() {
		const parts = [`const sumOf = ${sumOf}`, decode, makeSolver, interpolate, outline, answering],
			listen = "const answer = answering(postMessage, 50); onmessage = ({ data }) => answer(data);";
		try {
			worker = new Worker(codeAddress(...parts, listen));
			worker.onmessage = ({ data }) => receive(data);
			worker.onerror = solveHere;
			send = (data) => worker.postMessage(data);
			send(start);
		} catch {
			solveHere();
		}
	}
	function cancel() {
		call = { run: ++run };
		send?.(call);
	}
	return {
		solve(x, mean, sd, done) {
			if (!send) begin();
			finish = done;
			call = { run: ++run, x, mean, sd };
			send(call);
		},
		cancel,
		remove() {
			cancel();
			worker?.terminate();
		},
	};
}
