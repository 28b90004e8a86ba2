//! What stands behind `--role`: arguments of the role, and the question (pure).

use super::UsageError;

/// Written before a question that looks like an argument.
const INPUT: &str = "input=";

/// Sorts the words of a command line: afterwards `question` is the question, and `arguments` holds `KEY=VALUE` only.
/// Without a role there can be no more than a question.
pub fn settle_words(
    question: &mut Option<String>,
    arguments: &mut Vec<String>,
    is_role: bool,
) -> Result<(), UsageError> {
    if !is_role {
        return arguments.first().map_or(Ok(()), |word| Err(UsageError::one_too_many(word)));
    }
    let words: Vec<String> = question.take().into_iter().chain(arguments.drain(..)).collect();
    for word in words {
        let text = match word.strip_prefix(INPUT) {
            Some(text) => text.to_owned(),
            None if is_argument(&word) => {
                arguments.push(word);
                continue;
            }
            None => word,
        };
        if question.is_some() {
            return Err(UsageError::one_too_many(&text));
        }
        *question = Some(text);
    }
    Ok(())
}

/// A name, directly followed by `=`.
fn is_argument(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(words: &[&str], is_role: bool) -> Result<(Option<String>, Vec<String>), String> {
        let mut question = words.first().map(|word| (*word).to_owned());
        let mut arguments = words.iter().skip(1).map(|word| (*word).to_owned()).collect();
        settle_words(&mut question, &mut arguments, is_role).map_err(|error| error.message)?;
        Ok((question, arguments))
    }

    #[test]
    fn arguments_stand_on_both_sides_of_the_question() {
        let expected = Ok((Some("how are you".to_owned()), vec!["to=fr".to_owned(), "tone=a=b".to_owned()]));
        assert_eq!(settled(&["to=fr", "how are you", "tone=a=b"], true), expected);
        assert_eq!(settled(&["input=E=mc2"], true), Ok((Some("E=mc2".to_owned()), vec![])));
        assert_eq!(settled(&["2+2=4 ?"], true), Ok((Some("2+2=4 ?".to_owned()), vec![])));
        assert_eq!(settled(&["one", "two"], true), Err("one argument too many: `two`".to_owned()));
        assert_eq!(settled(&["a=b"], false), Ok((Some("a=b".to_owned()), vec![])));
        assert_eq!(settled(&["why", "not"], false), Err("one argument too many: `not`".to_owned()));
    }
}
