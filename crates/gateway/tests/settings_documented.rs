//! Holds `rookery.example.toml` and the table in `README.md` to the settings as they are.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use rookery_gateway::settings::{Settings, Sources, known_keys, load};

/// Shown in the example with a value, although they have no fixed default.
const WITHOUT_DEFAULT: [&str; 3] = ["redis.url", "auth.jwt_secret", "auth.guests"];

/// One setting as the example has it.
struct Shown {
    key: String,
    value: String,
    words: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn example() -> Vec<Shown> {
    let text = std::fs::read_to_string(root().join("rookery.example.toml")).unwrap();
    let (mut shown, mut section, mut words) = (Vec::new(), String::new(), String::new());
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = format!("{name}.");
        } else if let Some(prose) = line.strip_prefix("# ") {
            words = format!("{words} {prose}").trim().to_owned();
        } else if let Some((key, value)) = line
            .strip_prefix('#')
            .and_then(|rest| rest.split_once(" = "))
        {
            shown.push(Shown {
                key: format!("{section}{key}"),
                value: value.to_owned(),
                words: std::mem::take(&mut words),
            });
        } else {
            words.clear();
        }
    }
    shown
}

fn load_text(text: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rookery.toml"), text).unwrap();
    let sources = Sources {
        folder: folder.path().to_owned(),
        ..Sources::default()
    };
    load(&sources).unwrap().settings
}

#[test]
fn the_example_shows_every_setting_once_and_explains_it() {
    let shown: Vec<String> = example().into_iter().map(|setting| setting.key).collect();
    let known: BTreeSet<String> = known_keys().into_iter().collect();
    assert_eq!(shown.iter().cloned().collect::<BTreeSet<_>>(), known);
    assert_eq!(shown.len(), known.len());
    for setting in example() {
        assert!(setting.words.len() > 10, "{} is not explained", setting.key);
    }
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    let text = std::fs::read_to_string(root().join("rookery.example.toml")).unwrap();
    assert_eq!(load_text(&text), Settings::default());
}

#[test]
fn every_value_shown_is_the_default_and_can_be_read() {
    for Shown { key, value, .. } in example() {
        let text = match key.split_once('.') {
            Some((section, field)) => format!("[{section}]\n{field} = {value}\n"),
            None => format!("{key} = {value}\n"),
        };
        let differs = load_text(&text) != Settings::default();
        assert_eq!(
            differs,
            WITHOUT_DEFAULT.contains(&key.as_str()),
            "{key} = {value}"
        );
    }
}

/// `ROOKERY_WRITE_DOCS=1` writes the table anew.
#[test]
fn the_table_of_settings_is_the_one_of_the_example() {
    const BEGIN: &str = "<!-- settings: made by the test table_of_settings -->\n";
    const END: &str = "<!-- end of settings -->";
    let mut table =
        String::from("| setting | environment | default | |\n| --- | --- | --- | --- |\n");
    for Shown { key, value, words } in example() {
        let variable = format!("ROOKERY__{}", key.to_uppercase().replace('.', "__"));
        let default = match WITHOUT_DEFAULT.contains(&key.as_str()) {
            true => String::new(),
            false => format!("`{value}`"),
        };
        writeln!(table, "| `{key}` | `{variable}` | {default} | {words} |").unwrap();
    }
    let path = root().join("README.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var_os("ROOKERY_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            shown, table,
            "to make it anew: ROOKERY_WRITE_DOCS=1 cargo test -p rookery-gateway table_of_settings"
        );
    }
}
