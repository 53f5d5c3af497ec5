//! Accounts, whose a name is, and who is logged in.

use std::{num::NonZeroU64, time::Duration};

use rookery_protocol::{LoginId, UserId};
use rookery_store::{
    AccountTimes, BlockChange, Login, NewAccount, NewLogin, NewPassword, PasswordChange,
    ProfileChange, RefreshHash, Rotated, Rotation, Seal, Skeleton, Standing, StoreError, Whose,
};

use crate::place::*;

fn login_id(number: u64) -> LoginId {
    LoginId::numbered(NonZeroU64::new(number).unwrap())
}

fn hash(number: u8) -> RefreshHash {
    RefreshHash([number; 32])
}

fn login(number: u64) -> NewLogin {
    NewLogin {
        id: login_id(number),
        client: "a \"test\"".to_owned(),
        address: "2001:db8::1".to_owned(),
        refresh: hash(1),
        most: 0,
    }
}

fn called(name: &str) -> Skeleton {
    Skeleton::new(name.to_lowercase())
}

fn account(user: &str, name: &str) -> NewAccount {
    NewAccount {
        user: user_id(user),
        name: name.to_owned(),
        skeleton: called(name),
        password: "hash 1".to_owned(),
    }
}

fn rotation(number: u64, old: u8, new: u8) -> Rotation {
    Rotation {
        user: user_id("u_1"),
        login: login_id(number),
        old: hash(old),
        new: hash(new),
        seal: Seal([new; 32]),
    }
}

/// A node on which what is over matters for so long.
async fn node_with(place: &Place, change: impl FnOnce(&mut AccountTimes)) -> Node {
    let mut settings = place.settings("n_1");
    change(&mut settings.accounts);
    Node::connect(settings).await
}

async fn make(node: &Node, user: &str, name: &str) -> Result<Login, StoreError> {
    within(node.make_account(&account(user, name), Some(login(1)))).await
}

async fn owner(node: &Node, name: &str) -> Option<UserId> {
    let found = within(node.account_named(&called(name))).await.unwrap();
    found.map(|account| account.user)
}

async fn standing(node: &Node, login: Option<u64>) -> Standing {
    let asked = [(user_id("u_1"), login.map(login_id))];
    within(node.standings(&asked)).await.unwrap().remove(0)
}

async fn ids(node: &Node) -> Vec<LoginId> {
    let rows = within(node.logins(&user_id("u_1"))).await.unwrap();
    let mut ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    ids.sort_unstable();
    ids
}

fn stands(name: &str) -> Standing {
    Standing::Stands {
        name: Some(name.to_owned()),
    }
}

pub(crate) async fn an_account_is_found_by_its_name_and_by_its_user(place: Place) {
    let node = place.node().await;
    let before = now_ms();
    assert_eq!(owner(&node, "anna").await, None);
    let made = make(&node, "u_1", "Anna").await.unwrap();
    assert_eq!((made.name.as_str(), made.ended.len()), ("Anna", 0));
    let found = within(node.account_named(&called("ANNA"))).await.unwrap();
    let found = found.unwrap();
    let by_user = within(node.account(&user_id("u_1"))).await.unwrap();
    assert_eq!(Some(&found), by_user.as_ref());
    assert_eq!((&*found.name, &*found.password), ("Anna", "hash 1"));
    assert!((before..=now_ms()).contains(&found.created_at));
    assert!(!found.disabled);
    let called = within(node.persons(&[user_id("u_1")])).await.unwrap();
    assert_eq!(called, [Some("Anna".to_owned())]);

    let taken = make(&node, "u_2", "aNNa").await;
    assert!(matches!(taken, Err(StoreError::NameTaken)), "{taken:?}");
    let twice = make(&node, "u_1", "Berta").await;
    assert!(matches!(twice, Err(StoreError::AccountExists(user)) if user == user_id("u_1")));
    make(&node, "u_2", "Berta").await.unwrap();
    assert_eq!(within(node.account(&user_id("u_3"))).await.unwrap(), None);
}

