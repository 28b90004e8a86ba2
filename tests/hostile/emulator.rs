//! A terminal emulator that notes whatever is done to it.

use vt100::{Callbacks, Screen};

/// Notes every effect but text.
#[derive(Debug, Default)]
pub struct Effects(pub Vec<String>);

impl Effects {
    fn note(&mut self, what: &str) {
        self.0.push(what.to_owned());
    }
}

impl Callbacks for Effects {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.note("bell");
    }
    fn visual_bell(&mut self, _: &mut Screen) {
        self.note("visual bell");
    }
    fn resize(&mut self, _: &mut Screen, _: (u16, u16)) {
        self.note("resize");
    }
    fn set_window_icon_name(&mut self, _: &mut Screen, _: &[u8]) {
        self.note("icon name");
    }
    fn set_window_title(&mut self, _: &mut Screen, _: &[u8]) {
        self.note("title");
    }
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], _: &[u8]) {
        self.note("copy");
    }
    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.note("paste");
    }
    fn unhandled_control(&mut self, _: &mut Screen, byte: u8) {
        self.note(&format!("control {byte}"));
    }
    fn unhandled_escape(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, _: u8) {
        self.note("escape");
    }
    fn unhandled_csi(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, _: &[&[u16]], _: char) {
        self.note("csi");
    }
    fn unhandled_osc(&mut self, _: &mut Screen, _: &[&[u8]]) {
        self.note("osc");
    }
}
