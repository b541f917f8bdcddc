//! The map's points on the GPU.
//!
//! Does: starts WebGPU, keeps each layer's positions and codes there (new cells are appended), draws all layers as
//! squares, onto a canvas or, on a software GPU, into a picture that is read back; a moved map costs some numbers.
//! Does not know: signals, names, regions; the 2D canvas above draws those.
//! Flow: scene → **GPU buffers** → canvas.

use leptos::web_sys::HtmlCanvasElement;
use plots::frame::Marker;
use plotters::style::RGBColor;
use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BlendState, Buffer, BufferDescriptor, BufferUsages, Color,
    ColorTargetState, ColorWrites, CommandEncoderDescriptor, CurrentSurfaceTexture, Device, DeviceDescriptor,
    FragmentState, Instance, InstanceDescriptor, LoadOp, Operations, PrimitiveState, Queue, RenderPassColorAttachment,
    RenderPassDescriptor, RenderPipeline, RenderPipelineDescriptor, RequestAdapterOptions, ShaderModuleDescriptor,
    ShaderSource, StoreOp, Surface, SurfaceConfiguration, SurfaceTarget, TextureFormat, TextureViewDescriptor,
    VertexState,
};

use super::copy::{Copy, FORMAT, Picture};
use super::scene::{Layer, Scene};
use crate::map_view::LayerId;
use crate::map_view::colour::PALETTE;

/// Bytes of a layer's numbers in the shader.
const LAYER_BYTES: u64 = 48;
/// Bytes of the palette with the ink.
const PALETTE_BYTES: u64 = 16 * (PALETTE as u64 + 1);

/// What of a layer is on the GPU.
struct Uploaded {
    id: LayerId,
    numbers: Buffer,
    group: BindGroup,
    positions: Buffer,
    codes: Buffer,
    /// Points that fit into the buffers.
    room: usize,
    /// Points that are there.
    cells: usize,
    placed: u32,
    painted: u32,
}

/// Where points are drawn.
enum Target {
    /// Onto the canvas.
    Canvas(Surface<'static>, Box<SurfaceConfiguration>),
    /// Into a picture; there is one once the size is known.
    Copy(Option<Copy>),
}

/// A running GPU.
pub(super) struct Gpu {
    device: Device,
    queue: Queue,
    target: Target,
    pipeline: RenderPipeline,
    palette: Buffer,
    /// The palette that is there.
    shown: Vec<RGBColor>,
    layers: Vec<Uploaded>,
    /// Adapter's name.
    pub(super) name: String,
}

/// Starts WebGPU on a canvas that has no context yet. `lost` is called with a reason when the GPU fails later.
///
/// # Errors
/// Why there is none, as the rest of a sentence.
pub(super) async fn start(
    canvas: HtmlCanvasElement,
    lost: impl Fn(String) + Clone + Send + Sync + 'static,
) -> Result<Gpu, String> {
    let (name, software) = super::adapter::ask().await?;
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
    let options = RequestAdapterOptions::default();
    let adapter = instance.request_adapter(&options).await.map_err(|_| "the browser gives no GPU".to_owned())?;
    let (device, queue) =
        adapter.request_device(&DeviceDescriptor::default()).await.map_err(|error| error.to_string())?;
    let told = lost.clone();
    device.set_device_lost_callback(move |_, why| {
        told(if why.is_empty() { "the GPU was lost".to_owned() } else { format!("the GPU was lost ({why})") })
    });
    device.on_uncaptured_error(std::sync::Arc::new(move |error: wgpu::Error| {
        // The first line says what, the rest is the browser's own account.
        let words = error.to_string();
        lost(format!("the GPU refused to draw ({})", words.lines().next().unwrap_or_default()));
    }));
    let (target, format) = if software {
        (Target::Copy(None), FORMAT)
    } else {
        let surface = instance.create_surface(SurfaceTarget::Canvas(canvas)).map_err(|error| error.to_string())?;
        let settings = surface.get_default_config(&adapter, 16, 16);
        let settings = settings.ok_or_else(|| "the GPU cannot draw on a canvas".to_owned())?;
        let format = settings.format;
        (Target::Canvas(surface, Box::new(settings)), format)
    };
    let pipeline = pipeline(&device, format);
    let palette = buffer(&device, "palette", PALETTE_BYTES, BufferUsages::UNIFORM);
    Ok(Gpu { device, queue, target, pipeline, palette, shown: Vec::new(), layers: Vec::new(), name })
}

/// An empty buffer that can be written.
fn buffer(device: &Device, label: &str, size: u64, usage: BufferUsages) -> Buffer {
    let usage = usage | BufferUsages::COPY_DST;
    device.create_buffer(&BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false })
}

