//! Who belongs to a room and as what, and what follows from it.

use std::time::Duration;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use rookery_protocol::{
    EventBody, EventKind, Role, UserId, client_frame::HistoryPage, server_frame::RoomKind,
};
use rookery_store::{
    Admission, Append, Denied, MembersAsked, Restraint, RoomChange, RoomChanged, Rule, Step,
    StoreError, Told, UserLimits, When,
};

use crate::place::*;

pub(crate) fn make(kind: RoomKind) -> Step {
    Step::Make {
        kind,
        name: "Some room".to_owned(),
    }
}

pub(crate) fn rank(user: &str, role: Option<Role>, when: When) -> Step {
    Step::Rank {
        user: user_id(user),
        role,
        when,
    }
}

fn invite(user: &str) -> Step {
    rank(user, Some(Role::Member), When::Stranger)
}

fn remove(user: &str) -> Step {
    rank(user, None, When::Member)
}

pub(crate) fn restrain(restraint: Restraint, user: &str, for_ms: Option<u64>) -> Step {
    Step::Restrain {
        restraint,
        user: user_id(user),
        for_ms,
        note: r#"{"by":"x"}"#.to_owned(),
    }
}

pub(crate) fn rule(rule: Rule, value: Option<&str>) -> Step {
    Step::Rule {
        rule,
        value: value.map(str::to_owned),
    }
}

fn tell(told: Told) -> Step {
    let body = EventBody {
        kind: EventKind::Member,
        fields: r#""user":{"id":"x","name":"X"},"change":"removed""#.into(),
    };
    Step::Tell { body, told }
}

fn change(id: &str, by: &str, least: Option<Role>, steps: Vec<Step>) -> RoomChange {
    RoomChange {
        room: room(id),
        by: user_id(by),
        least,
        known: None,
        steps,
    }
}

pub(crate) async fn try_change(
    node: &Node,
    id: &str,
    by: &str,
    least: Option<Role>,
    steps: Vec<Step>,
) -> Result<RoomChanged, StoreError> {
    within(node.change_room(&change(id, by, least, steps))).await
}

/// A room of `owner` with an admin, a member and one who only reads, each called so.
pub(crate) async fn staffed(node: &Node, id: &str, kind: RoomKind) {
    let steps = vec![
        make(kind),
        rank("owner", Some(Role::Owner), When::Stranger),
        rank("admin", Some(Role::Admin), When::Stranger),
        rank("member", Some(Role::Member), When::Stranger),
        rank("reader", Some(Role::Readonly), When::Stranger),
    ];
    try_change(node, id, "owner", None, steps).await.unwrap();
}

fn message_of(id: &str, user: &str) -> Append {
    Append {
        user: user_id(user),
        ..message(id, "hi")
    }
}

async fn write(node: &Node, id: &str, user: &str) -> Result<u64, Denied> {
    let appended = within(node.append(message_of(id, user))).await;
    appended.map(|appended| appended.seq).map_err(denied)
}

pub(crate) fn denied(error: StoreError) -> Denied {
    match error {
        StoreError::Denied { denied, .. } => denied,
        other => panic!("{other}"),
    }
}

async fn admit(node: &Node, id: &str, user: &str, enters: bool) -> Result<Admission, Denied> {
    let admitted = within(node.admit(&room(id), &user_id(user), enters)).await;
    admitted.map_err(denied)
}

/// Who is in a room, and as what, in the order of the members.
async fn people(node: &Node, id: &str, reader: &str) -> Vec<(String, Role)> {
    let page = within(node.members(&asked(id, reader))).await.unwrap();
    let members = page.members.into_iter();
    members
        .map(|row| (row.place.user.to_string(), row.place.role))
        .collect()
}

fn asked(id: &str, reader: &str) -> MembersAsked {
    MembersAsked {
        room: room(id),
        reader: user_id(reader),
        role: None,
        after: None,
        limit: 200,
    }
}

