//! A file in the person's editor, checked afterwards, and opened again where it is wrong and they agree.

use std::io::IsTerminal;
use std::path::Path;

use super::context::Context;
use super::tty::Person;
use super::wiring;
use crate::conversation::exit_code;
use crate::exit::Failure;
use crate::platform::USUAL_EDITOR;
use crate::repl::edit_text;
use crate::session::{Signals, exit_of_cancel};

/// What became of an edited text.
pub enum Checked {
    Right,
    /// What is wrong with it.
    Wrong(String),
}

/// Opens `text` in $VISUAL or $EDITOR until it is right or given up; the exit code. `keep` stores it, or says what is
/// wrong.
pub fn run(
    path: &Path,
    mut text: String,
    context: &mut Context,
    mut keep: impl FnMut(&str) -> Result<Checked, Failure>,
) -> Result<u8, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("an editor needs a terminal").hint(format!("the file is {}", path.display())));
    }
    let set = |name| context.environment.text(name).map(str::to_owned);
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| USUAL_EDITOR.to_owned());
    let mut is_new = true;
    loop {
        let edited =
            edit_text(&editor, &text, path.extension().and_then(|extension| extension.to_str()).unwrap_or("md"))
                .map_err(|error| Failure::new("editor", exit_code::CONFIG, format!("{error:#}")))?;
        let edited = edited + "\n";
        if std::mem::take(&mut is_new) && edited.trim_end() == text.trim_end() {
            context.note("nothing has been changed");
            return Ok(exit_code::OK);
        }
        match keep(&edited)? {
            Checked::Right => {
                context.note(&format!("{} is written", path.display()));
                return Ok(exit_code::OK);
            }
            Checked::Wrong(reason) => {
                let failure = Failure::config(reason);
                if !opens_again(&failure, context)? {
                    return Ok(failure.exit);
                }
            }
        }
        text = edited;
    }
}

/// Tells what is wrong; whether the person wants to mend it now.
fn opens_again(failure: &Failure, context: &mut Context) -> Result<bool, Failure> {
    context.fail(failure);
    let Some(person) = Person::find(context) else { return Ok(false) };
    let asked = context.global.clone();
    let environment = context.environment.clone();
    wiring::block_on(|| async move {
        let mut context = Context::new(asked, environment);
        let Ok(mut signals) = Signals::listen() else { return Ok(false) };
        person.agrees("Open it again?", &mut context, &mut signals).await
    })?
    .map_err(|cause| Failure::new("interrupted", exit_of_cancel(cause), "stopped"))
}
