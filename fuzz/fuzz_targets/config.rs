//! No text makes the configuration panic: it is accepted, or its mistakes are told.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    drop(sayso::testing::check_config(text));
});