/// How points are drawn.
fn pipeline(device: &Device, format: TextureFormat) -> RenderPipeline {
    let module = device.create_shader_module(ShaderModuleDescriptor {
        label: Some("points"),
        source: ShaderSource::Wgsl(include_str!("points.wgsl").into()),
    });
    device.create_render_pipeline(&RenderPipelineDescriptor {
        label: Some("points"),
        layout: None,
        vertex: VertexState {
            module: &module,
            entry_point: Some("place"),
            compilation_options: Default::default(),
            buffers: &[],
        },
        primitive: PrimitiveState::default(),
        depth_stencil: None,
        multisample: Default::default(),
        fragment: Some(FragmentState {
            module: &module,
            entry_point: Some("shade"),
            compilation_options: Default::default(),
            targets: &[Some(ColorTargetState {
                format,
                blend: Some(BlendState::ALPHA_BLENDING),
                write_mask: ColorWrites::ALL,
            })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// A colour's parts between 0 and 1.
fn parts(colour: RGBColor) -> [f32; 4] {
    [colour.0, colour.1, colour.2, 255].map(|part| f32::from(part) / 255.0)
}

/// Number of a shape in the shader.
fn shape(marker: Marker) -> u32 {
    match marker {
        Marker::Triangle => 1,
        Marker::Square => 2,
        Marker::Diamond => 3,
        _ => 0,
    }
}

/// Lengths that belong to one picture.
#[derive(Clone, Copy)]
struct Lens {
    clip: [f32; 4],
    size: (f64, f64),
    growth: f64,
    scale: f64,
    selecting: bool,
}

impl Gpu {
    /// Whether pictures are read back.
    pub(super) fn copies(&self) -> bool {
        matches!(self.target, Target::Copy(_))
    }

    /// Draws the scene's points at `scale` device pixels per CSS pixel; a picture that is read back is delivered later.
    ///
    /// # Errors
    /// Why it cannot, as the rest of a sentence.
    pub(super) fn draw(
        &mut self,
        scene: &Scene,
        scale: f64,
        deliver: impl Fn(Picture) + 'static,
    ) -> Result<(), String> {
        self.colour(scene);
        let lens = Lens {
            clip: scene.view.clip(scene.size),
            size: scene.size,
            growth: scene.growth(),
            scale,
            selecting: scene.selecting,
        };
        scene.layers.iter().for_each(|layer| self.upload(layer, lens));
        let pixels = (((scene.size.0 * scale) as u32).max(1), ((scene.size.1 * scale) as u32).max(1));
        let mut encoder = self.device.create_command_encoder(&CommandEncoderDescriptor { label: Some("map") });
        match &mut self.target {
            Target::Copy(copy) => {
                if copy.as_ref().is_none_or(|copy| copy.size != pixels) {
                    *copy = Some(Copy::new(&self.device, pixels));
                }
            }
            Target::Canvas(surface, settings) => {
                if (settings.width, settings.height) != pixels {
                    (settings.width, settings.height) = pixels;
                    surface.configure(&self.device, settings);
                }
            }
        }
        match &self.target {
            Target::Copy(copy) => {
                let Some(copy) = copy else { return Ok(()) };
                self.encode(&mut encoder, &copy.view(), scene);
                copy.encode(&mut encoder);
                self.queue.submit([encoder.finish()]);
                copy.read(scene.view, deliver);
            }
            Target::Canvas(surface, _) => {
                let texture = match surface.get_current_texture() {
                    CurrentSurfaceTexture::Success(texture) | CurrentSurfaceTexture::Suboptimal(texture) => texture,
                    // Nobody sees it now; the next change draws again.
                    CurrentSurfaceTexture::Timeout | CurrentSurfaceTexture::Occluded => return Ok(()),
                    _ => return Err("the GPU's picture was lost".to_owned()),
                };
                self.encode(&mut encoder, &texture.texture.create_view(&TextureViewDescriptor::default()), scene);
                self.queue.submit([encoder.finish()]);
                self.queue.present(texture);
            }
        }
        Ok(())
    }

    /// Draws all layers onto a view.
    fn encode(&self, encoder: &mut wgpu::CommandEncoder, view: &wgpu::TextureView, scene: &Scene) {
        let [r, g, b, a] = parts(scene.theme.ground).map(f64::from);
        let attachment = RenderPassColorAttachment {
            view,
            depth_slice: None,
            resolve_target: None,
            ops: Operations { load: LoadOp::Clear(Color { r, g, b, a }), store: StoreOp::Store },
        };
        let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
            label: Some("map"),
            color_attachments: &[Some(attachment)],
            ..RenderPassDescriptor::default()
        });
        pass.set_pipeline(&self.pipeline);
        for layer in &scene.layers {
            let Some(own) = self.layers.iter().find(|own| own.id == layer.id && own.cells > 0) else { continue };
            pass.set_bind_group(0, &own.group, &[]);
            pass.draw(0..6 * own.cells as u32, 0..1);
        }
    }

    /// Brings the palette up to date.
    fn colour(&mut self, scene: &Scene) {
        if self.shown != scene.palette {
            let colours = scene.palette.iter().copied().chain([scene.theme.ink]);
            let numbers: Vec<f32> = colours.flat_map(parts).collect();
            self.queue.write_buffer(&self.palette, 0, bytemuck::cast_slice(&numbers));
            self.shown.clone_from(&scene.palette);
        }
    }

    /// Brings a layer up to date: its numbers always, points and codes when they changed.
    fn upload(&mut self, layer: &Layer, lens: Lens) {
        let cells = layer.cells().min(layer.codes.len());
        let at = match self.layers.iter().position(|own| own.id == layer.id) {
            Some(at) if self.layers[at].room >= cells => at,
            Some(at) => {
                self.layers[at] = self.empty(layer.id, cells);
                at
            }
            None => {
                self.layers.push(self.empty(layer.id, cells));
                self.layers.len() - 1
            }
        };
        let own = &mut self.layers[at];
        let known = if own.placed == layer.placed { own.cells.min(cells) } else { 0 };
        if known < cells {
            let fresh = bytemuck::cast_slice(&layer.points[2 * known..2 * cells]);
            self.queue.write_buffer(&own.positions, 8 * known as u64, fresh);
        }
        if cells > 0 && (own.painted != layer.painted || own.cells != cells) {
            self.queue.write_buffer(&own.codes, 0, bytemuck::cast_slice(&layer.codes[..cells]));
        }
        (own.cells, own.placed, own.painted) = (cells, layer.placed, layer.painted);
        let [x, y, dx, dy] = lens.clip;
        let radius = Layer::radius(layer.id) * lens.growth;
        let floats = [
            x,
            y,
            dx,
            dy,
            (2.0 / lens.size.0) as f32,
            (2.0 / lens.size.1) as f32,
            radius as f32,
            (1.0 / lens.scale) as f32,
            f32::from_bits(shape(Layer::marker(layer.id))),
            f32::from_bits(u32::from(lens.selecting)),
            Layer::alpha(layer.id) as f32,
            0.0,
        ];
        self.queue.write_buffer(&own.numbers, 0, bytemuck::cast_slice(&floats));
    }

    /// Buffers for a layer, with room to grow.
    fn empty(&self, id: LayerId, cells: usize) -> Uploaded {
        let room = cells.next_power_of_two().max(256);
        let of_points = |label, bytes| buffer(&self.device, label, bytes * room as u64, BufferUsages::STORAGE);
        let (positions, codes) = (of_points("positions", 8), of_points("codes", 4));
        let numbers = buffer(&self.device, "layer", LAYER_BYTES, BufferUsages::UNIFORM);
        let bound = [&numbers, &self.palette, &positions, &codes];
        let entries: Vec<BindGroupEntry<'_>> = bound
            .into_iter()
            .zip(0..)
            .map(|(buffer, binding)| BindGroupEntry { binding, resource: buffer.as_entire_binding() })
            .collect();
        let layout = self.pipeline.get_bind_group_layout(0);
        let group = self.device.create_bind_group(&BindGroupDescriptor {
            label: Some("layer"),
            layout: &layout,
            entries: &entries,
        });
        Uploaded { id, numbers, group, positions, codes, room, cells: 0, placed: 0, painted: 0 }
    }

    /// Takes the GPU away, as a test asks for it.
    pub(super) fn lose(&self) {
        self.device.destroy();
    }
}