pub(crate) async fn of_many_who_want_a_name_one_gets_it(place: Place) {
    let node = place.node().await;
    let wanted: Vec<_> = (0..20)
        .map(|n| account(&format!("u_{n}"), "Anna"))
        .collect();
    let making = wanted
        .iter()
        .map(|account| node.make_account(account, Some(login(1))));
    let made = within(futures_util::future::join_all(making)).await;
    let got: Vec<_> = made
        .iter()
        .zip(&wanted)
        .filter(|(made, _)| made.is_ok())
        .collect();
    assert_eq!(got.len(), 1, "{made:?}");
    assert_eq!(owner(&node, "anna").await.as_ref(), Some(&got[0].1.user));
    for account in &wanted {
        let there = within(node.account(&account.user)).await.unwrap().is_some();
        assert_eq!(there, account.user == got[0].1.user);
    }
}

pub(crate) async fn a_name_can_be_changed_and_the_old_one_waits(place: Place) {
    let node = place.node().await;
    let anna = user_id("u_1");
    make(&node, "u_1", "Anna").await.unwrap();
    make(&node, "u_2", "Ben").await.unwrap();
    let rename = async |name: &str| within(node.rename_account(&anna, name, &called(name))).await;
    assert!(matches!(rename("BEN").await, Err(StoreError::NameTaken)));
    assert_eq!(owner(&node, "anna").await.as_ref(), Some(&anna));
    rename("ANNA").await.unwrap();
    assert_eq!(standing(&node, Some(1)).await, stands("ANNA"));
    rename("Carla").await.unwrap();
    assert_eq!(owner(&node, "carla").await.as_ref(), Some(&anna));
    assert_eq!(owner(&node, "anna").await, None);
    // An old connection of theirs knows the old name only.
    within(node.note_person(&user("u_1", "Anna")))
        .await
        .unwrap();
    let names = within(node.persons(std::slice::from_ref(&anna))).await;
    assert_eq!(names.unwrap(), [Some("Carla".to_owned())]);
    let taken = make(&node, "u_3", "Anna").await;
    assert!(matches!(taken, Err(StoreError::NameTaken)), "{taken:?}");
    assert_eq!(within(node.account(&user_id("u_3"))).await.unwrap(), None);
    rename("Anna").await.unwrap();
    assert_eq!(owner(&node, "anna").await.as_ref(), Some(&anna));
    let nobody = user_id("u_9");
    let renamed = within(node.rename_account(&nobody, "X", &called("x"))).await;
    assert!(matches!(renamed, Err(StoreError::NoAccount(user)) if user == nobody));
}

pub(crate) async fn a_name_that_was_given_up_is_free_after_a_while(place: Place) {
    let kept = Duration::from_millis(100);
    let node = node_with(&place, |times| times.name_kept = kept).await;
    make(&node, "u_1", "Anna").await.unwrap();
    make(&node, "u_2", "Ben").await.unwrap();
    let before = now_ms();
    within(node.delete_account(&user_id("u_1"))).await.unwrap();
    let ben = user_id("u_2");
    within(node.rename_account(&ben, "Benno", &called("benno")))
        .await
        .unwrap();
    for (user, name) in [("u_3", "Anna"), ("u_4", "Ben")] {
        eventually("the name is free", async || {
            match make(&node, user, name).await {
                Ok(_) => Some(()),
                Err(StoreError::NameTaken) => None,
                Err(error) => panic!("{error}"),
            }
        })
        .await;
    }
    assert!(now_ms() - before >= 100);
    assert_eq!(owner(&node, "anna").await, Some(user_id("u_3")));
}

