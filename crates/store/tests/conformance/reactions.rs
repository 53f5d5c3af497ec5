//! What people think of messages: counted, told, and gone with the message.

use std::{collections::BTreeMap, time::Duration};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use rookery_protocol::{
    Emoji, Event, Role,
    server_frame::RoomKind,
    tail::{self, TailChange},
};
use rookery_store::{
    Appended, Denied, React, Reacted, Reaction, ReactionChange, Reactors, ReactorsAsked, Restraint,
    Rule, StoreError,
};
use serde_json::{Value, json};

use crate::{overwrite::*, people::*, place::*};

pub(crate) fn value(event: &Event) -> Value {
    serde_json::from_slice(event.json()).unwrap()
}

fn emoji(text: &str) -> Emoji {
    Emoji::new(text).unwrap()
}

fn change(by: &str, of: &str, on: bool) -> ReactionChange {
    ReactionChange {
        user: user(by, by),
        emoji: emoji(of),
        on,
    }
}

fn reacting(id: &str, target: u64, changes: Vec<ReactionChange>) -> React {
    React {
        room: room(id),
        target,
        known: None,
        changes,
        most_emoji: 3,
    }
}

type Outcomes = (Option<Appended>, Vec<Result<Reaction, Denied>>);

/// Reacts, behind what was told of the message a moment ago.
async fn react(
    node: &Node,
    id: &str,
    target: u64,
    changes: Vec<ReactionChange>,
) -> Result<Outcomes, StoreError> {
    let react = reacting(id, target, changes);
    loop {
        match within(node.react(&react)).await? {
            Reacted::Done { told, outcomes } => return Ok((told, outcomes)),
            Reacted::Wait(ms) => {
                assert!((1..=React::PAUSE_MS).contains(&ms), "{ms}");
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
        }
    }
}

/// One change that is allowed: the event, if there is one, whether it changed anything, the count.
async fn one(node: &Node, by: &str, of: &str, on: bool) -> (Option<Value>, bool, u64) {
    let (told, outcomes) = react(node, "general", 2, vec![change(by, of, on)])
        .await
        .unwrap();
    let Reaction { changed, count } = outcomes[0].unwrap();
    let told = told.map(|told| value(&told.event.unwrap()));
    (told, changed, count)
}

/// A public room with some members and three messages.
async fn peopled(place: &Place, id: &str) -> Node {
    let mut node = place.node().await;
    node.open(id).await;
    for member in ["u_1", "a", "b", "c"] {
        within(node.admit(&room(id), &user_id(member), true))
            .await
            .unwrap();
    }
    node.send_many(id, ["x", "y", "z"].map(str::to_owned)).await;
    node.lines(3).await;
    node
}

async fn reactors(
    node: &Node,
    of: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<String>, bool), StoreError> {
    let asked = ReactorsAsked {
        room: room("general"),
        reader: user_id("a"),
        target: 2,
        emoji: emoji(of),
        after: after.map(user_id),
        limit,
    };
    let Reactors { users, more } = within(node.reactors(&asked)).await?;
    Ok((users.iter().map(ToString::to_string).collect(), more))
}

async fn own(node: &Node, by: &str, asked: &[(u64, &str)]) -> Vec<bool> {
    let asked: Vec<_> = asked.iter().map(|(seq, of)| (*seq, emoji(of))).collect();
    within(node.own_reactions(&room("general"), &user_id(by), &asked))
        .await
        .unwrap()
}

pub(crate) async fn a_reaction_is_counted_and_told_once(place: Place) {
    let mut node = peopled(&place, "general").await;
    let (told, changed, count) = one(&node, "a", "👍", true).await;
    assert_eq!((changed, count), (true, 1));
    let told = told.unwrap();
    let expected = json!({
        "type": "reacted", "room": "general", "seq": 4, "ts": told["ts"],
        "target": 2, "emoji": "👍", "on": true, "by": {"id": "a", "name": "a"}, "count": 1
    });
    assert_eq!(told, expected);
    let line = &node.lines(1).await[0];
    assert_eq!(line.kind, "reacted");
    assert_eq!(serde_json::from_str::<Value>(&line.data).unwrap(), told);
    assert_eq!(one(&node, "a", "👍", true).await, (None, false, 1));
    assert_eq!(one(&node, "c", "👍", false).await, (None, false, 1));
    one(&node, "b", "❤️", true).await;
    let (_, _, count) = one(&node, "b", "👍", true).await;
    assert_eq!(count, 2);
    let page = node.latest("general").await;
    assert_eq!(page.len(), 3, "a reaction is no message");
    let expected = json!([{"emoji": "👍", "count": 2}, {"emoji": "❤️", "count": 1}]);
    assert_eq!(value(&page[1])["reactions"], expected);
    assert_eq!(
        own(&node, "a", &[(2, "👍"), (2, "❤️"), (1, "👍"), (9, "👍")]).await,
        [true, false, false, false]
    );
    // However many are asked for.
    let many: Vec<_> = (0..9_000).map(|k| (k % 3 + 1, "👍")).collect();
    let is_own = own(&node, "b", &many).await;
    assert!(
        many.iter()
            .zip(is_own)
            .all(|((seq, _), own)| own == (*seq == 2))
    );
    one(&node, "c", "👍", true).await;
    let all = ["a", "b", "c"].map(str::to_owned).to_vec();
    assert_eq!(
        reactors(&node, "👍", None, 2).await.unwrap(),
        (all[..2].to_vec(), true)
    );
    assert_eq!(
        reactors(&node, "👍", Some("b"), 2).await.unwrap(),
        (all[2..].to_vec(), false)
    );
    assert_eq!(
        reactors(&node, ":none:", None, 2).await.unwrap(),
        (vec![], false)
    );
    // One that ended comes back as the last.
    for by in ["a", "b", "c"] {
        one(&node, by, "👍", false).await;
    }
    let reactions = async || value(&node.latest("general").await[1])["reactions"].clone();
    assert_eq!(reactions().await, json!([{"emoji": "❤️", "count": 1}]));
    one(&node, "a", "👍", true).await;
    let expected = json!([{"emoji": "❤️", "count": 1}, {"emoji": "👍", "count": 1}]);
    assert_eq!(reactions().await, expected);
    one(&node, "a", "👍", false).await;
    one(&node, "b", "❤️", false).await;
    assert_eq!(reactions().await, Value::Null);
}

pub(crate) async fn many_reactions_are_told_together(place: Place) {
    let mut node = peopled(&place, "general").await;
    let people: Vec<String> = (0..60).map(|number| format!("p{number}")).collect();
    for member in &people {
        within(node.admit(&room("general"), &user_id(member), true))
            .await
            .unwrap();
    }
    let some = |of: &str, count: usize| {
        let changes = people[..count].iter().map(|by| change(by, of, true));
        changes.collect::<Vec<_>>()
    };
    let mut changes = some("👍", 3);
    changes.push(change("p0", "❤️", true));
    changes.push(change("p0", "👍", true));
    let (told, outcomes) = react(&node, "general", 2, changes).await.unwrap();
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    let pairs: Vec<_> = outcomes.iter().map(|it| (it.changed, it.count)).collect();
    assert_eq!(
        pairs,
        [(true, 1), (true, 2), (true, 3), (true, 1), (false, 3)]
    );
    let told = value(&told.unwrap().event.unwrap());
    let reactions = json!([{"emoji": "👍", "count": 3}, {"emoji": "❤️", "count": 1}]);
    assert_eq!(
        (&told["target"], &told["reactions"]),
        (&json!(2), &reactions)
    );
    let whose = told["changes"].as_array().unwrap();
    assert_eq!(whose.len(), 4);
    assert_eq!(
        whose[3],
        json!({"emoji": "❤️", "on": true, "by": {"id": "p0", "name": "p0"}})
    );
    // A moment later is too early, for that message alone.
    let again = reacting("general", 2, some("❤️", 2));
    // What was a moment ago is in memory, in the engine that has only that.
    if !place.is_forgetful() {
        let too_early = within(node.react(&again)).await.unwrap();
        assert!(matches!(too_early, Reacted::Wait(_)));
    }
    let other = reacting("general", 3, some("❤️", 1));
    assert!(matches!(
        within(node.react(&other)).await.unwrap(),
        Reacted::Done { .. }
    ));
    // Of many it is not said whose they are.
    let (told, _) = react(&node, "general", 2, some(":a:", 60)).await.unwrap();
    let told = value(&told.unwrap().event.unwrap());
    assert_eq!(told["reactions"][2]["count"], 60);
    assert_eq!(told.get("changes"), None);
    assert_eq!(node.lines(3).await.len(), 3);
    // There are three already.
    let changes = vec![change("a", ":b:", true), change("a", ":a:", true)];
    let (_, outcomes) = react(&node, "general", 2, changes).await.unwrap();
    assert_eq!(outcomes[0], Err(Denied::TooManyReactions));
    assert!(outcomes[1].is_ok());
    let latest = node.latest("general").await;
    assert_eq!(value(&latest[1])["reactions"][2]["count"], 61);
}

pub(crate) async fn who_may_not_write_does_not_react(place: Place) {
    let node = place.node().await;
    staffed(&node, "club", RoomKind::Private).await;
    staffed(&node, "hall", RoomKind::Public).await;
    for id in ["club", "hall"] {
        let message = rookery_store::Append {
            user: user_id("owner"),
            ..message(id, "x")
        };
        let stored = within(node.append(message)).await.unwrap().seq;
        let by = async |user: &str, target: u64| {
            let reacted = react(&node, id, target, vec![change(user, "👍", true)]).await;
            reacted.map(|(_, outcomes)| outcomes[0].map(|it| it.changed))
        };
        let stranger = match id {
            "club" => Denied::Hidden,
            _ => Denied::NotAMember,
        };
        assert_eq!(by("nobody", stored).await.unwrap(), Err(stranger));
        assert_eq!(by("reader", stored).await.unwrap(), Err(Denied::ReadOnly));
        assert_eq!(by("member", stored).await.unwrap(), Ok(true));
        let steps = vec![
            rule(Rule::WhoMaySend, Some("admins")),
            rule(Rule::SlowMode, Some("60000")),
        ];
        try_change(&node, id, "owner", Some(Role::Admin), steps)
            .await
            .unwrap();
        assert_eq!(by("member", stored).await.unwrap(), Ok(false), "only read");
        for target in [0, stored + 1, stored + 99] {
            let missed = by("member", target).await.unwrap_err();
            assert!(
                matches!(missed, StoreError::NoSuchMessage { seq, .. } if seq == target),
                "{missed}"
            );
        }
        let mute = restrain(Restraint::Mute, "member", None);
        try_change(&node, id, "admin", Some(Role::Admin), vec![mute])
            .await
            .unwrap();
        assert_eq!(by("member", stored).await.unwrap(), Err(Denied::Muted));
        let archive = rule(Rule::Archived, Some("1"));
        try_change(&node, id, "admin", Some(Role::Admin), vec![archive])
            .await
            .unwrap();
        assert_eq!(by("owner", stored).await.unwrap(), Err(Denied::Archived));
    }
}

pub(crate) async fn reactions_go_with_their_message(place: Place) {
    let node = peopled(&place, "general").await;
    one(&node, "a", "👍", true).await;
    within(node.append(editing("general", 2, "other")))
        .await
        .unwrap();
    one(&node, "b", "👍", true).await;
    let message = value(&node.latest("general").await[1]);
    assert_eq!(
        (&message["text"], &message["reactions"][0]["count"]),
        (&json!("other"), &json!(2))
    );
    within(node.append(deleting("general", 2))).await.unwrap();
    let missed = react(&node, "general", 2, vec![change("a", "👍", true)]).await;
    assert!(matches!(missed, Err(StoreError::NoSuchMessage { .. })));
    assert!(matches!(
        reactors(&node, "👍", None, 9).await,
        Err(StoreError::NoSuchMessage { .. })
    ));
    assert_eq!(own(&node, "a", &[(2, "👍")]).await, [false]);
    let raw = node.events_after_seq("general", 0).await;
    let deleted = value(&raw[1]);
    assert_eq!(deleted["deleted"], true);
    assert_eq!(deleted.get("reactions"), None);
}

/// Folding the events gives what a page says, whatever happens.
pub(crate) async fn any_reactions_are_what_a_plain_model_says(place: Place) {
    #[derive(Debug, Clone)]
    enum Act {
        React(u64, Vec<(usize, usize, bool)>),
        Edit(u64),
        Delete(u64),
    }
    const PEOPLE: [&str; 3] = ["a", "b", "c"];
    const EMOJI: [&str; 4] = ["👍", "❤️", ":a:", "👩‍🚀"];
    let changes = prop::collection::vec((0..3usize, 0..4usize, any::<bool>()), 1..5);
    let act = prop_oneof![
        8 => (1..4u64, changes).prop_map(|(seq, changes)| Act::React(seq, changes)),
        1 => (1..4u64).prop_map(Act::Edit),
        1 => (1..4u64).prop_map(Act::Delete),
    ];
    let history = prop::collection::vec(act, 1..12);
    let mut runner = TestRunner::deterministic();
    for number in 0..(place.property_cases() / 8).max(2) {
        let history = history.new_tree(&mut runner).unwrap().current();
        let id = format!("room-{number}");
        let node = peopled(&place, &id).await;
        let mut model: BTreeMap<u64, Vec<(String, Vec<String>)>> =
            (1..4).map(|it| (it, vec![])).collect();
        let start = node.latest(&id).await;
        for act in &history {
            match act {
                Act::React(seq, changes) => {
                    let Some(counts) = model.get_mut(seq) else {
                        continue;
                    };
                    let changes: Vec<_> = changes
                        .iter()
                        .map(|&(by, of, on)| change(PEOPLE[by], EMOJI[of], on))
                        .collect();
                    let (_, outcomes) = react(&node, &id, *seq, changes.clone()).await.unwrap();
                    for (change, outcome) in changes.iter().zip(outcomes) {
                        assert_eq!(outcome, plainly(counts, change), "{history:?}");
                    }
                }
                Act::Edit(seq) if model.contains_key(seq) => {
                    within(node.append(editing(&id, *seq, "new")))
                        .await
                        .unwrap();
                }
                Act::Delete(seq) if model.remove(seq).is_some() => {
                    within(node.append(deleting(&id, *seq))).await.unwrap();
                }
                _ => {}
            }
        }
        let page = node.latest(&id).await;
        let seen: BTreeMap<u64, Vec<(String, u64)>> = page
            .iter()
            .map(|event| (event.seq, counts_of(event)))
            .collect();
        let wanted = model.iter().map(|(seq, counts)| {
            let counts = counts.iter().map(|(of, by)| (of.clone(), by.len() as u64));
            (*seq, counts.collect())
        });
        assert_eq!(seen, wanted.collect(), "{history:?}");
        let mut folded: BTreeMap<u64, Vec<u8>> = start
            .iter()
            .map(|event| (event.seq, event.json().to_vec()))
            .collect();
        for event in node.events_after_seq(&id, 3).await {
            if let Some((target, change)) = TailChange::of_event(event.json()) {
                let message = folded.get_mut(&target).unwrap();
                *message = change.applied_to(message).unwrap().to_vec();
            }
        }
        for event in &page {
            assert_eq!(
                tail::reactions_of(&folded[&event.seq]),
                tail::reactions_of(event.json())
            );
        }
    }
}

fn counts_of(event: &Event) -> Vec<(String, u64)> {
    let reactions = tail::reactions_of(event.json()).into_iter();
    reactions
        .map(|it| (it.emoji.to_string(), it.count))
        .collect()
}

/// What a change does to a list of emoji with those who think so.
fn plainly(
    counts: &mut Vec<(String, Vec<String>)>,
    change: &ReactionChange,
) -> Result<Reaction, Denied> {
    let ReactionChange { user, emoji, on } = change;
    let (user, emoji) = (user.id.to_string(), emoji.to_string());
    let place = counts.iter().position(|(of, _)| *of == emoji);
    if *on && place.is_none() && counts.len() >= 3 {
        return Err(Denied::TooManyReactions);
    }
    let place = place.unwrap_or_else(|| {
        counts.push((emoji, Vec::new()));
        counts.len() - 1
    });
    let by = &mut counts[place].1;
    let had = by.contains(&user);
    by.retain(|other| *other != user);
    if *on {
        by.push(user);
    }
    let count = by.len() as u64;
    if count == 0 {
        counts.remove(place);
    }
    Ok(Reaction {
        changed: had != *on,
        count,
    })
}
