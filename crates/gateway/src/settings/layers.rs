//! The places that settings come from, in the form that `config` merges.
//!
//! Every layer is a list of known keys with values that remember where they
//! were said; keys that are not known never get past here.

use std::path::Path;

use config::{ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use super::keys;

/// The prefix of the environment variables.
pub(super) const PREFIX: &str = "ROOKERY__";

/// The settings that one place gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer(pub(super) Vec<(String, Value)>);

impl Layer {
    /// `PORT` and `REDIS_URL`, which count only where nothing else is said.
    pub(super) fn customary(variables: &[(String, String)]) -> Self {
        let mut layer = Self::default();
        for (name, value) in variables {
            let origin = format!("environment variable {name}");
            match name.as_str() {
                "PORT" if !value.is_empty() => {
                    layer.say("listen".to_owned(), &format!("0.0.0.0:{value}"), origin);
                }
                "REDIS_URL" => layer.say("redis.url".to_owned(), value, origin),
                _ => {}
            }
        }
        layer
    }

    /// `ROOKERY__SECTION__KEY`.
    pub(super) fn environment(variables: &[(String, String)], problems: &mut Vec<String>) -> Self {
        let mut layer = Self::default();
        for (name, value) in variables {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let key = key.to_ascii_lowercase().replace("__", ".");
            let origin = format!("environment variable {name}");
            if value.contains(char::REPLACEMENT_CHARACTER) {
                problems.push(format!("{key}: is not UTF-8 ({origin})"));
            } else if is_known(&key) {
                layer.say(key, value, origin);
            } else {
                problems.push(unknown(&key, &origin));
            }
        }
        layer
    }

    /// Flags of the command line, as key and value; `log.level` is `--log-level`.
    pub(super) fn flags(flags: &[(&'static str, String)]) -> Self {
        let mut layer = Self::default();
        for (key, value) in flags {
            let origin = format!("flag --{}", key.replace('.', "-"));
            layer.say((*key).to_owned(), value, origin);
        }
        layer
    }

    /// A TOML file.
    pub(super) fn file(path: &Path, problems: &mut Vec<String>) -> Self {
        let file = File::from(path).format(FileFormat::Toml);
        let mut layer = Self::default();
        let entries = match file.collect() {
            Ok(entries) => entries,
            Err(error) => {
                problems.push(syntax_problem(path, &error));
                return layer;
            }
        };
        let origin = path.display().to_string();
        for (name, value) in entries {
            match (keys::section(&name), value.kind) {
                (Some(_), ValueKind::Table(table)) => {
                    for (field, value) in table {
                        layer.take(format!("{name}.{field}"), value.kind, &origin, problems);
                    }
                }
                (Some(_), _) => problems.push(format!(
                    "{name}: is a section; write [{name}] and its settings below it ({origin})"
                )),
                (None, kind) => layer.take(name, kind, &origin, problems),
            }
        }
        layer
    }

    fn take(&mut self, key: String, kind: ValueKind, origin: &String, problems: &mut Vec<String>) {
        if is_known(&key) {
            self.0.push((key, Value::new(Some(origin), kind)));
        } else {
            problems.push(unknown(&key, origin));
        }
    }

    fn say(&mut self, key: String, value: &str, origin: String) {
        // An empty variable is what compose files make of an unset one.
        if !value.is_empty() {
            self.0.push((key, Value::new(Some(&origin), value)));
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.iter().cloned().collect())
    }
}

fn is_known(key: &str) -> bool {
    match key.split_once('.') {
        Some((name, field)) => keys::section(name).is_some_and(|fields| fields.contains(&field)),
        None => keys::known_keys().iter().any(|known| known == key),
    }
}

fn unknown(key: &str, origin: &str) -> String {
    match keys::nearest(key) {
        Some(known) => format!("{key}: there is no such setting; did you mean {known}? ({origin})"),
        None => format!("{key}: there is no such setting ({origin})"),
    }
}

/// What is wrong with a file that is no TOML: place and reason, without the
/// line itself, which may hold a secret.
fn syntax_problem(path: &Path, error: &ConfigError) -> String {
    let text = match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    };
    let lines = text.lines().filter(|line| !line.contains('|'));
    let words: Vec<_> = lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    format!("{}: {}", path.display(), words.join(": "))
}
