//! Bytes of a data set into numbers.
//!
//! Does: whole numbers of 1 to 8 bytes in either order, floating-point numbers of 16 (half and bfloat), 32 and 64 bits.
//! Does not know: where the bytes come from.
//! Flow: bytes → **numbers**, for arrays and for members of compounds.

use hdf5_pure::{Datatype, DatatypeByteOrder};

/// How one number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// Bytes.
    width: usize,
    /// Whether the highest byte comes first.
    big: bool,
    form: Form,
}

/// What the bits mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Signed,
    Unsigned,
    /// 1 bit of sign, `exponent` bits, the rest of 2, 4 or 8 bytes.
    Float {
        exponent: u32,
    },
}

/// Whether the highest byte comes first; none for orders that are neither.
fn is_big(order: DatatypeByteOrder) -> Option<bool> {
    match order {
        DatatypeByteOrder::LittleEndian => Some(false),
        DatatypeByteOrder::BigEndian => Some(true),
        _ => None,
    }
}

impl Number {
    /// How numbers of a type are stored; none when it is no number, or one that is not read.
    pub(super) fn of(datatype: &Datatype) -> Option<Self> {
        match datatype {
            Datatype::FixedPoint { size, byte_order, layout } if (1..=8).contains(size) && layout.bit_offset == 0 => {
                let form = if layout.signed { Form::Signed } else { Form::Unsigned };
                Some(Self { width: *size as usize, big: is_big(*byte_order)?, form })
            }
            Datatype::FloatingPoint { size, byte_order, layout } if [2, 4, 8].contains(size) => {
                let exponent = u32::from(layout.exponent_size);
                let usual = u32::from(layout.mantissa_size) + exponent + 1 == 8 * size && (5..=11).contains(&exponent);
                let bias = (1_u32 << (exponent.clamp(1, 31) - 1)) - 1;
                (usual && layout.exponent_bias == bias).then_some(())?;
                Some(Self { width: *size as usize, big: is_big(*byte_order)?, form: Form::Float { exponent } })
            }
            Datatype::BitField { size, byte_order, .. } if (1..=8).contains(size) => {
                Some(Self { width: *size as usize, big: is_big(*byte_order)?, form: Form::Unsigned })
            }
            Datatype::Enumeration { base_type, .. } => Self::of(base_type),
            _ => None,
        }
    }

    /// Bytes of one number.
    pub(super) fn width(self) -> usize {
        self.width
    }

    /// Whether it has a fraction.
    pub(super) fn is_float(self) -> bool {
        matches!(self.form, Form::Float { .. })
    }

    /// Whether it is a whole number with a sign, of at most 32 bits.
    pub(super) fn is_short_signed(self) -> bool {
        self.form == Form::Signed && self.width <= 4
    }

    /// The largest value of a number without a sign, which stands for a missing code; none for other numbers.
    pub(super) fn all_ones(self) -> Option<i64> {
        (self.form == Form::Unsigned).then(|| i64::MAX >> (64_usize.saturating_sub(8 * self.width).saturating_sub(1)))
    }

    /// The bits of one number, the lowest first.
    fn bits(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    }

    /// All numbers that stand one after the other, as floating-point numbers; the usual types without a look at each.
    pub(super) fn floats(self, bytes: &[u8]) -> Vec<f64> {
        let all = |width| bytes.chunks_exact(width);
        let four = |bytes: &[u8]| [bytes[0], bytes[1], bytes[2], bytes[3]];
        match (self.form, self.width, self.big) {
            (Form::Float { exponent: 8 }, 4, false) => {
                all(4).map(|own| f64::from(f32::from_le_bytes(four(own)))).collect()
            }
            (Form::Signed, 4, false) => all(4).map(|own| f64::from(i32::from_le_bytes(four(own)))).collect(),
            (_, width, _) => all(width).map(|own| self.float(own)).collect(),
        }
    }

    /// The same as whole numbers.
    pub(super) fn wholes(self, bytes: &[u8]) -> Vec<i64> {
        let all = |width| bytes.chunks_exact(width);
        match (self.form, self.width, self.big) {
            (Form::Signed, 4, false) => {
                all(4).map(|own| i64::from(i32::from_le_bytes([own[0], own[1], own[2], own[3]]))).collect()
            }
            (Form::Signed, 8, false) => {
                all(8).map(|own| own.iter().rev().fold(0, |sum, byte| sum << 8 | i64::from(*byte))).collect()
            }
            (_, width, _) => all(width).map(|own| self.whole(own)).collect(),
        }
    }

