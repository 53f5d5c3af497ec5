//! Documents of accounts: read many in a call, replaced one at a time.

use fred::types::Key;

use super::{
    Redis, append_call::text, failure, grouped::Grouped, grouping::in_order, keys, link::Link,
    script::Script,
};
use crate::{
    AccountTimes, StoreError,
    accounts::{Document, DocumentKey, Documents, Version},
};

const WHAT: &str = "an account";

/// Questions for documents: thousands come back at once, so many travel in a call.
type DocumentQuestions = Grouped<DocumentKey, (Option<Document>, u64)>;

/// What the engine has for accounts.
pub(super) struct Accounts {
    questions: DocumentQuestions,
    times: AccountTimes,
}

impl Accounts {
    pub(super) fn new(questions: DocumentQuestions, times: AccountTimes) -> Self {
        Self { questions, times }
    }
}

impl Redis {
    pub(crate) fn account_times(&self) -> AccountTimes {
        self.accounts.times
    }

    /// See `crate::Store::documents`.
    pub(crate) async fn documents(&self, keys: &[DocumentKey]) -> Result<Documents, StoreError> {
        if let [key] = keys {
            let (found, now) = self.accounts.questions.ask(key.clone()).await?;
            let found = vec![found];
            return Ok(Documents { now, found });
        }
        let read = read_all(self.link.clone(), keys.to_vec()).await?;
        let now = read.last().map_or(0, |(_, now)| *now);
        let found = read.into_iter().map(|(found, _)| found).collect();
        Ok(Documents { now, found })
    }

    /// See `crate::Store::swap_document`.
    pub(crate) async fn swap_document(
        &self,
        key: &DocumentKey,
        version: Option<Version>,
        next: Option<Document>,
    ) -> Result<bool, StoreError> {
        let script = match version {
            Some(_) => Script::SwapDocument,
            None => Script::MakeDocument,
        };
        let version = version.map(|version| format!("{:016x}", version.0));
        let next = next.map(|document| document.to_text());
        let args = vec![
            text(version.unwrap_or_default()),
            text(next.unwrap_or_default()),
        ];
        let keys = vec![key_of(key)];
        self.ask(WHAT, script, keys, args).await?.flag()
    }
}

/// Reads documents, in their order, each with the time.
pub(super) async fn read_all(
    link: Link,
    asked: Vec<DocumentKey>,
) -> Result<Vec<(Option<Document>, u64)>, StoreError> {
    let mut answers = Vec::with_capacity(asked.len());
    let grouping = link.current()?.grouping();
    for group in grouping.split(&asked, |key| key.partition()) {
        let keys = group.iter().map(|(_, key)| key_of(key)).collect();
        let mut answer = link.ask(WHAT, Script::Documents, keys, vec![]).await?;
        let now = answer.number()?;
        for (place, _) in group {
            let held = answer.text()?;
            let document = match held.is_empty() {
                true => None,
                false => Some(Document::read(&held).ok_or_else(|| failure::nonsense(WHAT))?),
            };
            answers.push((place, (document, now)));
        }
    }
    in_order(asked.len(), answers).ok_or_else(|| failure::nonsense(WHAT))
}

fn key_of(key: &DocumentKey) -> Key {
    match key {
        DocumentKey::Account(user) => keys::account(user),
        DocumentKey::Name(name) => keys::name(name),
        DocumentKey::Blocks(user) => keys::blocks(user),
    }
    .into()
}
