//! The table of roles: every action, by every role, in either kind of room, by either way.

use serde_json::{Value, json};

use crate::support::{Cluster, Raw, call_api, room};

/// From the least to the most.
const ROLES: [&str; 6] = ["banned", "stranger", "readonly", "member", "admin", "owner"];

/// What is answered to each role: `y` that it is done, `f` forbidden, `n` not found.
struct Row {
    action: &'static str,
    public: &'static str,
    private: &'static str,
}

const fn row(action: &'static str, public: &'static str, private: &'static str) -> Row {
    Row {
        action,
        public,
        private,
    }
}

const TABLE: [Row; 20] = [
    row("history", "fyyyyy", "nnyyyy"),
    row("members", "fyyyyy", "nnyyyy"),
    row("send", "fyfyyy", "nnfyyy"),
    row("invite", "fffyyy", "nnfyyy"),
    row("create_invite", "fffyyy", "nnfyyy"),
    row("invites", "ffyyyy", "nnyyyy"),
    row("remove", "ffffyy", "nnffyy"),
    row("mute", "ffffyy", "nnffyy"),
    row("unmute", "ffffyy", "nnffyy"),
    row("ban", "ffffyy", "nnffyy"),
    row("bans", "ffffyy", "nnffyy"),
    row("set_role", "ffffyy", "nnffyy"),
    row("update_room", "ffffyy", "nnffyy"),
    row("make_admin", "fffffy", "nnfffy"),
    row("message", "fyyyyy", "nnyyyy"),
    row("react", "fffyyy", "nnfyyy"),
    row("reactors", "fyyyyy", "nnyyyy"),
    row("pin", "ffffyy", "nnffyy"),
    row("pins", "fyyyyy", "nnyyyy"),
    row("delete", "ffffyy", "nnffyy"),
];

/// A frame, and the route that is the same: method, path, body.
fn asked(action: &str, id: &str, target: u64) -> (Value, &'static str, String, Value) {
    let (kind, method, path, fields) = match action {
        "history" => ("history", "GET", "messages?before=9", json!({"before": 9})),
        "members" => ("members", "GET", "members", json!({})),
        "send" => ("send", "POST", "messages", json!({"text": "hi"})),
        "invite" => ("invite", "POST", "members", json!({"users": ["target"]})),
        "create_invite" => ("create_invite", "POST", "invites", json!({"uses": 1})),
        "invites" => ("invites", "GET", "invites", json!({})),
        "remove" => ("remove", "DELETE", "members/target", json!({})),
        "mute" => ("mute", "PUT", "mutes/target", json!({})),
        "unmute" => ("unmute", "DELETE", "mutes/target", json!({})),
        "ban" => ("ban", "PUT", "bans/target", json!({})),
        "bans" => ("bans", "GET", "bans", json!({})),
        "message" => ("message", "GET", "messages/{}", json!({"seq": target})),
        "react" => (
            "react",
            "PUT",
            "messages/{}/reactions/%F0%9F%91%8D",
            json!({"emoji": "👍", "on": true}),
        ),
        "reactors" => (
            "reactors",
            "GET",
            "messages/{}/reactions/%F0%9F%91%8D",
            json!({"emoji": "👍"}),
        ),
        "pin" => ("pin", "PUT", "pins/{}", json!({})),
        "pins" => ("pins", "GET", "pins", json!({})),
        "delete" => ("delete", "DELETE", "messages/{}", json!({})),
        "set_role" => (
            "set_role",
            "PATCH",
            "members/target",
            json!({"role": "readonly"}),
        ),
        "make_admin" => (
            "set_role",
            "PATCH",
            "members/target",
            json!({"role": "admin"}),
        ),
        _ => ("update_room", "PATCH", "", json!({"description": "words"})),
    };
    let mut frame = fields.clone();
    frame["type"] = kind.into();
    frame["room"] = id.into();
    if path.ends_with("/target") {
        frame["user"] = "target".into();
    }
    if path.contains("{}") {
        frame["target"] = target.into();
    }
    let has_all = path.ends_with("%8D");
    let path = format!("rooms/{id}/{path}").replace("{}", &target.to_string());
    let path = path.trim_end_matches('/').to_owned();
    let body = match method {
        "GET" | "DELETE" => Value::Null,
        _ if has_all => Value::Null,
        _ => fields,
    };
    (frame, method, path, body)
}

