// The exact posterior of an image's code in the plane, by summing over a grid that grows finer where it matters.
// makeSolver, interpolate, outline and inSlices also run in a worker, which gets their text: they know nothing but each other.

// layers: Dense layers {inputs, units, kernel, bias} of a decoder of two numbers, ReLU between them, logits at the end.
// Returns {logJoint(x, a, b), solve(x, mean, sd)}; solve is a generator, so that it can be interrupted.
function makeSolver(layers) {
	const COARSE = 0.2, // the step at which the plane is searched
		REACH = 4.6,
		KEEP = [24, 16, 13], // what lies so many nats below the peak at the first steps, and then, is not looked at closer
		MOST = 6000, // points of one grid
		FINE = 4; // for the lines, so many points between two of the grid, by cubic interpolation
	const outs = layers.map(({ units }) => new Float64Array(units)),
		pixels = layers.at(-1).units;
	const places = [], // [i, j] of the first grid, and of each [i, j, logits, sum of their softplus], for every image
		coarse = [],
		most = Math.floor(REACH / COARSE);
	for (let i = -most; i <= most; i++)
		for (let j = -most; j <= most; j++) if (Math.hypot(i, j) <= most) places.push([i, j]);

	// Four inputs at once, which saves a third of the time
	function logits(a, b) {
		let x = [Math.fround(a), Math.fround(b)];
		layers.forEach(({ inputs, units, kernel, bias }, l) => {
			const out = outs[l],
				on = [];
			out.set(bias);
			for (let i = 0; i < inputs; i++) if (l === 0 || x[i] > 0) on.push(i);
			for (let n = 0; n < on.length; n += 4) {
				const [p, q, r, s] = [0, 1, 2, 3].map((k) => (n + k < on.length ? on[n + k] * units : 0)),
					[xp, xq, xr, xs] = [0, 1, 2, 3].map((k) => (n + k < on.length ? x[on[n + k]] : 0));
				for (let j = 0; j < units; j++) {
					out[j] += xp * kernel[p + j] + xq * kernel[q + j] + xr * kernel[r + j] + xs * kernel[s + j];
				}
			}
			x = out;
		});
		return x;
	}

	function softplusSum(values) {
		let sum = 0;
		for (let p = 0; p < pixels; p++) sum += Math.max(values[p], 0) + Math.log1p(Math.exp(-Math.abs(values[p])));
		return sum;
	}

	function logLikelihood(x, values, offset) {
		let sum = -offset;
		for (let p = 0; p < pixels; p++) sum += x[p] * values[p];
		return sum;
	}

	const logPrior = (a, b) => -0.5 * (a * a + b * b) - Math.log(2 * Math.PI);

	// ln p(x given z) + ln p(z) at z = (a, b)
	function logJoint(x, a, b) {
		const values = logits(a, b);
		return logLikelihood(x, values, softplusSum(values)) + logPrior(a, b);
	}

	const keyOf = (i, j) => (i + 32768) * 65536 + j + 32768;
	const placeOf = (key) => [Math.floor(key / 65536) - 32768, (key % 65536) - 32768];

	// The logarithm of the sum over the grid, and mean and standard deviations of what it describes
	function momentsOf(grid, step) {
		let peak = -Infinity,
			mass = 0;
		for (const value of grid.values()) if (value > peak) peak = value;
		const sums = [0, 0, 0, 0];
		for (const [key, value] of grid) {
			const share = Math.exp(value - peak);
			mass += share;
			placeOf(key).forEach((at, axis) => {
				sums[axis] += share * at * step;
				sums[axis + 2] += share * (at * step) ** 2;
			});
		}
		const mean = [sums[0] / mass, sums[1] / mass];
		const sd = mean.map((m, axis) => Math.sqrt(Math.max(0, sums[axis + 2] / mass - m * m)));
		return { peak, logSum: peak + Math.log(mass) + 2 * Math.log(step), mean, sd };
	}

	function* solve(x, mean, sd) {
		// The whole plane, roughly
		let step = COARSE,
			grid = new Map();
		while (coarse.length < places.length) {
			const [i, j] = places[coarse.length],
				values = logits(i * step, j * step);
			coarse.push([i, j, Float32Array.from(values), softplusSum(values)]);
			yield;
		}
		for (const [i, j, values, offset] of coarse) {
			grid.set(keyOf(i, j), logLikelihood(x, values, offset) + logPrior(i * step, j * step));
		}
		// The encoder's mean lies in a peak that the grid may have missed
		const around = () => keyOf(Math.round(mean[0] / step), Math.round(mean[1] / step));
		const add = (key) => {
			const [i, j] = placeOf(key);
			if (!grid.has(key)) grid.set(key, logJoint(x, i * step, j * step));
		};
		add(around());
		let now = momentsOf(grid, step);

		// Twice as fine around what matters, until that changes nothing. A step of one standard deviation is enough for a
		// sum: on a Gaussian it errs by 1e-8.
		for (let round = 0; round < 7; round++) {
			const finer = new Map(),
				lowest = now.peak - KEEP[Math.min(round, KEEP.length - 1)];
			const kept = [...grid].filter(([, value]) => value > lowest).map(([key]) => key);
			if (4 * kept.length > MOST) break;
			kept.push(around());
			step /= 2;
			for (const key of kept) {
				const [i, j] = placeOf(key);
				for (let di = -1; di <= 1; di++) {
					for (let dj = -1; dj <= 1; dj++) {
						const own = keyOf(2 * i + di, 2 * j + dj);
						if (finer.has(own)) continue;
						const known = di || dj ? undefined : grid.get(key);
						finer.set(own, known ?? logJoint(x, (2 * i + di) * step, (2 * j + dj) * step));
						yield;
					}
				}
			}
			grid = finer;
			const before = now;
			now = momentsOf(grid, step);
			if (Math.abs(now.logSum - before.logSum) < 0.01 && step <= Math.min(...now.sd)) break;
		}

		// The lines around the densest 39 % and 86 %, as those of an ellipse of one and two standard deviations
		const smooth = new Map();
		const between = (i, j) => {
			const key = keyOf(i, j);
			if (!smooth.has(key))
				smooth.set(
					key,
					interpolate((a, b) => grid.get(keyOf(a, b)), i / FINE, j / FINE),
				);
			return smooth.get(key);
		};
		const corners = [];
		for (const [key, value] of grid) {
			if (value < now.peak - 9) continue;
			const [i, j] = placeOf(key);
			for (let a = 0; a < FINE; a++) for (let b = 0; b < FINE; b++) corners.push([FINE * i + a, FINE * j + b]);
		}
		const values = corners.map(([i, j]) => between(i, j)).filter((value) => !Number.isNaN(value)),
			whole = values.reduce((sum, value) => sum + Math.exp(value - now.peak), 0);
		values.sort((a, b) => b - a);
		const lines = [1, 2].map((sds) => {
			let sum = 0;
			const level = values.find(
				(value) => (sum += Math.exp(value - now.peak)) >= (1 - Math.exp(-0.5 * sds ** 2)) * whole,
			);
			return outline(between, corners, level, step / FINE);
		});

		// KL(q || p(z given x)): q's part by a sum over a grid of its own
		let expected = 0,
			weights = 0;
		for (let i = -6; i <= 6; i++) {
			for (let j = -6; j <= 6; j++) {
				const [a, b] = [0.75 * i, 0.75 * j],
					weight = Math.exp(-0.5 * (a * a + b * b));
				weights += weight;
				expected += weight * logJoint(x, mean[0] + a * sd[0], mean[1] + b * sd[1]);
				yield;
			}
		}
		const entropy = Math.log(2 * Math.PI * sd[0] * sd[1]) + 1;
		const gap = now.logSum - expected / weights - entropy;
		return { lines, gap: Math.max(0, gap), logSum: now.logSum, mean: now.mean, sd: now.sd, step };
	}

	return { logJoint, solve };
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
	for (let a = 0; a < 4; a++) {
		for (let b = 0; b < 4; b++) sum += across[a] * up[b] * (value(i + a - 1, j + b - 1) ?? Number.NaN);
	}
	return sum;
}