pub(crate) async fn a_room_that_is_made_has_its_people(place: Place) {
    let mut node = place.node().await;
    staffed(&node, "staff", RoomKind::Private).await;
    let everybody = [
        ("owner", Role::Owner),
        ("admin", Role::Admin),
        ("member", Role::Member),
        ("reader", Role::Readonly),
    ];
    let everybody = everybody.map(|(user, role)| (user.to_owned(), role));
    assert_eq!(people(&node, "staff", "reader").await, everybody);
    let again = try_change(&node, "staff", "x", None, vec![make(RoomKind::Public)]).await;
    assert!(matches!(again, Err(StoreError::RoomExists(_))), "{again:?}");
    let view = within(node.room(&room("staff"), &user_id("admin"))).await;
    let view = view.unwrap();
    assert_eq!(
        (view.kind, view.name.as_str()),
        (RoomKind::Private, "Some room")
    );
    assert_eq!((view.role, view.members), (Some(Role::Admin), 4));

    // What is told has the next number, and comes to everybody who listens.
    let steps = vec![remove("member"), tell(Told::Everywhere)];
    let changed = try_change(&node, "staff", "admin", Some(Role::Admin), steps).await;
    let changed = changed.unwrap();
    assert_eq!((changed.kind, changed.changed), (RoomKind::Private, true));
    let line = node.lines(1).await.remove(0);
    let event = changed.told[0].event.clone().unwrap();
    assert_eq!((line.kind.as_str(), line.seq), ("member", Some(1)));
    assert_eq!(line.data.as_bytes(), event.json());
    assert_eq!(node.events_after_seq("staff", 0).await, [event]);
    assert_eq!(write(&node, "staff", "owner").await, Ok(2));
}

pub(crate) async fn what_is_hidden_is_there_for_nobody_else(place: Place) {
    let node = place.node().await;
    for kind in [RoomKind::Private, RoomKind::Direct] {
        let id = kind.as_str();
        staffed(&node, id, kind).await;
        write(&node, id, "member").await.unwrap();
        assert_eq!(write(&node, id, "x").await, Err(Denied::Hidden));
        for enters in [false, true] {
            assert_eq!(admit(&node, id, "x", enters).await, Err(Denied::Hidden));
        }
        let page = HistoryPage::Before(9);
        let read = async |user: &UserId| within(node.history(&room(id), Some(user), page, 9)).await;
        assert_eq!(
            denied(read(&user_id("x")).await.unwrap_err()),
            Denied::Hidden
        );
        assert_eq!(read(&user_id("reader")).await.unwrap().messages.len(), 1);
        let seen = within(node.room(&room(id), &user_id("x"))).await;
        assert_eq!(denied(seen.unwrap_err()), Denied::Hidden);
        let listed = within(node.members(&asked(id, "x"))).await;
        assert_eq!(denied(listed.unwrap_err()), Denied::Hidden);
        let steps = vec![rank("x", None, When::MemberIfAny)];
        let left = try_change(&node, id, "x", None, steps).await;
        assert_eq!(denied(left.unwrap_err()), Denied::Hidden);
        let member = admit(&node, id, "reader", true).await.unwrap();
        assert!(matches!(member, Admission::Member(it) if it.role == Role::Readonly));
    }
}

