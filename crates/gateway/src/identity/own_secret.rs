//! The secret that signs tokens where nobody named one and there is a data folder: made
//! once and kept there, so that users survive a restart.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context;
use rand::RngCore;

use crate::settings::{Secret, Settings};

/// Its file in the data folder.
pub(crate) const FILE: &str = "secret";

/// The least characters of one: 32 bytes in hexadecimal.
const CHARS: usize = 64;

/// The secret of the folder, where there is one already and none is set.
///
/// # Errors
///
/// Where it cannot be read or was cut off.
pub(crate) fn find(settings: &Settings) -> anyhow::Result<Option<Secret>> {
    if settings.auth.jwt_secret.is_some() {
        return Ok(None);
    }
    let Some(data) = settings.data_settings() else {
        return Ok(None);
    };
    let path = data.folder.join(FILE);
    let mut text = String::new();
    match File::open(&path) {
        Ok(mut file) => file.read_to_string(&mut text).map(drop),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
    }
    .with_context(|| format!("cannot read {}", path.display()))?;
    let text = text.trim();
    anyhow::ensure!(
        text.len() >= CHARS,
        "{} is damaged: take it away, and a new one is made; tokens signed before are refused then",
        path.display()
    );
    Ok(Some(Secret::new(text)))
}

/// The same, and makes one where a folder has none. The folder must be this process's.
///
/// # Errors
///
/// Where it cannot be read or written.
pub(crate) fn find_or_make(settings: &Settings) -> anyhow::Result<Option<Secret>> {
    let found = find(settings)?;
    let data = settings.data_settings();
    let (None, None, Some(data)) = (&found, &settings.auth.jwt_secret, data) else {
        return Ok(found);
    };
    let secret = make();
    keep(&data.folder, &secret)
        .with_context(|| format!("cannot write {}", data.folder.join(FILE).display()))?;
    Ok(Some(Secret::new(secret)))
}

fn make() -> String {
    let mut key = [0; CHARS / 2];
    rand::rng().fill_bytes(&mut key);
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes it to a folder: whole or not at all, and for its owner alone.
pub(crate) fn keep(folder: &Path, secret: &str) -> io::Result<()> {
    let new = folder.join("secret.new");
    let mut options = File::options();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&new)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, folder.join(FILE))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn settings(folder: &Path) -> Settings {
        let mut settings = Settings::default();
        settings.embedded.data = folder.to_owned();
        settings
    }

    #[test]
    fn it_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        assert!(find(&settings).unwrap().is_none(), "looking makes none");
        let made = find_or_make(&settings).unwrap().unwrap();
        let found = find_or_make(&settings).unwrap().unwrap();
        assert_eq!(made.reveal(), found.reveal());
        let file = fs::metadata(folder.path().join(FILE)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn one_that_was_set_counts_and_no_folder_means_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        settings.auth.jwt_secret = Some(Secret::new("x".repeat(32)));
        assert!(find_or_make(&settings).unwrap().is_none());
        assert!(find_or_make(&Settings::default()).unwrap().is_none());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_that_was_cut_off_is_told_of_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "abc").unwrap();
        let error = find_or_make(&settings(folder.path())).err().unwrap();
        assert!(error.to_string().contains("is damaged"), "{error}");
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"abc");
    }
}
