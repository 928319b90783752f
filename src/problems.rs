//! The pages of `landfall explain`: one for each problem the program can name, by its code.

use include_dir::{Dir, File, include_dir};

static PAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/assets/problems");

/// A problem's page.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.get_file(format!("{code}.md")).and_then(File::contents_utf8)
}

/// What a problem is, in a few words: its page's title.
pub fn title(code: &str) -> Option<&'static str> {
    page(code)?.lines().next()?.split_once(": ").map(|(_, title)| title)
}

/// What to do about a problem, as its page says.
pub fn fix(code: &str) -> Option<String> {
    let paragraph = page(code)?.split("\n\n").find_map(|paragraph| paragraph.strip_prefix("**Fix.**"))?;
    Some(paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Every code that has a page.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.files().filter_map(|file| file.path().file_stem()?.to_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_tells_its_title_and_what_to_do() {
        assert_eq!(title("AWS-QUOTA-LOW"), Some("The vCPU quota is too low"));
        assert!(fix("AWS-QUOTA-LOW").unwrap().starts_with("Ask AWS for more (minutes to days)"));
        assert!(codes().all(|code| title(code).is_some() && fix(code).is_some()));
    }
}
