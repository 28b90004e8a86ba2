//! All tests that look at sayso from outside, in one binary.

mod architecture;
mod completions;
