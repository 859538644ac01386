//! The learner's files, on the disk of the terminal's machine.

use super::Session;

impl Session {
    /// The learner's files in order of their names.
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        let text = |name: String| self.file(&name).map(|text| (name, text));
        self.terminal.files().into_iter().filter_map(text).collect()
    }

    /// A file's text; none for what is no text.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<String> {
        self.terminal.read_file(name).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// Writes a file. A name the disk refuses is left alone.
    pub fn write_file(&mut self, name: &str, text: &str) {
        self.moved.files |= self.terminal.write_file(name, text.as_bytes()).is_ok();
        self.files_moved |= self.moved.files;
    }
}
