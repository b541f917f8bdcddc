// Makes cells with onnxruntime-web on WebAssembly: one thread, the graphs of `export.py`, the walk of docs/model.md §14.
//
// What a graph cannot know stays here: which genes are revealed in which step. Every gene is decoded in every step,
// because a graph has the same shape for every cell.
import * as ort from "./ort.wasm.min.mjs";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = "./";

const about = await (await fetch("about.json")).json();
const open = name => ort.InferenceSession.create(name, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
const [hidden, decode] = [await open("hidden.onnx"), await open("decode.onnx")];
const { config, place, positions, mask, padding } = about;
const genes = place.flatMap((gene, at) => (gene < config.genes ? [at] : []));
const tensor = (kind, values, ...sizes) => new ort.Tensor(kind, values, sizes);

// A small generator that can be begun anew (mulberry32).
const numbers = seed => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

function shuffled(random) {
  const order = Int32Array.from(genes);
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const revealed = steps => Array.from({ length: steps }, (_, step) =>
  step + 1 === steps ? genes.length : Math.round((1 - Math.cos((Math.PI * (step + 1)) / (2 * steps))) * genes.length));

// A batch of whole cells; the time that each part takes is added to `took`.
async function batch(cells, steps, low, high, random, took) {
  const tokens = new Int32Array(cells * positions).fill(mask);
  for (let at = 0; at < tokens.length; at++) if (place[at % positions] >= config.genes) tokens[at] = padding;
  const orders = Array.from({ length: cells }, () => shuffled(random));
  const uniforms = Float32Array.from({ length: cells * positions }, random);
  const labels = Int32Array.from({ length: cells * config.condition_slots }, (_, at) =>
    about.golden.conditions[at % config.condition_slots]);
  let done = 0;
  for (const upto of revealed(steps)) {
    const started = performance.now();
    const states = await hidden.run({
      tokens: tensor("int32", tokens, cells, positions),
      conditions: tensor("int32", labels, cells, config.condition_slots),
      factors: tensor("float32", Float32Array.from({ length: cells * config.summary }, () => normal(random)), cells, config.summary),
      low: tensor("float32", new Float32Array(cells).fill(low), cells, 1),
      high: tensor("float32", new Float32Array(cells).fill(high), cells, 1),
    });
    const between = performance.now();
    const { drawn } = await decode.run({ ...states, uniforms: tensor("float32", uniforms, cells, positions) });
    took.hidden += between - started;
    took.decode += performance.now() - between;
    const values = drawn.data;
    orders.forEach((order, cell) => {
      for (let at = done; at < upto; at++) tokens[cell * positions + order[at]] = values[cell * positions + order[at]];
    });
    done = upto;
  }
  return tokens;
}

// Furthest that the logits of the golden pass lie from those of the bundle.
async function golden() {
  const session = await open("golden.onnx");
  const { tokens, conditions, logits } = about.golden;
  const found = await session.run({
    tokens: tensor("int32", Int32Array.from(tokens), about.cells, positions),
    conditions: tensor("int32", Int32Array.from(conditions), about.cells, config.condition_slots),
    factors: tensor("float32", new Float32Array(about.cells * config.summary), about.cells, config.summary),
    low: tensor("float32", new Float32Array(about.cells), about.cells, 1),
    high: tensor("float32", new Float32Array(about.cells).fill(1e9), about.cells, 1),
  });
  await session.release();
  // A value above its gene's ceiling has no logit on either side.
  return logits.reduce((most, own, at) => (own > -1e8 ? Math.max(most, Math.abs(own - found.logits.data[at])) : most), 0);
}

async function measure({ cells, size, steps, low, high }) {
  const took = { hidden: 0, decode: 0 };
  const random = numbers(1);
  const started = performance.now();
  let made = 0, counted = 0, unknown = 0;
  while (made < cells) {
    const tokens = await batch(size, steps, low, high, random, took);
    for (const token of tokens) {
      // Below 100 a token is its count; larger ones are few, and this is only a look.
      if (token < 100) counted += token;
      if (token === mask) unknown += 1;
    }
    made += size;
  }
  const all = performance.now() - started;
  return { cells: made, all: all / made, hidden: took.hidden / made, decode: took.decode / made, counts: counted / made, unknown };
}

onmessage = async ({ data }) => {
  try {
    const measured = data.golden ? await golden() : await measure(data);
    postMessage({ measured });
  } catch (error) {
    postMessage({ failed: String(error && error.message ? error.message : error) });
  }
};
// What is sent to a module that still waits for its files is lost.
postMessage({ ready: true });