    /// As a whole number; fractions are cut off, and what lies outside ends at the ends of the range.
    pub(super) fn whole(self, bytes: &[u8]) -> i64 {
        let bits = self.bits(bytes);
        match self.form {
            Form::Unsigned => i64::try_from(bits).unwrap_or(i64::MAX),
            // The sign is carried up from the highest stored bit.
            Form::Signed => (bits << (64 - 8 * self.width)) as i64 >> (64 - 8 * self.width),
            Form::Float { .. } => self.float(bytes) as i64,
        }
    }

    /// As a floating-point number.
    pub(super) fn float(self, bytes: &[u8]) -> f64 {
        let bits = self.bits(bytes);
        match (self.form, self.width) {
            (Form::Float { exponent: 8 }, 4) => f64::from(f32::from_bits(bits as u32)),
            (Form::Float { exponent: 11 }, 8) => f64::from_bits(bits),
            (Form::Float { exponent }, _) => unusual(bits, exponent, 8 * self.width as u32),
            (Form::Unsigned, _) => bits as f64,
            (Form::Signed, _) => self.whole(bytes) as f64,
        }
    }
}

/// A float of so many bits of exponent, `all` bits in all: half (5 of 16) and bfloat (8 of 16).
fn unusual(bits: u64, exponent: u32, all: u32) -> f64 {
    let fraction_bits = all - 1 - exponent;
    let sign = if bits >> (all - 1) & 1 == 1 { -1.0 } else { 1.0 };
    let fraction = (bits & ((1 << fraction_bits) - 1)) as f64 / (1_u64 << fraction_bits) as f64;
    let most = (1_i32 << exponent) - 1;
    let power = (bits >> fraction_bits) as i32 & most;
    let bias = most >> 1;
    match power {
        0 => sign * fraction * f64::from(1 - bias).exp2(),
        power if power == most => sign * if fraction == 0.0 { f64::INFINITY } else { f64::NAN },
        power => sign * (1.0 + fraction) * f64::from(power - bias).exp2(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Number};

    #[test]
    fn numbers_of_every_width_and_order() {
        let number = |width, big, form| Number { width, big, form };
        assert_eq!(number(1, false, Form::Signed).whole(&[0xff]), -1);
        assert_eq!(number(1, false, Form::Unsigned).whole(&[0xff]), 255);
        assert_eq!(number(2, true, Form::Signed).whole(&[0x01, 0x02]), 258);
        assert_eq!(number(3, false, Form::Signed).whole(&[0xfe, 0xff, 0xff]), -2);
        assert_eq!(number(8, false, Form::Unsigned).whole(&[0xff; 8]), i64::MAX);
        assert_eq!(number(8, false, Form::Unsigned).float(&[0xff; 8]), u64::MAX as f64);
        assert_eq!(number(4, true, Form::Float { exponent: 8 }).float(&1.5_f32.to_be_bytes()), 1.5);
        assert_eq!(number(8, false, Form::Float { exponent: 11 }).whole(&(-2.75_f64).to_le_bytes()), -2);
    }

    #[test]
    fn many_numbers_are_each_of_them() {
        let bytes: Vec<u8> = (0..240_u8).map(|byte| byte.wrapping_mul(37)).collect();
        for width in [1_usize, 2, 4, 8] {
            for form in [Form::Signed, Form::Unsigned, Form::Float { exponent: [8, 5, 8, 11][width.ilog2() as usize] }]
            {
                for big in [false, true] {
                    let number = Number { width, big, form };
                    if number.is_float() && width == 1 {
                        continue;
                    }
                    let (floats, wholes) = (number.floats(&bytes), number.wholes(&bytes));
                    for (place, own) in bytes.chunks_exact(width).enumerate() {
                        assert_eq!(floats[place].to_bits(), number.float(own).to_bits());
                        assert_eq!(wholes[place], number.whole(own));
                    }
                }
            }
        }
    }

    #[test]
    fn half_precision() {
        let half = Number { width: 2, big: false, form: Form::Float { exponent: 5 } };
        for (bits, value) in
            [(0x3c00_u16, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_953_125), (0, 0.0), (1, 2_f64.powi(-24))]
        {
            assert_eq!(half.float(&bits.to_le_bytes()), value, "{bits:x}");
        }
        assert!(half.float(&0x7c00_u16.to_le_bytes()).is_infinite() && half.float(&0x7e00_u16.to_le_bytes()).is_nan());
        let bfloat = Number { width: 2, big: false, form: Form::Float { exponent: 8 } };
        assert_eq!(bfloat.float(&0x4049_u16.to_le_bytes()), 3.140_625);
    }
}
