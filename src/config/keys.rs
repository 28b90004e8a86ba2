//! Names of keys, as in `ctrl-o` or `ctrl-x ctrl-e`, and what they are bound to.

use std::collections::BTreeMap;

use super::file::KeyAction;
use super::problem::nearest;

/// A key with what is held down meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCode {
    Letter(char),
    Function(u8),
    Enter,
    Tab,
    Backspace,
    Delete,
    Insert,
    Home,
    End,
    PageUp,
    PageDown,
    Up,
    Down,
    Left,
    Right,
}

/// One key, or Ctrl-X and one more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBinding {
    pub keys: Vec<Key>,
    pub action: KeyAction,
}

const NAMED: [(&str, KeyCode); 14] = [
    ("enter", KeyCode::Enter),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("page-up", KeyCode::PageUp),
    ("page-down", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("space", KeyCode::Letter(' ')),
];

/// The bindings of a file that was checked.
#[must_use]
pub fn settle(keys: &BTreeMap<String, KeyAction>) -> Vec<KeyBinding> {
    keys.iter().filter_map(|(name, action)| Some(KeyBinding { keys: read(name).ok()?, action: *action })).collect()
}

/// The keys that a name stands for, or why it stands for none.
pub fn read(name: &str) -> Result<Vec<Key>, String> {
    let keys = name.split_whitespace().map(read_key).collect::<Result<Vec<_>, _>>()?;
    match keys.as_slice() {
        [] => Err("names no key".to_owned()),
        [key] if is_plain_letter(*key) => Err("is what is typed: a letter needs `ctrl-` or `alt-`".to_owned()),
        [key] if is_kept(*key) => Err("is kept: it always clears the line, leaves, or stops sayso".to_owned()),
        [_] => Ok(keys),
        [first, _] if *first == ctrl('x') => Ok(keys),
        _ => Err("has to be one key, or `ctrl-x` and one more".to_owned()),
    }
}

fn ctrl(letter: char) -> Key {
    Key { code: KeyCode::Letter(letter), ctrl: true, alt: false, shift: false }
}

fn is_plain_letter(key: Key) -> bool {
    matches!(key.code, KeyCode::Letter(_)) && !key.ctrl && !key.alt
}

/// Without these nobody gets out.
fn is_kept(key: Key) -> bool {
    ['c', 'd', 'z'].map(ctrl).contains(&key)
}

fn read_key(name: &str) -> Result<Key, String> {
    let lower = name.to_ascii_lowercase();
    let mut key = Key { code: KeyCode::Enter, ctrl: false, alt: false, shift: false };
    let mut rest = lower.as_str();
    loop {
        let held = [("ctrl-", &mut key.ctrl), ("alt-", &mut key.alt), ("shift-", &mut key.shift)];
        let Some((prefix, is_held)) = held.into_iter().find(|(prefix, _)| rest.starts_with(prefix)) else { break };
        *is_held = true;
        rest = &rest[prefix.len()..];
    }
    key.code = code(rest).ok_or_else(|| unknown(name, rest))?;
    let is_letter = matches!(key.code, KeyCode::Letter(_));
    if key.ctrl
        && matches!(key.code, KeyCode::Letter(letter) if !letter.is_ascii_alphabetic() && !" @[\\]^_".contains(letter))
    {
        return Err(format!("`{name}` does not reach a program in a terminal"));
    }
    if key.ctrl && !key.alt && matches!(rest, "i" | "m" | "[") {
        return Err(format!("`{name}` is the same key as Tab, Enter or Escape in a terminal"));
    }
    if key.shift && is_letter {
        return Err(format!("`{name}`: terminals do not tell shift with a letter"));
    }
    Ok(key)
}

fn code(name: &str) -> Option<KeyCode> {
    if let Some((_, code)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some(*code);
    }
    if let Some(number) = name.strip_prefix('f').and_then(|number| number.parse().ok()) {
        return (1..=12).contains(&number).then_some(KeyCode::Function(number));
    }
    let mut letters = name.chars();
    let letter = letters.next().filter(char::is_ascii_graphic)?;
    letters.next().is_none().then_some(KeyCode::Letter(letter))
}

fn unknown(name: &str, rest: &str) -> String {
    match nearest(rest, NAMED.iter().map(|(known, _)| *known)) {
        Some(known) => {
            format!("no key is called `{name}`; did you mean `{}{known}`?", &name[..name.len() - rest.len()])
        }
        None => {
            format!("no key is called `{name}`; keys are as in ctrl-o, alt-enter, shift-tab, f5 or `ctrl-x ctrl-e`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_people_write_them() {
        assert_eq!(read("ctrl-o").unwrap(), [ctrl('o')]);
        assert_eq!(read("Ctrl-X  ctrl-E").unwrap(), [ctrl('x'), ctrl('e')]);
        let alt_enter = Key { code: KeyCode::Enter, ctrl: false, alt: true, shift: false };
        assert_eq!(read("alt-enter").unwrap(), [alt_enter]);
        assert_eq!(read("f12").unwrap()[0].code, KeyCode::Function(12));
        assert_eq!(read("alt--").unwrap()[0].code, KeyCode::Letter('-'));
    }

    #[test]
    fn what_is_no_key_is_told() {
        for (name, told) in [
            ("", "names no key"),
            ("a", "is what is typed"),
            ("ctrl-c", "is kept"),
            ("ctrl-entre", "did you mean `ctrl-enter`?"),
            ("hyper-q", "no key is called"),
            ("f13", "no key is called"),
            ("ctrl-1", "does not reach"),
            ("ctrl-i", "the same key as Tab"),
            ("alt-shift-x", "do not tell shift"),
            ("ctrl-a ctrl-b", "one key, or `ctrl-x`"),
        ] {
            let reason = read(name).unwrap_err();
            assert!(reason.contains(told), "{name}: {reason}");
        }
    }
}
