//! The functions and constants that an expression can name.

use super::number::{Number, Undefined, greatest_divisor, real};

type Outcome = Result<Number, Undefined>;

/// For the description of the tool, and for the message about a name that is none of them.
pub const NAMES: &str = "sqrt, cbrt, root, pow, exp, ln, log (to 10, or log(x, base)), log2, sin, cos, tan, asin, acos, \
atan, atan2, sinh, cosh, tanh, radians, degrees, hypot, abs, sign, floor, ceil, round (to n places), trunc, min, max, sum, \
mean, median, gcd, lcm, mod, factorial, choose";

#[must_use]
pub fn unknown(name: &str) -> String {
    let shown: String = name.chars().take(40).collect();
    format!("`{shown}` is not known; there are pi, tau, e and the functions {NAMES}")
}

#[must_use]
pub fn constant(name: &str) -> Option<Number> {
    match name {
        "pi" | "π" => Some(Number::Real(std::f64::consts::PI)),
        "tau" | "τ" => Some(Number::Real(std::f64::consts::TAU)),
        "e" => Some(Number::Real(std::f64::consts::E)),
        _ => None,
    }
}

/// `None`: there is no such function.
#[must_use]
pub fn call(name: &str, arguments: &[Number]) -> Option<Outcome> {
    let result = match arguments {
        [x] => of_one(name, *x),
        [x, y] => of_two(name, *x, *y),
        [] | [_, _, ..] => None,
    };
    result.or_else(|| of_many(name, arguments)).or_else(|| {
        let is_known = of_one(name, Number::ZERO).or_else(|| of_two(name, Number::ZERO, Number::ZERO)).is_some();
        is_known.then(|| Err(format!("`{name}` with {} arguments", arguments.len())))
    })
}

fn of_one(name: &str, x: Number) -> Option<Outcome> {
    let rough = |function: fn(f64) -> f64| Some(real(function(x.as_real())));
    match name {
        "sqrt" => Some(x.square_root()),
        "cbrt" => rough(f64::cbrt),
        "exp" => rough(f64::exp),
        "ln" => Some(positive(x).and_then(|x| real(x.ln()))),
        "log" | "log10" => Some(positive(x).and_then(|x| real(x.log10()))),
        "log2" => Some(positive(x).and_then(|x| real(x.log2()))),
        "sin" => rough(f64::sin),
        "cos" => rough(f64::cos),
        "tan" => rough(f64::tan),
        "asin" => rough(f64::asin),
        "acos" => rough(f64::acos),
        "atan" => rough(f64::atan),
        "sinh" => rough(f64::sinh),
        "cosh" => rough(f64::cosh),
        "tanh" => rough(f64::tanh),
        "radians" => rough(f64::to_radians),
        "degrees" => rough(f64::to_degrees),
        "abs" => Some(x.absolute()),
        "sign" => Some(Ok(Number::whole(x.compare(Number::ZERO) as i128))),
        "floor" => Some(x.floor()),
        "ceil" => Some(x.ceiling()),
        "round" => Some(x.round()),
        "trunc" => Some(x.truncate()),
        "factorial" => Some(x.factorial()),
        _ => None,
    }
}

fn of_two(name: &str, x: Number, y: Number) -> Option<Outcome> {
    match name {
        "pow" => Some(x.power(y)),
        "root" => Some(Number::whole(1).divide(y).and_then(|exponent| x.power(exponent))),
        "log" => Some(positive(x).and_then(|x| Ok((x, positive(y)?))).and_then(|(x, y)| real(x.log(y)))),
        "atan2" => Some(real(x.as_real().atan2(y.as_real()))),
        "hypot" => Some(real(x.as_real().hypot(y.as_real()))),
        "mod" => Some(x.remainder(y)),
        "round" => Some(round_to(x, y)),
        "choose" => Some(choose(x, y)),
        _ => None,
    }
}

fn of_many(name: &str, values: &[Number]) -> Option<Outcome> {
    let first = *values.first()?;
    let sum = || values.iter().try_fold(Number::ZERO, |sum, value| sum.add(*value));
    match name {
        "min" => values.iter().copied().min_by(|a, b| a.compare(*b)).map(Ok),
        "max" => values.iter().copied().max_by(|a, b| a.compare(*b)).map(Ok),
        "sum" => Some(sum()),
        "mean" => Some(sum().and_then(|sum| sum.divide(Number::whole(values.len() as i128)))),
        "median" => Some(median(values)),
        "gcd" => Some(values.iter().try_fold(first, |a, b| divisor(a, *b)).and_then(Number::absolute)),
        "lcm" => Some(values.iter().try_fold(Number::whole(1), |a, b| multiple(a, *b))),
        _ => None,
    }
}

fn positive(x: Number) -> Result<f64, Undefined> {
    let value = x.as_real();
    if value > 0.0 { Ok(value) } else { Err("the logarithm of a number that is not positive".into()) }
}

fn round_to(x: Number, places: Number) -> Outcome {
    let places = places.as_whole().filter(|places| (-30..=30).contains(places));
    let places = places.ok_or("rounding to a number of places that is not a whole number up to 30")?;
    let factor = Number::whole(10).power(Number::whole(places))?;
    x.multiply(factor)?.round()?.divide(factor)
}

fn choose(n: Number, k: Number) -> Outcome {
    let (n, k) = n.as_whole().zip(k.as_whole()).ok_or("choosing with numbers that are not whole")?;
    if k < 0 || k > n {
        return Ok(Number::ZERO);
    }
    let k = k.min(n - k);
    if k > 1000 {
        return Err("choosing more than 1000".into());
    }
    (1..=k).try_fold(Number::whole(1), |product, step| {
        product.multiply(Number::whole(n - k + step))?.divide(Number::whole(step))
    })
}

fn median(values: &[Number]) -> Outcome {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.compare(*b));
    let (middle, is_odd) = (sorted.len() / 2, sorted.len() % 2 == 1);
    if is_odd { Ok(sorted[middle]) } else { sorted[middle - 1].add(sorted[middle])?.divide(Number::whole(2)) }
}

fn whole_pair(a: Number, b: Number) -> Result<(i128, i128), Undefined> {
    a.as_whole().zip(b.as_whole()).ok_or_else(|| "divisors of numbers that are not whole, or too large".into())
}

fn divisor(a: Number, b: Number) -> Outcome {
    let (a, b) = whole_pair(a, b)?;
    i128::try_from(greatest_divisor(a, b)).map(Number::whole).map_err(|_| "a number that is too large".into())
}

fn multiple(a: Number, b: Number) -> Outcome {
    if a.is_zero() || b.is_zero() {
        return Ok(Number::ZERO);
    }
    a.divide(divisor(a, b)?)?.multiply(b)?.absolute()
}