pub(crate) async fn an_account_that_is_gone_lets_nobody_in(place: Place) {
    let node = place.node().await;
    let anna = user_id("u_1");
    make(&node, "u_1", "Anna").await.unwrap();
    assert_eq!(standing(&node, Some(1)).await, stands("Anna"));
    let ended = within(node.delete_account(&anna)).await.unwrap();
    assert_eq!(ended, [login_id(1)]);
    assert_eq!(standing(&node, Some(1)).await, Standing::Ended);
    assert_eq!(standing(&node, None).await, Standing::Ended);
    assert_eq!(within(node.account(&anna)).await.unwrap(), None);
    assert_eq!(owner(&node, "anna").await, None);
    let names = within(node.persons(std::slice::from_ref(&anna))).await;
    assert_eq!(names.unwrap(), [Some("Deleted account".to_owned())]);
    let gone = |result| matches!(result, Err(StoreError::NoAccount(_)));
    assert!(gone(within(node.delete_account(&anna)).await.map(|_| ())));
    assert!(gone(
        within(node.log_in(&anna, "hash 1", login(2)))
            .await
            .map(|_| ())
    ));
    let change = ProfileChange::default();
    assert!(gone(
        within(node.change_profile(&anna, change)).await.map(|_| ())
    ));
    let rotated = within(node.rotate_refresh(&rotation(1, 1, 2))).await;
    assert_eq!(rotated.unwrap(), Rotated::Unknown);
    let again = make(&node, "u_1", "Other").await;
    assert!(
        matches!(again, Err(StoreError::AccountExists(_))),
        "{again:?}"
    );
    make(&node, "u_2", "Other").await.unwrap();
}

pub(crate) async fn whoever_has_no_account_stands_until_they_have_one(place: Place) {
    let node = place.node().await;
    assert_eq!(standing(&node, None).await, Standing::Stands { name: None });
    assert_eq!(standing(&node, Some(1)).await, Standing::Ended);
    let hidden = ProfileChange {
        hide_receipts: Some(true),
        ..ProfileChange::default()
    };
    let profile = within(node.change_profile(&user_id("u_1"), hidden)).await;
    assert!(profile.unwrap().hide_receipts);
    assert_eq!(standing(&node, None).await, Standing::Stands { name: None });
    make(&node, "u_1", "Anna").await.unwrap();
    assert_eq!(standing(&node, None).await, Standing::Ended);
    let profile = within(node.profile(&user_id("u_1"))).await.unwrap();
    assert!(profile.hide_receipts, "what they said before stays");
}

pub(crate) async fn log_ins_are_told_and_ended(place: Place) {
    let node = place.node().await;
    let anna = user_id("u_1");
    make(&node, "u_1", "Anna").await.unwrap();
    for number in 2..=4 {
        let logged = within(node.log_in(&anna, "hash 1", login(number))).await;
        assert_eq!(logged.unwrap().name, "Anna");
    }
    let wrong = within(node.log_in(&anna, "hash 2", login(5))).await;
    assert!(matches!(wrong, Err(StoreError::NoAccount(_))));
    let rows = within(node.logins(&anna)).await.unwrap();
    assert_eq!(rows.len(), 4);
    let row = &rows[0];
    assert_eq!((&*row.client, &*row.address), ("a \"test\"", "2001:db8::1"));
    assert!(row.created_at <= row.used_at && row.used_at <= now_ms());

    let end = async |whose| within(node.end_logins(&anna, whose)).await.unwrap();
    assert_eq!(end(Whose::One(login_id(2))).await, [login_id(2)]);
    assert_eq!(end(Whose::One(login_id(2))).await, []);
    assert_eq!(standing(&node, Some(2)).await, Standing::Ended);
    assert_eq!(ids(&node).await, [1, 3, 4].map(login_id));
    assert_eq!(end(Whose::AllBut(login_id(3))).await.len(), 2);
    assert_eq!(standing(&node, Some(3)).await, stands("Anna"));
    assert_eq!(end(Whose::All).await, [login_id(3)]);
    assert_eq!(ids(&node).await, []);
    let most = NewLogin {
        most: 2,
        ..login(6)
    };
    for number in [6, 7] {
        let login = NewLogin {
            id: login_id(number),
            ..most.clone()
        };
        within(node.log_in(&anna, "hash 1", login)).await.unwrap();
    }
    let login = NewLogin {
        id: login_id(8),
        ..most
    };
    let logged = within(node.log_in(&anna, "hash 1", login)).await.unwrap();
    assert_eq!(logged.ended.len(), 1, "of two one goes");
    assert!(ids(&node).await.contains(&login_id(8)));
}

