//! From the arguments of a tool to the changes it would make: nothing is written here.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::arguments::{Edit, MakeFolder, Move, Patch, Remove, Write};
use super::change::{Change, Target};
use super::patch::{self, Effect, FilePatch};
use super::roots::Roots;
use super::{FilesSettings, edit, lines};

/// Files of one patch.
const FILES_MAX: usize = 100;

pub fn write(roots: &Roots, arguments: Write) -> Result<Vec<Change>, String> {
    let target = Target::at(roots, &arguments.path)?;
    Ok(vec![Change { target, after: Some(arguments.content) }])
}

pub fn edit(roots: &Roots, arguments: &Edit) -> Result<Vec<Change>, String> {
    let target = Target::at(roots, &arguments.path)?;
    let after = edit::replace(target.text()?, &arguments.old, &arguments.new, arguments.all)
        .map_err(|reason| format!("{}: {reason}", arguments.path))?;
    Ok(vec![Change { target, after: Some(after) }])
}

/// All files or none: the first that does not fit ends it.
pub fn patch(roots: &Roots, arguments: &Patch) -> Result<Vec<Change>, String> {
    let files = patch::parse(&arguments.patch)?;
    if files.len() > FILES_MAX {
        return Err(format!("a patch of {} files is more than {FILES_MAX}", files.len()));
    }
    files.iter().map(|file| patch_one(roots, file)).collect()
}

fn patch_one(roots: &Roots, file: &FilePatch) -> Result<Change, String> {
    let target = Target::at(roots, &file.path)?;
    let text = match (file.effect, &target.before) {
        (Effect::Create, None) => "",
        (Effect::Create, Some(_)) => return Err(format!("{} is there already", file.path)),
        (Effect::Change | Effect::Remove, _) => target.text()?,
    };
    let after = lines::with_plain_ends(text, |text| patch::apply(text, &file.hunks))
        .map_err(|reason| format!("{}: {reason}", file.path))?;
    let after = match file.effect {
        Effect::Change | Effect::Create => Some(after),
        Effect::Remove if after.is_empty() => None,
        Effect::Remove => return Err(format!("{}: the patch removes the file, and not all of its lines", file.path)),
    };
    Ok(Change { target, after })
}

pub fn diff(changes: &[Change]) -> String {
    changes.iter().map(Change::diff).collect()
}

/// What a call would do, for a person to decide on. `None` where the tool changes nothing.
pub fn preview(settings: &FilesSettings, tool: &str, arguments: &Map<String, Value>) -> Option<String> {
    let roots = Roots::open(settings);
    let changes = match tool {
        "write" => read(arguments).and_then(|arguments| write(&roots, arguments)),
        "edit" => read(arguments).and_then(|arguments| edit(&roots, &arguments)),
        "patch" => read(arguments).and_then(|arguments| patch(&roots, &arguments)),
        "make_folder" => {
            return Some(told(read(arguments), |folder: MakeFolder| format!("makes the folder {}", folder.path)));
        }
        "move" => return Some(told(read(arguments), |paths: Move| format!("moves {} to {}", paths.from, paths.to))),
        "remove" => return Some(told(read(arguments), |path: Remove| format!("removes {}", path.path))),
        _ => return None,
    };
    Some(told(changes, |changes| diff(&changes)))
}

fn told<T>(outcome: Result<T, String>, tell: impl FnOnce(T) -> String) -> String {
    outcome.map_or_else(|reason| format!("this would fail: {reason}"), tell)
}

fn read<T: DeserializeOwned>(arguments: &Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(arguments.clone())).map_err(|error| error.to_string())
}
