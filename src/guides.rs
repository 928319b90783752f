//! Which guides are there: those inside the program, those in the person's own folder, and any file or folder they name.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use include_dir::{Dir, DirEntry, include_dir};
use landfall_core::{
    guide::{Folder, LoadedGuide},
    value::Fault,
};

static GUIDES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/assets/guides");
static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// A guide larger than this is somebody's mistake (a folder that is not a guide).
const LARGEST_FILE: u64 = 1 << 20;

/// Why a guide cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GuideFault {
    /// None of that name.
    #[error(
        "there is no guide {asked:?}; there are: {known}. A file or folder of your own works too, e.g. ./{asked}/guide.yaml"
    )]
    Unknown {
        /// What was asked for.
        asked: String,
        /// What there is.
        known: String,
    },
    /// It cannot be read from the disk.
    #[error("reading the guide {path}: {error}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Its text is wrong.
    #[error(transparent)]
    Broken(#[from] Fault),
}

/// Every guide, embedded ones and the person's own, by id; a broken one of their own is named in its place.
pub fn all() -> Vec<Result<LoadedGuide, GuideFault>> {
    let own = own_folders().into_iter().map(|path| Ok(LoadedGuide::read(from_disk(&path)?)?));
    embedded().into_iter().map(|folder| LoadedGuide::read(folder).map_err(GuideFault::from)).chain(own).collect()
}

/// A guide by id, or by the path of its folder or `guide.yaml`.
pub fn find(id_or_path: &str) -> Result<LoadedGuide, GuideFault> {
    Ok(LoadedGuide::read(folder(id_or_path)?)?)
}

/// A guide's files, whether they can be understood or not.
pub fn folder(id_or_path: &str) -> Result<Folder, GuideFault> {
    let path = Path::new(id_or_path);
    if looks_like_path(id_or_path) && path.exists() {
        return from_disk(path);
    }
    if let Some(folder) = embedded().into_iter().find(|folder| folder.name == embedded_name(id_or_path)) {
        return Ok(folder);
    }
    if let Some(own) = own_folders().into_iter().find(|own| own.file_stem().is_some_and(|name| name == id_or_path)) {
        return from_disk(&own);
    }
    let known: Vec<String> = all().into_iter().flatten().map(|loaded| loaded.guide.id).collect();
    Err(GuideFault::Unknown { asked: id_or_path.to_owned(), known: known.join(", ") })
}

/// The files of the embedded guides, those that `assets/guides/order` names first.
pub fn embedded() -> Vec<Folder> {
    let order: Vec<&str> =
        GUIDES.get_file("order").and_then(|file| file.contents_utf8()).unwrap_or_default().lines().collect();
    let mut guides: Vec<_> =
        GUIDES.dirs().filter_map(|guide| guide.path().file_name()?.to_str().map(|id| (id, guide))).collect();
    guides.sort_by_key(|(id, _)| (order.iter().position(|first| first == id).unwrap_or(order.len()), *id));
    guides.into_iter().map(in_program).collect()
}

/// The guide that is meant where none is named.
pub fn first() -> Option<String> {
    GUIDES.get_file("order")?.contents_utf8()?.lines().next().map(str::to_owned)
}

fn embedded_name(id: &str) -> String {
    format!("assets/guides/{id}")
}

fn in_program((id, guide): (&str, &Dir<'static>)) -> Folder {
    let mut files = BTreeMap::new();
    collect(guide, guide.path(), &mut files);
    if let Some(templates) = TEMPLATES.get_dir(id) {
        collect(templates, templates.path(), &mut files);
    }
    Folder { name: embedded_name(id), files }
}

fn collect(dir: &Dir<'static>, root: &Path, files: &mut BTreeMap<String, String>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(below) => collect(below, root, files),
            DirEntry::File(file) => {
                if let (Ok(path), Some(text)) = (file.path().strip_prefix(root), file.contents_utf8()) {
                    files.insert(slashed(path), text.to_owned());
                }
            }
        }
    }
}

/// Folders and single files under `$XDG_CONFIG_HOME/landfall/guides`.
fn own_folders() -> Vec<PathBuf> {
    use etcetera::BaseStrategy;
    let Ok(places) = etcetera::choose_base_strategy() else { return Vec::new() };
    let Ok(entries) = fs::read_dir(places.config_dir().join("landfall/guides")) else { return Vec::new() };
    let mut own: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("guide.yaml").is_file() || is_yaml(path) && path.is_file())
        .collect();
    own.sort();
    own
}

