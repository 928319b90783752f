//! `guide new`: begins a guide, out of a few questions or flags and, where there is one, the vendor's document.

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

use landfall_core::{
    event::Problem,
    guide::{PassageKind, passages},
};
use regex::Regex;

use super::{
    Common, Exit,
    draft::Draft,
    say::{complain, say},
};
use crate::{kinds::Kinds, line::question, report::explained};

/// How a guide begins. What is left out is asked; with `--yes` it is taken from the rest.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct NewArguments {
    /// Where it is written: a folder, or one file where the name ends in `.yaml`.
    path: Option<PathBuf>,
    /// The vendor's document, text or Markdown: its passages become to-dos.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The product's name as people say it.
    #[arg(long)]
    title: Option<String>,
    /// The guide's id, e.g. acme-search.
    #[arg(long)]
    id: Option<String>,
    /// What the guide's own codes begin with, e.g. ACME.
    #[arg(long, value_name = "PREFIX")]
    code_prefix: Option<String>,
    /// Where it is installed.
    #[arg(long, value_parser = ["eks", "kubernetes", "none"])]
    cluster: Option<String>,
    /// Namespace that is suggested.
    #[arg(long)]
    namespace: Option<String>,
    /// Title of the vendor's document.
    #[arg(long, value_name = "TITLE")]
    document: Option<String>,
    /// Its address.
    #[arg(long)]
    url: Option<String>,
}

/// Begins a guide.
pub fn new(common: &Common, arguments: &NewArguments) -> i32 {
    match begin(common, arguments) {
        Ok(()) => Exit::Done.code(),
        Err(problem) => {
            complain!("{}", explained(&problem, common.look()));
            if problem.code == "INTERRUPTED" { Exit::Interrupted.code() } else { Exit::Usage.code() }
        }
    }
}

fn begin(common: &Common, arguments: &NewArguments) -> Result<(), Problem> {
    let text = match &arguments.from {
        Some(path) => Some(read(path)?),
        None => None,
    };
    if let Some(path) = &arguments.path {
        free(path)?;
    }
    let (draft, path) = Questions { yes: common.yes, arguments }.draft(text)?;
    free(&path)?;
    let kinds = Kinds::all().catalogue();
    let one_file = is_yaml(&path);
    if one_file {
        write(&path, &draft.one_file(&kinds))?;
    } else {
        for (file, text) in draft.folder(&kinds) {
            write(&path.join(file), &text)?;
        }
    }
    let shown = &draft.path;
    say!("{} {shown}: {} ({})", if one_file { "wrote" } else { "wrote the folder" }, draft.title, draft.id);
    let to_do = draft.text.as_deref().map(passages).unwrap_or_default();
    let to_do = to_do.iter().filter(|found| found.passage.kind != PassageKind::Aside).count();
    if to_do > 0 {
        say!(
            "{to_do} passages of {} are to do; they stand as comments in the guide, and lint names them",
            draft.document
        );
    }
    say!("next:");
    say!("  landfall rehearse {shown} --yes");
    say!("  landfall guide lint {shown}");
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn read(path: &Path) -> Result<String, Problem> {
    let unusable = |why: String| {
        Problem::new(
            "GUIDE-NEW-DOCUMENT",
            format!("the document {} cannot be taken apart", path.display()),
            "Save it as plain text or Markdown (UTF-8) and name that file.",
        )
        .why(why)
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    if text.trim().is_empty() {
        return Err(unusable("it is empty".to_owned()));
    }
    if text.contains('\0') {
        return Err(unusable("it is not a text".to_owned()));
    }
    Ok(text)
}

/// Refuses a place where something is already.
fn free(path: &Path) -> Result<(), Problem> {
    let taken = match std::fs::read_dir(path) {
        Ok(mut entries) => is_yaml(path) || entries.next().is_some(),
        Err(_) => path.symlink_metadata().is_ok(),
    };
    if !taken {
        return Ok(());
    }
    Err(Problem::new(
        "GUIDE-NEW-EXISTS",
        format!("{} is there already", path.display()),
        "Name another place; nothing was written.",
    )
    .why("a guide that somebody wrote is never overwritten"))
}

fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let wrote = || {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
    };
    wrote().map_err(|error| {
        Problem::new(
            "GUIDE-NEW-DISK",
            format!("{} cannot be written", path.display()),
            "Make room or correct the folder's rights, then start again.",
        )
        .why(error.to_string())
    })
}

/// Asks for what no flag says.
struct Questions<'a> {
    yes: bool,
    arguments: &'a NewArguments,
}