pub(crate) async fn a_refresh_token_is_replaced_at_each_use(place: Place) {
    let node = place.node().await;
    make(&node, "u_1", "Anna").await.unwrap();
    let rotate = async |old, new| {
        let rotated = within(node.rotate_refresh(&rotation(1, old, new))).await;
        rotated.unwrap()
    };
    let name = || "Anna".to_owned();
    let new = Rotated::New { name: name() };
    assert_eq!(rotate(1, 2).await, new);
    let again = Rotated::Again {
        seal: Seal([2; 32]),
        name: name(),
    };
    assert_eq!(rotate(1, 3).await, again, "tabs race");
    assert_eq!(rotate(2, 4).await, new);
    // Its successor was used: somebody else has it.
    assert_eq!(rotate(1, 5).await, Rotated::Reused);
    assert_eq!(standing(&node, Some(1)).await, Standing::Ended);
    assert_eq!(rotate(4, 6).await, Rotated::Unknown);
}

pub(crate) async fn a_refresh_token_that_was_replaced_long_ago_ends_the_log_in(place: Place) {
    let node = node_with(&place, |times| times.same_refresh = Duration::ZERO).await;
    make(&node, "u_1", "Anna").await.unwrap();
    within(node.log_in(&user_id("u_1"), "hash 1", login(2)))
        .await
        .unwrap();
    let rotate = async |old, new| {
        let rotated = within(node.rotate_refresh(&rotation(1, old, new))).await;
        rotated.unwrap()
    };
    assert!(matches!(rotate(1, 2).await, Rotated::New { .. }));
    assert_eq!(rotate(1, 3).await, Rotated::Reused);
    assert_eq!(rotate(2, 4).await, Rotated::Unknown, "for whoever has it");
    assert_eq!(ids(&node).await, [login_id(2)], "the others stay");
}