// The closed lines at which value(i, j) crosses the level, by marching squares over the given corners [i, j]. Returns
// lists of points [i * step, j * step].
function outline(value, corners, level, step) {
	const at = new Map(),
		links = new Map();
	// The crossing of the edge from a corner to its neighbour on the right or above
	function crossing([i, j], upwards) {
		const id = `${i},${j},${upwards}`;
		if (!at.has(id)) {
			const [a, b] = [value(i, j), upwards ? value(i, j + 1) : value(i + 1, j)],
				share = (level - a) / (b - a);
			at.set(id, upwards ? [i * step, (j + share) * step] : [(i + share) * step, j * step]);
		}
		return id;
	}
	function join(a, b) {
		for (const [one, other] of [
			[a, b],
			[b, a],
		]) {
			if (!links.has(one)) links.set(one, []);
			links.get(one).push(other);
		}
	}
	for (const [i, j] of corners) {
		const four = [value(i, j), value(i + 1, j), value(i + 1, j + 1), value(i, j + 1)];
		if (four.some(Number.isNaN)) continue;
		const inside = four.map((one) => one > level);
		const edges = [
			[[i, j], false],
			[[i + 1, j], true],
			[[i, j + 1], false],
			[[i, j], true],
		];
		const crossed = [0, 1, 2, 3].filter((k) => inside[k] !== inside[(k + 1) % 4]).map((k) => crossing(...edges[k]));
		const middleInside = four.reduce((sum, one) => sum + one) > 4 * level; // at a saddle the middle decides
		if (crossed.length === 4 && middleInside !== inside[0]) crossed.push(crossed.shift());
		for (let k = 0; k < crossed.length; k += 2) join(crossed[k], crossed[k + 1]);
	}
	const lines = [];
	while (links.size) {
		const line = [];
		let here = links.keys().next().value;
		while (here !== undefined) {
			line.push(at.get(here));
			const ways = links.get(here);
			links.delete(here);
			here = ways.find((way) => links.has(way));
		}
		lines.push(line);
	}
	return lines;
}