impl Questions<'_> {
    fn draft(&self, text: Option<String>) -> Result<(Draft, PathBuf), Problem> {
        let arguments = self.arguments;
        let heading = text.as_deref().and_then(|text| {
            passages(text).into_iter().map(|one| one.passage.heading).find(|heading| heading != "Title")
        });
        let named = arguments.path.as_deref().and_then(Path::file_stem).map(|name| name.to_string_lossy().into_owned());
        let title = self.text(
            "--title",
            "The product's name, as people say it",
            "It stands in every list and on every page.",
            arguments.title.as_deref(),
            &heading.clone().or_else(|| named.as_deref().map(spoken)).unwrap_or_default(),
            "^\\S.{0,79}$",
            "one line of at most 80 characters",
        )?;
        let id = self.text(
            "--id",
            "The guide's id",
            "Small letters, digits and hyphens: what people type after `landfall install`.",
            arguments.id.as_deref(),
            &named.map(|name| id_of(&name)).filter(|id| !id.is_empty()).unwrap_or_else(|| id_of(&title)),
            "^[a-z0-9]+(-[a-z0-9]+)*$",
            "small letters, digits and hyphens, e.g. acme-search",
        )?;
        let code_prefix = self.text(
            "--code-prefix",
            "What its own codes begin with",
            "Problems and errata of the guide get codes such as ACME-05, which a support engineer can look up.",
            arguments.code_prefix.as_deref(),
            &prefix_of(&id),
            "^[A-Z][A-Z0-9]*$",
            "capital letters and digits, e.g. ACME",
        )?;
        let cluster = self.cluster()?;
        let namespace = match cluster.as_str() {
            "none" => String::new(),
            _ => self.text(
                "--namespace",
                "The namespace it suggests",
                "Whoever installs may choose another one.",
                arguments.namespace.as_deref(),
                &id,
                "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
                "small letters, digits and hyphens, at most 63",
            )?,
        };
        let document = self.text(
            "--document",
            "The title of the vendor's document",
            "People read after which document they install.",
            arguments.document.as_deref(),
            &heading.unwrap_or_else(|| format!("{title}: installation")),
            "^\\S.{0,119}$",
            "one line of at most 120 characters",
        )?;
        let path = match &arguments.path {
            Some(path) => path.clone(),
            None => PathBuf::from(self.text(
                "PATH",
                "Where it is written (one file, where the name ends in .yaml)",
                "A folder has guide.yaml, source.yaml and scenarios; one file holds all of it.",
                None,
                &format!("./{id}"),
                ".",
                "a path",
            )?),
        };
        let shown = path.display().to_string();
        // What has no separator is taken for the id of a guide.
        let bare = !shown.contains(std::path::is_separator) && !shown.starts_with('.') && !is_yaml(&path);
        let shown = if bare { format!("./{shown}") } else { shown };
        let url = arguments.url.clone();
        let draft = Draft { id, title, code_prefix, cluster, namespace, document, url, text, path: shown };
        Ok((draft, path))
    }

    fn cluster(&self) -> Result<String, Problem> {
        if let Some(cluster) = &self.arguments.cluster {
            return Ok(cluster.clone());
        }
        if self.yes {
            return Ok("kubernetes".to_owned());
        }
        let offers = [
            ("kubernetes", "kubernetes: any cluster that a kubeconfig leads to"),
            ("eks", "eks: a cluster of Amazon EKS"),
            ("none", "none: no cluster, only this machine and what it reaches"),
        ];
        let help = "It decides what is asked before the guide's own questions.";
        question::one_of("Where it is installed", help, &offers, 0).map_err(lost)?.ok_or_else(left)
    }

    /// A flag's value, what `--yes` takes, or an answer that fits.
    #[allow(clippy::too_many_arguments, reason = "one question has so many sides, and each call reads as a table")]
    fn text(
        &self,
        flag: &str,
        title: &str,
        help: &str,
        said: Option<&str>,
        given: &str,
        pattern: &str,
        shape: &str,
    ) -> Result<String, Problem> {
        let fits = |text: &str| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text));
        let refused = |text: &str| {
            Problem::new("GUIDE-NEW-ANSWER", format!("{flag} {text:?} does not fit"), format!("Give {shape}."))
        };
        if let Some(said) = said {
            return if fits(said) { Ok(said.to_owned()) } else { Err(refused(said)) };
        }
        if self.yes {
            let missing = || {
                Problem::new("GUIDE-NEW-ANSWER", format!("{flag} is missing"), format!("Give {shape}."))
                    .why("nothing is asked with --yes, and nothing else says it")
            };
            return if fits(given) { Ok(given.to_owned()) } else { Err(missing()) };
        }
        loop {
            let text = question::text(title, help, given).map_err(lost)?.ok_or_else(left)?;
            if fits(&text) {
                return Ok(text);
            }
            complain!("  {text:?} does not fit: {shape}");
        }
    }
}

fn lost(error: std::io::Error) -> Problem {
    Problem::new("GUIDE-NEW-ANSWER", "nobody can be asked", "Use a terminal, or give flags and --yes.")
        .why(error.to_string())
}

fn left() -> Problem {
    Problem::new("INTERRUPTED", "the questions were left", "Start again, or give flags and --yes; nothing was written.")
}

/// `acme_search-2` as people say it.
fn spoken(name: &str) -> String {
    let words = name.split(['-', '_', ' ']).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut signs = word.chars();
        signs.next().map(|first| first.to_uppercase().chain(signs).collect::<String>()).unwrap_or_default()
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
}

fn id_of(title: &str) -> String {
    let sign = |sign: char| if sign.is_ascii_alphanumeric() { sign.to_ascii_lowercase() } else { '-' };
    let words: String = title.chars().map(sign).collect();
    words.split('-').filter(|word| !word.is_empty()).take(5).collect::<Vec<_>>().join("-")
}

fn prefix_of(id: &str) -> String {
    let word = id.split('-').find(|word| word.starts_with(|sign: char| sign.is_ascii_alphabetic())).unwrap_or("GUIDE");
    word.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_said_is_taken_from_the_rest() {
        assert_eq!(id_of("Acme Search (on your own machines)"), "acme-search-on-your-own");
        assert_eq!(prefix_of("acme-search"), "ACME");
        assert_eq!(prefix_of("3-search"), "SEARCH");
        assert_eq!(spoken("acme-search"), "Acme Search");
    }
}