pub(crate) async fn of_many_who_bring_a_refresh_token_all_get_the_same(place: Place) {
    let node = place.node().await;
    make(&node, "u_1", "Anna").await.unwrap();
    let rotations: Vec<_> = (10..30).map(|new| rotation(1, 1, new)).collect();
    let rotating = rotations
        .iter()
        .map(|rotation| node.rotate_refresh(rotation));
    let rotated = within(futures_util::future::join_all(rotating)).await;
    let (mut winner, mut seals) = (None, Vec::new());
    for (rotated, rotation) in rotated.into_iter().zip(&rotations) {
        match rotated.unwrap() {
            Rotated::New { .. } => assert!(winner.replace(rotation.seal).is_none()),
            Rotated::Again { seal, .. } => seals.push(seal),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seals, vec![winner.unwrap(); 19]);
}

pub(crate) async fn a_log_in_that_nobody_uses_is_over(place: Place) {
    let node = node_with(&place, |times| times.idle_login = Duration::ZERO).await;
    make(&node, "u_1", "Anna").await.unwrap();
    assert_eq!(ids(&node).await, []);
    let rotated = within(node.rotate_refresh(&rotation(1, 1, 2))).await;
    assert_eq!(rotated.unwrap(), Rotated::Unknown);
    let logged = within(node.log_in(&user_id("u_1"), "hash 1", login(2))).await;
    assert_eq!(logged.unwrap().ended, [login_id(1)]);
}

pub(crate) async fn a_new_password_ends_the_other_log_ins(place: Place) {
    let node = place.node().await;
    let anna = user_id("u_1");
    make(&node, "u_1", "Anna").await.unwrap();
    for number in [2, 3] {
        within(node.log_in(&anna, "hash 1", login(number)))
            .await
            .unwrap();
    }
    let change = async |was: Option<&str>, password: &str, ends| {
        let change = PasswordChange {
            was: was.map(str::to_owned),
            password: password.to_owned(),
            ends,
        };
        within(node.change_password(&anna, &change)).await
    };
    let changed = change(Some("hash 1"), "hash 2", None).await.unwrap();
    assert_eq!(
        changed,
        NewPassword::Set(vec![]),
        "only what it is held against"
    );
    let late = change(Some("hash 1"), "hash 3", Some(Whose::All)).await;
    assert_eq!(late.unwrap(), NewPassword::Changed);
    let ends = Some(Whose::AllBut(login_id(2)));
    let changed = change(Some("hash 2"), "hash 3", ends).await.unwrap();
    assert_eq!(changed, NewPassword::Set([1, 3].map(login_id).to_vec()));
    assert_eq!(ids(&node).await, [login_id(2)]);
    let old = within(node.log_in(&anna, "hash 2", login(4))).await;
    assert!(matches!(old, Err(StoreError::NoAccount(_))));
    change(None, "hash 4", Some(Whose::All)).await.unwrap();
    assert_eq!(ids(&node).await, []);
    let kept = within(node.account(&anna)).await.unwrap().unwrap();
    assert_eq!(kept.password, "hash 4");
}

pub(crate) async fn nobody_comes_in_who_is_disabled(place: Place) {
    let node = place.node().await;
    let anna = user_id("u_1");
    make(&node, "u_1", "Anna").await.unwrap();
    assert!(within(node.set_disabled(&anna, true)).await.unwrap());
    assert!(!within(node.set_disabled(&anna, true)).await.unwrap());
    for login in [Some(1), None] {
        assert_eq!(standing(&node, login).await, Standing::Disabled);
    }
    assert_eq!(ids(&node).await, []);
    let rotated = within(node.rotate_refresh(&rotation(1, 1, 2))).await;
    assert_eq!(rotated.unwrap(), Rotated::Disabled);
    let account = within(node.account_named(&called("anna"))).await.unwrap();
    assert!(account.unwrap().disabled);
    assert!(within(node.set_disabled(&anna, false)).await.unwrap());
    let rotated = within(node.rotate_refresh(&rotation(1, 1, 2))).await;
    assert_eq!(rotated.unwrap(), Rotated::Unknown, "it ended with it");
    let nobody = within(node.set_disabled(&user_id("u_9"), true)).await;
    assert!(matches!(nobody, Err(StoreError::NoAccount(_))));
}

pub(crate) async fn many_are_asked_for_at_once(place: Place) {
    let node = place.node().await;
    let mut asked = Vec::new();
    for number in 0..30 {
        let user = format!("u_{number}");
        if number % 3 == 0 {
            make(&node, &user, &format!("Name {number}")).await.unwrap();
        }
        asked.push((user_id(&user), Some(login_id(1))));
    }
    let standings = within(node.standings(&asked)).await.unwrap();
    for (number, standing) in standings.into_iter().enumerate() {
        let wanted = match number % 3 {
            0 => stands(&format!("Name {number}")),
            _ => Standing::Ended,
        };
        assert_eq!(standing, wanted, "{number}");
    }
    assert_eq!(within(node.standings(&[])).await.unwrap(), []);
}

pub(crate) async fn somebody_can_be_blocked_and_unblocked(place: Place) {
    let node = place.node().await;
    let [anna, ben, carla] = ["u_1", "u_2", "u_3"].map(user_id);
    let change = async |other: &UserId, blocked, most| {
        within(node.change_block(&anna, other, blocked, most))
            .await
            .unwrap()
    };
    let are_blocked =
        async |one: &UserId, other: &UserId| within(node.is_blocked(one, other)).await.unwrap();
    assert!(!are_blocked(&anna, &ben).await);
    assert_eq!(change(&ben, false, 0).await, BlockChange::Unchanged);
    assert_eq!(change(&ben, true, 1).await, BlockChange::Changed);
    assert_eq!(change(&ben, true, 1).await, BlockChange::Unchanged);
    assert_eq!(change(&carla, true, 1).await, BlockChange::TooMany);
    assert!(are_blocked(&anna, &ben).await && are_blocked(&ben, &anna).await);
    assert!(!are_blocked(&anna, &carla).await);
    let others = [anna.clone(), ben.clone(), carla.clone()];
    for (user, wanted) in [(&anna, [false, true, false]), (&ben, [true, false, false])] {
        let blocked = within(node.are_blocked(user, &others)).await;
        assert_eq!(blocked.unwrap(), wanted);
    }
    assert_eq!(change(&carla, true, 0).await, BlockChange::Changed);
    let blocks = within(node.blocks(&anna)).await.unwrap();
    assert_eq!(blocks, [ben.clone(), carla.clone()]);
    for other in [&ben, &carla] {
        assert_eq!(change(other, false, 0).await, BlockChange::Changed);
    }
    assert!(within(node.blocks(&anna)).await.unwrap().is_empty());
}
