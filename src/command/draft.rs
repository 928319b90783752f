//! A guide that somebody begins: its files out of a few answers and, where there is one, the vendor's document.
//!
//! What a new guide holds is data (`assets/start`); here it is filled in, and the document's passages are listed: in the
//! source's list, and as to-dos in the guide itself. Lint names each until something cites it.

use std::fmt::Write as _;

use include_dir::{Dir, include_dir};
use landfall_core::{
    catalogue::{Catalogue, Descriptor, Room},
    guide::{FoundPassage, PassageKind, passages},
};

use super::yaml;

static START: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/assets/start");

/// How much of a passage stands in its to-do.
const SHOWN: usize = 72;

/// What a guide begins with.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// e.g. `acme-search`.
    pub(super) id: String,
    /// As people say it.
    pub(super) title: String,
    /// e.g. `ACME`.
    pub(super) code_prefix: String,
    /// `eks`, `kubernetes` or `none`.
    pub(super) cluster: String,
    /// Where it goes in the cluster.
    pub(super) namespace: String,
    /// The vendor's document: its title.
    pub(super) document: String,
    /// Its address.
    pub(super) url: Option<String>,
    /// Its text.
    pub(super) text: Option<String>,
    /// How the guide is named on the command line.
    pub(super) path: String,
}

impl Draft {
    /// The files of a guide that is a folder.
    pub(super) fn folder(&self, kinds: &Catalogue) -> Vec<(&'static str, String)> {
        let found = self.passages();
        let mut files = vec![("guide.yaml", self.guide(&self.source(""), &found, kinds))];
        if let Some(text) = &self.text {
            let document = yaml::word(&self.document);
            let lines = text.lines().count();
            let list = listed(&found, "  ");
            files.push(("source.yaml", format!("document: {document}\nlines: {lines}\npassages:\n{list}")));
        }
        files.push(("scenarios/smooth.yaml", self.scenario()));
        files
    }

    /// The same as one file.
    pub(super) fn one_file(&self, kinds: &Catalogue) -> String {
        let found = self.passages();
        let source = match &self.text {
            Some(text) => self.source(&format!(
                "  lines: {}\n  # Which passages the document has; a digest of each, never its text.\n  passages:\n{}",
                text.lines().count(),
                listed(&found, "    ")
            )),
            None => self.source(""),
        };
        let mut guide = self.guide(&source, &found, kinds);
        guide.push_str("\n# What a rehearsal finds, and the answers it brings. `--scenario NAME` chooses another one.\nscenarios:\n");
        let scenario = self.scenario();
        for (index, line) in scenario.lines().enumerate() {
            // Its id is the key; it has to say it, too.
            let begin = if index == 0 { "  smooth:\n    " } else { "    " };
            let _ = writeln!(guide, "{begin}{line}");
        }
        guide
    }

    fn passages(&self) -> Vec<FoundPassage> {
        self.text.as_deref().map(passages).unwrap_or_default()
    }

    /// What belongs below `source:`.
    fn source(&self, more: &str) -> String {
        let url = self.url.as_deref().map(|url| format!("  url: {}\n", yaml::word(url))).unwrap_or_default();
        format!("{url}{more}").trim_end_matches('\n').to_owned()
    }

    fn guide(&self, source: &str, found: &[FoundPassage], kinds: &Catalogue) -> String {
        let (file, checks) = match self.cluster.as_str() {
            "none" => ("none.yaml", ""),
            "eks" => ("kubernetes.yaml", start("eks-checks.yaml")),
            _ => ("kubernetes.yaml", ""),
        };
        let filled = self.filled(start(file)).replace("@CHECKS@", checks);
        let mut guide = match source {
            "" => filled.replace("@SOURCE@\n", ""),
            source => filled.replace("@SOURCE@", source),
        };
        if !found.is_empty() {
            guide.push_str(&to_dos(found, &self.path, kinds));
        }
        guide
    }

