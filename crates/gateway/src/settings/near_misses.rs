//! Environment variables that look like settings and are none, such as
//! `ROOKERY_STORE`, which has one underscore too few.

use super::keys;

/// Variables that are the customary way elsewhere, and what is read here.
const ELSEWHERE: [(&str, &str); 1] = [("RUST_LOG", "log.level")];

/// What a container engine adds for services of these names beginning with `rookery`.
const SERVICE_MARKS: [&str; 3] = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT_"];

/// What is said of variables that are not read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct NearMisses {
    /// Those that are settings, spelled in another way.
    pub(super) problems: Vec<String>,
    /// Those that are like a setting.
    pub(super) warnings: Vec<String>,
}

impl NearMisses {
    /// Looks for them.
    pub(super) fn among(variables: &[(String, String)]) -> Self {
        let mut misses = Self::default();
        // An empty variable is what compose files make of an unset one.
        for (name, _) in variables.iter().filter(|(_, value)| !value.is_empty()) {
            misses.look_at(name);
        }
        misses
    }

    fn look_at(&mut self, name: &str) {
        if let Some((_, key)) = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == name) {
            let right = variable_of(key);
            self.warnings
                .push(format!("{name} is not read; {key} is set by {right}"));
            return;
        }
        let Some(said) = own_part(name) else { return };
        let meant = keys::known_keys().into_iter().find(|key| flat(key) == said);
        if let Some(key) = meant {
            let right = variable_of(&key);
            self.problems.push(format!(
                "{name}: is not read; to set {key} write {right} (two underscores before each part)"
            ));
        } else if let Some(key) = keys::nearest(&said).filter(|_| !is_of_a_service(name)) {
            let right = variable_of(&key);
            self.warnings
                .push(format!("{name} is not read; did you mean {right}?"));
        }
    }
}

/// What a variable would set if it were one of ours, with single underscores;
/// none for those that are read, and for strangers.
fn own_part(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let rest = upper.strip_prefix("ROOKERY")?;
    let is_read = name.starts_with(super::layers::PREFIX);
    let parted = rest.trim_start_matches(['_', '-', '.']);
    (!is_read && parted.len() < rest.len()).then(|| flat(parted))
}

/// A key or the rest of a variable with one underscore between words.
fn flat(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words = lower.split(['_', '-', '.']);
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

fn is_of_a_service(name: &str) -> bool {
    name.ends_with("_PORT") || SERVICE_MARKS.iter().any(|mark| name.contains(mark))
}

fn variable_of(key: &str) -> String {
    let words = key.to_ascii_uppercase().replace('.', "__");
    format!("{}{words}", super::layers::PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misses(name: &str) -> NearMisses {
        NearMisses::among(&[(name.to_owned(), "x".to_owned())])
    }

    #[test]
    fn a_setting_in_another_spelling_is_a_problem_that_names_the_right_one() {
        for (name, right) in [
            ("ROOKERY_STORE", "ROOKERY__STORE"),
            ("rookery__store", "ROOKERY__STORE"),
            ("ROOKERY-LISTEN", "ROOKERY__LISTEN"),
            ("ROOKERY_REDIS_URL", "ROOKERY__REDIS__URL"),
            ("ROOKERY_REDIS__URL", "ROOKERY__REDIS__URL"),
            ("ROOKERY_LIMITS_FRAME_BYTES", "ROOKERY__LIMITS__FRAME_BYTES"),
            ("Rookery__Log__Level", "ROOKERY__LOG__LEVEL"),
        ] {
            let problems = misses(name).problems;
            assert!(
                problems[0].contains(&format!("write {right} ")),
                "{name}: {problems:?}"
            );
        }
    }

    #[test]
    fn what_is_like_a_setting_is_a_warning() {
        for (name, right) in [
            ("ROOKERY_JWT_SECRET", "ROOKERY__AUTH__JWT_SECRET"),
            ("ROOKERY_STORES", "ROOKERY__STORE"),
            ("RUST_LOG", "ROOKERY__LOG__LEVEL"),
        ] {
            let NearMisses { problems, warnings } = misses(name);
            assert_eq!(problems, [""; 0], "{name}");
            assert!(warnings[0].contains(right), "{name}: {warnings:?}");
        }
    }

    #[test]
    fn what_others_put_there_is_passed_over() {
        for name in [
            "PATH",
            "ROOKERY",
            "ROOKERYSTORE",
            "ROOKERY_PORT",
            "ROOKERY_SERVICE_HOST",
            "ROOKERY_SERVICE_PORT_HTTP",
            "ROOKERY_PORT_8080_TCP_ADDR",
            "ROOKERY_REDIS_SERVICE_HOST",
            "ROOKERY_REDIS_PORT",
            "ROOKERY_BINARY",
            "ROOKERY__STORE",
        ] {
            assert_eq!(misses(name), NearMisses::default(), "{name}");
        }
        let unset = [("ROOKERY_STORE".to_owned(), String::new())];
        assert_eq!(NearMisses::among(&unset), NearMisses::default());
    }
}
