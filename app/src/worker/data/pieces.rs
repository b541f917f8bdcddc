//! The text of a file, a piece at a time, with progress and cancel.
//!
//! Does: unpacks what is packed.
//! Does not know: what the text is.
//! Flow: file → **pieces of text** → readings of a dense table.

use cells::dense::DenseError;
use cells::matrix_market::Inflate;

use super::files::Input;
use super::pace::{End, Pace};

/// Bytes of a piece of text, and of a packed one, which grows as it is unpacked.
pub(super) const LENGTHS: (u64, u64) = (1024 * 1024, 192 * 1024);

/// Hands out the text of a file, packed or not, a piece at a time.
pub(super) async fn pieces(
    title: &str,
    input: &Input,
    pace: &mut Pace<'_>,
    take: &mut impl FnMut(&[u8]) -> Result<(), DenseError>,
) -> Result<(), End> {
    let wrong = |error: DenseError| End::of_table(title, &error);
    let (mut inflate, mut at) = (Inflate::new(), 0);
    while at < input.len() {
        pace.step(at as f64 / input.len() as f64).await?;
        let piece = if at == 0 || inflate.is_packed() { LENGTHS.1 } else { LENGTHS.0 };
        let text = inflate.push(&input.slice(at, at + piece)?).map_err(|error| wrong(error.into()))?;
        take(&text).map_err(wrong)?;
        at += piece;
    }
    take(&inflate.finish().map_err(|error| wrong(error.into()))?).map_err(wrong)
}