pub(crate) async fn whoever_comes_into_a_public_room_is_a_member(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    node.send("general", "1").await;
    let open = admit(&node, "general", "x", false).await.unwrap();
    assert!(matches!(open, Admission::Open(it) if it.seq == 1 && it.role == Role::Member));
    assert!(
        people(&node, "general", "x").await.is_empty(),
        "only looked"
    );
    let entered = admit(&node, "general", "x", true).await.unwrap();
    assert!(matches!(entered, Admission::Member(_)), "{entered:?}");
    assert_eq!(people(&node, "general", "y").await.len(), 1);
    let nowhere = within(node.admit(&room("nowhere"), &user_id("x"), true)).await;
    assert!(matches!(nowhere, Err(StoreError::NoSuchRoom(_))));
    // Leaving is told in no public room, and writing goes on as before.
    let leave = vec![
        rank("x", None, When::MemberIfAny),
        tell(Told::InClosedRooms),
    ];
    let left = try_change(&node, "general", "x", None, leave.clone())
        .await
        .unwrap();
    assert_eq!((left.changed, left.told.len()), (true, 0));
    let left = try_change(&node, "general", "x", None, leave)
        .await
        .unwrap();
    assert!(!left.changed);
    assert_eq!(write(&node, "general", "x").await, Ok(2));
}

pub(crate) async fn who_may_what_is_looked_at_in_the_same_step(place: Place) {
    let node = place.node().await;
    staffed(&node, "staff", RoomKind::Private).await;
    let by = async |by: &str, least, step: Step| {
        let changed = try_change(&node, "staff", by, least, vec![step]).await;
        changed.map(|changed| changed.changed).map_err(denied)
    };
    let admin = Some(Role::Admin);
    assert_eq!(
        by("member", admin, remove("reader")).await,
        Err(Denied::Role)
    );
    assert_eq!(by("x", admin, remove("reader")).await, Err(Denied::Hidden));
    assert_eq!(
        by("admin", admin, remove("owner")).await,
        Err(Denied::Outranked)
    );
    assert_eq!(
        by("admin", admin, remove("x")).await,
        Err(Denied::NoSuchMember)
    );
    let mute = |user| restrain(Restraint::Mute, user, None);
    assert_eq!(
        by("admin", admin, mute("owner")).await,
        Err(Denied::Outranked)
    );
    let promote = rank("admin", Some(Role::Owner), When::Member);
    assert_eq!(by("admin", admin, promote.clone()).await, Err(Denied::Role));
    let owner = Some(Role::Owner);
    let step_down = rank("owner", Some(Role::Member), When::Member);
    assert_eq!(
        by("owner", owner, step_down.clone()).await,
        Err(Denied::LastOwner)
    );
    let leave = rank("owner", None, When::MemberIfAny);
    assert_eq!(
        by("owner", None, leave.clone()).await,
        Err(Denied::LastOwner)
    );
    assert_eq!(by("owner", owner, promote.clone()).await, Ok(true));
    assert_eq!(by("owner", owner, promote).await, Err(Denied::Outranked));
    assert_eq!(by("owner", owner, step_down).await, Ok(true));
    assert_eq!(
        by("owner", admin, remove("reader")).await,
        Err(Denied::Role)
    );
    // A change is done whole or not at all.
    let steps = vec![invite("y"), remove("nobody")];
    let refused = try_change(&node, "staff", "admin", admin, steps).await;
    assert_eq!(denied(refused.unwrap_err()), Denied::NoSuchMember);
    assert!(
        !people(&node, "staff", "admin")
            .await
            .iter()
            .any(|(user, _)| user == "y")
    );

    // The last one may go, whatever they are.
    try_change(
        &node,
        "alone",
        "a",
        None,
        vec![make(RoomKind::Private), invite("a")],
    )
    .await
    .unwrap();
    let gone = rank("a", None, When::MemberIfAny);
    let gone = try_change(&node, "alone", "a", None, vec![gone]).await;
    assert!(gone.unwrap().changed);
}

