//! Lines that a person types at the terminal, also where standard input is something else.

use std::fs::File;
use std::io;

/// Nobody types more.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Where lines are typed.
#[derive(Debug)]
pub enum TypedLines {
    Stdin,
    Terminal(File),
}

impl TypedLines {
    /// The terminal of this process, wherever its standard input leads. `None`: it has none.
    #[must_use]
    pub fn of_terminal() -> Option<Self> {
        let name = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
        File::open(name).ok().map(Self::Terminal)
    }

    /// The next line; `None` is the end of input. Dropping the future leaves no reader behind.
    #[cfg(unix)]
    pub async fn next(&self) -> io::Result<Option<String>> {
        match self {
            Self::Stdin => unix::read_line(rustix::stdio::stdin()).await,
            Self::Terminal(terminal) => unix::read_line(terminal).await,
        }
    }

    /// The next line; `None` is the end of input. Nothing safe tells whether a line is there: a future that is dropped
    /// leaves a thread behind, which takes the next line.
    #[cfg(not(unix))]
    pub async fn next(&self) -> io::Result<Option<String>> {
        let terminal = match self {
            Self::Stdin => None,
            Self::Terminal(terminal) => Some(terminal.try_clone()?),
        };
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::Builder::new().spawn(move || tell.send(blocking_line(terminal)))?;
        told.await.unwrap_or(Ok(None))
    }
}

#[cfg(not(unix))]
fn blocking_line(terminal: Option<File>) -> io::Result<Option<String>> {
    use io::{BufRead as _, Read as _};
    let mut line = Vec::new();
    match terminal {
        None => io::stdin().lock().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)?,
        Some(terminal) => {
            io::BufReader::with_capacity(1, terminal).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)?
        }
    };
    Ok((!line.is_empty()).then(|| as_text(&line)))
}

fn as_text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned()
}

#[cfg(unix)]
mod unix {
    use std::os::fd::AsFd;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    use super::{LINE_BYTES_MAX, as_text};

    /// How often the terminal is looked at: a person does not notice, and no thread is left reading.
    const LOOK_AGAIN: Duration = Duration::from_millis(25);

    pub async fn read_line(terminal: impl AsFd) -> std::io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            if !is_readable(&terminal) {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            // The terminal gives a whole line at a time, so this does not block.
            let count = rustix::io::read(&terminal, &mut buffer)?;
            line.extend_from_slice(&buffer[..count]);
            if count == 0 {
                return Ok(None);
            }
            if line.ends_with(b"\n") || line.len() >= LINE_BYTES_MAX {
                return Ok(Some(as_text(&line)));
            }
        }
    }

    /// True also where reading would fail: then it says so. A signal that comes meanwhile is no failure: whoever read
    /// then would wait for a line.
    fn is_readable(terminal: &impl AsFd) -> bool {
        let mut wanted = [PollFd::new(terminal, PollFlags::IN)];
        match poll(&mut wanted, Some(&Timespec::default())) {
            Ok(ready) => ready > 0,
            Err(error) => error != Errno::INTR,
        }
    }
}
