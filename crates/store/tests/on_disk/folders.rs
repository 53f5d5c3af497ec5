//! Folders that are not for this process: told in words, and left as they are.

use std::{collections::BTreeSet, fs};

use redb::{ReadableDatabase, TableHandle};
use rookery_store::{CheckStatus, DataSync, Settings};

use crate::support::{Folder, words};

#[tokio::test]
async fn a_folder_is_made_and_only_its_owner_looks_in() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut folder = Folder::new(DataSync::EverySecond);
    folder.data.folder = folder.data.folder.join("and/below");
    folder.open().await.close().await;
    let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// What the first columns of the tables of the page name behind its heading of folders.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../../../docs/STORAGE.md");
    let (_, folders) = page.split_once("# What lies in a data folder").unwrap();
    let rows = folders.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split_once('`').unwrap().0.to_owned())
        .collect()
}

#[tokio::test]
async fn a_used_folder_holds_what_the_page_says_and_nothing_else() {
    let folder = Folder::new(DataSync::EverySecond);
    let opened = folder.open().await;
    opened.join("a", None).await;
    opened.send("a", "x").await;
    // The gateway's, where nobody set one.
    let mut found = BTreeSet::from(["secret".to_owned()]);
    for entry in fs::read_dir(folder.path()).unwrap() {
        found.insert(entry.unwrap().file_name().into_string().unwrap());
    }
    opened.close().await;
    let database = redb::Database::open(folder.path().join("rookery.redb")).unwrap();
    let reading = database.begin_read().unwrap();
    let tables = reading.list_tables().unwrap();
    found.extend(tables.map(|table| table.name().to_owned()));
    assert_eq!(found, documented());
}

#[tokio::test]
async fn one_in_use_is_told_of() {
    let folder = Folder::new(DataSync::EverySecond);
    let opened = folder.open().await;
    let said = words(folder.try_open().await);
    assert!(said.contains("in use by another process"), "{said}");
    assert_eq!(check(&folder).await, CheckStatus::Ok);
    opened.close().await;
    folder.open().await;
}

#[tokio::test]
async fn somebody_elses_is_told_of_and_left_as_it_is() {
    let folder = Folder::new(DataSync::EverySecond);
    fs::create_dir(folder.path()).unwrap();
    fs::write(folder.path().join("thesis.tex"), "chapter one").unwrap();
    let before = folder.files();
    let said = words(folder.try_open().await);
    assert!(
        said.contains("not one of rookery") && said.contains("thesis.tex"),
        "{said}"
    );
    assert_eq!(check(&folder).await, CheckStatus::Failed);
    assert_eq!(folder.files(), before);
}

#[tokio::test]
async fn a_file_in_its_place_is_told_of() {
    let folder = Folder::new(DataSync::EverySecond);
    fs::write(folder.path(), "x").unwrap();
    let said = words(folder.try_open().await);
    assert!(said.contains("data"), "{said}");
    assert_eq!(fs::read(folder.path()).unwrap(), b"x");
}

#[tokio::test]
async fn what_was_being_made_when_somebody_was_killed_is_begun_anew() {
    let folder = Folder::new(DataSync::EverySecond);
    fs::create_dir(folder.path()).unwrap();
    fs::write(folder.path().join("rookery.redb.new"), "half").unwrap();
    folder.open().await;
}

async fn check(folder: &Folder) -> CheckStatus {
    let server_id = rookery_protocol::ServerId::new("n_1").unwrap();
    let settings = Settings::on_disk(server_id, folder.data.clone());
    rookery_store::check(&settings).await[0].status
}
