//! Another model answers where the chosen one cannot, as long as no tool has run.

use super::attached::takes_no_images;
use super::outcome::ReplyEnding;
use super::reply::Reply;
use super::turn_state::TurnState;
use super::{Frontend, NoticeLevel, Session, TurnEvent, TurnStatus};
use crate::provider::{ErrorKind, ProviderError};

impl Session {
    /// Puts the next model of the list in the place of one that is down or over its limit; false where the
    /// turn ends as it is. Its prompt is asked again, beside the failure.
    pub(super) fn fall_back(&mut self, reply: &Reply, turn: &mut TurnState, front: &mut dyn Frontend) -> bool {
        let ReplyEnding::Failed(error) = &reply.ending else { return false };
        if reply.outcome.status != TurnStatus::Error || turn.has_run_tools || !is_worth_another(error) {
            return false;
        }
        while let Some(name) = self.settings.fallback.get(turn.fallbacks).cloned() {
            turn.fallbacks += 1;
            if name == self.model.label {
                continue;
            }
            let connected = match &self.connect {
                Some(connect) => connect(&name),
                None => return false,
            };
            match connected {
                Ok(model) if self.has_images_now() && takes_no_images(&model) => {
                    let message = format!("{name} cannot be asked instead: it takes no images");
                    front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "fallback", message: &message });
                }
                Ok(model) => {
                    let message = format!("{} failed ({}): asking {}", self.model.label, error.message, model.label);
                    front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "fallback", message: &message });
                    let failed = std::mem::replace(&mut self.model, model);
                    turn.own_model.get_or_insert(failed);
                    return self.return_to_last_prompt();
                }
                Err(reason) => {
                    let message = format!("{name} cannot be asked instead: {reason}");
                    front.show(&TurnEvent::Notice { level: NoticeLevel::Warn, code: "fallback", message: &message });
                }
            }
        }
        false
    }

    /// The next turn begins with the chosen model again.
    pub(super) fn return_to_own_model(&mut self, turn: &mut TurnState) {
        if let Some(model) = turn.own_model.take() {
            self.model = model;
        }
    }
}

/// Whether the failure is the provider's and not the request's: another one may do better.
fn is_worth_another(error: &ProviderError) -> bool {
    match error.kind {
        ErrorKind::RateLimited
        | ErrorKind::Quota
        | ErrorKind::TryAgain
        | ErrorKind::Failed
        | ErrorKind::Network
        | ErrorKind::Tls
        | ErrorKind::BadResponse => true,
        // A key that is refused is a mistake to mend, a wrong request is wrong everywhere, and a budget is one.
        ErrorKind::Auth
        | ErrorKind::LocalFile
        | ErrorKind::Budget
        | ErrorKind::Rejected
        | ErrorKind::ContextTooLong
        | ErrorKind::Disconnected => false,
    }
}
