//! Which epoch a log goes on in after an end without a word, and who may go on in it.

use rookery_store::{DataSync, Recovery};

use crate::support::{Folder, within};

#[tokio::test]
async fn with_always_the_epoch_stays_and_nothing_answered_is_lost() {
    let folder = Folder::new(DataSync::Always);
    let first = folder.open().await;
    first.join("general", None).await;
    for text in ["one", "two", "three"] {
        first.send("general", text).await;
    }
    let head = first.join("general", None).await.head;
    let killed = folder.as_if_killed();
    let second = killed.open().await;
    assert_eq!(second.texts("general").await, ["one", "two", "three"]);
    assert_eq!(second.join("general", None).await.head, head);
}

#[tokio::test]
async fn with_everysec_who_saw_no_more_than_was_kept_goes_on() {
    let folder = Folder::new(DataSync::EverySecond);
    let first = folder.open().await;
    first.join("general", None).await;
    first.send("general", "one").await;
    first.send("general", "two").await;
    let kept = first.join("general", None).await.head;
    // A copy has everything up to now written first.
    let copied = folder.beside("copy");
    within(async { rookery_store::backup(folder.path(), &copied).unwrap() }).await;
    let killed = folder.as_if_killed();
    first.send("general", "never written").await;
    let lost = first.join("general", None).await.head;

    let second = killed.open().await;
    let joined = second.join("general", Some(&kept)).await;
    assert_ne!(joined.head.epoch, kept.epoch, "the end may have been lost");
    assert!(joined.forks.share(&kept) && !joined.forks.share(&lost));
    match joined.recovery {
        Recovery::Events(events) => assert!(events.is_empty()),
        other => panic!("{other:?}"),
    }
    let joined = second.join("general", Some(&lost)).await;
    assert!(matches!(joined.recovery, Recovery::Messages(messages) if messages.len() == 2));
    second.send("general", "three").await;
    let joined = second.join("general", Some(&kept)).await;
    assert!(matches!(joined.recovery, Recovery::Events(events) if events.len() == 1));
    second.close().await;
    let third = killed.open().await;
    assert_eq!(third.join("general", None).await.head, joined.head);
}
