//! Copies of a folder, in use or not.

use std::fs;

use rookery_store::{Backup, DataSync, Overwrite, Replacement, backup};

use crate::support::{Folder, message, within, words};

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_has_what_was_answered_before_it() {
    let folder = Folder::new(DataSync::EverySecond);
    let opened = folder.open().await;
    for id in ["a", "b"] {
        opened.join(id, None).await;
        opened.send(id, "before").await;
    }
    let head = opened.join("a", None).await.head;
    let target = folder.beside("copy");
    let copied = backup(folder.path(), &target).unwrap();
    assert_eq!(
        copied,
        Backup {
            rooms: 2,
            events: 2
        }
    );
    opened.send("a", "after").await;
    assert_eq!(opened.texts("a").await, ["before", "after"]);

    let mut copy = Folder::new(DataSync::EverySecond);
    copy.data.folder = target.clone();
    let second = copy.open().await;
    assert_eq!(second.texts("a").await, ["before"]);
    let joined = second.join("a", Some(&head)).await;
    assert_ne!(
        joined.head.epoch, head.epoch,
        "two logs of one epoch would be two logs"
    );
    assert!(joined.forks.share(&head));
    second.close().await;

    let said = words(backup(folder.path(), &target));
    assert!(said.contains("empty or not there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_has_nothing_of_a_text_that_was_deleted() {
    const TEXT: &str = "to be forgotten by everybody";
    let folder = Folder::new(DataSync::Always);
    let opened = folder.open().await;
    opened.join("a", None).await;
    let seq = opened.send("a", TEXT).await.seq;
    let has_text = |folder: &std::path::Path| {
        let bytes = fs::read(folder.join("rookery.redb")).unwrap();
        let mut windows = bytes.windows(TEXT.len());
        windows.any(|window| window == TEXT.as_bytes())
    };
    assert!(has_text(folder.path()));
    let mut deletion = message("a", "", None);
    deletion.body.kind = rookery_protocol::EventKind::Deleted;
    deletion.overwrite = Some(Overwrite {
        seq,
        with: Replacement::Deletion,
    });
    within(opened.store.append(deletion)).await.unwrap();
    assert!(opened.texts("a").await.is_empty());
    let target = folder.beside("copy");
    assert_eq!(backup(folder.path(), &target).unwrap().events, 2);
    assert!(!has_text(&target));
}

#[tokio::test]
async fn a_folder_that_nobody_uses_is_copied_as_well() {
    let folder = Folder::new(DataSync::Always);
    let opened = folder.open().await;
    opened.join("a", None).await;
    opened.send("a", "x").await;
    opened.close().await;
    let target = folder.beside("copy");
    assert_eq!(backup(folder.path(), &target).unwrap().events, 1);
    folder.open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_and_nothing_is_touched() {
    let folder = Folder::new(DataSync::EverySecond);
    let (nowhere, target) = (folder.beside("nowhere"), folder.beside("copy"));
    let said = words(backup(&nowhere, &target));
    assert!(said.contains("nothing of rookery"), "{said}");
    assert!(!target.exists() && !nowhere.exists());

    let _opened = folder.open().await;
    fs::create_dir(&target).unwrap();
    fs::write(target.join("mine"), "x").unwrap();
    let said = words(backup(folder.path(), &target));
    assert!(said.contains("not one of rookery"), "{said}");
    assert_eq!(fs::read(target.join("mine")).unwrap(), b"x");
    let said = words(backup(folder.path(), folder.path()));
    assert!(said.contains("in use"), "{said}");
}