pub(crate) async fn a_removed_user_writes_nothing_more(place: Place) {
    let node = place.node().await;
    for kind in [RoomKind::Private, RoomKind::Public] {
        let id = kind.as_str();
        staffed(&node, id, kind).await;
        assert_eq!(write(&node, id, "member").await, Ok(1));
        let steps = vec![remove("member"), tell(Told::Everywhere)];
        try_change(&node, id, "owner", Some(Role::Admin), steps)
            .await
            .unwrap();
        let refused = match kind {
            RoomKind::Public => Denied::NotAMember,
            _ => Denied::Hidden,
        };
        assert_eq!(write(&node, id, "member").await, Err(refused));
        let rows = within(node.rooms_of(&user_id("member"))).await.unwrap();
        assert!(rows.iter().all(|row| row.room != room(id)), "{rows:?}");
    }
    // A public room is open to them again, if they come in.
    admit(&node, "public", "member", true).await.unwrap();
    assert_eq!(write(&node, "public", "member").await, Ok(3));
}

pub(crate) async fn a_row_says_what_one_is(place: Place) {
    let node = place.node().await;
    staffed(&node, "staff", RoomKind::Private).await;
    staffed(&node, "open", RoomKind::Public).await;
    node.open("plain").await;
    for id in ["staff", "open", "plain"] {
        within(node.remember_member(&user_id("admin"), &room(id), 0))
            .await
            .unwrap();
        within(node.remember_member(&user_id("x"), &room(id), 0))
            .await
            .unwrap();
    }
    let roles = async |user: &str| {
        let mut rows = within(node.rooms_of(&user_id(user))).await.unwrap();
        rows.sort_by(|one, other| one.room.cmp(&other.room));
        let rows = rows.into_iter();
        rows.map(|row| (row.room.to_string(), row.role.unwrap()))
            .collect::<Vec<_>>()
    };
    let row = |id: &str, role| (id.to_owned(), role);
    let all = [
        row("open", Role::Admin),
        row("plain", Role::Member),
        row("staff", Role::Admin),
    ];
    assert_eq!(roles("admin").await, all);
    // Who is in no list of members is told of no room that has one.
    let theirs = roles("x").await;
    assert!(theirs.iter().all(|(id, _)| id != "staff"), "{theirs:?}");
}

