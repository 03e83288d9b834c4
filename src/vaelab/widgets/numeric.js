// What figures compute by trying: an area by the trapezoid rule, and the way uphill.

function integrate(f, low, high, steps) {
	const step = (high - low) / steps;
	let sum = 0.5 * (f(low) + f(high));
	for (let i = 1; i < steps; i++) sum += f(low + i * step);
	return sum * step;
}

// The mean and log_var uphill of the state's own, within the ranges: ever smaller steps in both directions.
function climb(f, state, ranges) {
	let best = { ...state },
		height = f(best);
	for (let step = 0.05; step > 1e-4; ) {
		let moved = false;
		for (const way of [0, 1, 2, 3]) {
			const name = way < 2 ? "mean" : "log_var",
				next = { ...best, [name]: clamp(best[name] + (way % 2 ? -step : step), ranges[name]) },
				there = f(next);
			if (there > height) [best, height, moved] = [next, there, true];
		}
		if (!moved) step /= 2;
	}
	return { mean: best.mean, log_var: best.log_var };
}
