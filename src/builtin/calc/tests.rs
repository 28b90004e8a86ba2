//! What comes out of expressions, and that none of them can do harm.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::expression::{BYTES_MAX, evaluate};

fn value(text: &str) -> String {
    evaluate(text).map_or_else(|mistake| panic!("{text}: {mistake}"), |number| number.show().0)
}

#[test]
fn arithmetic_is_as_it_is_taught() {
    for (text, expected) in [
        ("1 + 2 * 3", "7"),
        ("-2^2", "-4"),
        ("(-2)^2", "4"),
        ("2^3^2", "512"),
        ("2**-1", "0.5"),
        ("2 ^ - 1", "0.5"),
        ("10 - 4 - 3", "3"),
        ("0.1 + 0.2", "0.3"),
        ("1/3 + 1/3 + 1/3", "1"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7 % -3", "-2"),
        ("5.5 % 2", "1.5"),
        ("20!", "2432902008176640000"),
        ("3!!", "720"),
        ("-3!", "-6"),
        ("2^126 - 1", "85070591730234615865843651857942052863"),
        ("1_000_000 × 2 ÷ 4", "500000"),
        ("0xff + 0b11", "258"),
        ("2.5e3", "2500"),
        ("2e", "fails"),
        ("1e-3", "0.001"),
        (".5 + 5.", "5.5"),
        ("√16 + sqrt(2.25)", "5.5"),
        ("sqrt(2)", "1.4142135623731"),
        ("2/3", "0.666666666666667"),
        ("sin(pi)", "1.22464679914735e-16"),
        ("cos(0) + LN(e)", "2"),
        ("log(1000) + log(8, 2) + log2(8)", "9"),
        ("root(27, 3)", "3"),
        ("round(2.5) + round(-2.5) + round(2.345, 2)", "2.35"),
        ("ceil(-1/2) + floor(-1/2) + trunc(-1.5)", "-2"),
        ("min(3, 1, 2) + max(1, 1/2)", "2"),
        ("mean(1, 2, 4) * 3 + median(5, 1, 3, 9) + sum(1; 2)", "14"),
        ("gcd(12, 18) + lcm(4, 6)", "18"),
        ("choose(52, 5)", "2598960"),
        ("abs(-3) + sign(-9)", "2"),
        ("2^200", "1.60693804425899e60"),
        ("0 * -1", "0"),
        ("(-1)^1001", "-1"),
    ] {
        let found = evaluate(text).map_or("fails".to_owned(), |number| number.show().0);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_fraction_without_an_end_is_told_in_full() {
    let third = evaluate("1/3").unwrap();
    assert_eq!((third.show().1, third.fraction().as_deref()), (false, Some("1/3")));
    assert_eq!(evaluate("1/8").unwrap().show(), ("0.125".into(), true));
    assert!(!evaluate("2^200").unwrap().show().1);
}

#[test]
fn mistakes_say_what_and_where() {
    for (text, expected) in [
        ("", "the expression ends where a number is expected"),
        ("1 +", "the expression ends where a number is expected"),
        ("1 + * 2", "expected a number, found `*`, at character 5"),
        ("2 3", "expected an operator, found `3`, at character 3"),
        ("2pi", "expected an operator, found `p`, at character 2"),
        ("(1 + 2", "a `)` is missing at the end"),
        ("(1 2)", "expected `)` or an operator, found `2`, at character 4"),
        ("1 / (2 - 2)", "division by zero, at character 3"),
        ("0^-1", "division by zero, at character 2"),
        ("5 % 0", "division by zero, at character 3"),
        ("sqrt(-1)", "the square root of a negative number, at character 1"),
        ("(-8)^(1/3)", "a fractional power of a negative number, at character 5"),
        ("ln(0)", "the logarithm of a number that is not positive, at character 1"),
        ("asin(2)", "a value that is not defined, at character 1"),
        ("1.5!", "the factorial of something that is no whole number from 0 on, at character 4"),
        ("171!", "a factorial of more than 170, at character 4"),
        ("9^9^9^9", "a number that is too large, at character 4"),
        ("1e400", "a number that is too large, at character 1"),
        ("sin(1, 2)", "`sin` with 2 arguments, at character 1"),
        ("gcd(1.5, 2)", "divisors of numbers that are not whole, or too large, at character 1"),
        ("0x", "`0x` is no whole number in range, at character 1"),
        ("1..2", "expected an operator, found `.`, at character 3"),
        (".", "\".\" is no number, at character 1"),
    ] {
        assert_eq!(evaluate(text).unwrap_err(), expected, "{text}");
    }
    let unknown = evaluate("1 + speed").unwrap_err();
    assert!(unknown.starts_with("`speed` is not known; there are pi"), "{unknown}");
    assert!(unknown.ends_with(", at character 5"), "{unknown}");
}

#[test]
fn nothing_takes_long_or_goes_deep() {
    let started = Instant::now();
    for text in [
        "(".repeat(BYTES_MAX),
        "-".repeat(BYTES_MAX),
        "√".repeat(BYTES_MAX / 3),
        "2^".repeat(BYTES_MAX / 2),
        format!("{}1{}", "(".repeat(65), ")".repeat(65)),
        "1".repeat(BYTES_MAX + 1),
        "sin(".repeat(BYTES_MAX / 4),
    ] {
        assert!(evaluate(&text).is_err(), "{text}");
    }
    for text in [
        format!("1{}", "+1".repeat(BYTES_MAX / 2 - 1)),
        format!("choose(2000, 1000) * 0{}", "+170!".repeat(300)),
        "9".repeat(300),
    ] {
        // Some of these are too large; none of them hangs.
        let _ = evaluate(&text);
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(value(&format!("{}1{}", "(".repeat(20), ")".repeat(20))), "1");
}

proptest! {
    #[test]
    fn any_text_gives_a_value_or_a_mistake(text in "\\PC{0,80}") {
        let _ = evaluate(&text).map(|number| (number.show(), number.fraction()));
    }

    #[test]
    fn any_expression_gives_a_value_or_a_mistake(
        text in "([0-9]{1,40}|[-+*/%^!(),.√e]|//|\\*\\*|0x[0-9a-f]{1,40}|sqrt\\(|round\\(|gcd\\(|lcm\\(|choose\\(|median\\(|mod\\(| ){0,40}"
    ) {
        let _ = evaluate(&text).map(|number| (number.show(), number.fraction()));
    }

    #[test]
    fn whole_numbers_agree_with_the_machine(a in any::<i64>(), b in any::<i64>()) {
        prop_assert_eq!(value(&format!("{a} + {b}")), (i128::from(a) + i128::from(b)).to_string());
        prop_assert_eq!(value(&format!("{a} * {b}")), (i128::from(a) * i128::from(b)).to_string());
        if b != 0 {
            prop_assert_eq!(value(&format!("{a} // {b} * {b} + {a} % {b}")), a.to_string());
        }
    }
}
