//! Pictures read back from a GPU.
//!
//! Does: lets the GPU draw into memory and hands the picture out when it is there. A software GPU is used this way: it
//! cannot show a canvas itself (Chromium takes it away when it is asked to), and while it draws the page stays free.
//! Does not know: what is drawn.
//! Flow: GPU texture → bytes → **picture** → 2D canvas.

use futures_channel::oneshot;
use wgpu::{
    Buffer, BufferDescriptor, BufferUsages, CommandEncoder, Device, Extent3d, MapMode, TexelCopyBufferInfo,
    TexelCopyBufferLayout, Texture, TextureDescriptor, TextureDimension, TextureFormat, TextureUsages, TextureView,
    TextureViewDescriptor,
};

use crate::map_view::view::View;

/// Format of pictures: that of a 2D canvas.
pub(super) const FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;
/// Pixels that rows are rounded up to: 256 bytes.
const ROW: u32 = 64;

/// A finished picture.
pub(super) struct Picture {
    /// Red, green, blue and opacity of every pixel.
    pub(super) bytes: Vec<u8>,
    /// Pixels of a row in `bytes`.
    pub(super) row: u32,
    /// Pixels of a row that are drawn.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    /// What it shows.
    pub(super) view: View,
}

/// A texture to draw into and a buffer to read it from.
pub(super) struct Copy {
    texture: Texture,
    buffer: Buffer,
    row: u32,
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
}

impl Copy {
    pub(super) fn new(device: &Device, (width, height): (u32, u32)) -> Self {
        let row = width.div_ceil(ROW) * ROW;
        let texture = device.create_texture(&TextureDescriptor {
            label: Some("picture"),
            size: Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: TextureDimension::D2,
            format: FORMAT,
            usage: TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let buffer = device.create_buffer(&BufferDescriptor {
            label: Some("picture"),
            size: 4 * u64::from(row) * u64::from(height),
            usage: BufferUsages::COPY_DST | BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        Self { texture, buffer, row, size: (width, height) }
    }

    /// What to draw on.
    pub(super) fn view(&self) -> TextureView {
        self.texture.create_view(&TextureViewDescriptor::default())
    }

    /// Copies what was drawn.
    pub(super) fn encode(&self, encoder: &mut CommandEncoder) {
        let layout = TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * self.row), rows_per_image: None };
        encoder.copy_texture_to_buffer(
            self.texture.as_image_copy(),
            TexelCopyBufferInfo { buffer: &self.buffer, layout },
            Extent3d { width: self.size.0, height: self.size.1, depth_or_array_layers: 1 },
        );
    }

    /// Hands the picture out when it is there; nothing comes when the GPU is lost meanwhile, which is told elsewhere.
    pub(super) fn read(&self, view: View, deliver: impl Fn(Picture) + 'static) {
        let (buffer, row, (width, height)) = (self.buffer.clone(), self.row, self.size);
        // Through a channel: what the GPU calls back may have to be `Send`, what draws on a canvas is not.
        let (there, arrived) = oneshot::channel();
        self.buffer.map_async(MapMode::Read, .., move |result| {
            let bytes = result.ok().and_then(|()| buffer.get_mapped_range(..).ok().map(|range| range.to_vec()));
            buffer.unmap();
            // Nobody waits any more when the map is gone.
            let _ = there.send(bytes);
        });
        wasm_bindgen_futures::spawn_local(async move {
            if let Ok(Some(bytes)) = arrived.await {
                deliver(Picture { bytes, row, width, height, view });
            }
        });
    }
}
