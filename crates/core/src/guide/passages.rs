//! A vendor's document taken apart: which passages it has, where each stands, and what it seems to be.
//!
//! Text and Markdown are read by their outward signs: headings, fences, indents, blank lines. Whoever writes the guide
//! corrects what was taken for something else.

use super::{Lines, Passage, PassageKind, Source};

/// A passage with its text, which goes no further than to the person who begins a guide.
#[derive(Clone, Debug)]
pub struct Found {
    /// As it is listed.
    pub passage: Passage,
    /// What it says.
    pub text: String,
}

/// Takes a document apart; every line of it belongs to one passage, in order.
pub fn passages(text: &str) -> Vec<Found> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut found, mut heading, mut ordinal): (Vec<Found>, String, u32) = (Vec::new(), "Title".into(), 0);
    // The first line that is not in a passage yet: headings and blank lines wait for what they stand above.
    let mut begin = 0;
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim().is_empty() {
            at += 1;
            continue;
        }
        if let Some((title, after)) = title(&lines, at) {
            (heading, ordinal, at) = (title, 0, after);
            continue;
        }
        let (kind, mut after) = block(&lines, at);
        let said = lines[at..after].join("\n");
        while after < lines.len() && lines[after].trim().is_empty() {
            after += 1;
        }
        ordinal += 1;
        found.push(passage(text, begin, after, &heading, ordinal, kind, said));
        (begin, at) = (after, after);
    }
    if begin < lines.len() {
        // A heading with nothing below it.
        found.push(passage(text, begin, lines.len(), &heading, ordinal + 1, PassageKind::Aside, heading.clone()));
    }
    found
}

fn passage(
    text: &str,
    begin: usize,
    end: usize,
    heading: &str,
    ordinal: u32,
    kind: PassageKind,
    said: String,
) -> Found {
    let number = |line: usize| u32::try_from(line).unwrap_or(u32::MAX);
    let lines = Lines { first: number(begin + 1), last: number(end) };
    let sha256 = Source::digest(text, lines);
    Found { passage: Passage { lines, heading: heading.to_owned(), ordinal, kind, sha256 }, text: said }
}

/// A heading that begins here: its words, and the line after it.
fn title(lines: &[&str], at: usize) -> Option<(String, usize)> {
    let line = lines[at].trim();
    let below = lines.get(at + 1).map_or("", |line| line.trim());
    let hashes = line.chars().take_while(|sign| *sign == '#').count();
    if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
        return Some((line.trim_matches('#').trim().to_owned(), at + 1));
    }
    let underlined = |sign: char| below.len() >= 3 && below.chars().all(|other| other == sign);
    if !line.starts_with(['-', '`']) && (underlined('=') || underlined('-')) {
        return Some((line.to_owned(), at + 2));
    }
    // Plain text: a short line of its own that is no sentence and nothing to type.
    let above = at.checked_sub(1).map_or("", |above| lines[above].trim());
    let alone = above.is_empty() && below.is_empty() && !lines[at].starts_with([' ', '\t']);
    let words = line.split_whitespace().count();
    let short = line.chars().count() <= 60 && words <= 8;
    let begins = line.chars().next().is_some_and(char::is_uppercase);
    let ends = line.ends_with(|sign: char| sign.is_alphanumeric() || sign == ')');
    let typed = line.contains(['=', '{', '}', '<', '|', '$', '`', '\\']);
    (alone && short && begins && ends && !typed).then(|| (line.to_owned(), at + 1))
}

/// The block that begins here: what it seems to be, and the line after it.
fn block(lines: &[&str], at: usize) -> (PassageKind, usize) {
    let line = lines[at].trim_start();
    if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence)) {
        let end = lines[at + 1..].iter().position(|line| line.trim_start().starts_with(fence));
        return (PassageKind::Snippet, end.map_or(lines.len(), |end| at + 1 + end + 1));
    }
    let mut end = at;
    while end < lines.len() && !lines[end].trim().is_empty() {
        let fence = lines[end].trim_start();
        if end > at && (fence.starts_with("```") || fence.starts_with("~~~") || fence.starts_with("# ")) {
            break;
        }
        end += 1;
    }
    let block = &lines[at..end];
    let indented = block.iter().all(|line| line.starts_with("    ") || line.starts_with('\t'));
    let kind = if indented || block.iter().any(|line| typed(line)) {
        PassageKind::Snippet
    } else if block.iter().any(|line| chosen(line)) {
        PassageKind::Choice
    } else {
        PassageKind::Prose
    };
    (kind, end)
}

