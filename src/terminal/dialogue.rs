//! The course of a question: what is asked next, and what an entered line means (pure).

use serde_json::{Map, Value};

use super::form::Form;
use crate::mcp::ServerQuestion;
use crate::session::{Answer, Question};

/// One thing a person did at the question's prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Line(String),
    /// Ctrl-C, Ctrl-D.
    No,
}

/// What follows from it.
#[derive(Clone, Debug, PartialEq)]
pub enum Turnout {
    Done(Answer),
    /// The prompt stands again; the text, if any, is told before, line by line.
    Again(Option<String>),
}

/// A question on its way to an answer.
#[derive(Debug)]
pub struct Dialogue<'a> {
    question: &'a Question<'a>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Yes or no.
    Decide,
    /// Other arguments are being written.
    Edit,
    Fill(Form),
}

impl<'a> Dialogue<'a> {
    #[must_use]
    pub fn new(question: &'a Question<'a>) -> Self {
        Self { question, stage: Stage::Decide }
    }

    /// The words of the prompt, and the text that stands behind them already.
    #[must_use]
    pub fn prompt(&self) -> (String, Option<String>) {
        match (&self.stage, self.question) {
            (Stage::Decide, Question::Approval(_)) => ("run it? [y/n/a/e/?] ".to_owned(), None),
            (Stage::Decide, Question::Server(ServerQuestion::Sampling { .. })) => {
                ("let the model answer? [y/n] ".to_owned(), None)
            }
            (Stage::Decide, Question::Server(ServerQuestion::Url { .. })) => {
                ("open it in the browser? [y/n] ".to_owned(), None)
            }
            (Stage::Decide, Question::Server(ServerQuestion::Form { .. })) => ("fill it in? [y/n] ".to_owned(), None),
            (Stage::Edit, Question::Approval(approval)) => {
                ("arguments: ".to_owned(), Some(Value::Object(approval.arguments.clone()).to_string()))
            }
            (Stage::Edit, Question::Server(_)) => ("arguments: ".to_owned(), None),
            (Stage::Fill(form), _) => (form.prompt(), None),
        }
    }

    pub fn enter(&mut self, said: &Said) -> Turnout {
        let line = match said {
            Said::No => return self.decline(),
            Said::Line(line) => line.trim(),
        };
        match &mut self.stage {
            Stage::Decide => self.decide(line),
            Stage::Edit => self.take_arguments(line),
            Stage::Fill(form) => match form.enter(line) {
                Ok(Some(values)) => Turnout::Done(Answer::With(values)),
                Ok(None) => Turnout::Again(None),
                Err(reason) => Turnout::Again(Some(reason)),
            },
        }
    }

    fn decline(&mut self) -> Turnout {
        match self.stage {
            // Back to the question: only the change is given up.
            Stage::Edit => {
                self.stage = Stage::Decide;
                Turnout::Again(None)
            }
            Stage::Decide => Turnout::Done(Answer::No),
            Stage::Fill(_) => Turnout::Done(Answer::StopTurn),
        }
    }

    fn decide(&mut self, line: &str) -> Turnout {
        let is_approval = matches!(self.question, Question::Approval(_));
        match (line.to_lowercase().as_str(), self.question) {
            ("n" | "no", _) => Turnout::Done(Answer::No),
            ("y" | "yes", Question::Server(ServerQuestion::Form { schema, .. })) => match Form::new(schema) {
                Some(form) => {
                    self.stage = Stage::Fill(form);
                    Turnout::Again(None)
                }
                // Nothing to fill in: the yes is the answer.
                None => Turnout::Done(Answer::With(Map::new())),
            },
            ("y" | "yes", _) => Turnout::Done(Answer::Yes),
            ("a" | "always", Question::Approval(_)) => Turnout::Done(Answer::Always),
            ("e" | "edit", Question::Approval(_)) => {
                self.stage = Stage::Edit;
                Turnout::Again(None)
            }
            ("?" | "why", Question::Approval(approval)) => Turnout::Again(Some(format!(
                "asked because: {}\ny: run it once; n: do not; e: change the arguments first\na: always, that is {}",
                approval.reason, approval.always
            ))),
            _ if is_approval => {
                Turnout::Again(Some("y: yes, n: no, a: always here, e: edit the arguments, ?: why".to_owned()))
            }
            _ => Turnout::Again(Some("y: yes, n: no".to_owned())),
        }
    }

