//! `log.level`: how much is logged, checked word by word.
//!
//! The filter behind it takes every word that it does not know for the name of a
//! part of the program, and silences all the rest: `verbose` would be a node that
//! never says anything.

use tracing_subscriber::EnvFilter;

/// The levels, from the one that says least.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// What others call them. Only the first is taken as it is.
const OTHER_WORDS: [(&str, &str); 14] = [
    (WARNING, "warn"),
    ("fatal", "error"),
    ("critical", "error"),
    ("alert", "error"),
    ("err", "error"),
    ("notice", "info"),
    ("normal", "info"),
    ("default", "info"),
    ("verbose", "debug"),
    ("fine", "debug"),
    ("all", "trace"),
    ("none", "off"),
    ("quiet", "off"),
    ("silent", "off"),
];

/// So usual a name of `warn` that it is one.
const WARNING: &str = "warning";

/// What in this program writes to the log.
const PARTS: [&str; 15] = [
    "rookery",
    "rookery_gateway",
    "rookery_store",
    "rookery_protocol",
    "actix_codec",
    "actix_http",
    "actix_router",
    "actix_server",
    "actix_web",
    "actix_ws",
    "fred",
    "mio",
    "redis_protocol",
    "rustls",
    "tokio",
];

/// A part whose name is less like a known one than this is not taken for a slip.
const LIKE: f64 = 0.6;

const WRITE: &str = "write error, warn, info, debug, trace or off, or directives such as info,rookery_gateway=debug";

/// What a level says, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogLevel {
    /// As the filter takes it.
    pub(super) directives: String,
    /// What works but is probably not meant so.
    pub(super) warnings: Vec<String>,
}

impl LogLevel {
    /// Reads a level or directives.
    ///
    /// # Errors
    ///
    /// In words, where something is neither.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (mut directives, mut warnings) = (Vec::new(), Vec::new());
        let mut is_global = false;
        for directive in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (name, level) = split(directive);
            is_global |= name.is_empty();
            let known = level.map(level_named).transpose()?;
            directives.push(match known {
                Some(level) if name.is_empty() => level,
                Some(level) => format!("{name}={level}"),
                None => name.to_owned(),
            });
            if let Some(part) = part_of(name).filter(|part| !PARTS.contains(part)) {
                warnings.push(unknown_part(part));
            }
        }
        if directives.is_empty() {
            return Err(format!("says nothing; {WRITE}"));
        }
        if !is_global {
            warnings.push(format!(
                "log.level says nothing of what it does not name, which stays silent but for errors; to hear it too write info,{text}"
            ));
        }
        let directives = directives.join(",");
        EnvFilter::try_new(&directives).map_err(|error| format!("{error}; {WRITE}"))?;
        Ok(Self {
            directives,
            warnings,
        })
    }
}

/// The name of a directive, which is empty where it is for everything, and its level.
fn split(directive: &str) -> (&str, Option<&str>) {
    let after_span = directive.rfind(']').map_or(0, |end| end + 1);
    match directive[after_span..].split_once('=') {
        Some((name, level)) => (&directive[..after_span + name.len()], Some(level)),
        // A level alone, or a name alone, which is all that it says.
        None if after_span > 0 || PARTS.contains(&crate_of(directive)) => (directive, None),
        None => ("", Some(directive)),
    }
}

/// The part of the program that a directive names; none where it names a span alone.
fn part_of(name: &str) -> Option<&str> {
    let target = name.split('[').next().unwrap_or(name);
    Some(crate_of(target)).filter(|part| !part.is_empty())
}

fn crate_of(target: &str) -> &str {
    target.split("::").next().unwrap_or(target)
}

fn level_named(text: &str) -> Result<String, String> {
    let word = text.to_ascii_lowercase();
    let is_number = matches!(word.as_bytes(), [b'0'..=b'5']);
    if is_number || LEVELS.contains(&word.as_str()) {
        return Ok(word);
    }
    if word == WARNING {
        return Ok("warn".to_owned());
    }
    let other = OTHER_WORDS.iter().find(|(other, _)| *other == word);
    let meant = other.map_or_else(|| nearest(&word, &LEVELS), |(_, level)| Some(*level));
    Err(match meant {
        Some(level) => format!("{text:?} is no level; did you mean {level}? {WRITE}"),
        None => format!("{text:?} is no level; {WRITE}"),
    })
}

fn unknown_part(part: &str) -> String {
    match nearest(part, &PARTS) {
        Some(known) => format!("log.level: nothing here logs as {part}; did you mean {known}?"),
        None => format!(
            "log.level: nothing here logs as {part}; what this program itself says comes from rookery_gateway and rookery_store"
        ),
    }
}

fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(word, known);
    let all = known.iter().map(|known| (likeness(known), *known));
    all.filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> LogLevel {
        LogLevel::read(text).unwrap()
    }

    #[test]
    fn what_is_meant_is_understood() {
        for (text, directives) in [
            ("info", "info"),
            ("WARN", "warn"),
            ("warning", "warn"),
            ("3", "3"),
            (
                " info , rookery_gateway::node=Warning ",
                "info,rookery_gateway::node=warn",
            ),
            ("info,rookery_gateway", "info,rookery_gateway"),
            (
                "warn,[connection{user=u_7}]=debug",
                "warn,[connection{user=u_7}]=debug",
            ),
            (
                "info,rookery_gateway[connection]=debug",
                "info,rookery_gateway[connection]=debug",
            ),
        ] {
            let expected = LogLevel {
                directives: directives.to_owned(),
                warnings: vec![],
            };
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_level_is_refused_with_the_likely_one() {
        for (text, meant) in [
            ("verbose", "did you mean debug?"),
            ("wran", "did you mean warn?"),
            ("information", "write error, warn"),
            ("fatal", "did you mean error?"),
            ("info,rookery_store=verbose", "did you mean debug?"),
            ("chat", "\"chat\" is no level"),
            ("rookery_store=", "is no level"),
            ("7", "is no level"),
            ("", "says nothing"),
            (" , ", "says nothing"),
            ("a=b=c", "is no level"),
        ] {
            let said = LogLevel::read(text).unwrap_err();
            assert!(said.contains(meant), "{text}: {said}");
        }
    }

    #[test]
    fn what_names_nothing_is_told() {
        let said = read("info,rookery_gatway::node=debug").warnings;
        assert!(
            said[0].contains("did you mean rookery_gateway?"),
            "{said:?}"
        );
        let said = read("info,quux=debug").warnings;
        assert!(
            said[0].contains("rookery_gateway and rookery_store"),
            "{said:?}"
        );
        let said = read("rookery_gateway=debug").warnings;
        assert!(
            said[0].contains("write info,rookery_gateway=debug"),
            "{said:?}"
        );
    }
}
