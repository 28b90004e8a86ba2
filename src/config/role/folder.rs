//! Where roles are: files of the folder `roles` beside the configuration, then those that are built in.
//!
//! Only the person's own folder counts: a folder that one merely enters brings no roles. Its files are used where
//! they are named, with `--role-file`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::RoleError;
use super::read::{self, Include, Role};
use crate::config::paths::Paths;
use crate::config::problem::nearest;
use crate::config::source::read_regular_file;
use crate::conversation::UsedRole;
use crate::template::TEXT_BYTES_MAX;

/// What stands for no role at all.
pub const OFF: &str = "off";
/// Files of the folder that are looked at.
const FILES_MAX: usize = 1000;
const NAME_BYTES_MAX: usize = 64;

const BUILTIN: [(&str, &str); 3] = [
    ("code", include_str!("builtin/code.md")),
    ("explain", include_str!("builtin/explain.md")),
    ("shell", include_str!("builtin/shell.md")),
];

/// The roles there are.
#[derive(Clone, Debug)]
pub struct Roles {
    /// `None`: there is no home folder.
    folder: Option<PathBuf>,
}

/// A role by its name, not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRole {
    pub name: String,
    /// `None`: it is built in.
    pub path: Option<PathBuf>,
}

impl Roles {
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        Self { folder: paths.config.as_ref().map(|folder| folder.join("roles")) }
    }

    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// All of them by name; a file takes the place of a built-in one.
    #[must_use]
    pub fn list(&self) -> Vec<FoundRole> {
        let entries = self.folder.iter().flat_map(std::fs::read_dir).flatten().take(FILES_MAX).flatten();
        let of_files = entries.filter_map(|entry| {
            let path = entry.path();
            let name = path.file_name()?.to_str()?.strip_suffix(".md").filter(|name| is_usable(name))?.to_owned();
            Some(FoundRole { name, path: Some(path) })
        });
        let mut found: Vec<FoundRole> = of_files.collect();
        for (name, _) in BUILTIN {
            if !found.iter().any(|role| role.name == name) {
                found.push(FoundRole { name: name.to_owned(), path: None });
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }

    /// The file that a role of this name has, or would have.
    pub fn path_of(&self, name: &str) -> Result<PathBuf, RoleError> {
        if !is_usable(name) {
            return Err(RoleError::usage(
                format!("{name:?} cannot be the name of a role"),
                "letters, digits, `-`, `_` and `.` can, 64 at most",
            ));
        }
        let no_folder =
            || RoleError::usage("there is no home folder for roles", "HOME or XDG_CONFIG_HOME can name one");
        self.folder.as_ref().map(|folder| folder.join(format!("{name}.md"))).ok_or_else(no_folder)
    }

    /// The text of a role, and its file where it is one.
    pub fn text(&self, name: &str) -> Result<(String, Option<PathBuf>), RoleError> {
        if is_usable(name)
            && let Ok(path) = self.path_of(name)
            && let Some(text) = text_of(&path)?
        {
            return Ok((text, Some(path)));
        }
        match BUILTIN.iter().find(|(builtin, _)| *builtin == name) {
            Some((_, text)) => Ok(((*text).to_owned(), None)),
            None => Err(self.unknown(name)),
        }
    }

    /// Reads the role that is meant, by its name or as a file.
    pub fn load(&self, used: &UsedRole) -> Result<Role, RoleError> {
        let Some(path) = &used.file else {
            let (text, path) = self.text(&used.name)?;
            return read::read(&used.name, path.as_deref(), &text, &self.include());
        };
        let missing = || RoleError::Unreadable { path: path.clone(), reason: "does not exist".to_owned() };
        let text = text_of(path)?.ok_or_else(missing)?;
        read::read(&used.name, Some(path), &text, &self.include())
    }

    fn unknown(&self, name: &str) -> RoleError {
        let known = self.list();
        let names = || known.iter().map(|role| role.name.as_str());
        let hint = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("there are {}; `sayso roles edit {name}` begins one", names().collect::<Vec<_>>().join(", "))
            }
        };
        RoleError::usage(format!("there is no role {name:?}"), hint)
    }

    /// Texts of the folder, for `{% include "tone.md" %}`: by their name, and nothing above or below.
    fn include(&self) -> Include {
        let folder = self.folder.clone();
        Arc::new(move |name: &str| {
            let Some(folder) = &folder else { return Ok(None) };
            if !is_usable(name) {
                return Err(format!("{name:?} is no name of a file in {}", folder.display()));
            }
            text_of(&folder.join(name)).map_err(|error| error.to_string())
        })
    }
}