    fn take_arguments(&mut self, line: &str) -> Turnout {
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(arguments)) => Turnout::Done(Answer::With(arguments)),
            Ok(_) => Turnout::Again(Some(
                "the arguments have to be a JSON object, as in {\"path\": \"notes.md\"}".to_owned(),
            )),
            Err(error) => Turnout::Again(Some(format!("this is no JSON: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::oneshot;

    use super::*;
    use crate::session::Approval;

    fn line(text: &str) -> Said {
        Said::Line(text.to_owned())
    }

    fn approval(arguments: &Map<String, Value>) -> Question<'_> {
        Question::Approval(Approval {
            server: "files",
            tool: "write",
            arguments,
            reason: "it writes",
            always: "",
            preview: None,
        })
    }

    #[test]
    fn a_call_is_answered_by_one_letter() {
        let arguments = Map::new();
        let question = approval(&arguments);
        for (text, answer) in [("y", Answer::Yes), (" YES ", Answer::Yes), ("n", Answer::No), ("a", Answer::Always)] {
            assert_eq!(Dialogue::new(&question).enter(&line(text)), Turnout::Done(answer), "{text}");
        }
        assert_eq!(Dialogue::new(&question).enter(&Said::No), Turnout::Done(Answer::No));
        for unclear in ["", "maybe", "yy", "1"] {
            assert!(matches!(Dialogue::new(&question).enter(&line(unclear)), Turnout::Again(Some(_))), "{unclear}");
        }
        let Turnout::Again(Some(why)) = Dialogue::new(&question).enter(&line("?")) else { panic!("explains") };
        assert!(why.contains("it writes"), "{why}");
    }

    #[test]
    fn arguments_can_be_changed_before_the_call() {
        let arguments: Map<String, Value> = serde_json::from_str(r#"{"path": "a"}"#).unwrap();
        let question = approval(&arguments);
        let mut dialogue = Dialogue::new(&question);
        assert_eq!(dialogue.enter(&line("e")), Turnout::Again(None));
        assert_eq!(dialogue.prompt(), ("arguments: ".to_owned(), Some(r#"{"path":"a"}"#.to_owned())));
        assert!(matches!(dialogue.enter(&line("{\"path\"")), Turnout::Again(Some(_))));
        assert_eq!(dialogue.enter(&Said::No), Turnout::Again(None));
        assert_eq!(dialogue.prompt().0, "run it? [y/n/a/e/?] ");
        dialogue.enter(&line("e"));
        let changed = json!({ "path": "b" }).as_object().unwrap().clone();
        assert_eq!(dialogue.enter(&line(r#"{"path": "b"}"#)), Turnout::Done(Answer::With(changed)));
    }

    #[test]
    fn a_form_is_filled_in_field_by_field() {
        let schema = json!({ "type": "object", "required": ["name"], "properties": {
            "name": { "type": "string" }, "age": { "type": "integer", "default": 30 }
        } });
        let (answer, _receiver) = oneshot::channel();
        let asked = ServerQuestion::Form {
            server: "s".to_owned(),
            message: "who?".to_owned(),
            schema: schema.as_object().unwrap().clone(),
            answer,
        };
        let question = Question::Server(&asked);
        let mut dialogue = Dialogue::new(&question);
        assert_eq!(dialogue.enter(&line("y")), Turnout::Again(None));
        // Properties come in the order of their names.
        assert_eq!(dialogue.prompt().0, "age (integer) [30]: ");
        assert!(matches!(dialogue.enter(&line("old")), Turnout::Again(Some(_))));
        assert_eq!(dialogue.enter(&line("")), Turnout::Again(None));
        assert_eq!(dialogue.prompt().0, "name (string, required): ");
        assert!(matches!(dialogue.enter(&line("")), Turnout::Again(Some(_))));
        let filled = json!({ "age": 30, "name": "Ada" }).as_object().unwrap().clone();
        assert_eq!(dialogue.enter(&line("Ada")), Turnout::Done(Answer::With(filled)));
        let mut given_up = Dialogue::new(&question);
        given_up.enter(&line("y"));
        assert_eq!(given_up.enter(&Said::No), Turnout::Done(Answer::StopTurn));
    }
}
