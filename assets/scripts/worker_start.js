// The worker's first script.
//
// Does: loads the worker's program, or takes the compiled one that a helper is handed (app/src/worker/pool); says in
// a sentence when it cannot be loaded or when it died in a way that the program itself cannot report (a trap ends
// WebAssembly without a word).
// Does not know: the model, and of the messages only `Failed` (app/src/protocol/mod.rs).
// Flow: page, or a worker → here → worker.js (from app/bin/worker.rs).

// The version of the site, as in start.js.
const version = new URL(import.meta.url).search;

// A helper is handed the compiled program in its first message; it is listened for at once, so that none is missed.
const compiled =
  self.name === "member"
    ? new Promise((resolve) => addEventListener("message", (event) => resolve(event.data[0]), { once: true }))
    : new URL(`./worker_bg.wasm${version}`, import.meta.url);

/** Tells the page that the worker has to be restarted. */
function fatal(sentence) {
  postMessage([{ Failed: { run: undefined, sentence, fatal: true } }]);
}

/** Tells the page of a trap; other errors leave the program alive, and the console has them. */
function trapped(error) {
  if (error instanceof RangeError || /memory/i.test(String(error))) {
    fatal("The model ran out of memory. Restart and choose fewer cells; your choices are kept.");
  } else if (error instanceof WebAssembly.RuntimeError) {
    // A panic has sent its own sentence before this one, and the page keeps the first. What ends without a
    // word is an allocation that the browser refused.
    fatal("The model stopped, most likely because the browser gave it no more memory. Restart and choose fewer cells; your choices are kept.");
  }
}
addEventListener("error", (event) => trapped(event.error));
addEventListener("unhandledrejection", (event) => trapped(event.reason));

try {
  const program = await import(`./worker.js${version}`);
  await program.default({ module_or_path: await compiled });
} catch (error) {
  console.error(error);
  fatal(`The part of the page that runs the model could not be loaded or started (${error}). Check the connection, then restart.`);
}