// The value of a generator, run in slices of so many milliseconds; nothing if isOld() came true in between.
async function inSlices(generator, slice, isOld) {
	for (let until = performance.now() + slice, count = 0; ; count++) {
		const { done, value } = generator.next();
		if (done) return value;
		if (count % 8 === 0 && performance.now() > until) {
			await new Promise((resolve) => setTimeout(resolve));
			if (isOld()) return undefined;
			until = performance.now() + slice;
		}
	}
}

const IN_WORKER = `
let solver, latest;
onmessage = async ({ data }) => {
  if (data.layers) return void (solver = makeSolver(data.layers));
  latest = data.run;
  const result = await inSlices(solver.solve(data.x, data.mean, data.sd), 50, () => latest !== data.run);
  if (result) postMessage({ run: data.run, result });
};`;

// solve(x, mean, sd, done): calls done(result), unless the next call comes before. In a worker, or, where the host
// allows none, here in slices that leave the page free. remove() ends it.
function startSolver(layers) {
	let run = 0,
		call,
		worker,
		here;
	const plain = layers
		.filter(({ kernel }) => kernel)
		.map(({ inputs, units, kernel, bias }) => ({ inputs, units, kernel, bias }));
	const finish = (result) => call?.done(result);
	async function solveHere() {
		here ??= makeSolver(plain);
		const own = run;
		const result = await inSlices(here.solve(call.x, call.mean, call.sd), 8, () => own !== run);
		if (result) finish(result);
	}
	function withoutWorker() {
		worker = null;
		if (call) solveHere();
	}
	function begin() {
		try {
			const text = [makeSolver, interpolate, outline, inSlices].join("\n") + IN_WORKER;
			const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
			worker = new Worker(address);
			worker.onmessage = ({ data }) => data.run === run && finish(data.result);
			worker.onerror = withoutWorker;
			worker.postMessage({ layers: plain });
		} catch {
			worker = null;
		}
	}
	return {
		solve(x, mean, sd, done) {
			run += 1;
			call = { x, mean, sd, done };
			if (worker === undefined) begin();
			if (worker) worker.postMessage({ run, x, mean, sd });
			else solveHere();
		},
		cancel() {
			run += 1;
			call = null;
		},
		remove() {
			run += 1;
			call = null;
			worker?.terminate();
		},
	};
}