pub(crate) async fn bans_and_mutes_last_as_long_as_was_said(place: Place) {
    let node = place.node().await;
    staffed(&node, "open", RoomKind::Public).await;
    let admin = Some(Role::Admin);
    let by_admin = async |steps| {
        try_change(&node, "open", "admin", admin, steps)
            .await
            .unwrap()
    };
    by_admin(vec![restrain(Restraint::Ban, "x", None)]).await;
    assert_eq!(admit(&node, "open", "x", true).await, Err(Denied::Banned));
    assert_eq!(write(&node, "open", "x").await, Err(Denied::Banned));
    let refused = try_change(
        &node,
        "open",
        "admin",
        admin,
        vec![invite("y"), invite("x")],
    )
    .await;
    assert_eq!(denied(refused.unwrap_err()), Denied::OtherBanned);
    let rows = within(node.restrained(&room("open"), Restraint::Ban))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].until, rows[0].note.as_str()),
        (None, r#"{"by":"x"}"#)
    );
    let release = Step::Release {
        restraint: Restraint::Ban,
        user: user_id("x"),
    };
    assert!(by_admin(vec![release.clone()]).await.changed);
    assert!(!by_admin(vec![release]).await.changed);
    let open = admit(&node, "open", "x", false).await.unwrap();
    assert!(
        matches!(open, Admission::Open(_)),
        "an end of a ban makes no member"
    );

    by_admin(vec![restrain(Restraint::Mute, "member", Some(60_000))]).await;
    assert_eq!(write(&node, "open", "member").await, Err(Denied::Muted));
    let page = within(node.members(&asked("open", "x"))).await.unwrap();
    let muted = page
        .members
        .iter()
        .find(|row| row.place.user == user_id("member"));
    assert!(muted.unwrap().muted_until.unwrap() > now_ms() + 30_000);
    by_admin(vec![restrain(Restraint::Mute, "member", Some(1))]).await;
    eventually("the mute is over", async || {
        write(&node, "open", "member").await.ok()
    })
    .await;
    assert!(
        within(node.restrained(&room("open"), Restraint::Mute))
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn a_room_that_was_deleted_is_made_again_by_who_wants_to(place: Place) {
    let node = place.node().await;
    staffed(&node, "open", RoomKind::Public).await;
    write(&node, "open", "member").await.unwrap();
    let known = within(node.heads(&[room("open")])).await.unwrap()[0].clone();
    let known = known.expect("it is there");
    let owner = user_id("owner");
    let remove = async || {
        let by = Some((&owner, Role::Owner));
        within(node.remove_room(&room("open"), by)).await.unwrap()
    };
    assert!(remove().await);
    assert!(!remove().await, "it is gone");

    // Who knows of it, or was in it, does not make it again by that.
    let is_gone =
        |error: StoreError| assert!(matches!(error, StoreError::NoSuchRoom(_)), "{error}");
    let late = Append {
        known: Some(known.clone()),
        ..message_of("open", "member")
    };
    is_gone(within(node.append(late)).await.unwrap_err());
    let confirmed = within(node.confirm(&[(room("open"), known.clone())])).await;
    assert_eq!(confirmed.unwrap(), [None]);
    let late = RoomChange {
        known: Some(known.clone()),
        ..change(
            "open",
            "member",
            None,
            vec![rank("member", None, When::MemberIfAny)],
        )
    };
    is_gone(within(node.change_room(&late)).await.unwrap_err());
    let back = node.join_with("open", |join| {
        join.since = Some(known.clone());
        join.known = Some(known.clone());
    });
    is_gone(back.await.unwrap_err());
    assert_eq!(within(node.heads(&[room("open")])).await.unwrap(), [None]);

    let made = node.join_with("open", |join| join.known = Some(known.clone()));
    let made = made.await.unwrap();
    assert_eq!(made.head.seq, 0);
    assert_ne!(made.head.epoch, known.epoch);
    assert!(remove_as_operator(&node, "open").await);
    staffed(&node, "open", RoomKind::Private).await;
    assert_eq!(write(&node, "open", "member").await, Ok(1));
}

async fn remove_as_operator(node: &Node, id: &str) -> bool {
    within(node.remove_room(&room(id), None)).await.unwrap()
}

pub(crate) async fn a_room_has_so_many_bans_and_mutes(place: Place) {
    let mut settings = place.settings("n_1");
    settings.user_limits = UserLimits {
        restraints_per_room: 3,
        ..UserLimits::default()
    };
    let node = Node::connect(settings).await;
    staffed(&node, "open", RoomKind::Public).await;
    let by_admin = async |step| {
        let changed = try_change(&node, "open", "admin", Some(Role::Admin), vec![step]).await;
        changed.map_err(denied)
    };
    let ban = |user: &str, for_ms| restrain(Restraint::Ban, user, for_ms);
    by_admin(ban("a", None)).await.unwrap();
    by_admin(restrain(Restraint::Mute, "b", None))
        .await
        .unwrap();
    by_admin(ban("c", Some(60_000))).await.unwrap();
    let refused = by_admin(ban("d", None)).await;
    assert_eq!(refused, Err(Denied::TooManyRestraints));
    by_admin(ban("c", Some(1)))
        .await
        .expect("it is one of them");
    eventually("a ban is over", async || {
        by_admin(ban("d", None)).await.ok()
    })
    .await;
    let bans = within(node.restrained(&room("open"), Restraint::Ban)).await;
    assert_eq!(bans.unwrap().len(), 2);
    let refused = by_admin(ban("e", None)).await;
    assert_eq!(refused, Err(Denied::TooManyRestraints));
}

pub(crate) async fn rules_hold_for_who_writes(place: Place) {
    let node = place.node().await;
    staffed(&node, "staff", RoomKind::Private).await;
    let admin = Some(Role::Admin);
    let set = async |name, value| {
        let changed = try_change(&node, "staff", "admin", admin, vec![rule(name, value)]).await;
        changed.unwrap().changed
    };
    assert_eq!(write(&node, "staff", "reader").await, Err(Denied::ReadOnly));
    assert!(set(Rule::WhoMaySend, Some("admins")).await);
    assert!(
        !set(Rule::WhoMaySend, Some("admins")).await,
        "it is so already"
    );
    assert_eq!(
        write(&node, "staff", "member").await,
        Err(Denied::AdminsWrite)
    );
    write(&node, "staff", "admin").await.unwrap();
    assert!(set(Rule::WhoMaySend, None).await);
    assert!(set(Rule::SlowMode, Some("60000")).await);
    write(&node, "staff", "member").await.unwrap();
    let waits = write(&node, "staff", "member").await.unwrap_err();
    let Denied::SlowMode { retry_after_ms } = waits else {
        panic!("{waits}");
    };
    assert!((1..=60_000).contains(&retry_after_ms));
    for _ in 0..2 {
        write(&node, "staff", "admin").await.unwrap();
    }
    assert!(set(Rule::SlowMode, Some("1")).await);
    eventually("the turn comes", async || {
        write(&node, "staff", "member").await.ok()
    })
    .await;
    assert!(set(Rule::Archived, Some("1")).await);
    for user in ["member", "admin", "owner"] {
        assert_eq!(write(&node, "staff", user).await, Err(Denied::Archived));
    }
    assert!(set(Rule::WhoMayInvite, Some("admins")).await);
    let invited = try_change(
        &node,
        "staff",
        "member",
        Some(Role::Member),
        vec![invite("x")],
    )
    .await;
    assert_eq!(denied(invited.unwrap_err()), Denied::Role);
    assert!(set(Rule::WhoMayInvite, None).await);
    let invited = try_change(
        &node,
        "staff",
        "member",
        Some(Role::Member),
        vec![invite("x")],
    )
    .await;
    assert!(invited.unwrap().changed);
    let named = Step::Name("Other words: ü".to_owned());
    try_change(&node, "staff", "admin", admin, vec![named])
        .await
        .unwrap();
    let view = within(node.room(&room("staff"), &user_id("x")))
        .await
        .unwrap();
    assert_eq!(view.name, "Other words: ü");
    let rules = [(Rule::Archived, "1"), (Rule::SlowMode, "1")];
    let rules = rules.map(|(rule, value)| (rule, value.to_owned()));
    let mut held = view.rules;
    held.sort();
    assert_eq!(held, rules);
}

pub(crate) async fn members_are_given_page_by_page(place: Place) {
    let node = place.node().await;
    staffed(&node, "staff", RoomKind::Private).await;
    let invited: Vec<String> = (0..25).map(|number| format!("u_{number:02}")).collect();
    let steps = invited.iter().map(|user| invite(user)).collect();
    try_change(&node, "staff", "owner", Some(Role::Member), steps)
        .await
        .unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = MembersAsked {
            after,
            limit: 4,
            ..asked("staff", "admin")
        };
        let page = within(node.members(&page)).await.unwrap();
        assert_eq!(page.count, 29);
        assert!(page.members.len() <= 4);
        after = page.members.last().map(|row| row.place.clone());
        found.extend(page.members.into_iter().map(|row| row.place));
        if !page.more {
            break;
        }
    }
    assert_eq!(found.len(), 29);
    let roles: Vec<Role> = found.iter().map(|place| place.role).collect();
    assert!(roles.is_sorted_by(|one, other| one >= other), "{roles:?}");
    let of_role = async |role| {
        let page = MembersAsked {
            role: Some(role),
            ..asked("staff", "admin")
        };
        within(node.members(&page)).await.unwrap().members.len()
    };
    assert_eq!(of_role(Role::Member).await, 26);
    for role in [Role::Owner, Role::Admin, Role::Readonly] {
        assert_eq!(of_role(role).await, 1);
    }
    // Who has gone meanwhile leaves no gap in what comes after them.
    let sixth = found[5].clone();
    let steps = vec![remove(sixth.user.as_str())];
    try_change(&node, "staff", "owner", Some(Role::Admin), steps)
        .await
        .unwrap();
    let page = MembersAsked {
        after: Some(found[2].clone()),
        ..asked("staff", "admin")
    };
    let rest = within(node.members(&page)).await.unwrap().members;
    assert_eq!(rest.len(), 25);
}

