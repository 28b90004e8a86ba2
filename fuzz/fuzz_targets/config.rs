//! No text makes the configuration panic: it is accepted, or its mistakes are told.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(told) = sayso::testing::check_config(text) {
        assert!(!told.trim().is_empty(), "a mistake without a word");
    }
});