    fn scenario(&self) -> String {
        let (file, target) = match self.cluster.as_str() {
            "none" => ("smooth-none.yaml", ""),
            "eks" => ("smooth-kubernetes.yaml", "region: us-east-2, cluster: pay-1, "),
            _ => ("smooth-kubernetes.yaml", ""),
        };
        self.filled(start(file)).replace("@TARGET@", target)
    }

    fn filled(&self, text: &str) -> String {
        text.replace("@ID@", &self.id)
            .replace("@TITLE@", &yaml::word(&self.title))
            .replace("@PREFIX@", &self.code_prefix)
            .replace("@CLUSTER@", &self.cluster)
            .replace("@NAMESPACE@", &self.namespace)
            .replace("@DOCUMENT@", &yaml::word(&self.document))
            .replace("@PATH@", &self.path)
    }
}

fn start(file: &str) -> &'static str {
    START.get_file(file).and_then(|file| file.contents_utf8()).unwrap_or_default()
}

fn lines(found: &FoundPassage) -> String {
    let lines = found.passage.lines;
    if lines.first == lines.last { lines.first.to_string() } else { format!("{}-{}", lines.first, lines.last) }
}

fn word(kind: PassageKind) -> &'static str {
    match kind {
        PassageKind::Prose => "prose",
        PassageKind::Snippet => "snippet",
        PassageKind::Choice => "choice",
        PassageKind::Aside => "aside",
    }
}

/// The passages as `source.yaml` lists them.
fn listed(found: &[FoundPassage], indent: &str) -> String {
    let mut list = String::new();
    for one in found {
        let passage = &one.passage;
        let _ = writeln!(
            list,
            "{indent}- {{ lines: {}, heading: {}, ordinal: {}, kind: {}, sha256: {} }}",
            lines(one),
            yaml::word(&passage.heading),
            passage.ordinal,
            word(passage.kind),
            // In quotes: a digest may look like a number.
            format_args!("\"{}\"", passage.sha256)
        );
    }
    list
}

/// What each passage still needs, as comments.
fn to_dos(found: &[FoundPassage], path: &str, kinds: &Catalogue) -> String {
    let mut text = format!(
        "\n# To do: what the document says and nothing above does yet. What does it cites the lines, `from: [LINES]` (an erratum:\n\
         # `at: [LINES]`); a passage that no install needs becomes `kind: aside` in the list of passages. Until then this names it:\n\
         #   landfall guide lint {path}\n"
    );
    let mut heading = "";
    for one in found.iter().filter(|one| one.passage.kind != PassageKind::Aside) {
        if heading != one.passage.heading {
            heading = &one.passage.heading;
            let _ = writeln!(text, "#\n# {}", shortened(heading));
        }
        let needs = match one.passage.kind {
            PassageKind::Snippet => step(&one.text, kinds),
            PassageKind::Choice => "an input of type choice, and `when` at what depends on it".to_owned(),
            PassageKind::Prose | PassageKind::Aside => {
                "an input, a secret, a need, a check, a problem or an erratum".to_owned()
            }
        };
        let _ = writeln!(text, "#   lines {} ({}): {needs}", lines(one), word(one.passage.kind));
        let _ = writeln!(text, "#     {}", shortened(first_line(&one.text)));
    }
    text
}

fn first_line(text: &str) -> &str {
    let fence = |line: &str| ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence));
    let line = |line: &&str| !line.trim().is_empty() && !fence(line);
    text.lines().find(line).unwrap_or_default()
}

/// One line that a comment can hold.
fn shortened(text: &str) -> String {
    let text: String = text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    let text = text.trim();
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN - 1).chain(std::iter::once('…')).collect()
}

