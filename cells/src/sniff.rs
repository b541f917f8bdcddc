//! What a file is, by its first bytes and not by its name.
//!
//! Does: tells HDF5, gzip, Matrix Market, text and what people choose by mistake (a web page, an archive, an R file).
//! Does not know: what is inside.
//! Flow: first bytes → **form** → the reader that opens it, or a sentence.

/// Bytes that are enough to tell.
pub const HEAD: usize = 4096;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// No bytes at all.
    Empty,
    /// HDF5: AnnData, 10x Genomics, MuData.
    Hdf5,
    /// Packed with gzip; what is inside shows once it is unpacked.
    Gzip,
    /// A Matrix Market file.
    MatrixMarket,
    /// Text: names of genes or cells, tables.
    Text,
    /// Something else, in words.
    Other(&'static str),
}

/// What the first bytes of a file say; [`HEAD`] of them are enough.
///
/// ```
/// use cells::sniff::{Form, form};
///
/// assert_eq!(form(b"\x1f\x8b\x08\x00"), Form::Gzip);
/// assert_eq!(form("\u{feff}%%MatrixMarket matrix coordinate integer general\n".as_bytes()), Form::MatrixMarket);
/// assert_eq!(form(b""), Form::Empty);
/// ```
pub fn form(head: &[u8]) -> Form {
    const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
    // HDF5 may stand behind a block of the user's, at 512, 1024, 2048 …
    let behind = (9..12).any(|power| head.get(1 << power..).is_some_and(|rest| rest.starts_with(HDF5)));
    if head.is_empty() {
        Form::Empty
    } else if head.starts_with(HDF5) || behind {
        Form::Hdf5
    } else if head.starts_with(&[0x1f, 0x8b]) {
        Form::Gzip
    } else {
        binary(head).map_or_else(|| of_text(head), Form::Other)
    }
}

/// Known binary forms that are not read.
fn binary(head: &[u8]) -> Option<&'static str> {
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive; unpack it (tar -xf) and choose the files inside");
    }
    let known: [(&[u8], &str); 9] = [
        (b"PK\x03\x04", "a ZIP archive; unpack it and choose the files inside"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"BZh", "packed with bzip2; unpack it first (bunzip2)"),
        (b"\xfd7zXZ", "packed with xz; unpack it first (unxz)"),
        (b"\x28\xb5\x2f\xfd", "packed with zstd; unpack it first (unzstd)"),
        (b"RDX", "an R file; save it from R as h5ad (for example with zellkonverter or sceasy)"),
        (b"X\n\x00", "an R file; save it from R as h5ad (for example with zellkonverter or sceasy)"),
        (b"PAR1", "a Parquet table; save the cells as h5ad"),
        (b"%PDF", "a PDF document"),
    ];
    known.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, words)| *words)
}

/// Text, by what it begins with.
fn of_text(head: &[u8]) -> Form {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // Letters of two bytes, which a mark says, are known by the one that is not zero.
    let wide = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    let letters = if wide { head.get(2..).unwrap_or_default() } else { head };
    let letters = letters.iter().filter(|byte| !(wide && **byte == 0));
    let start: Vec<u8> = letters.take(64).map(u8::to_ascii_lowercase).collect();
    let start = start.trim_ascii_start();
    if start.starts_with(b"%%matrixmarket") {
        return Form::MatrixMarket;
    }
    if [&b"<!doctype"[..], b"<html", b"<?xml"].iter().any(|word| start.starts_with(word)) {
        return Form::Other("a web page, perhaps of a log-in or an error; download the file itself again");
    }
    if start.starts_with(b"version https://git-lfs") {
        return Form::Other("a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`");
    }
    // Text holds no zero bytes, unless it has two bytes a letter and says so.
    if head.contains(&0) && !wide { Form::UNKNOWN } else { Form::Text }
}

impl Form {
    /// Nothing that is known here.
    pub const UNKNOWN: Self = Self::Other("of a kind that is not known here");

    /// For sentences: "this is …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Empty => "an empty file (0 bytes)",
            Self::Hdf5 => "an HDF5 file",
            Self::Gzip => "packed with gzip",
            Self::MatrixMarket => {
                "a Matrix Market file; it is read together with the files of its genes (features.tsv or genes.tsv) and cells (barcodes.tsv)"
            }
            Self::Text => "a text file",
            Self::Other(words) => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, form};

    #[test]
    fn forms_are_known_by_their_bytes() {
        let mut behind = vec![0; 1024];
        behind.extend_from_slice(b"\x89HDF\r\n\x1a\n");
        assert_eq!(form(&behind), Form::Hdf5);
        assert_eq!(form(b"  %%matrixmarket matrix"), Form::MatrixMarket);
        assert_eq!(form(b"ENSG1\tCD3D\n"), Form::Text);
        assert_eq!(form(b"\xff\xfeE\0N\0"), Form::Text);
        for (head, word) in [
            (&b"<!DOCTYPE html><html>"[..], "web page"),
            (b"PK\x03\x04....", "ZIP"),
            (&[&b"matrix.mtx"[..], &[0; 247], b"ustar\x00"].concat(), "tar archive"),
            (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
            (b"RDX3\nX\n", "R file"),
            (b"\x00\x01\x02", "not known"),
        ] {
            let found = form(head);
            assert!(matches!(found, Form::Other(_)) && found.words().contains(word), "{found:?}");
        }
    }
}
