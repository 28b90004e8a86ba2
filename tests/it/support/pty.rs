//! A command on a pseudo-terminal, with a screen that can be read and waited for.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};

use super::Run;
use super::run::rss_peak_kib;

struct Terminal {
    parser: vt100::Parser,
    log: Vec<u8>,
    is_over: bool,
}

type Shared = Arc<(Mutex<Terminal>, Condvar)>;

pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Option<Box<dyn Write + Send>>,
    terminal: Shared,
    is_hung_up: Arc<AtomicBool>,
    name: PathBuf,
    patience: Duration,
}

/// The settings of a terminal, to compare before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termios(String);

impl Pty {
    /// Starts `run` on a terminal of this size.
    pub fn start(run: Run, rows: u16, columns: u16) -> Self {
        let pair = native_pty_system().openpty(size(rows, columns)).unwrap();
        let (command, environment, folder) = run.into_parts();
        let mut builder = CommandBuilder::from_argv(command.into_iter().map(Into::into).collect());
        builder.env_clear();
        for (name, value) in environment {
            builder.env(name, value);
        }
        builder.cwd(folder);
        let child = pair.slave.spawn_command(builder).unwrap();
        let name = pair.master.tty_name().unwrap();
        let parser = vt100::Parser::new(nonzero(rows), nonzero(columns), 1000);
        let terminal: Shared =
            Arc::new((Mutex::new(Terminal { parser, log: Vec::new(), is_over: false }), Condvar::new()));
        let is_hung_up = Arc::new(AtomicBool::new(false));
        let screen = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        {
            let (terminal, is_hung_up) = (Arc::clone(&terminal), Arc::clone(&is_hung_up));
            thread::spawn(move || read_screen(screen, &terminal, &is_hung_up));
        }
        let patience = super::PATIENCE;
        Self { child, master: Some(pair.master), keyboard: Some(keyboard), terminal, is_hung_up, name, patience }
    }

    /// Waits longer, for what is slow by nature.
    pub fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Types.
    pub fn send(&mut self, text: &str) {
        let keyboard = self.keyboard.as_mut().unwrap();
        keyboard.write_all(text.as_bytes()).and_then(|()| keyboard.flush()).unwrap();
    }

    /// Waits until the text of the screen is as wanted; fails when that takes too long, showing the screen.
    #[track_caller]
    pub fn wait_for_screen(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        self.wait_for(what, |terminal| Some(terminal.parser.screen().contents()).filter(|text| condition(text)))
    }

    /// Presses Tab until `text` is there. What a server offers comes after the prompt: whoever is quicker has to press
    /// the key again.
    #[track_caller]
    pub fn press_tab_until(&mut self, text: &str) {
        let deadline = Instant::now() + self.patience;
        while !self.screen().contains(text) {
            assert!(Instant::now() < deadline, "Tab gives no {text}; the screen:\n{}", self.screen());
            self.send("\t");
            thread::sleep(Duration::from_millis(100));
        }
    }

    #[track_caller]
    pub fn wait_for_text(&self, text: &str) -> String {
        self.wait_for_screen(text, |screen| screen.contains(text))
    }

    /// Waits for bytes as they were written, escape sequences and all.
    #[track_caller]
    pub fn wait_for_bytes(&self, bytes: &[u8]) {
        self.wait_for(&format!("{:?}", String::from_utf8_lossy(bytes)), |terminal| {
            terminal.log.windows(bytes.len()).any(|window| window == bytes).then_some(())
        });
    }

    pub fn screen(&self) -> String {
        self.terminal.0.lock().unwrap().parser.screen().contents()
    }

    /// What the emulator has made of it all.
    pub fn with_screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.terminal.0.lock().unwrap().parser.screen())
    }

    /// Row and column of the cursor, from 0.
    pub fn cursor(&self) -> (u16, u16) {
        self.terminal.0.lock().unwrap().parser.screen().cursor_position()
    }

    /// Everything written so far.
    pub fn log(&self) -> Vec<u8> {
        self.terminal.0.lock().unwrap().log.clone()
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        self.terminal.0.lock().unwrap().parser.screen_mut().set_size(nonzero(rows), nonzero(columns));
        self.master.as_ref().unwrap().resize(size(rows, columns)).unwrap();
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap()
    }

    /// The most memory that it held so far.
    pub fn rss_peak_kib(&self) -> u64 {
        rss_peak_kib(self.pid())
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub fn termios(&self) -> Termios {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = File::from(rustix::fs::open(&self.name, flags, Mode::empty()).unwrap());
        Termios(format!("{:?}", rustix::termios::tcgetattr(&terminal).unwrap()))
    }

    /// Closes the terminal as a closed window does. The kernel tells the command as soon as our
    /// reader lets go too, which is with its next byte.
    pub fn hang_up(&mut self) {
        self.is_hung_up.store(true, Ordering::SeqCst);
        self.keyboard = None;
        self.master = None;
    }

    /// Waits for the end of the command and gives its exit code.
    #[track_caller]
    pub fn wait_for_exit(&mut self) -> u32 {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.wait_for_last_bytes();
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "still running; the screen:\n{}", self.screen());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// What the command wrote last can come after its end; a child that it left may hold the terminal open.
    fn wait_for_last_bytes(&self) {
        const GRACE: Duration = Duration::from_secs(1);
        if !self.is_hung_up.load(Ordering::SeqCst) {
            let terminal = self.terminal.0.lock().unwrap();
            drop(self.terminal.1.wait_timeout_while(terminal, GRACE, |terminal| !terminal.is_over).unwrap());
        }
    }

    /// Waits for the end of the command and of what it wrote, and gives all of that.
    #[track_caller]
    pub fn finish(&mut self) -> Vec<u8> {
        self.wait_for_exit();
        let deadline = Instant::now() + self.patience;
        let mut terminal = self.terminal.0.lock().unwrap();
        while !terminal.is_over {
            let rest = deadline.saturating_duration_since(Instant::now());
            assert!(!rest.is_zero(), "the terminal is still open");
            terminal = self.terminal.1.wait_timeout(terminal, rest).unwrap().0;
        }
        terminal.log.clone()
    }

    #[track_caller]
    fn wait_for<T>(&self, what: &str, find: impl Fn(&Terminal) -> Option<T>) -> T {
        let deadline = Instant::now() + self.patience;
        let mut terminal = self.terminal.0.lock().unwrap();
        loop {
            if let Some(found) = find(&terminal) {
                return found;
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() || terminal.is_over {
                let screen = terminal.parser.screen().contents();
                drop(terminal);
                panic!("waited in vain for {what}; the screen:\n{screen}");
            }
            terminal = self.terminal.1.wait_timeout(terminal, rest).unwrap().0;
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn read_screen(mut screen: Box<dyn Read + Send>, terminal: &Shared, is_hung_up: &AtomicBool) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = screen.read(&mut buffer).unwrap_or(0);
        let mut state = terminal.0.lock().unwrap();
        state.parser.process(&buffer[..count]);
        state.log.extend_from_slice(&buffer[..count]);
        state.is_over = count == 0 || is_hung_up.load(Ordering::SeqCst);
        terminal.1.notify_all();
        if state.is_over {
            break;
        }
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn nonzero(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}
