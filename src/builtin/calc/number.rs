//! Numbers that stay exact as long as they can: fractions of whole numbers, and only then floating point.

use std::cmp::Ordering;

/// Exact powers and factorials are tried up to here; beyond, no result would fit.
const EXACT_POWER_MAX: u32 = 127;
const FACTORIAL_MAX: i128 = 170;
/// Digits that a floating-point result is shown with.
const DIGITS: usize = 15;

/// An exact fraction in lowest terms, its denominator positive; or what floating point makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Exact(i128, i128),
    Real(f64),
}

/// Why there is no result, as a part of a sentence.
pub type Undefined = String;

type Outcome = Result<Number, Undefined>;

impl Number {
    pub const ZERO: Self = Self::Exact(0, 1);

    #[must_use]
    pub fn whole(value: i128) -> Self {
        Self::Exact(value, 1)
    }

    /// Digits with a point and an exponent, already checked to be no more than that.
    pub fn from_decimal(text: &str) -> Outcome {
        let exact = exact_decimal(text);
        exact.map_or_else(|| real(text.parse().map_err(|_| format!("{text:?} is no number"))?), Ok)
    }

    #[must_use]
    pub fn as_real(self) -> f64 {
        match self {
            Self::Exact(numerator, denominator) => numerator as f64 / denominator as f64,
            Self::Real(value) => value,
        }
    }

    #[must_use]
    pub fn as_whole(self) -> Option<i128> {
        match self {
            Self::Exact(value, 1) => Some(value),
            Self::Exact(..) | Self::Real(_) => None,
        }
    }

    pub fn add(self, other: Self) -> Outcome {
        self.either(
            other,
            |(a, b), (c, d)| ratio(a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?, b.checked_mul(d)?),
            |a, b| a + b,
        )
    }

    pub fn subtract(self, other: Self) -> Outcome {
        self.either(
            other,
            |(a, b), (c, d)| ratio(a.checked_mul(d)?.checked_sub(c.checked_mul(b)?)?, b.checked_mul(d)?),
            |a, b| a - b,
        )
    }

    pub fn multiply(self, other: Self) -> Outcome {
        self.either(other, |(a, b), (c, d)| ratio(a.checked_mul(c)?, b.checked_mul(d)?), |a, b| a * b)
    }

    pub fn divide(self, other: Self) -> Outcome {
        if other.is_zero() {
            return Err("division by zero".into());
        }
        self.either(other, |(a, b), (c, d)| ratio(a.checked_mul(d)?, b.checked_mul(c)?), |a, b| a / b)
    }

    /// Rounded down.
    pub fn divide_whole(self, other: Self) -> Outcome {
        self.divide(other)?.floor()
    }

    /// With the sign of the divisor.
    pub fn remainder(self, other: Self) -> Outcome {
        self.subtract(other.multiply(self.divide_whole(other)?)?)
    }

    pub fn negate(self) -> Outcome {
        Self::ZERO.subtract(self)
    }

    pub fn power(self, exponent: Self) -> Outcome {
        if let (Self::Exact(a, b), Some(exponent)) = (self, exponent.as_whole()) {
            if a == 0 && exponent < 0 {
                return Err("division by zero".into());
            }
            let times = u32::try_from(exponent.unsigned_abs()).ok().filter(|times| {
                // Powers of one and minus one never grow.
                *times <= EXACT_POWER_MAX || (b == 1 && a.unsigned_abs() <= 1)
            });
            let raised = times.and_then(|times| Some((a.checked_pow(times)?, b.checked_pow(times)?)));
            let exact = raised.and_then(|(a, b)| if exponent < 0 { ratio(b, a) } else { ratio(a, b) });
            if let Some(exact) = exact {
                return Ok(exact);
            }
        }
        if self.as_real() < 0.0 && exponent.as_real().fract() != 0.0 {
            return Err("a fractional power of a negative number".into());
        }
        real(self.as_real().powf(exponent.as_real()))
    }

    pub fn factorial(self) -> Outcome {
        let wanted = self.as_whole().filter(|number| *number >= 0);
        let number = wanted.ok_or("the factorial of something that is no whole number from 0 on")?;
        if number > FACTORIAL_MAX {
            return Err(format!("a factorial of more than {FACTORIAL_MAX}"));
        }
        (1..=number).try_fold(Self::whole(1), |product, factor| product.multiply(Self::whole(factor)))
    }

    pub fn square_root(self) -> Outcome {
        if self.as_real() < 0.0 {
            return Err("the square root of a negative number".into());
        }
        if let Self::Exact(a, b) = self {
            let (root_a, root_b) = (a.isqrt(), b.isqrt());
            if root_a * root_a == a && root_b * root_b == b {
                return Ok(Self::Exact(root_a, root_b));
            }
        }
        real(self.as_real().sqrt())
    }