fn looks_like_path(text: &str) -> bool {
    text.contains(std::path::is_separator) || text.starts_with('.') || is_yaml(Path::new(text))
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Reads a guide's files from a folder, or from one file; beside a file called `guide.yaml` its folder is read, too.
fn from_disk(path: &Path) -> Result<Folder, GuideFault> {
    let mut folder = Folder { name: path.display().to_string(), files: BTreeMap::new() };
    if path.is_dir() {
        read_folder(path, path, &mut folder.files)?;
        if let Some(templates) = beside_the_program(path) {
            read_folder(&templates, &templates, &mut folder.files)?;
        }
        if !folder.files.contains_key("guide.yaml") {
            let error = io::Error::new(io::ErrorKind::NotFound, "this folder has no guide.yaml");
            return Err(GuideFault::Unreadable { path: path.to_owned(), error });
        }
        return Ok(folder);
    }
    let alone = path.file_name().is_none_or(|name| name != "guide.yaml");
    if let Some(parent) = path.parent().filter(|_| !alone) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        folder.name = parent.display().to_string();
        read_folder(parent, parent, &mut folder.files)?;
    } else {
        let text = read(path)?;
        read_templates(path.parent().unwrap_or(Path::new("")), &text, &mut folder.files)?;
        folder.files.insert("guide.yaml".into(), text);
    }
    Ok(folder)
}

/// The templates beside a guide of one file that its text names: in its folder, or in `templates` there. Nothing else of
/// that folder is the guide's.
fn read_templates(beside: &Path, guide: &str, files: &mut BTreeMap<String, String>) -> Result<(), GuideFault> {
    let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
    for place in [beside.to_owned(), beside.join("templates")] {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".j2") && guide.contains(&name) && entry.path().is_file() {
                files.insert(name, read(&entry.path())?);
            }
        }
    }
    Ok(())
}

/// The templates of a guide that stands in Landfall's own source tree: `assets/guides/<id>` has `templates/<id>`.
fn beside_the_program(guide: &Path) -> Option<PathBuf> {
    let guide = guide.canonicalize().ok()?;
    let (id, root) = (guide.file_name()?, guide.ancestors().nth(3)?);
    let templates = root.join("templates").join(id);
    (guide.parent()?.ends_with("assets/guides") && templates.is_dir()).then_some(templates)
}

/// Reads texts; templates appear under their file name wherever `templates/` holds them, as the embedded ones do.
fn read_folder(root: &Path, dir: &Path, files: &mut BTreeMap<String, String>) -> Result<(), GuideFault> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| GuideFault::Unreadable { path, error }
    };
    for entry in fs::read_dir(dir).map_err(unreadable(dir))? {
        let path = entry.map_err(unreadable(dir))?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            read_folder(root, &path, files)?;
        } else if fs::metadata(&path).map_err(unreadable(&path))?.len() <= LARGEST_FILE
            && let Ok(text) = read(&path)
            && let Ok(below) = path.strip_prefix(root)
        {
            let name = slashed(below);
            files.insert(name.strip_prefix("templates/").map_or(name.clone(), str::to_owned), text);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, GuideFault> {
    fs::read_to_string(path).map_err(|error| GuideFault::Unreadable { path: path.to_owned(), error })
}

fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shield_guide_is_inside_with_its_templates() {
        let loaded = find("arthur-shield").unwrap();
        assert_eq!(loaded.guide.id, "arthur-shield");
        assert!(loaded.folder.file("gpu-user-data.mime.j2").is_some());
        assert!(loaded.source.is_some());
    }

    #[test]
    fn a_folder_of_ones_own_has_the_same_rights() {
        let place = tempfile::tempdir().unwrap();
        let guide = find("arthur-shield").unwrap();
        fs::create_dir(place.path().join("templates")).unwrap();
        fs::write(place.path().join("guide.yaml"), guide.folder.file("guide.yaml").unwrap()).unwrap();
        fs::write(place.path().join("templates/mine.j2"), "x").unwrap();
        let own = find(&place.path().display().to_string()).unwrap();
        assert_eq!(own.folder.file("mine.j2"), Some("x"));
        let file = find(&place.path().join("guide.yaml").display().to_string()).unwrap();
        assert_eq!(file.folder.files, own.folder.files);
    }

    #[test]
    fn an_unknown_guide_names_those_there_are() {
        let fault = find("arthur-sheild").unwrap_err().to_string();
        assert!(fault.contains("arthur-shield"), "{fault}");
    }
}
