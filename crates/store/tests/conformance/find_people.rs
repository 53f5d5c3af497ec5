//! Finding people by what they are called.

use rookery_store::{PeopleFound, PersonPlace};

use crate::place::*;

async fn find(
    node: &Node,
    beginning: &str,
    after: Option<PersonPlace>,
    limit: usize,
) -> PeopleFound {
    within(node.find_people(beginning, after, limit))
        .await
        .unwrap()
}

fn names(found: &PeopleFound) -> Vec<&str> {
    found.people.iter().map(|user| &*user.name).collect()
}

pub(crate) async fn people_are_found_by_the_beginning_of_their_names(place: Place) {
    let node = place.node().await;
    assert_eq!(find(&node, "", None, 5).await, PeopleFound::default());
    for (id, name) in [
        ("1", "Anna"),
        ("2", "ANNA Ünal"),
        ("3", "Ben"),
        ("4", "anna"),
        ("5", "Änne"),
        ("6", "An"),
        ("7", "Deleted account"),
    ] {
        within(node.note_person(&user(id, name))).await.unwrap();
    }
    let found = find(&node, "an", None, 10).await;
    assert_eq!(names(&found), ["An", "Anna", "anna", "ANNA Ünal"]);
    assert_eq!(found.next, None);
    assert_eq!(names(&find(&node, "ÄN", None, 10).await), ["Änne"]);
    assert_eq!(find(&node, "", None, 10).await.people.len(), 6);
    assert_eq!(
        find(&node, "annabel", None, 10).await,
        PeopleFound::default()
    );

    // A name that was changed is found under the new one alone.
    within(node.note_person(&user("1", "Zoe"))).await.unwrap();
    for _ in 0..2 {
        assert_eq!(
            names(&find(&node, "anna", None, 10).await),
            ["anna", "ANNA Ünal"]
        );
        assert_eq!(names(&find(&node, "z", None, 10).await), ["Zoe"]);
    }
}

pub(crate) async fn people_are_found_page_by_page(place: Place) {
    let node = place.node().await;
    let mut wanted = Vec::new();
    for number in 0..50 {
        let name = format!("Name {number:02}");
        let id = format!("id {}", number * 7 % 50);
        within(node.note_person(&user(&id, "Name before")))
            .await
            .unwrap();
        within(node.note_person(&user(&id, &name))).await.unwrap();
        wanted.push(name);
    }
    for limit in [1, 7, 50] {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = find(&node, "name", after, limit).await;
            assert!(page.people.len() <= limit);
            all.extend(names(&page).into_iter().map(str::to_owned));
            match page.next {
                Some(next) => after = PersonPlace::of_word(&next.to_word()),
                None => break,
            }
        }
        assert_eq!(all, wanted, "{limit} at once");
    }
}
