//! Making, moving and removing.

use rustix::fs::{AtFlags, FileType, Mode};

use super::arguments::{MakeFolder, Move, Remove};
use super::change::rename_onto_nothing;
use super::denied::Identity;
use super::open::look;
use super::roots::{Place, Roots, explain, refusal};

pub fn make_folder(roots: &Roots, arguments: &MakeFolder) -> Result<String, String> {
    let place = roots.named(&arguments.path)?;
    let made = rustix::fs::mkdirat(&place.folder, &place.name, Mode::from_raw_mode(0o777));
    made.map_err(|errno| explain(&place.shown, &errno.into()))?;
    Ok(format!("made the folder {}\n", place.shown))
}

pub fn move_to(roots: &Roots, arguments: &Move) -> Result<String, String> {
    let from = roots.named(&arguments.from)?;
    let to = roots.named(&arguments.to)?;
    let _ = movable(&from)?;
    if look(&to)?.is_some() {
        return Err(format!("{} is there already", to.shown));
    }
    let moved = rename_onto_nothing(&from.folder, &from.name, &to.folder, &to.name);
    moved.map_err(|errno| match errno {
        rustix::io::Errno::XDEV => format!("{} is on another file system", to.shown),
        _ => explain(&from.shown, &errno.into()),
    })?;
    Ok(format!("moved {} to {}\n", from.shown, to.shown))
}

pub fn remove(roots: &Roots, arguments: &Remove) -> Result<String, String> {
    let place = roots.named(&arguments.path)?;
    let flags = match movable(&place)? {
        FileType::Directory => AtFlags::REMOVEDIR,
        _ => AtFlags::empty(),
    };
    let removed = rustix::fs::unlinkat(&place.folder, &place.name, flags);
    removed.map_err(|errno| match errno {
        rustix::io::Errno::NOTEMPTY => format!("{} is not empty: remove what is in it first", place.shown),
        _ => explain(&place.shown, &errno.into()),
    })?;
    Ok(format!("removed {}\n", place.shown))
}

/// What stands there, unless it is denied or holds what is.
fn movable(place: &Place) -> Result<FileType, String> {
    let stat = look(place)?.ok_or_else(|| format!("{} is not there", place.shown))?;
    if place.shut.holds(Identity::of_stat(&stat)) {
        return Err(refusal(&place.shown));
    }
    Ok(FileType::from_raw_mode(stat.st_mode))
}
