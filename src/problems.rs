//! The pages of `landfall explain`: one for each problem the program can name, by its code.

use include_dir::{Dir, File, include_dir};

static PAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/assets/problems");

/// A problem's page.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.get_file(format!("{code}.md")).and_then(File::contents_utf8)
}

/// Every code that has a page.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.files().filter_map(|file| file.path().file_stem()?.to_str())
}
