//! Invitations by a code: who may make one, what it is good for, and when it ends.

use std::time::Duration;

use futures_util::future::join_all;
use rookery_protocol::{InviteCode, Role, server_frame::RoomKind};
use rookery_store::{
    Denied, Restraint, RoomChange, RoomChanged, Rule, Step, StoreError, When, fresh_code,
};

use crate::place::*;

const HOUR_MS: u64 = 3_600_000;
const MOST: u64 = 3;

async fn change(
    node: &Node,
    id: &str,
    by: &str,
    least: Option<Role>,
    steps: Vec<Step>,
) -> Result<RoomChanged, StoreError> {
    let change = RoomChange {
        room: room(id),
        by: user_id(by),
        least,
        known: None,
        steps,
    };
    within(node.change_room(&change)).await
}

fn rank(user: &str, role: Option<Role>, when: When) -> Step {
    let user = user_id(user);
    Step::Rank { user, role, when }
}

/// A room of `owner` with an admin, a member and one who only reads, each called so.
async fn staffed(node: &Node, id: &str, kind: RoomKind) {
    let name = String::new();
    let mut steps = vec![Step::Make { kind, name }];
    for (user, role) in [
        ("owner", Role::Owner),
        ("admin", Role::Admin),
        ("member", Role::Member),
        ("reader", Role::Readonly),
    ] {
        steps.push(rank(user, Some(role), When::Stranger));
    }
    change(node, id, "owner", None, steps).await.unwrap();
}

async fn set(node: &Node, id: &str, step: Step) {
    let changed = change(node, id, "owner", Some(Role::Owner), vec![step]).await;
    changed.unwrap();
}

fn denied<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Denied {
    match result {
        Err(StoreError::Denied { denied, .. }) => denied,
        other => panic!("{other:?}"),
    }
}

async fn try_offer(
    node: &Node,
    id: &str,
    by: &str,
    expires_ms: u64,
    uses: Option<u32>,
) -> Result<InviteCode, StoreError> {
    let code = fresh_code(&room(id)).unwrap();
    let offer = Step::Offer {
        code: code.clone(),
        expires_ms,
        uses,
        most: MOST,
    };
    let changed = change(node, id, by, Some(Role::Member), vec![offer]).await?;
    assert!(changed.changed && changed.at.abs_diff(now_ms()) < HOUR_MS);
    Ok(code)
}

async fn offer(node: &Node, id: &str, by: &str, uses: Option<u32>) -> InviteCode {
    try_offer(node, id, by, HOUR_MS, uses).await.unwrap()
}

/// Whether somebody came in by it; false where they were there already.
async fn spend(node: &Node, id: &str, by: &str, code: &InviteCode) -> Result<bool, StoreError> {
    let code = code.clone();
    let steps = vec![
        Step::Spend { code },
        rank(by, Some(Role::Member), When::Stranger),
    ];
    let changed = change(node, id, by, None, steps).await?;
    Ok(changed.changed)
}

async fn revoke(node: &Node, id: &str, by: &str, code: &InviteCode) -> Result<(), StoreError> {
    let step = Step::Revoke { code: code.clone() };
    let changed = change(node, id, by, Some(Role::Readonly), vec![step]).await?;
    assert!(changed.changed);
    Ok(())
}

async fn listed(node: &Node, id: &str, by: &str) -> Vec<(InviteCode, String, Option<u32>)> {
    let rows = within(node.invites(&room(id), &user_id(by))).await.unwrap();
    let rows = rows.into_iter();
    rows.map(|row| (row.code, row.by.to_string(), row.uses_left))
        .collect()
}

async fn leads_to(node: &Node, code: &InviteCode) -> Option<String> {
    let room = within(node.invited_to(code)).await.unwrap();
    room.map(|room| room.to_string())
}

pub(crate) async fn whoever_has_a_code_comes_in(place: Place) {
    let node = place.node().await;
    for (id, kind) in [("open", RoomKind::Public), ("shut", RoomKind::Private)] {
        staffed(&node, id, kind).await;
        let code = offer(&node, id, "member", None).await;
        assert_eq!(leads_to(&node, &code).await.as_deref(), Some(id));
        for user in ["x", "y"] {
            assert!(spend(&node, id, user, &code).await.unwrap());
            let view = within(node.room(&room(id), &user_id(user))).await.unwrap();
            assert_eq!(view.role, Some(Role::Member));
        }
        let of_others = fresh_code(&room(id)).unwrap();
        assert_eq!(leads_to(&node, &of_others).await, None);
        let unknown = spend(&node, id, "z", &of_others).await;
        assert_eq!(denied(unknown), Denied::NoSuchInvite);
        let nowhere = InviteCode::new("zz").unwrap();
        assert_eq!(leads_to(&node, &nowhere).await, None);
    }
    // A code is good for its own room alone.
    let code = offer(&node, "open", "owner", None).await;
    let elsewhere = spend(&node, "shut", "z", &code).await;
    assert_eq!(denied(elsewhere), Denied::NoSuchInvite);
}

