//! A folder, stores on it, and short ways to use them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rookery_protocol::{
    Cursor, EventBody, Nonce, RoomId, ServerId, User, UserId, client_frame::HistoryPage,
    event::MessageFields,
};
use rookery_store::{
    Append, Appended, Bus, DataSettings, DataSync, Join, Joined, Settings, Store, StoreError,
};
use tempfile::TempDir;

/// Nothing in these tests takes longer than this.
const DEADLINE: Duration = Duration::from_secs(20);

/// A data folder in a folder of its own.
pub(crate) struct Folder {
    all: TempDir,
    pub(crate) data: DataSettings,
}

impl Folder {
    pub(crate) fn new(sync: DataSync) -> Self {
        let all = tempfile::tempdir().unwrap();
        let mut data = DataSettings::new(all.path().join("data"));
        data.sync = sync;
        Self { all, data }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.data.folder
    }

    /// A folder beside it that is not there yet.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.all.path().join(name)
    }

    pub(crate) async fn open(&self) -> Opened {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Opened, StoreError> {
        let server_id = ServerId::new("n_1").unwrap();
        let settings = Settings::on_disk(server_id, self.data.clone());
        let (store, _bus) = Store::connect(settings).await?;
        Ok(Opened { store, _bus })
    }

    /// What is in the files while they are in use, as whoever comes after a process that
    /// was killed finds it. Nothing may be being written.
    pub(crate) fn as_if_killed(&self) -> Self {
        let copy = Self::new(self.data.sync);
        fs::create_dir(copy.path()).unwrap();
        let database = "rookery.redb";
        fs::copy(self.path().join(database), copy.path().join(database)).unwrap();
        copy
    }

    /// All files with what is in them.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }
}

/// Why something was refused, in words.
pub(crate) fn words<T>(refused: Result<T, StoreError>) -> String {
    refused.err().expect("a refusal").to_string()
}

pub(crate) struct Opened {
    pub(crate) store: Store,
    _bus: Bus,
}

pub(crate) fn room(id: &str) -> RoomId {
    RoomId::new(id).unwrap()
}

pub(crate) fn message(id: &str, text: &str, nonce: Option<&str>) -> Append {
    let user = User {
        id: UserId::new("u_1").unwrap(),
        name: "Alex".into(),
    };
    let nonce = nonce.map(|nonce| Nonce::new(nonce).unwrap());
    let body = EventBody::message(&MessageFields {
        from: &user,
        text,
        nonce: nonce.as_ref(),
        reply_to: None,
        meta: None,
    });
    Append {
        room: room(id),
        user: user.id,
        nonce,
        body,
        known: None,
        overwrite: None,
    }
}

impl Opened {
    /// Joins, from a place if one is named; the room is made where there is none.
    pub(crate) async fn join(&self, id: &str, since: Option<&Cursor>) -> Joined {
        let join = Join {
            room: room(id),
            user: UserId::new("u_1").unwrap(),
            since: since.cloned(),
            limit: 200,
            catch_up: 0,
            create: true,
            known: None,
        };
        within(self.store.join(join)).await.unwrap()
    }

    pub(crate) async fn send(&self, id: &str, text: &str) -> Appended {
        let appending = self.store.append(message(id, text, None));
        within(appending).await.unwrap()
    }

    /// The texts of the latest messages.
    pub(crate) async fn texts(&self, id: &str) -> Vec<String> {
        let id = room(id);
        let page = self
            .store
            .history(&id, None, HistoryPage::Before(u64::MAX), 200);
        let page = within(page).await.unwrap();
        let text = |json: &[u8]| -> serde_json::Value { serde_json::from_slice(json).unwrap() };
        let texts = page.messages.iter().map(|event| text(event.json()));
        texts
            .map(|event| event["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Ends it as a process does that is told to.
    pub(crate) async fn close(self) {
        within(self.store.close()).await;
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("nothing came within {DEADLINE:?}"),
    }
}
