//! Which of the built-in servers are there, under which names, and with what settings. Pure: names in, names out.

use super::file::{Mcp, ServerSection};
use crate::mcp::{BUILTIN_SERVERS, HARMLESS_SERVERS};

/// One built-in server, to be offered under `name`.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedBuiltin {
    pub name: String,
    /// Which of ours it is.
    pub builtin: String,
    /// As it is in the file, or as it would be.
    pub section: ServerSection,
}

/// Those that the file sets up, the harmless ones that it says nothing about, and those that are asked for by name.
#[must_use]
pub fn wanted_builtins(file: &Mcp, asked: &[String]) -> Vec<WantedBuiltin> {
    let of_file = file.servers.iter().filter_map(|(name, section)| {
        let builtin = section.builtin.clone().filter(|_| section.is_enabled())?;
        Some(WantedBuiltin { name: name.clone(), builtin, section: section.clone() })
    });
    let unmentioned = BUILTIN_SERVERS.into_iter().filter(|name| {
        let is_asked_for = asked.iter().any(|other| other == name);
        // Also one that is switched off, or has become somebody else's, is not what we would offer.
        let is_name_taken = file.servers.contains_key(*name);
        let is_set_up = file.servers.values().any(|section| section.builtin.as_deref() == Some(name));
        !is_name_taken && (is_asked_for || (HARMLESS_SERVERS.contains(name) && !is_set_up))
    });
    of_file.chain(unmentioned.map(default_builtin)).collect()
}

fn default_builtin(name: &str) -> WantedBuiltin {
    let section = ServerSection { builtin: Some(name.to_owned()), ..ServerSection::default() };
    WantedBuiltin { name: name.to_owned(), builtin: name.to_owned(), section }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(file: &str, asked: &[&str]) -> String {
        let file: Mcp = serde_yaml::from_str(file).unwrap();
        let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
        let shown = |wanted: WantedBuiltin| match wanted.name == wanted.builtin {
            true => wanted.name,
            false => format!("{}={}", wanted.name, wanted.builtin),
        };
        wanted_builtins(&file, &asked).into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn harmless_ones_are_there_and_others_on_request() {
        for (file, asked, expected) in [
            ("{}", &[][..], "time calc history models settings"),
            ("{}", &["files", "time", "other"], "time calc history files models settings"),
            ("servers: {shell: {builtin: shell}}", &["shell"], "shell time calc history models settings"),
            ("servers: {docs: {builtin: files}}", &[], "docs=files time calc history models settings"),
            ("servers: {docs: {builtin: files}}", &["files"], "docs=files time calc history files models settings"),
            ("servers: {clock: {builtin: time}}", &[], "clock=time calc history models settings"),
            ("servers: {time: {builtin: time, enabled: false}}", &["time"], "calc history models settings"),
            ("servers: {history: {command: other}}", &[], "time calc models settings"),
        ] {
            assert_eq!(wanted(file, asked), expected, "{file} {asked:?}");
        }
    }

    #[test]
    fn what_the_file_says_of_one_is_kept() {
        let file: Mcp = serde_yaml::from_str("servers: {time: {builtin: time, required: true, timeout: 5}}").unwrap();
        let first = wanted_builtins(&file, &[]).remove(0);
        assert_eq!((first.section.required, first.section.timeout), (true, Some(5)));
    }
}
