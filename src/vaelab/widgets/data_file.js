// The other half of data_file.py: bytes that a figure does not carry with it, fetched when it comes near the screen.

// Once the figure is near the screen, asks the host for its files. Calls done({part: [description, DataView]}) with all
// that they hold, or else draw(), and root.dataset.data is "failed", not "loading". Returns what ends the waiting.
function loadData(root, model, done, draw) {
	const names = new Set([model.get("data_file"), model.get("more_data")].filter(Boolean)),
		parts = {};
	root.dataset.data = "loading";
	async function receive({ loaded, failed: lost }, buffers) {
		if (!names.has(loaded ?? lost)) return;
		try {
			Object.assign(parts, readDataFile(buffers[0])); // throws if there are no bytes, or other ones
			names.delete(loaded);
			if (names.size) return;
			stop();
			await done(parts);
			root.dataset.loaded = true;
		} catch (error) {
			stop();
			console.warn(error);
			root.dataset.data = "failed";
			draw();
		}
	}
	const watch = new IntersectionObserver(
		(entries) => {
			if (!entries.at(-1).isIntersecting) return;
			watch.disconnect();
			stop = () => model.off("msg:custom", receive);
			model.on("msg:custom", receive);
			for (const name of names) model.send({ load: name });
		},
		{ rootMargin: "300px" },
	);
	let stop = () => watch.disconnect();
	watch.observe(root);
	return () => stop();
}

function readDataFile({ buffer, byteOffset }) {
	const length = new DataView(buffer, byteOffset).getUint32(0, true),
		parts = {};
	let at = byteOffset + 4 + length;
	const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, byteOffset + 4, length)));
	for (const [name, description] of Object.entries(head.parts)) {
		parts[name] = [description, new DataView(buffer, at, description.bytes)];
		at += description.bytes;
	}
	return parts;
}

// The address of a worker's script: functions that know nothing but each other, and what they do there.
const codeAddress = (...parts) => URL.createObjectURL(new Blob([parts.join("\n")], { type: "text/javascript" }));

// The bytes of a part that zlib compressed.
async function inflate(view, format = "deflate") {
	const stream = new Blob([view]).stream().pipeThrough(new DecompressionStream(format));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The numbers of a part of whole ones of 16 bits.
const scaled = (view, scale) => Float64Array.from(new Int16Array(copy(view)), (value) => value * scale);
