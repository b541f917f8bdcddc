// The page's first script, and its only one that is not compiled from Rust: what stands here runs before
// WebAssembly does, or when it cannot.
//
// Does: looks whether this browser can run the page, loads the page's program, and says in a sentence what
// to do when either fails.
// Does not know: the page.
// Flow: index.html → here → app.js (from app/bin/app.rs).

// The address of this file carries the version of the site ("?v=…"); its other files are asked for with the
// same one, so that no cache on the way can mix two versions.
const version = new URL(import.meta.url).search;

// The smallest module with a SIMD instruction: one function that fills a vector with a zero.
const SIMD = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // "\0asm", version 1
  1, 5, 1, 0x60, 0, 1, 0x7b, // type: () → v128
  3, 2, 1, 0, // function 0 has type 0
  10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x0f, 0x0b, // i32.const 0, i8x16.splat, end
]);

/** What this browser lacks, as a sentence; nothing when it lacks nothing. */
function lacks() {
  if (typeof WebAssembly !== "object") {
    return "This browser does not run WebAssembly, or it is switched off (lockdown modes do that). Wellplate computes in the browser and needs it: allow it for this site, or open the page in a current Chrome, Edge, Firefox or Safari.";
  }
  if (!WebAssembly.validate(SIMD)) {
    return "This browser does not know the vector instructions of WebAssembly (SIMD) that the model is computed with. Chrome and Edge know them since version 91, Firefox since 89, Safari since 16.4: please update it.";
  }
  return undefined;
}

/** Shows a sentence instead of the page. */
function refuse(sentence) {
  const splash = document.getElementById("splash");
  if (splash) {
    splash.setAttribute("role", "alert");
    splash.dataset.testid = "refused";
    splash.replaceChildren(Object.assign(document.createElement("p"), { textContent: sentence }));
  }
}

const missing = lacks();
if (missing) {
  refuse(missing);
} else {
  try {
    const program = await import(`./app.js${version}`);
    await program.default({ module_or_path: new URL(`./app_bg.wasm${version}`, import.meta.url) });
  } catch (error) {
    console.error(error);
    refuse(`The page could not be started (${error}). Check the connection and reload it.`);
  }
}
