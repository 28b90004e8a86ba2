//! The input as a file that can be read twice: once to check it, once to ask.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek};
use std::path::Path;

use crate::conversation::{IdSource, now_ms};
use crate::exit::Failure;
use crate::platform::private;

/// Opens the input. What cannot be read twice is copied to a file without a name first.
pub fn open(path: &Path) -> Result<File, Failure> {
    let failed = |error: io::Error| Failure::config(format!("cannot read {}: {error}", path.display()));
    if path == Path::new("-") {
        return spool(&mut io::stdin().lock()).map_err(failed);
    }
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    if metadata.is_file() { Ok(file) } else { spool(&mut file).map_err(failed) }
}

fn spool(source: &mut impl io::Read) -> io::Result<File> {
    let name = format!("sayso-{}", IdSource::default().conversation(now_ms()).0);
    let path = std::env::temp_dir().join(name);
    let mut file = private(OpenOptions::new().read(true).write(true).create_new(true)).open(&path)?;
    // From here on it goes with this process, however that ends.
    std::fs::remove_file(&path)?;
    io::copy(source, &mut file)?;
    file.rewind()?;
    Ok(file)
}
