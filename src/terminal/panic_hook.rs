//! A panic as a person should see it: the terminal in order, one line, and nothing of the conversation.

use std::any::Any;
use std::panic;

use super::mode;
use super::term_safe::TermSafeBuf;
use crate::platform::console;

/// From now on a panic of any thread restores the terminal first and says where it happened.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(|info| {
        mode::restore();
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
        let line = line(info.payload(), &place.unwrap_or_else(|| "an unknown place".to_owned()));
        // In the middle of an answer the cursor is not at the start of a line.
        console::tell_on_stderr(b"\r\n", &[line.as_safe().as_bytes(), b"\n"].concat());
    }));
}

/// A literal message is told. One that was put together could hold anything, a key as well.
fn line(payload: &dyn Any, place: &str) -> TermSafeBuf {
    let message = payload.downcast_ref::<&'static str>().map(|message| format!(": {message}"));
    TermSafeBuf::line(&format!("error[internal]: sayso has a bug at {place}{}", message.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_message_that_was_put_together_is_not_told() {
        let told = |payload: &dyn std::any::Any| {
            String::from_utf8(line(payload, "src/x.rs:7").as_safe().as_bytes().to_vec()).unwrap()
        };
        assert_eq!(told(&"no head"), "error[internal]: sayso has a bug at src/x.rs:7: no head");
        assert_eq!(told(&format!("bad key {}", "sk-1")), "error[internal]: sayso has a bug at src/x.rs:7");
    }
}