pub(crate) async fn people_go_with_their_room(place: Place) {
    let node = place.node().await;
    staffed(&node, "staff", RoomKind::Private).await;
    try_change(
        &node,
        "staff",
        "owner",
        Some(Role::Admin),
        vec![
            restrain(Restraint::Ban, "x", None),
            rule(Rule::Description, Some("words")),
        ],
    )
    .await
    .unwrap();
    assert!(
        within(node.remove_room(&room("staff"), None))
            .await
            .unwrap()
    );
    node.open("staff").await;
    assert!(people(&node, "staff", "x").await.is_empty());
    assert!(
        within(node.restrained(&room("staff"), Restraint::Ban))
            .await
            .unwrap()
            .is_empty()
    );
    let view = within(node.room(&room("staff"), &user_id("x")))
        .await
        .unwrap();
    assert_eq!((view.kind, view.rules.len()), (RoomKind::Public, 0));
}

pub(crate) async fn a_room_that_somebody_made_outlives_its_people(place: Place) {
    let node = place.node_with(swept_clean(50)).await;
    let owner = rank("owner", Some(Role::Owner), When::Stranger);
    let steps = vec![make(RoomKind::Public), owner];
    try_change(&node, "made", "owner", None, steps)
        .await
        .unwrap();
    node.open("open").await;
    let anna = user("anna", "Anna");
    for id in ["made", "open"] {
        for online in [true, false] {
            node.presence(id, &anna, online).await;
        }
    }
    let is_there = async |id| within(node.heads(&[room(id)])).await.unwrap()[0].is_some();
    eventually("what is nobody's goes", async || {
        (!is_there("open").await).then_some(())
    })
    .await;
    assert!(is_there("made").await);
}