/// Whether a line is something to type or to copy, where nothing else marks it so.
fn typed(line: &str) -> bool {
    const TOOLS: [&str; 12] = [
        "aws",
        "curl",
        "docker",
        "eksctl",
        "export",
        "helm",
        "kubectl",
        "openssl",
        "psql",
        "sudo",
        "terraform",
        "tofu",
    ];
    let line = line.trim();
    let mut words = line.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let prompt = matches!(first, "$" | "#") && TOOLS.contains(&second);
    // "helm installs the chart" is a sentence; "helm install search ./chart" is not.
    let sentence = line.ends_with('.') && !line.ends_with("/.") && line.split_whitespace().count() > 3;
    prompt || TOOLS.contains(&first) && !second.is_empty() && !sentence || line.starts_with("apiVersion:")
}

/// Whether a line offers the reader an alternative.
fn chosen(line: &str) -> bool {
    let line = line.trim_start_matches(['-', '*', ' ']).to_lowercase();
    ["option ", "alternatively", "either ", "if you prefer", "or, "].iter().any(|begin| line.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "\
# Widget Store

Widget Store keeps widgets.

## Install

1. Make a namespace:

```sh
kubectl create namespace widgets

kubectl get namespaces
```

Option A: your own database.

    helm install widgets ./chart

Afterwards
==========
";

    fn told(text: &str) -> Vec<(String, String, PassageKind)> {
        passages(text)
            .into_iter()
            .map(|found| {
                let passage = found.passage;
                (format!("{}-{}", passage.lines.first, passage.lines.last), passage.place(), passage.kind)
            })
            .collect()
    }

    #[test]
    fn every_line_belongs_to_one_passage_under_its_heading() {
        let is = |lines: &str, place: &str, kind| (lines.to_owned(), place.to_owned(), kind);
        assert_eq!(
            told(DOCUMENT),
            [
                is("1-4", "Widget Store, passage 1", PassageKind::Prose),
                is("5-8", "Install, passage 1", PassageKind::Prose),
                is("9-14", "Install, passage 2", PassageKind::Snippet),
                is("15-16", "Install, passage 3", PassageKind::Choice),
                is("17-18", "Install, passage 4", PassageKind::Snippet),
                is("19-20", "Afterwards, passage 1", PassageKind::Aside),
            ]
        );
    }

    #[test]
    fn plain_text_has_headings_and_commands_too() {
        let text = "Installing the Widget Store\n\nThe cluster needs two nodes.\n\n\nAdd the chart\n\n$ helm repo add widgets https://charts.example.com\nhelm install widgets widgets/store\n\nHelm waits until the pods are ready.\n";
        assert_eq!(
            told(text).into_iter().map(|(lines, place, _)| format!("{lines} {place}")).collect::<Vec<_>>(),
            [
                "1-5 Installing the Widget Store, passage 1",
                "6-10 Add the chart, passage 1",
                "11-11 Add the chart, passage 2"
            ]
        );
        assert_eq!(passages(text)[1].passage.kind, PassageKind::Snippet);
    }

    #[test]
    fn whatever_the_text_no_line_is_lost_and_none_is_there_twice() {
        for text in
            ["", "\n\n", "a", "```\nnever closed", "# x\n# y\n", "\r\n# t\r\n\r\nword\r\n", "---\n---\n---\n", DOCUMENT]
        {
            let mut next = 1;
            for found in passages(text) {
                assert_eq!(found.passage.lines.first, next, "{text:?}");
                assert_eq!(found.passage.sha256, Source::digest(text, found.passage.lines));
                next = found.passage.lines.last + 1;
            }
            assert_eq!(next as usize, text.lines().count() + 1, "{text:?}");
        }
    }
}
