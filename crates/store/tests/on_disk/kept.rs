//! Everything is there again after an end and another start.

use rookery_protocol::UserId;
use rookery_store::DataSync;

use crate::support::{Folder, message, room, within};

#[tokio::test]
async fn a_store_that_was_closed_goes_on_where_it_was() {
    for sync in [DataSync::EverySecond, DataSync::Always] {
        let folder = Folder::new(sync);
        let first = folder.open().await;
        first.join("general", None).await;
        first.send("general", "one").await;
        let sent = within(first.store.append(message("general", "two", Some("n"))));
        let sent = sent.await.unwrap();
        let user = UserId::new("u_1").unwrap();
        let general = room("general");
        let remembered = first.store.remember_member(&user, &general, 1);
        within(remembered).await.unwrap();
        let head = first.join("general", None).await.head;
        first.close().await;

        let second = folder.open().await;
        assert_eq!(second.texts("general").await, ["one", "two"]);
        let joined = second.join("general", None).await;
        assert_eq!(joined.head, head, "the same epoch and number");
        let again = within(second.store.append(message("general", "two", Some("n"))));
        let again = again.await.unwrap();
        assert_eq!(
            (again.seq, again.event),
            (sent.seq, None),
            "a nonce is known"
        );
        let rows = within(second.store.rooms_of(&user)).await.unwrap();
        assert_eq!((rows[0].seq, rows[0].read), (2, 1));
    }
}

#[tokio::test]
async fn what_was_asked_of_a_closed_store_is_refused() {
    let folder = Folder::new(DataSync::EverySecond);
    let opened = folder.open().await;
    opened.join("general", None).await;
    within(opened.store.close()).await;
    let refused = within(opened.store.append(message("general", "x", None))).await;
    assert!(refused.unwrap_err().to_string().contains("closed"));
    // And whoever comes next has the folder.
    folder.open().await;
}

#[tokio::test]
async fn rooms_are_listed_and_taken_away_for_good() {
    let folder = Folder::new(DataSync::Always);
    let first = folder.open().await;
    for id in ["a", "b"] {
        first.join(id, None).await;
        first.send(id, "x").await;
    }
    first.close().await;
    let second = folder.open().await;
    let figures = within(second.store.room_figures(&room("a"))).await;
    assert_eq!(figures.unwrap().unwrap().messages, 1);
    assert!(
        within(second.store.remove_room(&room("a"), None))
            .await
            .unwrap()
    );
    second.close().await;
    let third = folder.open().await;
    let rooms = [room("a"), room("b")];
    let heads = within(third.store.heads(&rooms)).await.unwrap();
    assert!(heads[0].is_none() && heads[1].is_some());
    third.join("a", None).await;
    assert_eq!(third.texts("a").await, Vec::<String>::new());
}
