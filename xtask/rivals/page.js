// Starts the rival in a worker, as the page's own cells are made in one; `ready`, `measured` and `failed` are what
// WebDriver reads.
const worker = new Worker("rival.js", { type: "module" });
worker.onmessage = ({ data }) => Object.assign(window, data);
worker.onerror = error => { window.failed = error.message || "the rival's worker does not start"; };
window.measure = order => {
  window.measured = window.failed = null;
  worker.postMessage(order);
};