pub(crate) async fn users_are_called_as_was_said_last(place: Place) {
    let node = place.node().await;
    let asked = ["a", "nobody", "b"].map(user_id);
    for (id, name) in [
        ("a", "Anna"),
        ("b", "Ben"),
        ("a", "Anna Ünal"),
        ("b", "Ben"),
    ] {
        within(node.note_person(&user(id, name))).await.unwrap();
    }
    let names = within(node.persons(&asked)).await.unwrap();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(names, [name("Anna Ünal"), None, name("Ben")]);
}

const USERS: [&str; 4] = ["a", "b", "c", "d"];

fn any_step() -> impl Strategy<Value = Step> {
    let user = || prop::sample::select(USERS.to_vec());
    let role = prop::sample::select(vec![
        None,
        Some(Role::Readonly),
        Some(Role::Member),
        Some(Role::Admin),
        Some(Role::Owner),
    ]);
    let when = prop::sample::select(vec![When::Member, When::MemberIfAny, When::Stranger]);
    let ranked = (user(), role, when).prop_map(|(user, role, when)| {
        // Nobody is made a member by being none.
        let role = match when {
            When::Stranger => role.or(Some(Role::Member)),
            _ => role,
        };
        rank(user, role, when)
    });
    let restraint = prop::sample::select(vec![Restraint::Ban, Restraint::Mute]);
    let restrained =
        (restraint.clone(), user()).prop_map(|(what, user)| restrain(what, user, None));
    let released = (restraint, user()).prop_map(|(restraint, user)| Step::Release {
        restraint,
        user: user_id(user),
    });
    let ruled = (prop::sample::select(Rule::ALL.to_vec()), any::<bool>())
        .prop_map(|(name, on)| rule(name, on.then_some("1000000")));
    prop_oneof![4 => ranked, 1 => restrained, 1 => released, 1 => ruled]
}

