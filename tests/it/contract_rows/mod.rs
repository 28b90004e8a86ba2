//! What is promised to users, each promise with the tests that hold it: a row without one is a failure here.

mod commands;
mod prompt;
mod scripts;

use crate::support::assert_tested;

#[test]
fn every_promise_has_its_tests() {
    let scripts = [scripts::STREAMS, scripts::EXIT_CODES, scripts::SCRIPTS, scripts::JSON].concat();
    let commands = [commands::MODELS, commands::COMMANDS, commands::TOOLS, commands::DURABILITY].concat();
    let prompt = [prompt::FIRST_RUN, prompt::CTRL_C, prompt::PROMPT].concat();
    assert_tested(&[scripts, commands, prompt].concat());
}
