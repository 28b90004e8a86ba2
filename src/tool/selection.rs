//! What is offered of all there is: `-t NAME` and `--no-tools`.

use super::ToolPattern;
use super::pattern::fits;

/// Tools by name. Without a name, all tools of the servers that are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Servers that are on without having been named; `None`: all.
    on_by_default: Option<Vec<String>>,
    named: Vec<ToolPattern>,
}

impl Selection {
    /// `on_by_default`: servers that are offered without having been named (none for `--no-tools`).
    /// `names`: servers, or `SERVER/TOOL`, to be offered beside them.
    pub fn new(on_by_default: Vec<String>, names: &[String]) -> Result<Self, String> {
        let named = names.iter().map(|name| {
            let is_server = !name.contains('/');
            ToolPattern::parse(&if is_server { format!("{name}/*") } else { name.clone() })
        });
        Ok(Self { on_by_default: Some(on_by_default), named: named.collect::<Result<_, _>>()? })
    }

    /// Whether anything of this server is offered.
    #[must_use]
    pub fn concerns(&self, server: &str) -> bool {
        self.is_on(server) || self.named.iter().any(|pattern| fits(&pattern.server, server))
    }

    #[must_use]
    pub fn offers(&self, server: &str, tool: &str) -> bool {
        self.is_on(server) || self.named.iter().any(|pattern| pattern.fits(server, tool))
    }

    fn is_on(&self, server: &str) -> bool {
        self.on_by_default.as_ref().is_none_or(|on| on.iter().any(|name| name == server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_add_to_what_is_on() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let selection = Selection::new(names(&["time"]), &names(&["shell", "files/re*"])).unwrap();
        for (server, tool, expected) in [
            ("time", "now", true),
            ("shell", "run", true),
            ("files", "read", true),
            ("files", "write", false),
            ("fetch", "fetch", false),
        ] {
            assert_eq!(selection.offers(server, tool), expected, "{server}/{tool}");
            assert_eq!(selection.concerns(server), expected || server == "files", "{server}");
        }
        assert!(Selection::default().offers("any", "thing"));
        assert!(!Selection::new(Vec::new(), &[]).unwrap().concerns("time"));
        Selection::new(Vec::new(), &names(&["files/"])).unwrap_err();
    }
}
