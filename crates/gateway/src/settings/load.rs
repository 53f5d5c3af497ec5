//! Reads the settings: defaults < file < environment < flags.
//!
//! All that is wrong is found at once, so that an operator mends it at once.

use std::{ffi::OsString, fmt, path::PathBuf};

use config::{Config, ConfigError, Map, Source, Value, ValueKind};
use serde::Deserialize;

use super::{Settings, layers::Layer, near_misses::NearMisses};

/// The file that is read from the working folder if it is there.
const FILE: &str = "rookery.toml";

/// Where the settings come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A file that must be there.
    pub file: Option<PathBuf>,
    /// The folder whose `rookery.toml` is read where no file is named.
    pub folder: PathBuf,
    /// The environment.
    pub variables: Vec<(String, String)>,
    /// Flags of the command line, by the key that they set.
    pub flags: Vec<(&'static str, String)>,
}

impl Sources {
    /// Those of this process: its working folder and its environment. What is
    /// not UTF-8 has the character that stands for that in its place.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(&'static str, String)>) -> Self {
        let in_words = |text: OsString| text.to_string_lossy().into_owned();
        let variables = std::env::vars_os()
            .map(|(name, value)| (in_words(name), in_words(value)))
            .collect();
        Self {
            file,
            folder: PathBuf::new(),
            variables,
            flags,
        }
    }
}

/// Settings that make sense, and what is worth saying about them.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What works but is probably not meant so, in words.
    pub warnings: Vec<String>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// Everything that is wrong with the settings, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(pub Vec<String>);

impl std::error::Error for SettingsError {}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

/// Reads and checks the settings.
///
/// # Errors
///
/// With all problems in words: a named file that is not there, unknown keys,
/// values of the wrong kind, and what cannot work together.
pub fn load(sources: &Sources) -> Result<Loaded, SettingsError> {
    let mut problems = Vec::new();
    let file = find_file(sources, &mut problems);
    let layers = [
        Layer::customary(&sources.variables),
        file.as_deref()
            .map(|path| Layer::file(path, &mut problems))
            .unwrap_or_default(),
        Layer::environment(&sources.variables, &mut problems),
        Layer::flags(&sources.flags),
    ];
    let settings = merge(&layers, &mut problems);
    // A value that could not be read counts as its default below, which must
    // not lead to complaints of its own.
    if problems.is_empty() {
        problems = settings.problems();
    }
    let misses = NearMisses::among(&sources.variables);
    problems.extend(misses.problems);
    if problems.is_empty() {
        let mut warnings = misses.warnings;
        warnings.extend(settings.warnings());
        Ok(Loaded {
            warnings,
            settings,
            file,
        })
    } else {
        // What is missing may be what was meant.
        problems.extend(misses.warnings);
        Err(SettingsError(problems))
    }
}

fn find_file(sources: &Sources, problems: &mut Vec<String>) -> Option<PathBuf> {
    match &sources.file {
        Some(file) if file.is_file() => Some(file.clone()),
        Some(file) => {
            problems.push(format!(
                "{}: there is no such file (--config)",
                file.display()
            ));
            None
        }
        None => Some(sources.folder.join(FILE)).filter(|file| file.is_file()),
    }
}

/// Puts the layers one over the other and reads the sum. A value of the wrong
/// kind is noted and left out, until what remains can be read.
fn merge(layers: &[Layer], problems: &mut Vec<String>) -> Settings {
    let builder = layers.iter().fold(Config::builder(), |builder, layer| {
        builder.add_source(layer.clone())
    });
    let mut entries = match builder.build().and_then(|config| config.collect()) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(error.to_string());
            return Settings::default();
        }
    };
    loop {
        let all = Value::new(None, ValueKind::Table(entries.clone()));
        let error = match Settings::deserialize(all) {
            Ok(settings) => return settings,
            Err(error) => error,
        };
        let (path, reason) = explain(&error);
        let Some(key) = layers
            .iter()
            .rev()
            .flat_map(|layer| &layer.0)
            .map(|(key, _)| key)
            .find(|key| path.starts_with(*key))
        else {
            problems.push(error.to_string());
            return Settings::default();
        };
        problems.push(format!("{path}: {reason}{}", said_where(layers, key)));
        remove(&mut entries, key);
    }
}

/// The path of the value that was not understood, and why.
fn explain(error: &ConfigError) -> (String, String) {
    match error {
        ConfigError::At { error, key, .. } => (key.clone().unwrap_or_default(), error.to_string()),
        ConfigError::Type {
            unexpected,
            expected,
            key,
            ..
        } => (
            key.clone().unwrap_or_default(),
            format!("expected {expected}, not {unexpected}"),
        ),
        other => (String::new(), other.to_string()),
    }
}

fn said_where(layers: &[Layer], key: &str) -> String {
    let mut said = layers.iter().rev().flat_map(|layer| &layer.0);
    match said
        .find(|(known, _)| known == key)
        .and_then(|(_, value)| value.origin())
    {
        Some(origin) => format!(" ({origin})"),
        None => String::new(),
    }
}

fn remove(entries: &mut Map<String, Value>, key: &str) {
    match key.split_once('.') {
        None => {
            entries.remove(key);
        }
        Some((section, field)) => {
            if let Some(ValueKind::Table(table)) =
                entries.get_mut(section).map(|value| &mut value.kind)
            {
                table.remove(field);
            }
        }
    }
}
