// Points of one layer: a square for each, cut to the layer's shape with a smooth edge.
// Positions stay on the GPU; moving the map changes only `layer`.
// Points are read by their number and not drawn as instances: a software GPU starts every instance anew, which took
// 15 times as long.

struct Layer {
    // From the map's coordinates to clip space.
    scale: vec2f,
    offset: vec2f,
    // Clip space per CSS pixel.
    pixel: vec2f,
    // CSS pixels.
    radius: f32,
    // CSS pixels of one device pixel: the width of the smooth edge.
    edge: f32,
    // 0 disc, 1 triangle, 2 square, 3 diamond.
    marker: u32,
    // Whether points that are not selected stand back.
    selecting: u32,
    alpha: f32,
    unused: f32,
}

struct Palette {
    colours: array<vec4f, 96>,
    ink: vec4f,
}

@group(0) @binding(0) var<uniform> layer: Layer;
@group(0) @binding(1) var<uniform> palette: Palette;
@group(0) @binding(2) var<storage, read> positions: array<vec2f>;
@group(0) @binding(3) var<storage, read> codes: array<u32>;

const SELECTED = 256u;
const HIDDEN = 512u;

struct Corner {
    @builtin(position) at: vec4f,
    // Place in the square, in radii.
    @location(0) spot: vec2f,
    @location(1) @interpolate(flat) colour: vec4f,
    @location(2) @interpolate(flat) selected: f32,
}

@vertex
fn place(@builtin(vertex_index) vertex: u32) -> Corner {
    var out: Corner;
    let point = positions[vertex / 6u];
    let code = codes[vertex / 6u];
    // Two triangles: corners 0 1 2 and 2 1 3.
    let turn = vertex % 6u;
    let corner = select(turn, select(5u - turn, 3u, turn == 5u), turn > 2u);
    let selected = (code & SELECTED) != 0u;
    let grow = select(1.0, 1.25, selected);
    let room = 1.0 + layer.edge / layer.radius;
    let spot = vec2f(f32(corner & 1u) * 2.0 - 1.0, f32(corner >> 1u) * 2.0 - 1.0) * room;
    let at = point * layer.scale + layer.offset + spot * layer.radius * grow * layer.pixel;
    // A hidden point has all its corners at one place outside.
    out.at = select(vec4f(at, 0.0, 1.0), vec4f(2.0, 2.0, 0.0, 1.0), (code & HIDDEN) != 0u);
    out.spot = spot;
    let back = select(1.0, 0.22, layer.selecting != 0u && !selected);
    out.colour = vec4f(palette.colours[min(code & 255u, 95u)].rgb, layer.alpha * back);
    out.selected = select(0.0, 1.0, selected);
    return out;
}

// Distance from the shape's edge in radii, negative inside.
fn distance_of(spot: vec2f) -> f32 {
    switch layer.marker {
        case 1u: {
            return max(-1.0 - spot.y, (2.0 * abs(spot.x) + spot.y - 1.0) * 0.4472136);
        }
        case 2u: {
            return max(abs(spot.x), abs(spot.y)) - 0.9;
        }
        case 3u: {
            return (abs(spot.x) + abs(spot.y) - 1.0) * 0.7071068;
        }
        default: {
            return length(spot) - 1.0;
        }
    }
}

@fragment
fn shade(in: Corner) -> @location(0) vec4f {
    let outside = distance_of(in.spot) * layer.radius;
    let cover = clamp(0.5 - outside / layer.edge, 0.0, 1.0);
    // Selected points have a rim of ink.
    let rim = in.selected * clamp(0.5 + (outside + 1.0) / layer.edge, 0.0, 1.0);
    return vec4f(mix(in.colour.rgb, palette.ink.rgb, rim), max(in.colour.a, in.selected) * cover);
}
