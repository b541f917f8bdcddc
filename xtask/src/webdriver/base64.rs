//! Base64, as WebDriver hands out pictures (RFC 4648, no line breaks).
//!
//! Does: decodes. Does not know: what is in it.
//! Flow: screenshot → **bytes** → file.

/// Bytes of a base64 text (RFC 4648, no line breaks).
pub fn bytes_of(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u32> = text.bytes().filter_map(digit).map(u32::from).collect();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    for group in digits.chunks(4) {
        let joined = group.iter().fold(0, |joined, digit| joined << 6 | digit) << (6 * (4 - group.len()));
        let [_, first, second, third] = joined.to_be_bytes();
        bytes.extend(&[first, second, third][..group.len() - 1]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::bytes_of;

    #[test]
    fn base64_is_decoded() {
        assert_eq!(bytes_of("TWFu"), b"Man");
        assert_eq!(bytes_of("TWE="), b"Ma");
        assert_eq!(bytes_of("TQ=="), b"M");
    }
}
