// The other half of data_file.py: bytes that a figure does not carry with it, fetched when it comes near the screen.

// Calls start() once, when the node is near the screen. Returns what ends the waiting.
function whenNear(node, start) {
	const watch = new IntersectionObserver(
		(entries) => {
			if (!entries.some((entry) => entry.isIntersecting)) return;
			watch.disconnect();
			start();
		},
		{ rootMargin: "300px" },
	);
	watch.observe(node);
	return () => watch.disconnect();
}

// Asks the host for the figure's file, or another one. Calls done({part: [description, DataView]}), or failed(), and
// returns what ends the waiting.
function loadDataFile(model, done, failed, name = model.get("data_file")) {
	function receive(content, buffers) {
		if (content.loaded !== name && content.failed !== name) return;
		stop();
		let parts;
		try {
			parts = readDataFile(buffers[0]);
		} catch {
			return failed(); // no bytes, or other ones
		}
		done(parts);
	}
	const stop = () => model.off("msg:custom", receive);
	model.on("msg:custom", receive);
	model.send({ load: name });
	return stop;
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

// The bytes of a part that zlib compressed.
async function inflate(view) {
	const stream = new Blob([view]).stream().pipeThrough(new DecompressionStream("deflate"));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}