pub(crate) async fn who_may_invite_makes_codes(place: Place) {
    let node = place.node().await;
    staffed(&node, "shut", RoomKind::Private).await;
    let by = async |user| try_offer(&node, "shut", user, HOUR_MS, None).await;
    assert_eq!(denied(by("x").await), Denied::Hidden);
    assert_eq!(denied(by("reader").await), Denied::Role);
    let code = by("member").await.unwrap();
    let admins = Step::Rule {
        rule: Rule::WhoMayInvite,
        value: Some("admins".to_owned()),
    };
    set(&node, "shut", admins).await;
    assert_eq!(denied(by("member").await), Denied::Role);
    by("admin").await.unwrap();
    // What was made by who may not any more is good for nothing, until they may again.
    let refused = spend(&node, "shut", "x", &code).await;
    assert_eq!(denied(refused), Denied::NoSuchInvite);
    set(
        &node,
        "shut",
        rank("member", Some(Role::Admin), When::Member),
    )
    .await;
    assert!(spend(&node, "shut", "x", &code).await.unwrap());
    set(&node, "shut", rank("member", None, When::Member)).await;
    let refused = spend(&node, "shut", "y", &code).await;
    assert_eq!(denied(refused), Denied::NoSuchInvite);
    // Nor does it bring back who was removed.
    let refused = spend(&node, "shut", "member", &code).await;
    assert_eq!(denied(refused), Denied::NoSuchInvite);
    let nowhere = try_offer(&node, "nowhere", "owner", HOUR_MS, None).await;
    assert!(matches!(nowhere, Err(StoreError::NoSuchRoom(_))));
}

pub(crate) async fn uses_are_counted(place: Place) {
    let node = place.node().await;
    staffed(&node, "shut", RoomKind::Private).await;
    let code = offer(&node, "shut", "owner", Some(2)).await;
    assert!(!spend(&node, "shut", "reader", &code).await.unwrap());
    assert_eq!(
        listed(&node, "shut", "owner").await,
        [(code.clone(), "owner".to_owned(), Some(2))],
        "a member uses nothing"
    );
    assert!(spend(&node, "shut", "x", &code).await.unwrap());
    assert!(!spend(&node, "shut", "x", &code).await.unwrap());
    assert_eq!(listed(&node, "shut", "owner").await[0].2, Some(1));
    assert!(spend(&node, "shut", "y", &code).await.unwrap());
    assert!(listed(&node, "shut", "owner").await.is_empty());
    let refused = spend(&node, "shut", "z", &code).await;
    assert_eq!(denied(refused), Denied::NoSuchInvite);
    // Whose answer was lost asks again.
    assert_eq!(leads_to(&node, &code).await.as_deref(), Some("shut"));
    assert!(!spend(&node, "shut", "y", &code).await.unwrap());

    let code = offer(&node, "shut", "owner", Some(3)).await;
    let users: Vec<_> = (0..20).map(|number| format!("u_{number}")).collect();
    let came = join_all(users.iter().map(|user| spend(&node, "shut", user, &code))).await;
    let came_in = came.iter().filter(|came| matches!(came, Ok(true)));
    assert_eq!(came_in.count(), 3);
}

pub(crate) async fn a_banned_user_comes_in_by_no_code(place: Place) {
    let node = place.node().await;
    for (id, kind) in [("open", RoomKind::Public), ("shut", RoomKind::Private)] {
        staffed(&node, id, kind).await;
        let code = offer(&node, id, "owner", Some(1)).await;
        let user = user_id("x");
        let restraint = Restraint::Ban;
        let ban = Step::Restrain {
            restraint,
            user: user.clone(),
            for_ms: None,
            note: "{}".to_owned(),
        };
        set(&node, id, ban).await;
        let refused = spend(&node, id, "x", &code).await;
        assert_eq!(denied(refused), Denied::Banned);
        let unknown = fresh_code(&room(id)).unwrap();
        let refused = spend(&node, id, "x", &unknown).await;
        assert_eq!(denied(refused), Denied::NoSuchInvite);
        set(&node, id, Step::Release { restraint, user }).await;
        assert!(spend(&node, id, "x", &code).await.unwrap());
    }
}

