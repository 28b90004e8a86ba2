//! Ids of tool calls in the form that a server asks for, each one once in a request.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// Letters of an id that is made here.
const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Mistral takes exactly so many letters.
const MADE_BYTES: usize = 9;
/// OpenAI takes so many.
const WORD_BYTES_MAX: usize = 64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallIdForm {
    #[default]
    Any,
    /// Letters, digits, `_` and `-`, at most 64.
    Word,
    /// Nine letters and digits.
    Nine,
}

impl CallIdForm {
    fn fits(self, id: &str) -> bool {
        match self {
            Self::Any => !id.is_empty(),
            Self::Word => {
                let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
                !id.is_empty() && id.len() <= WORD_BYTES_MAX && id.bytes().all(is_allowed)
            }
            Self::Nine => id.len() == MADE_BYTES && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        }
    }
}

/// Gives out ids; the same conversation always gets the same ones, so that prompts can be cached.
#[derive(Debug, Default)]
pub struct CallIds {
    form: CallIdForm,
    used: HashSet<String>,
}

impl CallIds {
    pub fn new(form: CallIdForm) -> Self {
        Self { form, used: HashSet::new() }
    }

    /// The id that stands for `id` in the request: the same where it fits and is new.
    pub fn take<'a>(&mut self, id: &'a str) -> Cow<'a, str> {
        if self.form.fits(id) && self.used.insert(id.to_owned()) {
            return Cow::Borrowed(id);
        }
        let made = (0_u32..).map(|number| made_from(id, number)).find(|made| self.used.insert(made.clone()));
        Cow::Owned(made.unwrap_or_default())
    }
}

/// FNV-1a: no secret depends on it, only that the next run makes the same of the same.
fn made_from(id: &str, number: u32) -> String {
    let bytes = id.bytes().chain(number.to_le_bytes());
    let mut hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut letter = || {
        let at = usize::try_from(hash % 62).unwrap_or(0);
        hash /= 62;
        char::from(LETTERS[at])
    };
    (0..MADE_BYTES).map(|_| letter()).collect()
}

#[cfg(test)]
mod tests {
    use super::{CallIdForm, CallIds};

    #[test]
    fn an_id_that_fits_is_kept_and_stands_once() {
        let mut ids = CallIds::new(CallIdForm::Word);
        assert_eq!(ids.take("call_1"), "call_1");
        let again = ids.take("call_1").into_owned();
        assert!(again != "call_1" && CallIdForm::Nine.fits(&again), "{again}");
        for odd in ["functions.read:0", "", &"x".repeat(65)] {
            let made = ids.take(odd);
            assert!(CallIdForm::Nine.fits(&made), "{odd} became {made}");
        }
    }

    #[test]
    fn the_same_ids_come_of_the_same_conversation() {
        let all = || {
            let mut ids = CallIds::new(CallIdForm::Nine);
            ["toolu_01", "call_0", "call_0", "abcdefgh9"].map(|id| ids.take(id).into_owned())
        };
        let made = all();
        assert_eq!(made, all());
        assert_eq!(made[3], "abcdefgh9");
        assert!(made.iter().all(|id| CallIdForm::Nine.fits(id)) && made[1] != made[2], "{made:?}");
        assert_eq!(CallIds::new(CallIdForm::Any).take("functions.read:0"), "functions.read:0");
    }
}
