//! A role with its arguments: what a session takes from it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::error::RoleError;
use super::read::{Body, GIVEN, INPUT, Role};
use crate::config::problem::nearest;
use crate::conversation::UsedRole;

/// What a role can say of where it is used: `os`, `shell`, `cwd` and `date`.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub shell: String,
    pub cwd: String,
    /// As in 2026-11-27.
    pub date: String,
}

impl Surroundings {
    fn pairs(&self) -> [(&'static str, String); 4] {
        let os = match std::env::consts::OS {
            "linux" => "Linux",
            "macos" => "macOS",
            other => other,
        };
        let [name_os, name_shell, name_cwd, name_date] = GIVEN;
        [
            (name_os, os.to_owned()),
            (name_shell, self.shell.clone()),
            (name_cwd, self.cwd.clone()),
            (name_date, self.date.clone()),
        ]
    }
}

/// A role that can be used.
#[derive(Debug)]
pub struct FilledRole {
    pub role: Role,
    pub used: UsedRole,
    /// `None`: it has none of its own.
    pub system: Option<String>,
    variables: Map<String, Json>,
}

impl Role {
    /// Takes the arguments in. Unknown ones and missing ones are errors.
    pub fn fill(self, used: UsedRole, surroundings: &Surroundings) -> Result<FilledRole, RoleError> {
        self.refuse_unknown(&used.arguments)?;
        let mut variables: Map<String, Json> =
            surroundings.pairs().into_iter().map(|(name, value)| (name.to_owned(), Json::String(value))).collect();
        let mut missing = Vec::new();
        for argument in &self.arguments {
            match used.arguments.get(&argument.name).or(argument.default.as_ref()) {
                Some(value) => drop(variables.insert(argument.name.clone(), Json::String(value.clone()))),
                None if GIVEN.contains(&argument.name.as_str()) => {}
                None => missing.push(argument.name.as_str()),
            }
        }
        if !missing.is_empty() {
            return Err(self.needs(&missing));
        }
        for (name, value) in &used.arguments {
            variables.insert(name.clone(), Json::String(value.clone()));
        }
        let system = match (&self.system, &self.body) {
            (Some(template), _) => Some(template.render(&variables).map_err(|error| self.failed_template(&error, 0))?),
            (None, Body::System(template)) => {
                Some(template.render(&variables).map_err(|error| self.failed_template(&error, self.lines_before))?)
            }
            (None, Body::Prompt { .. } | Body::Empty) => None,
        };
        Ok(FilledRole { system, role: self, used, variables })
    }

    fn refuse_unknown(&self, arguments: &BTreeMap<String, String>) -> Result<(), RoleError> {
        let known = || self.arguments.iter().map(|argument| argument.name.as_str());
        let is_known = |name: &str| known().chain(GIVEN).any(|other| other == name);
        let Some(unknown) = arguments.keys().find(|name| !is_known(name)) else { return Ok(()) };
        let advice = match nearest(unknown, known()) {
            Some(name) => format!("did you mean `{name}=…`?"),
            None if self.arguments.is_empty() => "it takes none".to_owned(),
            None => format!("it takes {}", known().collect::<Vec<_>>().join(", ")),
        };
        let reason = format!("the role {} has no argument `{unknown}`", self.name);
        Err(RoleError::usage(reason, format!("{advice}; a question that looks like one goes as `input={unknown}=…`")))
    }

    fn needs(&self, missing: &[&str]) -> RoleError {
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let example = missing.iter().map(|name| format!("{name}=…")).collect::<Vec<_>>().join(" ");
        RoleError::usage(
            format!("the role {} needs {names}", self.name),
            format!("give it behind the role, as in `{} {example}`", self.name),
        )
    }
}

impl FilledRole {
    /// Whether it asks something also where a person asks nothing.
    #[must_use]
    pub fn asks_by_itself(&self) -> bool {
        match &self.role.body {
            Body::Prompt { takes_input, .. } => !takes_input || self.variables.contains_key(INPUT),
            Body::System(_) | Body::Empty => false,
        }
    }