pub(crate) async fn an_invitation_is_taken_back_by_who_may(place: Place) {
    let node = place.node().await;
    staffed(&node, "shut", RoomKind::Private).await;
    let of_owner = offer(&node, "shut", "owner", None).await;
    let of_member = offer(&node, "shut", "member", None).await;
    let codes = async |by| -> Vec<InviteCode> {
        let listed = listed(&node, "shut", by).await;
        listed.into_iter().map(|(code, ..)| code).collect()
    };
    let mut all = vec![of_owner.clone(), of_member.clone()];
    all.sort_unstable();
    assert_eq!(codes("admin").await, all);
    assert_eq!(codes("member").await, std::slice::from_ref(&of_member));
    assert!(codes("reader").await.is_empty());
    let unseen = within(node.invites(&room("shut"), &user_id("x"))).await;
    assert_eq!(denied(unseen), Denied::Hidden);

    let refused = revoke(&node, "shut", "member", &of_owner).await;
    assert_eq!(denied(refused), Denied::Role);
    let refused = revoke(&node, "shut", "x", &of_owner).await;
    assert_eq!(denied(refused), Denied::Hidden);
    revoke(&node, "shut", "member", &of_member).await.unwrap();
    let again = revoke(&node, "shut", "member", &of_member).await;
    assert_eq!(denied(again), Denied::NoSuchInvite);
    revoke(&node, "shut", "admin", &of_owner).await.unwrap();
    for code in [of_owner, of_member] {
        assert_eq!(leads_to(&node, &code).await, None);
        let refused = spend(&node, "shut", "x", &code).await;
        assert_eq!(denied(refused), Denied::NoSuchInvite);
    }
    assert!(codes("owner").await.is_empty());
}

pub(crate) async fn an_invitation_ends_with_its_time(place: Place) {
    let node = place.node().await;
    staffed(&node, "shut", RoomKind::Private).await;
    let code = try_offer(&node, "shut", "owner", 300, None).await.unwrap();
    offer(&node, "shut", "owner", None).await;
    assert!(spend(&node, "shut", "x", &code).await.unwrap());
    tokio::time::sleep(Duration::from_millis(350)).await;
    let refused = spend(&node, "shut", "y", &code).await;
    assert_eq!(denied(refused), Denied::NoSuchInvite);
    assert_eq!(listed(&node, "shut", "owner").await.len(), 1);
    let refused = revoke(&node, "shut", "owner", &code).await;
    assert_eq!(denied(refused), Denied::NoSuchInvite);
}

pub(crate) async fn a_room_has_so_many_invitations(place: Place) {
    let node = place.node().await;
    staffed(&node, "shut", RoomKind::Private).await;
    try_offer(&node, "shut", "owner", 300, None).await.unwrap();
    let spent = offer(&node, "shut", "owner", Some(1)).await;
    let kept = offer(&node, "shut", "owner", None).await;
    let many = async || try_offer(&node, "shut", "owner", HOUR_MS, None).await;
    assert_eq!(denied(many().await), Denied::TooManyInvites);
    tokio::time::sleep(Duration::from_millis(350)).await;
    many().await.unwrap();
    assert_eq!(denied(many().await), Denied::TooManyInvites);
    assert!(spend(&node, "shut", "x", &spent).await.unwrap());
    many().await.unwrap();
    assert_eq!(denied(many().await), Denied::TooManyInvites);
    revoke(&node, "shut", "owner", &kept).await.unwrap();
    many().await.unwrap();
    assert_eq!(listed(&node, "shut", "owner").await.len(), 3);
}

pub(crate) async fn invitations_end_with_their_room(place: Place) {
    let node = place.node().await;
    staffed(&node, "shut", RoomKind::Private).await;
    let code = offer(&node, "shut", "owner", None).await;
    assert!(within(node.remove_room(&room("shut"), None)).await.unwrap());
    assert_eq!(leads_to(&node, &code).await, None);
    staffed(&node, "shut", RoomKind::Private).await;
    let refused = spend(&node, "shut", "x", &code).await;
    assert_eq!(denied(refused), Denied::NoSuchInvite);
    assert!(listed(&node, "shut", "owner").await.is_empty());
}