/// `Ok(None)`: there is no such file.
fn text_of(path: &Path) -> Result<Option<String>, RoleError> {
    let unreadable = |reason: String| RoleError::Unreadable { path: path.to_owned(), reason };
    let Some((bytes, _)) = read_regular_file(path, TEXT_BYTES_MAX as u64).map_err(unreadable)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| unreadable("is not UTF-8; save it as UTF-8".to_owned()))?;
    let text = text.replace("\r\n", "\n");
    Ok(Some(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text)))
}

/// A name that is a file of the folder and nothing else, and can be typed anywhere.
fn is_usable(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name != OFF
        && !name.starts_with(['.', '-'])
        && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::super::filled::Surroundings;
    use super::*;

    fn roles(files: &[(&str, &str)]) -> (tempfile::TempDir, Roles) {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("roles");
        std::fs::create_dir(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let roles = Roles { folder: Some(folder) };
        (home, roles)
    }

    fn named(name: &str) -> UsedRole {
        UsedRole { name: name.to_owned(), ..UsedRole::default() }
    }

    #[test]
    fn files_take_the_place_of_what_is_built_in() {
        let (_home, roles) = roles(&[("code.md", "Mine."), ("b.md", "x"), (".hidden.md", "x"), ("notes.txt", "x")]);
        let names: Vec<_> = roles.list().into_iter().map(|role| (role.name, role.path.is_some())).collect();
        assert_eq!(
            names,
            [("b".into(), true), ("code".into(), true), ("explain".into(), false), ("shell".into(), false)]
        );
        assert_eq!(roles.text("code").unwrap().0, "Mine.");
        let told = roles.load(&named("shel")).map(drop).unwrap_err();
        assert_eq!(
            (told.to_string().as_str(), told.hint()),
            ("there is no role \"shel\"", Some("did you mean `shell`?"))
        );
        assert!(roles.path_of("../x").is_err() && roles.path_of("off").is_err());
    }

    #[test]
    fn every_built_in_role_can_be_used() {
        let roles = Roles { folder: None };
        for (name, _) in BUILTIN {
            let role = roles.load(&named(name)).unwrap();
            assert!(role.description.is_some(), "{name}");
            role.fill(named(name), &Surroundings::default()).unwrap();
        }
    }

    #[test]
    fn only_texts_of_the_folder_are_included() {
        let (home, roles) = roles(&[
            ("a.md", "{% include 'tone.md' %} {% include 'bad' ignore missing %}End"),
            ("tone.md", "Be kind."),
            ("up.md", "{% include '../secret' %}"),
        ]);
        std::fs::write(home.path().join("secret"), "no").unwrap();
        let fill = |name: &str| roles.load(&named(name)).unwrap().fill(named(name), &Surroundings::default());
        assert_eq!(fill("a").unwrap().system.as_deref(), Some("Be kind. End"));
        assert!(fill("up").map(drop).unwrap_err().to_string().contains("is no name of a file in"));
    }

    #[test]
    fn gaps_of_an_included_text_are_gaps_of_the_role() {
        let (_home, roles) = roles(&[
            ("a.md", "Help.\n{% include 'tone.md' %}"),
            ("b.md", "---\narguments: { to: x }\n---\n{{ to }}\n{% include 'tone.md' %}"),
            ("c.md", "---\nsystem: s\n---\n{% include 'ask.md' %}"),
            ("tone.md", "Be {{ tone }}."),
            ("ask.md", "Say {{ input }}!"),
        ]);
        let fill = |name: &str, arguments: &[(&str, &str)]| {
            let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let used = UsedRole { arguments: arguments.collect(), ..named(name) };
            roles.load(&used).and_then(|role| role.fill(used, &Surroundings::default()))
        };
        let told = |name: &str| fill(name, &[]).map(drop).unwrap_err().to_string();
        assert_eq!(told("a"), "the role a needs `tone`");
        assert_eq!(fill("a", &[("tone", "kind")]).unwrap().system.as_deref(), Some("Help.\nBe kind."));
        assert!(told("b").ends_with("b.md:5:13: `tone` is not one of the arguments"), "{}", told("b"));
        let asking = fill("c", &[]).unwrap();
        assert_eq!(asking.question(Some("hi")).unwrap().as_deref(), Some("Say hi!"));
    }
}