    /// What is asked; `Ok(None)`: nothing, because the role needs something to ask about.
    pub fn question(&self, input: Option<&str>) -> Result<Option<String>, RoleError> {
        let Body::Prompt { template, takes_input } = &self.role.body else {
            return Ok(input.map(str::to_owned));
        };
        let mut variables = self.variables.clone();
        match input {
            Some(input) => drop(variables.insert(INPUT.to_owned(), Json::String(input.to_owned()))),
            None if !self.asks_by_itself() => return Ok(None),
            None => {}
        }
        let failed = |error| self.role.failed_template(&error, self.role.lines_before);
        let text = template.render(&variables).map_err(failed)?;
        Ok(Some(match input {
            Some(input) if !takes_input => format!("{}\n\n{input}", text.trim_end()),
            Some(_) | None => text,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::super::read::{Include, read};
    use super::*;

    fn filled(text: &str, arguments: &[(&str, &str)]) -> Result<FilledRole, String> {
        let include: Include = Arc::new(|_: &str| Ok(None));
        let role = read("r", Some(Path::new("r.md")), text, &include).map_err(|error| error.to_string())?;
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let surroundings = Surroundings { shell: "zsh".into(), cwd: "/w".into(), date: "2026-11-27".into() };
        role.fill(UsedRole { name: "r".into(), file: None, arguments }, &surroundings)
            .map_err(|error| format!("{error} | {}", error.hint().unwrap_or_default()))
    }

    #[test]
    fn arguments_are_text_and_never_templates() {
        let role = filled("To {{ to }}: {{ input }}", &[("to", "{{ os }}")]).unwrap();
        assert_eq!(role.question(Some("{% hi %}")).unwrap().as_deref(), Some("To {{ os }}: {% hi %}"));
        assert_eq!(role.question(None).unwrap(), None);
        let system = filled("You use {{ shell }} in {{ cwd }} on {{ date }}.", &[]).unwrap();
        assert_eq!(system.system.as_deref(), Some("You use zsh in /w on 2026-11-27."));
        assert_eq!(system.question(Some("{{ a }}")).unwrap().as_deref(), Some("{{ a }}"));
        let given = filled("You use {{ shell }}.", &[("shell", "fish")]).unwrap();
        assert_eq!(given.system.as_deref(), Some("You use fish."));
    }

    #[test]
    fn a_prompt_without_a_gap_for_the_input_stands_before_it() {
        let role = filled("---\nsystem: s\n---\nSummarise:", &[]).unwrap();
        assert_eq!(role.question(Some("x")).unwrap().as_deref(), Some("Summarise:\n\nx"));
        assert_eq!(role.question(None).unwrap().as_deref(), Some("Summarise:"));
        let optional = filled("---\narguments: { input: nothing }\n---\nSay {{ input }}", &[]).unwrap();
        assert_eq!(optional.question(None).unwrap().as_deref(), Some("Say nothing"));
    }

    #[test]
    fn arguments_that_do_not_fit_are_told() {
        let text = "---\narguments:\n  to:\n  tone: kind\n---\n{{ to }} {{ tone }}";
        let told = |arguments: &[(&str, &str)]| filled(text, arguments).map(drop).unwrap_err();
        assert_eq!(told(&[]), "the role r needs `to` | give it behind the role, as in `r to=…`");
        assert_eq!(
            told(&[("to", "x"), ("tonne", "y")]),
            "the role r has no argument `tonne` | did you mean `tone=…`?; a question that looks like one goes as `input=tonne=…`"
        );
        assert_eq!(
            filled("Be brief.", &[("E", "mc2")]).map(drop).unwrap_err().split(" | ").nth(1).unwrap(),
            "it takes none; a question that looks like one goes as `input=E=…`"
        );
    }
}