/// Everything that can be seen of a room.
async fn everything(node: &Node, id: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for user in USERS {
        let view = within(node.room(&room(id), &user_id(user))).await;
        let view = view.map(|view| (view.kind, view.role, view.members, view.rules));
        seen.push(format!("{:?}", view.map_err(denied)));
        seen.push(format!("{:?}", admit(node, id, user, false).await));
        seen.push(format!(
            "{:?}",
            write(node, id, user).await.map_err(|why| match why {
                Denied::SlowMode { .. } => Denied::SlowMode { retry_after_ms: 0 },
                other => other,
            })
        ));
    }
    for restraint in [Restraint::Ban, Restraint::Mute] {
        let rows = within(node.restrained(&room(id), restraint)).await.unwrap();
        seen.push(format!(
            "{:?}",
            rows.iter().map(|row| &row.user).collect::<Vec<_>>()
        ));
    }
    seen
}

/// Both engines come to the same by the same changes, whatever these are.
pub(crate) async fn any_changes_come_to_the_same_on_both_engines(place: Place) {
    let (node, other) = (place.node().await, Place::embedded().node().await);
    let mut runner = TestRunner::deterministic();
    let changes = (
        prop::sample::select(USERS.to_vec()),
        prop::sample::select(vec![None, Some(Role::Member), Some(Role::Admin)]),
        prop::collection::vec(any_step(), 1..3),
        any::<bool>(),
    );
    let history = (any::<bool>(), prop::collection::vec(changes, 1..12));
    for number in 0..place.property_cases() {
        let (private, changes) = history.new_tree(&mut runner).unwrap().current();
        let id = format!("room-{number}");
        let kind = if private {
            RoomKind::Private
        } else {
            RoomKind::Public
        };
        let start = vec![make(kind), rank("a", Some(Role::Owner), When::Stranger)];
        for node in [&node, &other] {
            // Nobody may make that many in an hour.
            let maker = format!("maker-{}", number / 10);
            try_change(node, &id, &maker, None, start.clone())
                .await
                .unwrap();
        }
        for (by, least, mut steps, tells) in changes.clone() {
            if tells {
                steps.push(tell(Told::InClosedRooms));
            }
            let mut done = Vec::new();
            for node in [&node, &other] {
                let changed = try_change(node, &id, by, least, steps.clone()).await;
                let changed = changed.map(|it| {
                    (
                        it.changed,
                        it.told.iter().map(|it| it.seq).collect::<Vec<_>>(),
                    )
                });
                done.push((changed.map_err(denied), everything(node, &id).await));
            }
            assert_eq!(done[0], done[1], "after {steps:?} by {by} in {changes:?}");
        }
    }
}

/// A member who writes while they are removed: nothing of theirs comes after it.
pub(crate) async fn nothing_is_written_behind_a_removal(place: Place) {
    let node = place.node().await;
    staffed(&node, "staff", RoomKind::Private).await;
    for turn in 0..20 {
        let _ = try_change(
            &node,
            "staff",
            "owner",
            Some(Role::Member),
            vec![invite("x")],
        )
        .await;
        let writing = (0..20).map(|_| node.append(message_of("staff", "x")));
        let writing: Vec<_> = writing.collect();
        let steps = vec![remove("x"), tell(Told::Everywhere)];
        let removing = change("staff", "owner", Some(Role::Admin), steps);
        let (written, removed) = tokio::join!(futures_util::future::join_all(writing), async {
            tokio::time::sleep(Duration::from_micros(turn * 50)).await;
            node.change_room(&removing).await.unwrap()
        });
        let removed = removed.told[0].seq;
        for written in written {
            match written {
                Ok(appended) => assert!(appended.seq < removed),
                Err(error) => assert_eq!(denied(error), Denied::Hidden),
            }
        }
    }
}
