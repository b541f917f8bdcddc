// The worker's first script.
//
// Does: loads the worker's program; says in a sentence when it cannot be loaded or when it died in a way that
// the program itself cannot report (a trap ends WebAssembly without a word).
// Does not know: the model, and of the messages only `Failed` (app/src/protocol/mod.rs).
// Flow: page → here → worker.js (from app/bin/worker.rs).

// The version of the site, as in start.js.
const version = new URL(import.meta.url).search;

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
  await program.default({ module_or_path: new URL(`./worker_bg.wasm${version}`, import.meta.url) });
} catch (error) {
  console.error(error);
  fatal(`The part of the page that runs the model could not be loaded or started (${error}). Check the connection, then restart.`);
}