/// A room in which there is one of each role, and the target of what they do. Gives the number of
/// a message of the owner.
async fn make(owner: &mut Raw, id: &str, kind: &str) -> u64 {
    let members = ["readonly", "member", "admin", "target"];
    owner
        .done(json!({"type": "create_room", "kind": kind, "room": id, "members": members}))
        .await;
    for user in ["readonly", "admin"] {
        owner
            .done(json!({"type": "set_role", "room": id, "user": user, "role": user}))
            .await;
    }
    owner
        .done(json!({"type": "ban", "room": id, "user": "banned"}))
        .await;
    let send = json!({"type": "send", "room": id, "text": "by the owner"});
    owner.ask(send).await["seq"].as_u64().unwrap()
}

/// The target is what it was, whatever was done before.
async fn put_right(owner: &mut Raw, id: &str) {
    let about = |kind: &str| json!({"type": kind, "room": id, "user": "target"});
    owner.ask(about("unban")).await;
    let mut invite = about("invite");
    invite["users"] = json!(["target"]);
    owner.done(invite).await;
    let mut role = about("set_role");
    role["role"] = "member".into();
    owner.done(role).await;
    owner.done(about("mute")).await;
}

/// As much of an answer as the table has.
fn letter(status: u16) -> char {
    match status {
        200 | 201 => 'y',
        403 => 'f',
        404 => 'n',
        _ => '?',
    }
}

fn status_of(answer: &Value) -> u16 {
    match (answer["type"].as_str(), answer["code"].as_str()) {
        (Some("ok"), _) => 200,
        (_, Some("forbidden")) => 403,
        (_, Some("not_found")) => 404,
        _ => 0,
    }
}

#[tokio::test]
async fn every_action_is_answered_to_every_role_as_the_table_says() {
    let rate = [
        ("limits.user_rate", "10000"),
        ("limits.user_burst", "10000"),
        ("limits.rooms_made_per_hour", "0"),
    ];
    let cluster = Cluster::start_with(2, &rate).await;
    let mut people = Vec::new();
    for role in ROLES.into_iter().chain(["target"]) {
        let mut raw = Raw::hello(&cluster.nodes[0], role).await;
        raw.join(&room("lobby"), None).await;
        people.push(raw);
    }
    for kind in ["public", "private"] {
        for Row {
            action,
            public,
            private,
        } in &TABLE
        {
            let wanted = if kind == "public" { public } else { private };
            let mut answers = [String::new(), String::new()];
            let id = format!("{kind}-{action}");
            let target = make(&mut people[5], &id, kind).await;
            let (frame, method, path, body) = asked(action, &id, target);
            for (place, role) in ROLES.into_iter().enumerate() {
                put_right(&mut people[5], &id).await;
                let answer = people[place].ask(frame.clone()).await;
                answers[0].push(letter(status_of(&answer)));
                put_right(&mut people[5], &id).await;
                let (status, _) = call_api(&cluster.nodes[1], role, method, &path, &body).await;
                answers[1].push(letter(status));
                // Who came in by writing is a stranger again.
                if role == "stranger" {
                    people[place]
                        .ask(json!({"type": "leave", "room": id}))
                        .await;
                }
            }
            let both = [(*wanted).to_owned(), (*wanted).to_owned()];
            assert_eq!(
                answers, both,
                "{action} in a {kind} room, by frame and by route"
            );
        }
    }
}
