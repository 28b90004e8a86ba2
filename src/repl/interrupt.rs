//! What Ctrl-C means, by what is going on and by how soon it comes again (pure).

use std::time::{Duration, Instant};

const AGAIN_WITHIN: Duration = Duration::from_secs(2);

/// Remembers the last Ctrl-C of a REPL.
#[derive(Clone, Copy, Debug, Default)]
pub struct CtrlC {
    last: Option<(Instant, Press)>,
}

/// What the last Ctrl-C did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Press {
    SaidHowToLeave,
    CancelledRequest,
    StoppedAnswer,
    StoppedTool,
}

/// What a turn is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnPhase {
    /// No token yet.
    #[default]
    Waiting,
    Streaming,
    RunningTool,
    /// The person is asked for a say-so.
    Asking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptAction {
    /// The line is cleared; Up brings it back.
    Cleared,
    SayHowToLeave,
    /// End the servers whose calls were just cancelled.
    EndServers,
    Leave130,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnAction {
    /// Cancel the request; its text is the next prompt's initial text.
    CancelAndReturnPrompt,
    /// The partial answer is kept as interrupted.
    StopAndKeepPartial,
    Leave130,
}

impl CtrlC {
    /// Ctrl-C at the prompt. `had_text` where the line was not empty.
    ///
    /// After a cancelled request the prompt's text is there only because it was given back, so
    /// the second Ctrl-C leaves all the same; text typed after a stopped answer is cleared.
    pub fn at_prompt(&mut self, now: Instant, had_text: bool) -> PromptAction {
        let recent = self.take_recent(now);
        match (recent, had_text) {
            (Some(Press::CancelledRequest), true)
            | (Some(Press::SaidHowToLeave | Press::CancelledRequest | Press::StoppedAnswer), false) => {
                PromptAction::Leave130
            }
            (Some(Press::StoppedTool), false) => PromptAction::EndServers,
            (_, true) => PromptAction::Cleared,
            (None, false) => {
                self.last = Some((now, Press::SaidHowToLeave));
                PromptAction::SayHowToLeave
            }
        }
    }

    /// Ctrl-C while a turn runs.
    pub fn while_turn(&mut self, now: Instant, phase: TurnPhase) -> TurnAction {
        let recent = self.take_recent(now);
        let is_stopping = matches!(recent, Some(Press::CancelledRequest | Press::StoppedAnswer | Press::StoppedTool));
        let (action, press) = match phase {
            TurnPhase::Waiting | TurnPhase::Streaming | TurnPhase::RunningTool | TurnPhase::Asking if is_stopping => {
                return TurnAction::Leave130;
            }
            TurnPhase::Waiting => (TurnAction::CancelAndReturnPrompt, Press::CancelledRequest),
            TurnPhase::Streaming | TurnPhase::Asking => (TurnAction::StopAndKeepPartial, Press::StoppedAnswer),
            TurnPhase::RunningTool => (TurnAction::StopAndKeepPartial, Press::StoppedTool),
        };
        self.last = Some((now, press));
        action
    }

    /// The user went on with something else: the next Ctrl-C is a first one.
    pub fn line_entered(&mut self) {
        self.last = None;
    }

    fn take_recent(&mut self, now: Instant) -> Option<Press> {
        let (at, press) = self.last.take()?;
        (now.saturating_duration_since(at) <= AGAIN_WITHIN).then_some(press)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{CtrlC, PromptAction, TurnAction, TurnPhase};

    const EMPTY: bool = false;
    const TEXT: bool = true;

    struct Clock(Instant);

    impl Clock {
        fn after_ms(&self, ms: u64) -> Instant {
            self.0 + Duration::from_millis(ms)
        }
    }

    fn start() -> (CtrlC, Clock) {
        (CtrlC::default(), Clock(Instant::now()))
    }

    #[test]
    fn an_empty_prompt_says_how_to_leave_and_then_leaves() {
        let (mut ctrl_c, clock) = start();
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(0), EMPTY), PromptAction::SayHowToLeave);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(2001), EMPTY), PromptAction::SayHowToLeave);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(4001), EMPTY), PromptAction::Leave130);
    }

    #[test]
    fn text_is_cleared_and_counts_as_no_first_press() {
        let (mut ctrl_c, clock) = start();
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(0), TEXT), PromptAction::Cleared);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(10), EMPTY), PromptAction::SayHowToLeave);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(20), TEXT), PromptAction::Cleared);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(30), EMPTY), PromptAction::SayHowToLeave);
        ctrl_c.line_entered();
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(40), EMPTY), PromptAction::SayHowToLeave);
    }

    #[test]
    fn a_cancelled_request_leaves_the_second_time_also_with_its_text_back() {
        for second_had_text in [TEXT, EMPTY] {
            let (mut ctrl_c, clock) = start();
            let first = ctrl_c.while_turn(clock.after_ms(0), TurnPhase::Waiting);
            assert_eq!(first, TurnAction::CancelAndReturnPrompt);
            assert_eq!(ctrl_c.at_prompt(clock.after_ms(1999), second_had_text), PromptAction::Leave130);
        }
        let (mut ctrl_c, clock) = start();
        ctrl_c.while_turn(clock.after_ms(0), TurnPhase::Waiting);
        assert_eq!(ctrl_c.while_turn(clock.after_ms(50), TurnPhase::Waiting), TurnAction::Leave130);
        let (mut ctrl_c, clock) = start();
        ctrl_c.while_turn(clock.after_ms(0), TurnPhase::Waiting);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(2001), TEXT), PromptAction::Cleared);
    }

    #[test]
    fn a_stopped_tool_ends_its_server_the_second_time() {
        let (mut ctrl_c, clock) = start();
        let first = ctrl_c.while_turn(clock.after_ms(0), TurnPhase::RunningTool);
        assert_eq!(first, TurnAction::StopAndKeepPartial);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(100), EMPTY), PromptAction::EndServers);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(200), EMPTY), PromptAction::SayHowToLeave);
        ctrl_c.while_turn(clock.after_ms(3000), TurnPhase::RunningTool);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(5001), EMPTY), PromptAction::SayHowToLeave);
    }

    #[test]
    fn a_stopped_answer_leaves_the_second_time_but_not_with_new_text() {
        let (mut ctrl_c, clock) = start();
        let first = ctrl_c.while_turn(clock.after_ms(0), TurnPhase::Streaming);
        assert_eq!(first, TurnAction::StopAndKeepPartial);
        assert_eq!(ctrl_c.while_turn(clock.after_ms(100), TurnPhase::Streaming), TurnAction::Leave130);
        ctrl_c.while_turn(clock.after_ms(200), TurnPhase::Streaming);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(300), TEXT), PromptAction::Cleared);
        ctrl_c.while_turn(clock.after_ms(400), TurnPhase::Streaming);
        assert_eq!(ctrl_c.at_prompt(clock.after_ms(500), EMPTY), PromptAction::Leave130);
    }
}