/// What a snippet becomes: the steps whose names its words speak of, best first.
fn step(snippet: &str, kinds: &Catalogue) -> String {
    let words = words(snippet);
    // What only looks at the cluster changes nothing.
    let has = |any: &[&str]| any.iter().any(|verb| words.iter().any(|word| word == verb));
    let looks = has(&["kubectl"]) && has(&["get", "describe", "logs", "wait", "top"]);
    let looks =
        looks && !has(&["apply", "create", "delete", "label", "patch", "rollout", "scale", "set", "apiversion"]);
    let (room, a) = if looks { (Room::Check, "a verification") } else { (Room::Step, "a step") };
    let mut fits: Vec<(usize, &Descriptor)> =
        kinds.room(room).map(|kind| (likeness(kind, &words), kind)).filter(|(fit, _)| *fit > 0).collect();
    fits.sort_by_key(|(fit, kind)| (std::cmp::Reverse(*fit), kind.name.clone()));
    // One that has much less in common is no guess.
    let most = fits.first().map_or(0, |(fit, _)| *fit);
    let best: Vec<String> = fits
        .iter()
        .filter(|(fit, _)| fit * 2 > most)
        .take(2)
        .map(|(_, kind)| format!("{} ({})", kind.name, kind.about))
        .collect();
    match best.is_empty() {
        true if looks => "a verification".to_owned(),
        true => "a step; what no kind does a person does (person.does)".to_owned(),
        false => format!("{a}, perhaps {}", best.join(" or ")),
    }
}

/// How many words of a kind's name a snippet has; none where it speaks of something else.
fn likeness(kind: &Descriptor, words: &[String]) -> usize {
    let Some((room, noun)) = kind.name.split_once('.') else { return 0 };
    let has = |word: &str| words.iter().any(|other| other == word);
    if !has(room) {
        return 0;
    }
    let (all, said) = (noun.split('_').count(), noun.split('_').filter(|part| has(part)).count());
    // `create-nodegroup` has both words of `node_group`.
    let said = if has(&noun.replace('_', "")) { all } else { said };
    if said == 0 {
        return 0;
    }
    1 + 2 * said + usize::from(said == all)
}

/// A snippet's words, and the rooms of kinds that its tools belong to.
fn words(snippet: &str) -> Vec<String> {
    let mut words: Vec<String> = snippet
        .to_lowercase()
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let rooms = [
        ("kubectl", "kube"),
        ("apiversion", "kube"),
        ("apiversion", "manifest"),
        ("apply", "manifest"),
        ("curl", "http"),
        ("curl", "request"),
        ("tofu", "terraform"),
        ("docker", "registry"),
        ("install", "release"),
        ("upgrade", "release"),
        ("eksctl", "eks"),
        ("openssl", "tls"),
    ];
    for (word, room) in rooms {
        if words.iter().any(|known| known == word) {
            words.push(room.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kinds;

    #[test]
    fn a_snippet_is_told_the_kinds_that_speak_of_it() {
        let kinds = Kinds::all().catalogue();
        for (snippet, kind) in [
            ("kubectl create namespace widgets", "kube.namespace"),
            ("kubectl create secret generic x", "kube.secret"),
            ("apiVersion: apps/v1\nkind: Deployment", "kube.manifest"),
            ("helm upgrade --install widgets ./chart", "helm.release"),
            ("aws eks create-nodegroup --cluster-name x", "eks.node_group"),
            ("curl -X POST https://api.example.com", "http.request"),
        ] {
            let said = step(snippet, &kinds);
            assert!(said.starts_with(&format!("a step, perhaps {kind} ")), "{snippet}: {said}");
        }
        assert!(step("sudo reboot", &kinds).contains("person.does"));
        // A tool alone says nothing of what is done with it.
        assert!(step("kubectl drain node-1", &kinds).contains("person.does"));
        let looked = step("```sh\nkubectl -n ferry get pods\n```", &kinds);
        assert!(looked.starts_with("a verification, perhaps kube.pods "), "{looked}");
    }

    #[test]
    fn an_excerpt_is_the_first_line_that_says_something() {
        assert_eq!(first_line("```sh\nkubectl get pods\n```"), "kubectl get pods");
        assert_eq!(first_line("`kubectl delete ns x` removes it."), "`kubectl delete ns x` removes it.");
    }
}
