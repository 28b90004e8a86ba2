//! The JSON value in an answer, and whether it fits.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Schema;
use super::compact::compact;
use super::fence::FenceFinder;
use super::json_scan::JsonFinder;

/// Values in the prose of an answer that are looked at.
const CANDIDATES_MAX: usize = 100;
/// Mistakes that are told.
const MISMATCHES_MAX: usize = 20;
/// Reasons quote the value.
const REASON_BYTES_MAX: usize = 300;

/// One thing that is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where, as a JSON pointer; empty for the whole value.
    pub path: String,
    pub reason: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.reason),
            path => write!(f, "{path}: {}", self.reason),
        }
    }
}

/// A value that fits, on one line: numbers and strings are as the model wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// JSON; a list where many were asked for.
    pub value: String,
    /// For stdout: the value, or a line for each.
    pub lines: String,
}

impl Schema {
    /// The value in `answer`, whatever stands around it.
    pub fn check(&self, answer: &str) -> Result<Fit, Vec<Mismatch>> {
        let mut best: Option<(usize, Vec<Mismatch>)> = None;
        for candidate in candidates(answer) {
            match self.fit(&candidate) {
                Ok(fit) => return Ok(fit),
                // The longest one is most likely what was meant: a `[]` can stand in any prose.
                Err(mismatches) if best.as_ref().is_none_or(|(length, _)| candidate.len() > *length) => {
                    best = Some((candidate.len(), mismatches));
                }
                Err(_) => {}
            }
        }
        Err(best.map_or_else(|| vec![whole("there is no JSON value in the answer")], |(_, mismatches)| mismatches))
    }

    fn fit(&self, json: &str) -> Result<Fit, Vec<Mismatch>> {
        if !self.is_multi {
            self.validate(json, "")?;
            let value = compact(json);
            return Ok(Fit { lines: value.clone(), value });
        }
        let items =
            items_of(json).ok_or_else(|| vec![whole("it is neither a list nor an object with a list `items`")])?;
        let mut mismatches = Vec::new();
        for (number, item) in items.iter().enumerate() {
            mismatches.extend(self.validate(item.get(), &format!("/items/{number}")).err().into_iter().flatten());
        }
        if !mismatches.is_empty() {
            mismatches.truncate(MISMATCHES_MAX);
            return Err(mismatches);
        }
        let lines: Vec<String> = items.iter().map(|item| compact(item.get())).collect();
        Ok(Fit { value: format!("[{}]", lines.join(",")), lines: lines.join("\n") })
    }

    fn validate(&self, json: &str, below: &str) -> Result<(), Vec<Mismatch>> {
        let value: Value = serde_json::from_str(json).map_err(|error| vec![whole(&error.to_string())])?;
        let mismatch = |error: jsonschema::ValidationError<'_>| Mismatch {
            path: format!("{below}{}", error.instance_path().as_str()),
            reason: cut(error.to_string()),
        };
        let mismatches: Vec<Mismatch> = self.validator.iter_errors(&value).take(MISMATCHES_MAX).map(mismatch).collect();
        if mismatches.is_empty() { Ok(()) } else { Err(mismatches) }
    }
}

/// All of it; else what stands in a fence, the last one first; else any object or list in the text.
fn candidates(answer: &str) -> impl Iterator<Item = String> + '_ {
    let is_json = |text: &str| serde_json::from_str::<&RawValue>(text).is_ok();
    let all = Some(answer.trim()).filter(|text| is_json(text)).map(str::to_owned);
    let fenced = move || {
        let mut finder = FenceFinder::default();
        let mut blocks: Vec<String> = std::iter::from_fn(|| finder.next(answer)).collect();
        blocks.extend(finder.last(answer));
        let json = blocks.into_iter().map(|block| block.trim().to_owned()).filter(move |block| is_json(block));
        json.collect::<Vec<_>>().into_iter().rev()
    };
    let loose = move || {
        let mut finder = JsonFinder::default();
        std::iter::from_fn(move || finder.next_of_whole(answer).map(str::to_owned))
    };
    all.into_iter()
        .chain(std::iter::once_with(fenced).flatten())
        .chain(std::iter::once_with(loose).flatten())
        .take(CANDIDATES_MAX)
}

/// The items of a list, or of an object that holds one.
fn items_of(json: &str) -> Option<Vec<&RawValue>> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        items: Vec<&'a RawValue>,
    }
    serde_json::from_str(json).ok().or_else(|| serde_json::from_str::<List<'_>>(json).ok().map(|list| list.items))
}

fn whole(reason: &str) -> Mismatch {
    Mismatch { path: String::new(), reason: reason.to_owned() }
}

fn cut(mut reason: String) -> String {
    if reason.len() > REASON_BYTES_MAX {
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        reason.push('…');
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &str, is_multi: bool, answer: &str) -> Result<String, String> {
        let schema = Schema::read(schema, None, is_multi).unwrap();
        let told = |all: Vec<Mismatch>| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        schema.check(answer).map(|fit| fit.lines).map_err(told)
    }

    #[test]
    fn the_value_is_found_in_whatever_a_model_writes_around_it() {
        let expected = Ok("{\"n\":1.50}".to_owned());
        for answer in [
            "{\"n\": 1.50}\n",
            "```json\n{\"n\": 1.50}\n```",
            "Sure! Here it is:\n```\n{ \"n\" : 1.50 }\n```\nAnything else?",
            "The {answer} is {\"n\": 1.50}, as you wished.",
            "First {\"m\": 2}, no: {\"n\": 1.50}",
            "```json\n{\"example\": true}\n```\nand so\n```json\n{\"n\": 1.50}\n```",
        ] {
            assert_eq!(check("n float", false, answer), expected, "{answer}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let told = check("n int, tags [str]", false, "{\"n\": \"x\", \"tags\": [1]}").unwrap_err();
        assert!(told.contains("/n: \"x\" is not of type \"integer\""), "{told}");
        assert!(told.contains("/tags/0: 1 is not of type \"string\""), "{told}");
        assert_eq!(check("n int", false, "none").unwrap_err(), "there is no JSON value in the answer");
        assert!(check("n int", false, "{\"n\": 1, \"m\": 2}").unwrap_err().contains("Additional properties"));
        let long = format!("{{\"n\": \"{}\"}}", "x".repeat(9999));
        assert!(check("n int", false, &long).unwrap_err().len() < 400);
    }

    #[test]
    fn many_values_are_a_line_each() {
        let both = Ok("{\"n\":1}\n{\"n\":12345678901234567890123}".to_owned());
        assert_eq!(check("n int", true, "{\"items\": [{\"n\": 1}, {\"n\": 12345678901234567890123}]}"), both);
        assert_eq!(check("n int", true, "```\n[{\"n\": 1},\n{\"n\": 12345678901234567890123}]\n```"), both);
        assert_eq!(check("n int", true, "{\"items\": []}"), Ok(String::new()));
        assert!(check("n int", true, "[{\"n\": 1}, {\"n\": null}]").unwrap_err().starts_with("/items/1/n: null"));
        assert!(check("n int", true, "{\"n\": 1}").unwrap_err().contains("neither a list"));
    }

    #[test]
    fn a_value_need_not_be_an_object() {
        assert_eq!(check("{\"type\": \"integer\"}", false, " 7\n"), Ok("7".to_owned()));
        assert_eq!(check("{\"type\": \"string\"}", false, "\"a b\""), Ok("\"a b\"".to_owned()));
    }
}