    pub fn floor(self) -> Outcome {
        match self {
            Self::Exact(a, b) => Ok(Self::whole(a.div_euclid(b))),
            Self::Real(value) => real(value.floor()),
        }
    }

    pub fn ceiling(self) -> Outcome {
        self.negate()?.floor()?.negate()
    }

    /// Halves go away from zero.
    pub fn round(self) -> Outcome {
        let half = Self::Exact(1, 2);
        if self.as_real() < 0.0 { self.subtract(half)?.ceiling() } else { self.add(half)?.floor() }
    }

    pub fn truncate(self) -> Outcome {
        if self.as_real() < 0.0 { self.ceiling() } else { self.floor() }
    }

    pub fn absolute(self) -> Outcome {
        if self.as_real() < 0.0 { self.negate() } else { Ok(self) }
    }

    #[must_use]
    pub fn compare(self, other: Self) -> Ordering {
        // Nothing undefined gets this far, so the difference has a sign.
        let difference = self.subtract(other).map_or_else(|_| self.as_real() - other.as_real(), Self::as_real);
        difference.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
    }

    #[must_use]
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Exact(0, _)) || self.as_real() == 0.0
    }

    /// As people write it, and whether that is the whole truth.
    #[must_use]
    pub fn show(self) -> (String, bool) {
        match self {
            Self::Exact(a, b) => match decimal(a, b) {
                Some(text) => (text, true),
                None => (show_real(self.as_real()), false),
            },
            Self::Real(value) => (show_real(value), false),
        }
    }

    /// As in `1/3`, where it is an exact one.
    #[must_use]
    pub fn fraction(self) -> Option<String> {
        match self {
            Self::Exact(_, 1) | Self::Real(_) => None,
            Self::Exact(a, b) => Some(format!("{a}/{b}")),
        }
    }

    fn either(
        self,
        other: Self,
        exact: impl Fn((i128, i128), (i128, i128)) -> Option<Self>,
        rough: impl Fn(f64, f64) -> f64,
    ) -> Outcome {
        if let (Self::Exact(a, b), Self::Exact(c, d)) = (self, other)
            && let Some(result) = exact((a, b), (c, d))
        {
            return Ok(result);
        }
        real(rough(self.as_real(), other.as_real()))
    }
}

/// A floating-point result, where there is one.
pub fn real(value: f64) -> Outcome {
    if value.is_nan() {
        Err("a value that is not defined".into())
    } else if value.is_infinite() {
        Err("a number that is too large".into())
    } else {
        Ok(Number::Real(value))
    }
}

fn ratio(numerator: i128, denominator: i128) -> Option<Number> {
    let divisor = i128::try_from(greatest_divisor(numerator, denominator)).ok().filter(|divisor| *divisor != 0)?;
    let sign = denominator.signum();
    Some(Number::Exact((numerator / divisor).checked_mul(sign)?, (denominator / divisor).checked_mul(sign)?))
}

#[must_use]
pub fn greatest_divisor(a: i128, b: i128) -> u128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn exact_decimal(text: &str) -> Option<Number> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{before}{after}").parse().ok()?;
    let shift = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(after.len()).ok()?)?;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift < 0 { ratio(digits, power) } else { ratio(digits.checked_mul(power)?, 1) }
}

/// All digits of a fraction, where it has an end.
fn decimal(numerator: i128, denominator: i128) -> Option<String> {
    let mut scaled = denominator;
    let (mut twos, mut fives) = (0_u32, 0_u32);
    while scaled % 2 == 0 {
        (scaled, twos) = (scaled / 2, twos + 1);
    }
    while scaled % 5 == 0 {
        (scaled, fives) = (scaled / 5, fives + 1);
    }
    let places = twos.max(fives);
    if scaled != 1 || places > 36 {
        return None;
    }
    let digits = numerator.checked_mul(10_i128.checked_pow(places)? / denominator)?;
    let (sign, digits) = (if digits < 0 { "-" } else { "" }, digits.unsigned_abs().to_string());
    if places == 0 {
        return Some(format!("{sign}{digits}"));
    }
    let places = places as usize;
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    Some(format!("{sign}{whole}.{rest}"))
}

fn show_real(value: f64) -> String {
    let rounded: f64 = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    let size = rounded.abs();
    if size == 0.0 || (1e-6..1e15).contains(&size) { format!("{rounded}") } else { format!("{rounded:e}") }
}
